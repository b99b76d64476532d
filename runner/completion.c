/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: prints completion scripts for three shells from the
 * option tables; no input.
 */
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "runner/options.h"

#define REGISTRIES "cupel registry list 2>/dev/null | cut -d ' ' -f 1"

/* Arguments whose values can be listed: the words of bash, and the same for the others. */
static const struct value {
	const char *argument, *bash, *zsh, *fish;
} values[] = {
	{"MODE", "none trusted", "(none trusted)", "none trusted"},
	{"REGISTRY", "$(" REGISTRIES ")", "{compadd -- $(" REGISTRIES ")}", "(" REGISTRIES ")"},
};

static const struct value *find_value(const struct option_spec *option)
{
	for (size_t i = 0; i < array_size(values); i++)
		if (option->argument != NULL && strcmp(option->argument, values[i].argument) == 0)
			return &values[i];
	return NULL;
}

/* What may follow the options of one command. */
static void print_bash_values(const struct command_spec *command, struct buf *out)
{
	for (size_t i = 0; i < command->option_count; i++) {
		const struct value *value = find_value(&command->options[i]);

		if (value != NULL)
			buf_printf(out, "\n\t\t[[ $previous != --%s ]] || values=\"%s\"",
				command->options[i].name, value->bash);
	}
}

static void print_bash(const struct command_spec *commands, size_t count, struct buf *out)
{
	buf_puts(out, "_cupel() {\n\tlocal current=${COMP_WORDS[COMP_CWORD]} words= values=\n"
		      "\tlocal previous=${COMP_WORDS[COMP_CWORD-1]}\n"
		      "\tif ((COMP_CWORD == 1)); then\n\t\twords='");
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", commands[i].name);
	buf_puts(out, "'\n\telse case ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "\t%s) words='", commands[i].name);
		for (size_t k = 0; k < commands[i].option_count; k++)
			buf_printf(out, "%s--%s", k > 0 ? " " : "", commands[i].options[k].name);
		buf_puts(out, "'");
		print_bash_values(&commands[i], out);
		buf_puts(out, " ;;\n");
	}
	buf_puts(out, "\tesac fi\n");
	buf_puts(out, "\tif [[ $values ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
		      "\telif [[ $current == -* || $COMP_CWORD == 1 ]]; then\n"
		      "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
		      "\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$current\"))\n\tfi\n}\n"
		      "complete -o filenames -F _cupel cupel\n");
}

/* zsh ends a description at "]" and splits at ":". */
static void put_zsh_text(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("[]:\\'", *s) != NULL)
			buf_puts(out, *s == '\'' ? "'\\'" : "\\");
		buf_append(out, s, 1);
	}
}

/* Inside of single quotes. */
static void put_quoted(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_puts(out, "'\\''");
		else
			buf_append(out, s, 1);
	}
}

static void put_zsh_option(struct buf *out, const struct option_spec *option)
{
	const struct value *value = find_value(option);

	buf_printf(out, "\t\t'--%s[", option->name);
	put_zsh_text(out, option->help);
	buf_printf(out, "]%s%s", option->argument != NULL ? ":" : "",
		option->argument != NULL ? option->argument : "");
	if (value != NULL) {
		buf_puts(out, ":");
		put_quoted(out, value->zsh);
	}
	buf_puts(out, "' \\\n");
}

static void print_zsh(const struct command_spec *commands, size_t count, struct buf *out)
{
	buf_puts(out, "#compdef cupel\nlocal -a commands=(\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "\t'%s:", commands[i].name);
		put_zsh_text(out, commands[i].summary);
		buf_puts(out, "'\n");
	}
	buf_puts(out, ")\nif ((CURRENT == 2)); then\n\t_describe command commands\n\treturn\nfi\n"
		      "case $words[2] in\n");
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s)\n\t_arguments \\\n", commands[i].name);
		for (size_t k = 0; k < commands[i].option_count; k++)
			put_zsh_option(out, &commands[i].options[k]);
		buf_puts(out, "\t\t'*:file:_files'\n\t;;\n");
	}
	buf_puts(out, "esac\n");
}

static void put_fish_text(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			buf_puts(out, "\\");
		buf_append(out, s, 1);
	}
}

static void put_fish_option(struct buf *out, const char *command, const struct option_spec *option)
{
	const struct value *value = find_value(option);

	buf_printf(out, "complete -c cupel -n '__fish_seen_subcommand_from %s' -l %s", command,
		option->name);
	if (option->letter != 0)
		buf_printf(out, " -s %c", option->letter);
	buf_printf(out, "%s -d '", option->argument != NULL ? " -r" : "");
	put_fish_text(out, option->help);
	buf_puts(out, "'");
	if (value != NULL) {
		buf_puts(out, " -f -a '");
		put_fish_text(out, value->fish);
		buf_puts(out, "'");
	}
	buf_puts(out, "\n");
}

static void print_fish(const struct command_spec *commands, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "complete -c cupel -n __fish_use_subcommand -a %s -d '",
			commands[i].name);
		put_fish_text(out, commands[i].summary);
		buf_puts(out, "'\n");
		for (size_t k = 0; k < commands[i].option_count; k++)
			put_fish_option(out, commands[i].name, &commands[i].options[k]);
	}
}

int options_print_completion(const struct command_spec *commands, size_t count, const char *shell,
	struct buf *out, struct error *e)
{
	static const struct {
		const char *shell;
		void (*print)(const struct command_spec *commands, size_t count, struct buf *out);
	} shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].shell, shell) == 0) {
			shells[i].print(commands, count, out);
			return 0;
		}
	}
	error_set_kind(e, ERROR_USAGE, 0, "no completion for the shell '%s'", shell);
	return error_hint(e, "there is bash, zsh and fish");
}
