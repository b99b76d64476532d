/* SPDX-License-Identifier: Apache-2.0 */
#include "base/dependencies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A128 A64 A64
#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define URL "https://reg.example/a?b=c%20d"

/* The first line of text: 1, 0 or -1; nothing of it survives. */
static int parse(const char *text)
{
	_cleanup_(cleanup_freep) char *copy = strdup(text);
	char *cursor = copy;
	struct dependency d;
	struct error e;

	return dependencies_next(&cursor, &d, &e);
}

static void test_fields(void **state)
{
	static const char text[] =
		"http://r.example:8080/a.deb " A64 " " A128
		" 18446744073709551615 text/plain r pkg:deb/debian/a@1 200 whole -\n"
		"https://t.example:443 - - - - - - - - -\n";
	_cleanup_(cleanup_freep) char *copy = strdup(text);
	_cleanup_(buf_deinit) struct buf again = BUF_INIT;
	struct dependency first, second;
	char *cursor = copy;
	struct error e;

	(void)state;
	assert_int_equal(dependencies_next(&cursor, &first, &e), 1);
	assert_string_equal(first.url, "http://r.example:8080/a.deb");
	assert_string_equal(first.sha256, A64);
	assert_string_equal(first.sha512, A128);
	assert_true(first.has_size && first.size == UINT64_MAX);
	assert_string_equal(first.media_type, "text/plain");
	assert_string_equal(first.registry, "r");
	assert_string_equal(first.purl, "pkg:deb/debian/a@1");
	assert_true(first.status == 200 && !first.cut && first.index == NULL);
	assert_int_equal(dependencies_next(&cursor, &second, &e), 1);
	assert_string_equal(second.url, "https://t.example:443");
	assert_true(second.sha256 == NULL && second.sha512 == NULL && !second.has_size);
	assert_true(second.media_type == NULL && second.registry == NULL && second.purl == NULL);
	assert_int_equal(dependencies_next(&cursor, &second, &e), 0);
	dependencies_put(&again, &first);
	assert_int_equal(strncmp(again.data, text, again.size), 0);
}

static void test_accepts(void **state)
{
	static const char *const good[] = {
		URL " " A64 " - 0 - - - 200 whole -\n",
		"https://[::1]:8443/a " A64 " - 1 application/vnd.x+json r - 200 whole -\n",
		"https://under_score.example/ " A64 " - 1 - r pkg:npm/%40a/b@1 200 whole -\n",
		"https://t.example:443 - - 12 - r - - - -\n",
		URL " " A64 " - 1 - r - 404 cut -\n",
		URL " " A64 " - 1 - r - 200 locked -\n",
		URL " " A64 " - 1 - r pkg:deb/d/a@1 206 whole http://d.example/InRelease\n",
		"git+https://g.example/a%20b.git@" A40 " - - - - r - - - -\n",
		"git+http://g.example:8080/@" A64 " - - - - r - - - -\n",
	};

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		if (parse(good[i]) != 1)
			fail_msg("refused '%s'", good[i]);
	assert_int_equal(parse(""), 0);
}

static void refuse_all(const char *const *bad, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (parse(bad[i]) != -1)
			fail_msg("took '%s'", bad[i]);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		/* Form: the last line cut, too few fields, too many, empty ones, other bytes. */
		URL " " A64 " - 0 - - - 200 whole -",
		"\n",
		URL " " A64 " - 0 - - 200 whole -\n",
		URL " " A64 " - 0 - - - - 200 whole -\n",
		URL "  " A64 " - 0 - - - 200 whole -\n",
		" " URL " " A64 " - 0 - - - 200 whole -\n",
		URL " " A64 " - 0 - - - 200 whole - \n",
		URL " " A64 " - 0 - - - 200 whole -\r\n",
		URL "\t" A64 " - 0 - - - 200 whole -\n",
		"https://reg.example/\x7f " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example/\xc3\xa4 " A64 " - 0 - - - 200 whole -\n",
		/* Digests. */
		URL " " A64 "a - 0 - - - 200 whole -\n",
		URL " A" A64 " - 0 - - - 200 whole -\n",
		URL " aaaa - 0 - - - 200 whole -\n",
		URL " " A64 " " A64 " 0 - - - 200 whole -\n",
		URL " " A64 " " A128 "a 0 - - - 200 whole -\n",
		"https://reg.example/a - - 0 - - - - - -\n",
		/* Sizes. */
		URL " " A64 " - - - - - 200 whole -\n",
		URL " " A64 " - 00 - - - 200 whole -\n",
		URL " " A64 " - +1 - - - 200 whole -\n",
		URL " " A64 " - 1k - - - 200 whole -\n",
		URL " " A64 " - 18446744073709551616 - - - 200 whole -\n",
		/* Another host than it seems, another spelling of one. */
		"https://good@evil.example/a " A64 " - 0 - - - 200 whole -\n",
		"https://good.example\\@evil/a " A64 " - 0 - - - 200 whole -\n",
		"https://Reg.example/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example%2f/a " A64 " - 0 - - - 200 whole -\n",
		"https:///a " A64 " - 0 - - - 200 whole -\n",
		"https://:443/a " A64 " - 0 - - - 200 whole -\n",
		"https://[::1/a " A64 " - 0 - - - 200 whole -\n",
		"https://[]/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example:/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example:0/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example:0443/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example:65536/a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example?a " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example/a#b " A64 " - 0 - - - 200 whole -\n",
		"https://reg.example/a\\b " A64 " - 0 - - - 200 whole -\n",
		"HTTPS://reg.example/a " A64 " - 0 - - - 200 whole -\n",
		"ftp://reg.example/a " A64 " - 0 - - - 200 whole -\n",
		"- " A64 " - 0 - - - 200 whole -\n",
		/* Types and package URLs. */
		URL " " A64 " - 0 text - - 200 whole -\n",
		URL " " A64 " - 0 text/ - - 200 whole -\n",
		URL " " A64 " - 0 /plain - - 200 whole -\n",
		URL " " A64 " - 0 text/plain;a=b - - 200 whole -\n",
		URL " " A64 " - 0 text/a/b - - 200 whole -\n",
		URL " " A64 " - 0 - - pkg: 200 whole -\n",
		URL " " A64 " - 0 - - npm/a@1 200 whole -\n",
	};

	(void)state;
	refuse_all(bad, array_size(bad));
}

static void test_refuses_more(void **state)
{
	static const char *const bad[] = {
		/* Status and end. */
		URL " " A64 " - 0 - - - - - -\n",
		URL " " A64 " - 0 - - - 200 - -\n",
		URL " " A64 " - 0 - - - - whole -\n",
		URL " " A64 " - 0 - - - 200 half -\n",
		URL " " A64 " - 0 - - - 199 whole -\n",
		URL " " A64 " - 0 - - - 600 whole -\n",
		URL " " A64 " - 0 - - - 0200 whole -\n",
		/* An index says what something is. */
		URL " " A64 " - 0 - - - 200 whole http://d.example/InRelease\n",
		URL " " A64 " - 0 - - pkg:deb/d/a@1 200 whole InRelease\n",
		/* Objects of git have an id, a repository, and nothing else. */
		"git+https://g.example/a.git@aaaa - - - - r - - - -\n",
		"git+https://g.example/a.git@A" A40 " - - - - r - - - -\n",
		"git+https://g.example/a.git - - - - r - - - -\n",
		"git+https://g.example@" A40 " - - - - r - - - -\n",
		"git+https://good@g.example/a.git@" A40 " - - - - r - - - -\n",
		"git+https://g.example/a.git?x@" A40 " - - - - r - - - -\n",
		"git+ssh://g.example/a.git@" A40 " - - - - r - - - -\n",
		"git+https://g.example/a.git@" A40 " " A64 " - 1 - r - 200 whole -\n",
		"git+https://g.example/a.git@" A40 " - - 1 - r - - - -\n",
		"git+https://g.example/a.git@" A40 " - - - - r - 200 whole -\n",
		/* A tunnel knows nothing, and says where it went. */
		"https://t.example:443 - " A128 " - - r - - - -\n",
		"https://t.example:443 - - - text/plain r - - - -\n",
		"https://t.example:443 - - - - r pkg:npm/a@1 - - -\n",
		"https://t.example:443 " A64 " - 0 - r - 200 whole -\n",
		"https://t.example - - - - r - - - -\n",
		"tcp://t.example - - - - r - - - -\n",
		"tcp://t.example:22/ - - - - r - - - -\n",
		"tcp://t.example:22/a " A64 " - 0 - r - 200 whole -\n",
		"ssh://t.example:22 - - - - r - - - -\n",
		"git+tcp://g.example:22/a.git@" A40 " - - - - r - - - -\n",
		"https://t.example:443/ - - - - r - - - -\n",
		"http://t.example:443 - - - - r - - - -\n",
	};

	(void)state;
	refuse_all(bad, array_size(bad));
}

static int parse_long(size_t n)
{
	static const char rest[] = " " A64 " - 0 - - - 200 whole -\n";
	_cleanup_(buf_deinit) struct buf line = BUF_INIT;

	buf_puts(&line, "https://reg.example/");
	while (line.size + strlen(rest) < n)
		buf_puts(&line, "a");
	buf_puts(&line, rest);
	return parse(line.data);
}

static void test_length(void **state)
{
	(void)state;
	assert_int_equal(parse_long(DEPENDENCIES_LINE_MAX), 1);
	assert_int_equal(parse_long(DEPENDENCIES_LINE_MAX + 1), -1);
}

/* As strcmp() would put whole lines. */
static void test_order(void **state)
{
	static const struct dependency sorted[] = {
		{.url = "http://a/b"},
		{.url = "http://a/b", .sha256 = "1"},
		{.url = "http://a/b", .sha256 = "2"},
		{.url = "http://a/b!", .sha256 = "0"},
		{.url = "http://a/c", .sha256 = "0"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(sorted); i++)
		for (size_t k = 0; k < array_size(sorted); k++) {
			int order = dependencies_compare(&sorted[i], &sorted[k]);

			assert_true(i < k ? order < 0 : (i > k ? order > 0 : order == 0));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_refuses_more),
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
