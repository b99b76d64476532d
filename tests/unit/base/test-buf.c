/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: the growing buffer, and that running out of memory stays known. */
#include "tests/unit/base/helper.h"

#include "base/buf.h"
#include "base/cleanup.h"

static void test_append(void **state)
{
	_cleanup_(buf_deinit) struct buf b = BUF_INIT;

	(void)state;
	buf_append(&b, "", 0);
	assert_string_equal(b.data, "");
	buf_append(&b, "a\0b", 3);
	buf_puts(&b, "c");
	buf_printf(&b, "%d-%s", 7, "d");
	assert_int_equal(b.size, 7);
	assert_memory_equal(b.data, "a\0bc7-d", 8);
	assert_true(buf_ok(&b));
	buf_deinit(&b);
	assert_null(b.data);
	assert_int_equal(b.size, 0);
}

static void test_grows(void **state)
{
	_cleanup_(buf_deinit) struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 10000; i++)
		buf_printf(&b, "%04d", i);
	assert_int_equal(b.size, 40000);
	assert_memory_equal(b.data + 39996, "9999", 5);
	for (int i = 0; i < 10000; i += 1000)
		assert_int_equal(strtol((char[5]){b.data[4 * i], b.data[4 * i + 1],
						b.data[4 * i + 2], b.data[4 * i + 3], 0},
					 NULL, 10),
			i);
}

static void test_failure_stays(void **state)
{
	_cleanup_(buf_deinit) struct buf b = BUF_INIT;

	(void)state;
	buf_puts(&b, "a");
	/* n + 1 overflows to nothing; a lax reserve() would copy */
	buf_append(&b, "x", SIZE_MAX - 1);
	assert_false(buf_ok(&b));
	buf_puts(&b, "b");
	buf_printf(&b, "%s", "c");
	assert_false(buf_ok(&b));
	assert_string_equal(b.data, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
