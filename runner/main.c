/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the program `cupel`: finds the command and hands over.
 * Runs with its caller's privileges, in the foreground; never set-user-ID.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "runner/commands.h"

enum { USAGE = 2 };

static int help_main(int argc, char **argv);
static int version_main(int argc, char **argv);
static int completion_main(int argc, char **argv);

static const struct command_spec command_help = {
	"help", "", "Prints this list.", NULL, 0, help_main};
static const struct command_spec command_version = {
	"version", "", "Prints the version.", NULL, 0, version_main};
static const struct command_spec command_completion = {"completion", "bash | zsh | fish",
	"Prints a completion script for a shell.", NULL, 0, completion_main};

static const struct command_spec *const commands[] = {&command_run, &command_plan, &command_verify,
	&command_key, &command_registry, &command_gc, &command_doctor, &command_completion,
	&command_version, &command_help};

static int print_commands(FILE *to)
{
	fprintf(to, "usage: cupel COMMAND …\n\n");
	for (size_t i = 0; i < array_size(commands); i++)
		fprintf(to, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(to, "\n'cupel COMMAND --help' says more; the manual is cupel(1).\n");
	return 0;
}

static int help_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return print_commands(stdout);
}

static int version_main(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("cupel %s\n", CUPEL_VERSION);
	return 0;
}

static int completion_main(int argc, char **argv)
{
	_cleanup_(buf_deinit) struct buf script = BUF_INIT;
	struct command_spec all[array_size(commands)];
	struct error e = {0};

	for (size_t i = 0; i < array_size(commands); i++)
		all[i] = *commands[i];
	if (options_print_completion(all, array_size(all), argc > 1 ? argv[1] : "", &script, &e) <
		0) {
		error_print("cupel", &e);
		return USAGE;
	}
	fputs(script.data, stdout);
	return 0;
}

int command_print_help(const struct command_spec *command)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	options_print_help(command, &text);
	if (buf_ok(&text))
		fputs(text.data, stdout);
	return 0;
}

int command_exec(char *const argv[], int failure_code)
{
	static char *const empty[] = {NULL};
	struct error e = {0};
	int fd = process_open_program(argv[0], &e);

	if (fd >= 0) {
		fflush(NULL);
		execveat(fd, "", argv, empty, AT_EMPTY_PATH);
		error_set(&e, errno, "cannot execute '%s'", argv[0]);
	}
	error_print("cupel", &e);
	return failure_code;
}

/* A closed 0, 1 or 2 would be taken by the next file that is opened. */
static int keep_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

/* Success, unless what was printed did not arrive. */
static int flushed(int code)
{
	if (fflush(stdout) == 0 || code != 0)
		return code;
	fprintf(stderr, "cupel: error: cannot write to standard output: %s\n", strerror(errno));
	return error_exit_code(ERROR_HOST);
}

int main(int argc, char **argv)
{
	if (keep_standard_fds() < 0)
		return error_exit_code(ERROR_HOST);
	if (argc < 2) {
		print_commands(stderr);
		return USAGE;
	}
	if (strcmp(argv[1], "--version") == 0)
		return version_main(argc, argv);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_commands(stdout);
	for (size_t i = 0; i < array_size(commands); i++)
		if (strcmp(commands[i]->name, argv[1]) == 0)
			return flushed(commands[i]->main(argc - 1, argv + 1));
	fprintf(stderr, "cupel: error: there is no command '%s'\n  hint: 'cupel help' lists them\n",
		argv[1]);
	return USAGE;
}
