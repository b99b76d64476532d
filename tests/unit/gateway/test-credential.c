/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: gateway/credential.c and credential-time.c: what a file means, and
 * that what could mean more than one thing means nothing.
 */
#include "gateway/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define TOKEN "token = 0123456789abcdef\n"
#define URL "url = https://h.example/p/\n"
#define END "expires = 2030-01-01\n"
#define BEARER "[credential]\nregistry = r\n" URL "kind = bearer\n" TOKEN END

static char text[CREDENTIAL_FILE_MAX + 2];

static int parse(const char *file, struct credential *ret, const char **why, unsigned int *line)
{
	snprintf(text, sizeof(text), "%s", file);
	return credential_parse(text, strlen(text), ret, why, line);
}

static void test_good(void **state)
{
	struct credential c;
	const char *why;
	unsigned int line;

	(void)state;
	assert_int_equal(parse("# mine\n\n; too\n" BEARER, &c, &why, &line), 0);
	assert_string_equal(c.registry, "r");
	assert_string_equal(c.host, "h.example");
	assert_string_equal(c.path, "/p/");
	assert_string_equal(c.token, "0123456789abcdef");
	assert_string_equal(credential_secret(&c), c.token);
	assert_int_equal(c.port, 443);
	assert_int_equal(c.method_count, 2);
	assert_int_equal(c.expires, 1893456000 + 86400);
	assert_int_equal(
		parse("[credential]\nregistry=r\nurl=https://H.example:8443/\nkind=basic\n"
		      "user=u\npassword=a b=c d 0123456789\nmethod=POST\nexpires=2030-01-01",
			&c, &why, &line),
		-1);
	assert_int_equal(
		parse("[credential]\nregistry=r\nurl=https://H.example:8443/\nkind=basic\n"
		      "user=u\npassword=abc=d0123456789==  \nmethod=POST\nexpires=2030-01-01",
			&c, &why, &line),
		0);
	assert_string_equal(c.host, "h.example");
	assert_string_equal(c.path, "/");
	assert_string_equal(c.password, "abc=d0123456789==");
	assert_int_equal(c.port, 8443);
	assert_int_equal(c.method_count, 1);
	assert_int_equal(parse("[credential]\nkind = proxy\nurl = http://proxy.example:3128/\n"
			       "user = u\npassword = 0123456789abcdef\n" END,
				 &c, &why, &line),
		0);
	assert_int_equal(c.port, 3128);
	assert_false(c.tls);
}

static const struct {
	const char *file, *why;
	unsigned int line;
} bad[] = {
	{"", "there is no 'kind'", 0},
	{"kind = bearer\n", "stands before", 1},
	{"[credentials]\n", "one section", 1},
	{"[credential] \n", "one section", 1},
	{BEARER "[credential]\n", "one section", 7},
	{"[credential]\nkind\n", "neither", 2},
	{"[credential]\n kind = bearer\n", "no such key", 2},
	{"[credential]\nkind = bearer\nkind = bearer\n", "a second time", 3},
	{BEARER TOKEN, "a second time", 7},
	{BEARER END, "a second time", 7},
	{BEARER URL, "a second time", 7},
	{BEARER "Token = 0123456789abcdef\n", "no such key", 7},
	{BEARER "user = u\n", "'user' and 'password'", 0},
	{BEARER "header = X-Key\n", "'header' belongs", 0},
	{BEARER "method = PUT\n", "no such method", 7},
	{BEARER "method = GET\nmethod = GET\n", "already", 8},
	{"[credential]\r\n", "control", 1},
	{"[credential]\nkind\t= bearer\n", "control", 2},
	{"[credential]\nregistry = r\n" URL "kind = bearer\ntoken = 0123456789abcde\n" END,
		"shorter", 5},
	{"[credential]\nregistry = r\n" URL "kind = bearer\ntoken = 0123456789abc def\n" END,
		"blank", 5},
	{"[credential]\nregistry = r\n" URL "kind = bearer\ntoken = 0123456789abcde\xc3\xa9\n" END,
		"ASCII", 5},
	{"[credential]\nregistry = r\n" URL "kind = bearer\n" TOKEN, "no 'expires'", 0},
	{"[credential]\nregistry = r\nkind = bearer\n" TOKEN END, "no 'url'", 0},
	{"[credential]\n" URL "kind = bearer\n" TOKEN END, "no 'registry'", 0},
	{"[credential]\nregistry = r\n" URL "kind = bearer\n" TOKEN "expires = never\n",
		"neither a date", 0},
	{"[credential]\nregistry = r\n" URL "kind = basic\nuser = a:b\n", "':'", 5},
	{"[credential]\nregistry = r\nurl = http://h.example/\nkind = bearer\n" TOKEN END,
		"in the clear", 0},
	{"[credential]\nregistry = r\nurl = https://h.example/p\nkind = bearer\n" TOKEN END,
		"end in '/'", 0},
	{"[credential]\nregistry = r\nurl = https://h.example\nkind = bearer\n" TOKEN END,
		"end in '/'", 0},
	{"[credential]\nregistry = r\nurl = https://h.example/*/\nkind = bearer\n" TOKEN END, "'*'",
		0},
	{"[credential]\nregistry = r\nurl = https://h.example/?a/\nkind = bearer\n" TOKEN END,
		"query", 0},
	{"[credential]\nregistry = r\nurl = https://h.example/a/../\nkind = bearer\n" TOKEN END,
		"as requests", 0},
	{"[credential]\nregistry = r\nurl = https://u@h.example/\nkind = bearer\n" TOKEN END,
		"user", 0},
	{"[credential]\nregistry = r\n" URL "kind = header\nheader = Content-Length\n" TOKEN END,
		"-Token", 0},
	{"[credential]\nregistry = r\n" URL "kind = header\nheader = X:-Token\n" TOKEN END,
		"-Token", 0},
	{"[credential]\nregistry = r\n" URL
	 "kind = header\nheader = Proxy-Authorization\n" TOKEN END,
		"-Token", 0},
	{"[credential]\nkind = proxy\nurl = https://p.example/\nuser = u\npassword = "
	 "0123456789abcdef\n" END,
		"http://HOST", 0},
	{"[credential]\nkind = proxy\nregistry = r\nurl = http://p.example/\nuser = u\npassword = "
	 "0123456789abcdef\n" END,
		"no 'registry'", 0},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct credential c;
		const char *why = NULL;
		unsigned int line = 99;

		assert_int_equal(parse(bad[i].file, &c, &why, &line), -1);
		assert_non_null(why);
		if (strstr(why, bad[i].why) == NULL || line != bad[i].line)
			fail_msg("%s: line %u, %s", bad[i].file, line, why);
	}
}

static void test_nul(void **state)
{
	struct credential c;
	const char *why;
	unsigned int line;

	(void)state;
	snprintf(text, sizeof(text), "%s", BEARER);
	text[3] = '\0';
	assert_int_equal(credential_parse(text, strlen(BEARER), &c, &why, &line), -1);
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		uint64_t time;
	} good[] = {
		{"1970-01-01", 86400},
		{"1970-01-01T00:00:00Z", 0},
		{"2000-02-29T12:34:56Z", 951827696},
		{"2000-02-29T12:34:56.789Z", 951827696},
		{"2000-02-29T13:34:56+01:00", 951827696},
		{"2000-02-29T03:04:56-09:30", 951827696},
		{"2026-12-31", 1798761600},
		{"9999-12-31", 253402300800},
	};
	static const char *const wrong[] = {"", "2026", "2026-1-1", "2026-13-01", "2026-00-01",
		"2026-02-29", "2100-02-29", "2026-04-31", "2026-12-31 ", "2026-12-31T", "26-12-31",
		"2026-12-31T24:00:00Z", "2026-12-31T23:60:00Z", "2026-12-31T23:59:60Z",
		"2026-12-31T23:59:59", "2026-12-31T23:59:59z", "2026-12-31T23:59:59.Z",
		"2026-12-31T23:59:59+0100", "2026-12-31T23:59:59Zx", "1969-12-31", "-2026-12-31",
		"1970-01-01T00:00:00+01:00"};
	uint64_t time;

	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		assert_int_equal(credential_parse_time(good[i].text, &time), 0);
		assert_int_equal(time, good[i].time);
	}
	for (size_t i = 0; i < array_size(wrong); i++)
		if (credential_parse_time(wrong[i], &time) == 0)
			fail_msg("'%s' is taken for a time", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
