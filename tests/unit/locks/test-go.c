/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/unit/locks/helper.h"

static void test_takes(void **state)
{
	static const struct sample samples[] = {
		{"", "", NULL},
		{"h.example/a v1.0.0 h1:" ZERO32 "\nh.example/a v1.0.0/go.mod h1:" ZERO32 "\n\n",
			"below h.example/a/@v/v1.0.0.zip h1 " Z64 "\n"
			"below h.example/a/@v/v1.0.0.mod h1-mod " Z64 "\n",
			NULL},
		/* capital letters, and no end of the last line */
		{"h.example/BurntS/x v2.0.0-RC+incompatible h1:" ZERO32,
			"below h.example/!burnt!s/x/@v/v2.0.0-!r!c+incompatible.zip h1 " Z64 "\n",
			NULL},
		{"h.example/a v1.0.0 h1:" ZERO32 "\r\n",
			"below h.example/a/@v/v1.0.0.zip h1 " Z64 "\n", NULL},
		{"h.example/a v1.0.0 h2:" ZERO32 "\n", "", "h.example/a: a digest of an unknown"},
	};

	(void)state;
	check_samples(go_read, samples, array_size(samples));
}

static void test_refuses(void **state)
{
	static const struct sample samples[] = {
		{"h.example/a v1.0.0\n", NULL, "line 1: not a module"},
		{"\nh.example/a  v1.0.0 h1:" ZERO32 "\n", NULL, "line 2: not a module"},
		{"h.example/a v1.0.0 h1:" ZERO32 " x\n", NULL, "not a module"},
		{"h.example/a v1.0.0 h1:" ZERO64 "\n", NULL, "cannot be"},
		{"h.example/a v1.0.0 h1:\n", NULL, "cannot be"},
		{"h.example/a v1.0.0 h1:" ZERO32 "x\n", NULL, "cannot be"},
		{"h.example/a?x v1.0.0 h1:" ZERO32 "\n", NULL, "no module"},
		{"/a v1.0.0 h1:" ZERO32 "\n", NULL, "no module"},
		{"h.example//a v1.0.0 h1:" ZERO32 "\n", NULL, "no module"},
		{"h.example/a 1.0.0 h1:" ZERO32 "\n", NULL, "no module"},
		{"h.example/a v1/../x h1:" ZERO32 "\n", NULL, "no module"},
		{"h.example/a /go.mod h1:" ZERO32 "\n", NULL, "no module"},
		{"h.example/a\tv1.0.0 h1:" ZERO32 " \n", NULL, "no module"},
	};

	(void)state;
	check_samples(go_read, samples, array_size(samples));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes), cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
