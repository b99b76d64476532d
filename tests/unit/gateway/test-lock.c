/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: which lines of a list hold for which requests, and which do not
 * although they look like it.
 */
#include "gateway/lock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "gateway/rule.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct rule registry = {.host = "r.example",
	.path = "/x/",
	.tls = true,
	.port = 443,
	.paths = {"/y/", "/z/*/", "/w"},
	.path_count = 3};

static size_t count(const char *list, const char *target, struct lock_match *m)
{
	/* as long as matches are used */
	static struct lock_set s;
	struct error e = {0};

	lock_set_deinit(&s);
	if (lock_set_read(strdup(list), &s, &e) < 0)
		fail_msg("%s", e.what);
	lock_set_find(&s, &registry, target, m);
	return m->count;
}

static void test_ties(void **state)
{
	static const struct {
		const char *line, *target;
		bool holds;
	} ties[] = {
		{"url https://r.example/x/a", "/x/a", true},
		{"url https://R.example:443/x/a", "/x/a", true},
		{"url https://r.example/x/%61", "/x/a", true},
		{"url https://r.example/x/a?b", "/x/a?b", true},
		{"url https://r.example/x/a+b", "/x/a%2Bb", true},
		{"url https://r.example/x/a%2Bb", "/x/a+b", true},
		/* as an attestation has it */
		{"url https://r.example/x/a?token=REDACTED", "/x/a?token=secret", true},
		{"url https://r.example/x/a?b", "/x/a", false},
		{"url https://r.example/x/a", "/x/a?b", false},
		{"url https://r.example/x/a?b+c", "/x/a?b%2Bc", false},
		{"url https://r.example/x/a", "/x/A", false},
		{"url https://r.example/x/a", "/x/a/", false},
		{"url http://r.example/x/a", "/x/a", false},
		{"url http://r.example:443/x/a", "/x/a", false},
		{"url https://r.example:444/x/a", "/x/a", false},
		{"url https://q.example/x/a", "/x/a", false},
		{"url https://u@r.example/x/a", "/x/a", false},
		{"url https://r.example/x/../x/a", "/x/a", false},
		{"below a/-/a.tgz", "/x/a/-/a.tgz", true},
		{"below a/-/a.tgz", "/y/a/-/a.tgz", true},
		{"below !m/@v/v1.zip", "/x/%21m/@v/v1.zip", true},
		{"below a/-/a.tgz", "/a/-/a.tgz", false},
		{"below a/-/a.tgz", "/x/y/a/-/a.tgz", false},
		{"below a/-/a.tgz", "/z/1/a/-/a.tgz", false},
		{"below a/-/a.tgz", "/wa/-/a.tgz", false},
		{"below a/-/a.tgz", "/x/a/-/a.tgz?b", false},
		{"below ../x/a", "/x/a", false},
		{"pypi a-b==1.0", "/any/where/A_.b-1.0.tar.gz", true},
		{"pypi a-b==1.0+l", "/x/a_b-1.0_l-py3-none-any.whl", true},
		{"pypi a-b==1.0", "/x/a_b-1.0-py3-none-any.whl", true},
		{"pypi a-b==1.0", "/x/a_b-1.0.tar.gz?x", false},
		{"pypi a-b==1.0", "/x/a_b-1.0.1.tar.gz", false},
		{"pypi a-b==1.0", "/x/a_b-1.0-2.tar.gz", false},
		{"pypi a-b==1.0", "/x/a_b-c-1.0.tar.gz", false},
		{"pypi a-b==1.0", "/x/ab-1.0.tar.gz", false},
		{"pypi a==1.0", "/x/a-1.0.exe", false},
		{"pypi a==1.0", "/x/a-1.0.tar.gz/b", false},
		{"pypi a==1.0", "/x/a-1.0.whl.metadata", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(ties); i++) {
		struct lock_match m;
		char line[200];

		snprintf(line, sizeof(line), "%s sha256 %s\n", ties[i].line, A64);
		if ((count(line, ties[i].target, &m) == 1) != ties[i].holds)
			fail_msg("%s: %s", ties[i].line, ties[i].target);
		assert_true(!ties[i].holds || lock_match_holds(&m, LOCK_SHA256, A64));
	}
}

static void test_alternatives(void **state)
{
	struct lock_match m;

	(void)state;
	assert_int_equal(count("below a sha256 " A64 "\nbelow a sha256 " B64 "\n"
			       "url https://r.example/x/a sha512 " A64 B64 "\n",
				 "/x/a", &m),
		3);
	assert_true(lock_match_holds(&m, LOCK_SHA256, A64));
	assert_true(lock_match_holds(&m, LOCK_SHA256, B64));
	assert_true(lock_match_holds(&m, LOCK_SHA512, A64 B64));
	assert_true(lock_match_has(&m, LOCK_SHA512) && !lock_match_has(&m, LOCK_H1));
	/* never by an algorithm that it is not of */
	assert_false(lock_match_holds(&m, LOCK_H1, A64));
	assert_false(lock_match_holds(&m, LOCK_SHA512, B64 A64));
}

static void test_by_hash(void **state)
{
	struct lock_match m;

	(void)state;
	assert_int_equal(count("", "/d/by-hash/SHA256/" A64, &m), 1);
	assert_true(lock_match_holds(&m, LOCK_SHA256, A64));
	assert_int_equal(count("", "/d/by-hash/SHA512/" A64 B64, &m), 1);
	assert_int_equal(count("", "/d/by-hash/SHA256/" A64 "0", &m), 0);
	assert_int_equal(count("", "/d/by-hash/SHA256/0" A64, &m), 0);
	assert_int_equal(count("", "/d/by-hash/MD5Sum/" A64, &m), 0);
	assert_int_equal(count("", "/d/by-hash/SHA256/" A64 "?x", &m), 0);
	assert_int_equal(count("", "/d?/by-hash/SHA256/" A64, &m), 0);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {"below a sha256 " A64,
		"below b sha256 " A64 "\nbelow a sha256 " A64 "\n",
		"below a sha256 " A64 "\nbelow a sha256 " A64 "\n", "x\n"};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct lock_set s = {0};
		struct error e = {0};

		assert_int_equal(lock_set_read(strdup(bad[i]), &s, &e), -1);
		assert_true(e.what[0] != '\0' && s.entries == NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ties),
		cmocka_unit_test(test_alternatives), cmocka_unit_test(test_by_hash),
		cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
