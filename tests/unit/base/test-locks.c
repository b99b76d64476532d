/* SPDX-License-Identifier: Apache-2.0 */
#include "base/locks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_reads_what_it_writes(void **state)
{
	static const char list[] = "below a sha256 " A64 "\n"
				   "below a/-/a.tgz sha512 " A64 A64 "\n"
				   "below a@v h1 " A64 "\n"
				   "below a@v h1-mod " A64 "\n"
				   "pypi a-b==1.0+x sha256 " A64 "\n"
				   "url https://r.example/a?b sha256 " A64 "\n";
	_cleanup_(cleanup_freep) char *text = strdup(list);
	_cleanup_(buf_deinit) struct buf again = BUF_INIT;
	struct lock l, previous = {0};
	char *cursor = text;
	struct error e = {0};
	int count = 0;

	(void)state;
	for (; locks_next(&cursor, &l, &e) == 1; count++) {
		if (count > 0)
			assert_true(locks_compare(&previous, &l) < 0);
		locks_put(&again, &l);
		previous = l;
	}
	assert_int_equal(count, 6);
	assert_string_equal(e.what, "");
	assert_string_equal(again.data, list);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"below a sha256 " A64,		   /* cut */
		"below a sha256\n",		   /* a field too few */
		"below a sha256 " A64 " \n",	   /* too many */
		"below  sha256 " A64 "\n",	   /* none */
		" below a sha256 " A64 "\n",	   /* in front */
		"above a sha256 " A64 "\n",	   /* an unknown tie */
		"below a sha1 " A64 "\n",	   /* an unknown algorithm */
		"below a sha256 " A64 "0\n",	   /* too long */
		"below a sha512 " A64 "\n",	   /* too short */
		"below a sha256 A" A64 "\n",	   /* capital */
		"below /a sha256 " A64 "\n",	   /* from the root */
		"below a?b sha256 " A64 "\n",	   /* with a query */
		"below \xc3\xa4 sha256 " A64 "\n", /* not ASCII */
		"below a\tb sha256 " A64 "\n",	   /* a control */
		"pypi a sha256 " A64 "\n",	   /* no version */
		"pypi A==1 sha256 " A64 "\n",	   /* not in its one form */
		"pypi a== sha256 " A64 "\n",
		"url ftp://a/b sha256 " A64 "\n",
		"url https:///b sha256 " A64 "\n",
		"url https://a sha256 " A64 "\n",
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		_cleanup_(cleanup_freep) char *text = strdup(bad[i]);
		char *cursor = text;
		struct error e = {0};
		struct lock l;

		print_message("%s", bad[i]);
		assert_int_equal(locks_next(&cursor, &l, &e), -1);
		assert_true(e.what[0] != '\0');
	}
}

static void test_sorts(void **state)
{
	char text[] = "b\na\nb\na b\n", none[] = "", cut[] = "a\nb";
	_cleanup_(buf_deinit) struct buf out = BUF_INIT, empty = BUF_INIT;
	struct error e = {0};

	(void)state;
	assert_int_equal(locks_sort(text, &out, &e), 0);
	assert_string_equal(out.data, "a\na b\nb\n");
	assert_int_equal(locks_sort(none, &empty, &e), 0);
	assert_int_equal(empty.size, 0);
	assert_int_equal(locks_sort(cut, &out, &e), -1);
}

static void test_projects(void **state)
{
	static const char *const names[][2] = {{"a", "a"}, {"A-b_c.D", "a-b-c-d"}, {"a-_.b", "a-b"},
		{"Zope.Interface", "zope-interface"}};

	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;

		lock_put_project(&out, names[i][0], strlen(names[i][0]));
		assert_string_equal(out.data, names[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads_what_it_writes),
		cmocka_unit_test(test_refuses), cmocka_unit_test(test_sorts),
		cmocka_unit_test(test_projects)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
