/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/unit/locks/helper.h"

#define V "# by cargo\nversion = 3\n\n"
#define CRATES "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
#define P(name) "[[package]]\nname = \"" name "\"\nversion = \"1.0.0\"\n"

static void test_takes(void **state)
{
	static const struct sample samples[] = {
		{V, "", NULL},
		{"version = 4\n" P("a") CRATES "checksum = \"" A64 "\"\n",
			"below a/1.0.0/download sha256 " A64 "\n"
			"below a/a-1.0.0.crate sha256 " A64 "\n",
			NULL},
		/* not the last, with dependencies in both forms, one that is the workspace's */
		{V P("a_b-c") "source = \"sparse+https://r.example/\"\nchecksum = \"" B64
			      "\"\ndependencies = [\n \"x\",\n \"y 1.0\",\n]\n\n" P(
				      "me") "dependencies = [\"a\"]\n",
			"below a_b-c/1.0.0/download sha256 " B64 "\n"
			"below a_b-c/a_b-c-1.0.0.crate sha256 " B64 "\n",
			NULL},
		{V "[[patch.unused]]\nname = \"a\"\nversion = \"1\"\nchecksum = \"x\"\n", "", NULL},
		{"version = 3\r\n\r\n[[package]]\r\nname = \"me\"\r\nversion = \"1\"\r\n", "",
			NULL},
		{V P("a") "source = \"git+https://h.example/a#0\"\n", "", "a: not from a registry"},
		{V P("a") CRATES, "", "a: no checksum"},
	};

	(void)state;
	check_samples(cargo_read, samples, array_size(samples));
}

static void test_refuses(void **state)
{
	static const struct sample samples[] = {
		{"", NULL, "not a lock file of version 3 or 4"},
		{P("a"), NULL, "not a lock file of version 3 or 4"},
		{"version = 2\n", NULL, "line 1: not version 3 or 4"},
		{V "version = 5\n", NULL, "not version 3 or 4"},
		{V "[metadata]\n", NULL, "version 1 or 2"},
		{V "[package]\n", NULL, "an unknown table"},
		{V "[[package]] # x\n", NULL, "an unknown table"},
		{V P("a") "name = \"b\"\n", NULL, "the same key again"},
		{V P("a") "checksum = '" A64 "'\n", NULL, "neither a plain text"},
		{V P("a") "checksum = \"\"\"\n", NULL, "neither a plain text"},
		{V P("a") "checksum = \"\\u0061\"\n", NULL, "neither a plain text"},
		{V P("a") "checksum=\"" A64 "\"\n", NULL, "neither 'key = value'"},
		{V P("a") "\"checksum\" = \"" A64 "\"\n", NULL, "an unknown key"},
		{V P("a") "check = \"" A64 "\"\n", NULL, "an unknown key"},
		{V P("a") CRATES "checksum = \"" A64 "0\"\n", NULL, "cannot be"},
		{V P("a") CRATES "checksum = \"A" A64 "\"\n", NULL, "cannot be"},
		{V P("a/b") CRATES, NULL, "without name or version"},
		{V P("a b") CRATES, NULL, "without name or version"},
		{V "[[package]]\nname = \"a\"\n[[package]]\n", NULL, "without name or version"},
		{V P("a") "dependencies = [\n \"x\",\n", NULL, "a list without an end"},
		{V P("a") "dependencies = [\nchecksum = \"x\"\n]\n", NULL, "not an element"},
		{V "dependencies = []\n", NULL, "a list outside"},
	};

	(void)state;
	check_samples(cargo_read, samples, array_size(samples));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes), cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
