/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/unit/locks/helper.h"

#define V3(packages) "{\"lockfileVersion\":3,\"packages\":{" packages "}}"
#define P(key, members) "\"" key "\":{" members "}"
#define URL(path) "\"resolved\":\"https://r.example/" path "\""
#define SRI(s) "\"integrity\":\"" s "\""

static void test_takes(void **state)
{
	static const struct sample samples[] = {
		{V3(""), "", NULL},
		{V3(P("", "\"name\":\"me\"")), "", NULL},
		/* both ties of what is where registries have it */
		{V3(P("node_modules/a", URL("a/-/a-1.0.0.tgz") "," SRI("sha512-" ZERO64))),
			"url https://r.example/a/-/a-1.0.0.tgz sha512 " Z128 "\n"
			"below a/-/a-1.0.0.tgz sha512 " Z128 "\n",
			NULL},
		{V3(P("node_modules/b/node_modules/@s/a",
			 URL("x/@s/a/-/a-1.0.0.tgz") "," SRI("sha512-" ZERO64))),
			"url https://r.example/x/@s/a/-/a-1.0.0.tgz sha512 " Z128 "\n"
			"below @s/a/-/a-1.0.0.tgz sha512 " Z128 "\n",
			NULL},
		/* an alias is fetched by its own name */
		{V3(P("node_modules/alias",
			 "\"name\":\"a\"," URL("a/-/a-1.0.0.tgz") "," SRI("sha256-" ZERO32))),
			"url https://r.example/a/-/a-1.0.0.tgz sha256 " Z64 "\n"
			"below a/-/a-1.0.0.tgz sha256 " Z64 "\n",
			NULL},
		/* somewhere else: by the URL alone */
		{V3(P("node_modules/a", URL("dl/a.tgz?x=1") "," SRI("sha512-" ZERO64))),
			"url https://r.example/dl/a.tgz?x=1 sha512 " Z128 "\n", NULL},
		{V3(P("node_modules/a", URL("b/-/b-1.0.0.tgz") "," SRI("sha512-" ZERO64))),
			"url https://r.example/b/-/b-1.0.0.tgz sha512 " Z128 "\n", NULL},
		/* npm's omit-lockfile-registry-resolved */
		{V3(P("node_modules/@s/a", "\"version\":\"1.0.0\"," SRI("sha512-" ZERO64))),
			"below @s/a/-/a-1.0.0.tgz sha512 " Z128 "\n", NULL},
		/* the strongest alone counts */
		{V3(P("node_modules/a", URL("a.tgz") "," SRI("sha256-" ZERO32 " sha512-" ZERO64))),
			"url https://r.example/a.tgz sha512 " Z128 "\n", NULL},
		/* names that differ by case alone */
		{V3(P("node_modules/A", URL("A") "," SRI("sha256-" ZERO32)) "," P(
			 "node_modules/a", URL("a") "," SRI("sha256-" ZERO32))),
			"url https://r.example/A sha256 " Z64 "\n"
			"url https://r.example/a sha256 " Z64 "\n",
			NULL},
		/* of the workspace, of another package's tarball */
		{V3(P("node_modules/a", "\"link\":true,\"resolved\":\"packages/a\"") "," P(
			 "packages/a", "\"version\":\"1.0.0\"")),
			"", NULL},
		{V3(P("node_modules/a", "\"inBundle\":true,\"version\":\"1.0.0\"")), "", NULL},
	};

	(void)state;
	check_samples(npm_read, samples, array_size(samples));
}

static void test_leaves_out(void **state)
{
	static const struct sample samples[] = {
		{V3(P("node_modules/a", URL("a.tgz") "," SRI("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="))),
			"", "node_modules/a: no SHA-512 or SHA-256"},
		{V3(P("node_modules/a", URL("a.tgz"))), "", "no integrity"},
		{V3(P("node_modules/a", SRI("sha512-" ZERO64))), "", "no version"},
		{V3(P("node_modules/a", "\"resolved\":\"git+ssh://git@h.example/a.git#0\"," SRI(
						"sha512-" ZERO64))),
			"", "not from a registry"},
		{V3(P("node_modules/a", "\"resolved\":\"file:a.tgz\"," SRI("sha512-" ZERO64))), "",
			"not from a registry"},
	};

	(void)state;
	check_samples(npm_read, samples, array_size(samples));
}

static void test_refuses(void **state)
{
	static const struct sample samples[] = {
		{"", NULL, "malformed JSON"},
		{"[]", NULL, "not a JSON object"},
		{"{}", NULL, "version 2 or 3"},
		{"{\"lockfileVersion\":1,\"dependencies\":{}}", NULL, "version 2 or 3"},
		{"{\"lockfileVersion\":4,\"packages\":{}}", NULL, "version 2 or 3"},
		{"{\"lockfileVersion\":3,\"packages\":[]}", NULL, "version 2 or 3"},
		{"{\"lockfileVersion\":3,\"lockfileVersion\":3,\"packages\":{}}", NULL,
			"malformed JSON"},
		{V3(P("node_modules/a", SRI("x") "," SRI("y"))), NULL, "malformed JSON"},
		{V3(P("node_modules/a", "") "," P("node_modules/a", "")), NULL, "malformed JSON"},
		{V3("\"node_modules/a\":1"), NULL, "not as npm writes it"},
		{V3(P("node_modules/a", "\"resolved\":1")), NULL, "not as npm writes it"},
		/* a digest that is cut, or is none */
		{V3(P("node_modules/a", URL("a.tgz") "," SRI("sha512-" ZERO32))), NULL,
			"cannot be"},
		{V3(P("node_modules/a", URL("a.tgz") "," SRI("sha512-"))), NULL, "cannot be"},
		{V3(P("node_modules/a", URL("a.tgz") "," SRI("sha512-!" ZERO64))), NULL,
			"cannot be"},
		/* what would end a field or a line of the list */
		{V3(P("node_modules/a", URL("a.tgz sha256 x") "," SRI("sha512-" ZERO64))), NULL,
			"cannot be"},
		{V3(P("node_modules/a", URL("a\\nurl") "," SRI("sha512-" ZERO64))), NULL,
			"cannot be"},
		{V3(P("node_modules/a", URL("\xc3\xa4") "," SRI("sha512-" ZERO64))), NULL,
			"cannot be"},
	};

	(void)state;
	check_samples(npm_read, samples, array_size(samples));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_takes),
		cmocka_unit_test(test_leaves_out), cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
