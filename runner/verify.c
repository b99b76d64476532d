/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel verify` replaces itself by cupel-verify, which
 * links the cryptography and reads the hostile bytes; we only say whom the
 * caller trusts by default: the administrator's keys, his own, his developer key.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attest/verify-options.h"
#include "base/cleanup.h"
#include "runner/commands.h"
#include "runner/paths.h"

#define VERIFY_SPEC(id, name, letter, argument, help) {letter, name, argument, help},
static const struct option_spec specs[] = {VERIFY_OPTIONS(VERIFY_SPEC)};
#undef VERIFY_SPEC

enum { UNDECIDED = 3 };

static void trust(char **argv, int *count, char *directory)
{
	static char option[] = "--trust-dir";

	if (directory[0] == '\0' || access(directory, F_OK) < 0)
		return;
	argv[(*count)++] = option;
	argv[(*count)++] = directory;
}

int command_add_trust(char **argv)
{
	static char admin[] = "/etc/cupel/trust.d", user[4200], data[4096];
	char config[4096];
	int count = 0;

	paths_config(config, sizeof(config));
	if (config[0] != '\0')
		snprintf(user, sizeof(user), "%s/trust.d", config);
	paths_data_place(data, sizeof(data));
	trust(argv, &count, admin);
	trust(argv, &count, user);
	trust(argv, &count, data);
	return count;
}

/* Who names the keys that he trusts, trusts no others. */
static bool names_keys(int argc, char **argv)
{
	static const char *const options[] = {"--key", "-k", "--signer", "--trust-dir"};

	for (int i = 1; i < argc; i++)
		for (size_t k = 0; k < array_size(options); k++)
			if (strncmp(argv[i], options[k], strlen(options[k])) == 0)
				return true;
	return false;
}

static int verify_main(int argc, char **argv)
{
	static char program[] = "cupel-verify";
	char **words = calloc((size_t)argc + 2 + COMMAND_TRUST_WORDS, sizeof(*words));
	int count = 0;

	if (words == NULL)
		return UNDECIDED;
	words[count++] = program;
	if (!names_keys(argc, argv))
		count += command_add_trust(words + count);
	for (int i = 1; i < argc; i++)
		words[count++] = argv[i];
	return command_exec(words, UNDECIDED);
}

const struct command_spec command_verify = {"verify", "FILE…",
	"Checks what was built, from what and by whom, and says why when the answer is no.", specs,
	array_size(specs), verify_main};
