/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;
struct error;

/*
 * One table for each command feeds the parser, --help, the synopsis of the man
 * page (a test compares) and the shells' completion.
 */
struct option_spec {
	char letter;	      /* 0: only the long form */
	const char *name;     /* without "--" */
	const char *argument; /* NULL: none; "DIR" and "FILE" complete as such */
	const char *help;
};

/* What a command is called and what it takes. */
struct command_spec {
	const char *name;
	const char *operands; /* "[--] COMMAND [ARGUMENT…]" */
	const char *summary;  /* one line */
	const struct option_spec *options;
	size_t option_count;
	int (*main)(int argc, char **argv); /* argv[0] is the command's name */
};

/* Called for each option in order; value is NULL for one without an argument. */
typedef int option_fn(void *context, size_t option, const char *value, struct error *e);

/*
 * Parses up to the first operand or "--" (GNU long forms, "--x=y", bundled
 * letters). Gives the index of the first operand, or -1 with *e filled, kind
 * ERROR_USAGE and a hint that names the nearest option.
 */
int options_parse(const struct command_spec *command, int argc, char **argv, option_fn *set,
	void *context, struct error *e);

void options_print_help(const struct command_spec *command, struct buf *out);
/* shell: "bash", "zsh" or "fish". -1 with *e filled for another. */
int options_print_completion(const struct command_spec *commands, size_t count, const char *shell,
	struct buf *out, struct error *e);
