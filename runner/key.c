/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel key` replaces itself by cupel-sign, the only
 * program that ever holds a private key.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "runner/commands.h"

static const struct option_spec specs[] = {
	{0, "encrypt", NULL, "new: protect the key with a passphrase"},
	{0, "passphrase-fd", "N", "read the passphrase from descriptor N instead of the terminal"},
	{'h', "help", NULL, "print this"},
};

static int key_main(int argc, char **argv)
{
	char **all;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return command_print_help(&command_key);
	all = calloc((size_t)argc + 2, sizeof(*all));
	if (all == NULL)
		return 1;
	all[0] = (char *)(uintptr_t) "cupel-sign";
	for (int i = 0; i < argc; i++)
		all[i + 1] = argv[i];
	return command_exec(all, 1);
}

const struct command_spec command_key = {"key", "new FILE | show FILE",
	"Makes a signing key, or shows a key's fingerprint and public half.", specs,
	array_size(specs), key_main};
