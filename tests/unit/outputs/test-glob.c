/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: the pattern language of [outputs], as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "outputs/glob.h"

static const struct {
	const char *pattern, *path;
	enum glob_result expected;
} cases[] = {
	{"a", "a", GLOB_YES},
	{"a", "b", GLOB_NO},
	{"a", "a/b", GLOB_NO},
	{"a/b", "a", GLOB_BELOW},
	{"a/b", "a/b", GLOB_YES},
	{"a/b", "b", GLOB_NO},
	{"./a//b/", "a/b", GLOB_YES},
	{"a/./b", "a/b", GLOB_YES},
	{"/a", "a", GLOB_NO},
	{"../a", "a", GLOB_NO},
	{"", "a", GLOB_NO},
	{".", "a", GLOB_NO},
	{"*", "a", GLOB_YES},
	{"*", ".hidden", GLOB_YES},
	{"*", "a/b", GLOB_NO},
	{"*/b", "a/b", GLOB_YES},
	{"*/b", "a", GLOB_BELOW},
	{"*.so", "x.so", GLOB_YES},
	{"*.so", "x.so.1", GLOB_NO},
	{"*.so*", "x.so.1", GLOB_YES},
	{"a*b*c", "aXbYbZc", GLOB_YES},
	{"a*b*c", "aXbYbZ", GLOB_NO},
	{"***a", "bba", GLOB_YES},
	{"a**b", "aXb", GLOB_YES},
	{"a**b", "a/b", GLOB_NO},
	{"?", "a", GLOB_YES},
	{"?", "", GLOB_BELOW},
	{"?", "ab", GLOB_NO},
	{"?", "\xc3\xa4", GLOB_YES},
	{"??", "\xc3\xa4", GLOB_NO},
	{"?", "\xff", GLOB_YES},
	{"?", "\xc3", GLOB_YES},
	{"a?c", "a/c", GLOB_NO},
	{"[abc]", "b", GLOB_YES},
	{"[abc]", "d", GLOB_NO},
	{"[a-c]x", "bx", GLOB_YES},
	{"[a-c]x", "dx", GLOB_NO},
	{"[!a-c]", "d", GLOB_YES},
	{"[!a-c]", "b", GLOB_NO},
	{"[^a-c]", "b", GLOB_NO},
	{"[]a]", "]", GLOB_YES},
	{"[!]a]", "]", GLOB_NO},
	{"[a-]", "-", GLOB_YES},
	{"[\\]]", "]", GLOB_YES},
	{"[a", "[a", GLOB_YES},
	{"[a", "a", GLOB_NO},
	{"[a/b]", "[a/b]", GLOB_YES},
	{"[\xc3\xa0-\xc3\xbf]", "\xc3\xa4", GLOB_YES},
	{"[a-z]", "\xc3\xa4", GLOB_NO},
	{"*[0-9].txt", "log-7.txt", GLOB_YES},
	{"\\*", "*", GLOB_YES},
	{"\\*", "a", GLOB_NO},
	{"\\[a]", "[a]", GLOB_YES},
	{"a\\", "a\\", GLOB_YES},
	{"**", "a", GLOB_YES},
	{"**", "a/b/c", GLOB_YES},
	{"a/**", "a", GLOB_BELOW},
	{"a/**", "a/b", GLOB_YES},
	{"a/**", "a/b/c", GLOB_YES},
	{"a/**", "b", GLOB_NO},
	{"**/b", "b", GLOB_YES},
	{"**/b", "a/b", GLOB_YES},
	{"**/b", "a/x/b", GLOB_YES},
	{"**/b", "a/x", GLOB_BELOW},
	{"a/**/b", "a/b", GLOB_YES},
	{"a/**/b", "a/x/y/b", GLOB_YES},
	{"a/**/b", "a/x/y", GLOB_BELOW},
	{"a/**/b", "x", GLOB_NO},
	{"**/a/**/b", "x/a/y/a/z/b", GLOB_YES},
	{"**/a/**/b", "x/b", GLOB_BELOW},
	{"**/**", "a", GLOB_YES},
	{"**/*.c", "src/x.c", GLOB_YES},
	{"**/*.c", "src/x.h", GLOB_BELOW},
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		enum glob_result got = glob_match(cases[i].pattern, cases[i].path);

		if (got != cases[i].expected)
			fail_msg("'%s' against '%s': %d, expected %d", cases[i].pattern,
				cases[i].path, (int)got, (int)cases[i].expected);
	}
}

/* A matcher that backtracks to every star would take longer than the universe. */
static void test_no_exponential_pattern(void **state)
{
	char pattern[2000] = "", path[2000] = "";
	struct timespec before, after;

	(void)state;
	for (int i = 0; i < 200; i++) {
		memcpy(pattern + strlen(pattern), "**/*a*", 7);
		memcpy(pattern + strlen(pattern), i < 199 ? "/" : "b", 2);
		memcpy(path + strlen(path), i < 199 ? "aaaaaaa/" : "aaaaaaa", i < 199 ? 9 : 8);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	assert_int_equal(glob_match(pattern, path), GLOB_BELOW);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_in_range(after.tv_sec - before.tv_sec, 0, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_no_exponential_pattern),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
