/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "runner/options.h"

/* One file a command; each main gives the exit code. */
extern const struct command_spec command_run;	   /* run.c */
extern const struct command_spec command_plan;	   /* plan-command.c */
extern const struct command_spec command_verify;   /* verify.c */
extern const struct command_spec command_key;	   /* key.c */
extern const struct command_spec command_doctor;   /* doctor.c */
extern const struct command_spec command_registry; /* registry.c */
extern const struct command_spec command_gc;	   /* gc.c */

/*
 * Replaces this process by a program of ours, with its standard streams and no
 * environment. argv is NULL-terminated and starts with the program's name. Only
 * returns on failure, with failure_code.
 */
int command_exec(char *const argv[], int failure_code);
/*
 * Words for cupel-verify that say whom the caller trusts by default, at most
 * COMMAND_TRUST_WORDS, in static storage. Their number.
 */
enum { COMMAND_TRUST_WORDS = 6 };
int command_add_trust(char **argv);
/* Prints --help on standard output; 0. */
int command_print_help(const struct command_spec *command);

struct run_options;
struct error;
/* The option table of run serves plan too. */
enum { RUN_OPTION_COUNT = 28 };
extern const struct option_spec run_option_specs[RUN_OPTION_COUNT];
/*
 * Reads the command line into *o (zeroed by the caller). 0, or -1 with *e
 * filled; without a command only when o->help is set.
 */
int run_options_read(const struct command_spec *command, int argc, char **argv,
	struct run_options *o, struct error *e);
/* The same by hand: a setting of the configuration, as strong as the command line. */
int run_options_set(struct run_options *o, const char *section, const char *key, const char *value,
	struct error *e);
