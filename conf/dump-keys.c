/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a tool of the build, never installed. Prints the table of
 * keys as the part of cupel.ini(5) that describes them ("mdoc"), or their names
 * for the completion ("names").
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "conf/keys.h"

int main(int argc, char *argv[])
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	if (argc == 2 && strcmp(argv[1], "mdoc") == 0)
		conf_keys_print_mdoc(&out);
	else if (argc == 2 && strcmp(argv[1], "names") == 0)
		conf_keys_print_names(&out);
	else
		return fputs("usage: cupel-dump-keys mdoc|names\n", stderr), 2;
	return buf_ok(&out) && fputs(out.data, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1;
}
