/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads the command line of the person or scheduler that
 * calls us, and prints what it may be, both from one constant table.
 */
#include "runner/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

/* How many characters two names do not have in common; good enough for a hint. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], la = strlen(a), lb = strlen(b);

	if (la >= 64 || lb >= 64)
		return 64;
	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = least < change ? least : change;
		}
	}
	return row[lb];
}

static int unknown_option(const struct command_spec *command, const char *name, struct error *e)
{
	size_t best = 3;
	const char *near = NULL;

	error_set_kind(e, ERROR_USAGE, 0, "unknown option '--%s'", name);
	for (size_t i = 0; i < command->option_count; i++) {
		size_t d = distance(name, command->options[i].name);

		if (d < best) {
			best = d;
			near = command->options[i].name;
		}
	}
	if (near != NULL)
		return error_hint(e, "did you mean '--%s'?", near);
	return error_hint(
		e, "'cupel %s --help' lists them; '--' ends Cupel's own options", command->name);
}

struct reader {
	const struct command_spec *command;
	int argc;
	char **argv;
	int at;
	option_fn *set;
	void *context;
};

static int take_value(struct reader *r, const struct option_spec *option, const char *attached,
	const char **ret, struct error *e)
{
	if (option->argument == NULL && attached != NULL)
		return error_set_kind(
			e, ERROR_USAGE, 0, "option '--%s' takes no value", option->name);
	*ret = attached;
	if (option->argument == NULL || attached != NULL)
		return 0;
	if (r->at + 1 >= r->argc)
		return error_set_kind(e, ERROR_USAGE, 0, "option '--%s' needs a value: %s",
			option->name, option->argument);
	*ret = r->argv[++r->at];
	return 0;
}

static int parse_long(struct reader *r, const char *word, struct error *e)
{
	const char *equals = strchr(word, '=');
	size_t length = equals == NULL ? strlen(word) : (size_t)(equals - word);

	for (size_t i = 0; i < r->command->option_count; i++) {
		const struct option_spec *option = &r->command->options[i];
		const char *value;

		if (strlen(option->name) != length || strncmp(option->name, word, length) != 0)
			continue;
		if (take_value(r, option, equals == NULL ? NULL : equals + 1, &value, e) < 0)
			return -1;
		return r->set(r->context, i, value, e);
	}
	return unknown_option(r->command, word, e);
}

static int parse_letters(struct reader *r, const char *word, struct error *e)
{
	for (; *word != '\0'; word++) {
		const struct option_spec *option = NULL;
		const char *value;
		size_t i;

		for (i = 0; i < r->command->option_count && option == NULL; i++)
			if (r->command->options[i].letter == *word)
				option = &r->command->options[i];
		if (option == NULL) {
			error_set_kind(e, ERROR_USAGE, 0, "unknown option '-%c'", *word);
			return error_hint(e, "'cupel %s --help' lists them", r->command->name);
		}
		if (take_value(r, option,
			    option->argument != NULL && word[1] != '\0' ? word + 1 : NULL, &value,
			    e) < 0 ||
			r->set(r->context, i - 1, value, e) < 0)
			return -1;
		if (option->argument != NULL)
			break;
	}
	return 0;
}

int options_parse(const struct command_spec *command, int argc, char **argv, option_fn *set,
	void *context, struct error *e)
{
	struct reader r = {command, argc, argv, 1, set, context};

	for (; r.at < argc; r.at++) {
		const char *word = argv[r.at];
		int result;

		if (strcmp(word, "--") == 0)
			return r.at + 1;
		if (word[0] != '-' || word[1] == '\0')
			return r.at;
		result = word[1] == '-' ? parse_long(&r, word + 2, e)
					: parse_letters(&r, word + 1, e);
		if (result < 0)
			return -1;
	}
	return r.at;
}

void options_print_help(const struct command_spec *command, struct buf *out)
{
	buf_printf(out, "usage: cupel %s [options] %s\n\n%s\n\n", command->name, command->operands,
		command->summary);
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_spec *option = &command->options[i];
		char left[64];

		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", option->letter != 0 ? "-" : "  ",
			option->letter != 0 ? option->letter : ' ',
			option->letter != 0 ? ", " : " ", option->name,
			option->argument != NULL ? " " : "",
			option->argument != NULL ? option->argument : "");
		buf_printf(out, "  %-32s %s\n", left, option->help);
	}
	buf_printf(out, "\nThe manual is cupel-%s(1).\n", command->name);
}
