/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel plan` makes the plan exactly as `cupel run` does
 * and prints it instead of running it. The digest is computed by cupel-collect,
 * because the runner links no cryptography.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"
#include "runner/commands.h"

/* cupel-collect prints the digest of what it reads from its descriptor 0. */
int build_digest(int fd, char digest[65], struct error *e)
{
	_cleanup_(fd_closep) int program_fd = process_open_program("cupel-collect", e);
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	if (program_fd < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(e, errno, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		static char *const argv[] = {(char *)(uintptr_t) "cupel-collect",
			(char *)(uintptr_t) "digest", (char *)(uintptr_t) "0", NULL};
		static char *const empty[] = {NULL};

		if (dup2(fd, 0) == 0 && dup2(ends[1], 1) == 1)
			execveat(program_fd, "", argv, empty, AT_EMPTY_PATH);
		_exit(127);
	}
	close(ends[1]);
	n = fd_read_full(ends[0], digest, 64);
	close(ends[0]);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0 || n != 64)
		return error_set(e, 0, "cannot compute a digest");
	digest[64] = '\0';
	return 0;
}

static int read_digest(const struct buf *json, char digest[65], struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("plan.json", json->data, json->size);

	if (fd < 0)
		return error_set(e, errno, "cannot hand the plan over");
	return build_digest(fd, digest, e);
}

static int print_plan(const struct build *b, bool json, struct error *e)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, canonical = BUF_INIT;
	char digest[65];

	plan_to_json(b->plan, &canonical);
	if (!buf_ok(&canonical) || read_digest(&canonical, digest, e) < 0)
		return -1;
	if (json) {
		printf("%s\n", canonical.data);
		return 0;
	}
	plan_to_text(b->plan, &text);
	printf("%s%-18s = sha256:%s\n", text.data, "digest", digest);
	return 0;
}

static int make_and_print(struct build *b, struct error *e)
{
	if (build_configure(b, e) < 0 || build_examine_source(b, e) < 0 ||
		build_identify_image(b, e) < 0 || build_make_plan(b, e) < 0)
		return -1;
	return print_plan(b, b->options->json, e);
}

static int plan_main(int argc, char **argv)
{
	static struct build b;
	struct run_options options = {0};
	struct error e = {0};
	int result;

	if (run_options_read(&command_plan, argc, argv, &options, &e) < 0) {
		error_print("cupel", &e);
		return error_exit_code(e.kind);
	}
	if (options.help)
		return command_print_help(&command_plan);
	options.force = true; /* nothing is published, so nothing is in the way */
	build_init(&b, &options);
	result = make_and_print(&b, &e);
	if (result < 0)
		error_print("cupel", &e);
	build_deinit(&b);
	return result < 0 ? error_exit_code(e.kind) : 0;
}

const struct command_spec command_plan = {"plan", "[--] COMMAND [ARGUMENT…]",
	"Prints the plan that run would execute, and its digest; --json prints what is digested.",
	run_option_specs, RUN_OPTION_COUNT, plan_main};
