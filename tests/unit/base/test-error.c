/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: the error object: filled, wrapped, cut, and printed without harm. */
#include "tests/unit/base/helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

static void test_set(void **state)
{
	struct error e;

	(void)state;
	memset(&e, 'x', sizeof(e));
	assert_int_equal(error_set(&e, ENOENT, "cannot open '%s'", "a"), -1);
	assert_string_equal(e.what, "cannot open 'a'");
	assert_int_equal(e.errnum, ENOENT);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_string_equal(e.hint, "");
	assert_int_equal(error_kind(&e, ERROR_OUTPUT), -1);
	assert_int_equal(e.kind, ERROR_OUTPUT);
	assert_int_equal(error_hint(&e, "first"), -1);
	error_hint(&e, "second");
	assert_string_equal(e.hint, "first");
}

static void test_wrap(void **state)
{
	struct error e;

	(void)state;
	error_set(&e, 0, "inner");
	assert_int_equal(error_wrap(&e, "outer %d", 1), -1);
	error_wrap(&e, "more");
	assert_string_equal(e.what, "more: outer 1: inner");
}

/* Whatever is too long is cut, within the field and terminated. */
static void test_cut(void **state)
{
	struct error e;
	char text[2000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&e, 0, "%s", text);
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	error_wrap(&e, "outer");
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	assert_memory_equal(e.what, "outer: aaa", 10);
	error_wrap(&e, "%s", text);
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	for (size_t size = sizeof(e.what) - 5; size < sizeof(e.what) + 2; size++) {
		error_set(&e, 0, "inner");
		error_wrap(&e, "%.*s", (int)size, text);
		assert_true(strlen(e.what) < sizeof(e.what));
	}
	error_hint(&e, "%s", text);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
}

static void test_format(void **state)
{
	struct error e;
	char out[200], small[8];

	(void)state;
	error_set(&e, ENOENT, "cannot open 'a\x1b[2J\nb\xff'");
	error_format(&e, out, sizeof(out));
	assert_string_equal(out, "cannot open 'a\\x1b[2J\\x0ab\\xff': No such file or directory");
	error_set(&e, 0, "plain");
	error_format(&e, out, sizeof(out));
	assert_string_equal(out, "plain");
	error_set(&e, 0, "longer than that");
	error_format(&e, small, sizeof(small));
	assert_string_equal(small, "longer ");
}

/* What error_print() writes on standard error. */
static void print_to(const struct error *e, char *out, size_t size)
{
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	error_print("cupel", e);
	dup2(saved, STDERR_FILENO);
	fd_closep(&saved);
	fd_closep(&ends[1]);
	n = fd_read_full(ends[0], out, size - 1);
	fd_closep(&ends[0]);
	assert_true(n >= 0);
	out[n] = '\0';
}

static void test_print(void **state)
{
	struct error e;
	char out[4096];

	(void)state;
	error_set(&e, 0, "no\n");
	print_to(&e, out, sizeof(out));
	assert_string_equal(out, "cupel: error: no\\x0a\n");
	error_hint(&e, "do\r");
	print_to(&e, out, sizeof(out));
	assert_string_equal(out, "cupel: error: no\\x0a\n  hint: do\\x0d\n");
}

static void test_kinds(void **state)
{
	(void)state;
	assert_int_equal(error_exit_code(ERROR_HOST), 125);
	assert_int_equal(error_exit_code(ERROR_USAGE), 125);
	assert_int_equal(error_exit_code(ERROR_OUTPUT), 120);
	assert_int_equal(error_exit_code(ERROR_POLICY), 121);
	assert_int_equal(error_exit_code(ERROR_LIMIT), 122);
	assert_int_equal(error_exit_code(ERROR_TIMEOUT), 124);
	assert_int_equal(error_exit_code(ERROR_EXEC), 126);
	assert_int_equal(error_exit_code(ERROR_NOT_FOUND), 127);
	assert_int_equal(error_exit_code(ERROR_KIND_COUNT), 125);
	for (int i = 0; i < ERROR_KIND_COUNT; i++)
		assert_true(strlen(error_kind_text((enum error_kind)i)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
