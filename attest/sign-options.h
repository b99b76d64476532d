/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct error;

/* How cupel-sign was called; the strings are argv's. */
struct sign_options {
	const char *key, *pub, *builder_id;
	bool create;
	bool encrypt;	   /* key new */
	int passphrase_fd; /* -1: none */
	int first;	   /* index of the first argument that is no option */
};

/*
 * Reads options from argv[1] on; those of the monitor, or of `key` (then argv[1]
 * is the verb). 0, or -1 with *e filled.
 */
int sign_options_parse(
	int argc, char *const argv[], bool key_mode, struct sign_options *ret, struct error *e);

/* `cupel-sign key …`; argv[0] is "key". What it prints goes to stdout. 0 or -1. */
int sign_key_command(int argc, char *const argv[], struct error *e);
