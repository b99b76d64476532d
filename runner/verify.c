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

struct words {
	char **argv;
	int count;
};

static void trust(struct words *w, char *directory)
{
	static char option[] = "--trust-dir";

	if (directory[0] == '\0' || access(directory, F_OK) < 0)
		return;
	w->argv[w->count++] = option;
	w->argv[w->count++] = directory;
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
	static char program[] = "cupel-verify", admin[] = "/etc/cupel/trust.d";
	char config[4096], user[4200] = "", data[4096];
	struct words w = {calloc((size_t)argc + 8, sizeof(*w.argv)), 0};

	if (w.argv == NULL)
		return UNDECIDED;
	paths_config(config, sizeof(config));
	if (config[0] != '\0')
		snprintf(user, sizeof(user), "%s/trust.d", config);
	paths_data_place(data, sizeof(data));
	w.argv[w.count++] = program;
	if (!names_keys(argc, argv)) {
		trust(&w, admin);
		trust(&w, user);
		trust(&w, data);
	}
	for (int i = 1; i < argc; i++)
		w.argv[w.count++] = argv[i];
	return command_exec(w.argv, UNDECIDED);
}

const struct command_spec command_verify = {"verify", "FILE…",
	"Checks what was built, from what and by whom, and says why when the answer is no.", specs,
	array_size(specs), verify_main};
