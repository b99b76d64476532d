/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the JSON writer makes of hostile strings, where it
 * puts its commas, and how deep it goes.
 */
#include "tests/unit/base/helper.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"

static void test_structure(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "a");
	json_array_end(&j);
	json_array_begin(&j, "b");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_object_begin(&j, NULL);
	json_object_end(&j);
	json_object_begin(&j, NULL);
	json_bool(&j, "x", 1);
	json_bool(&j, "y", 0);
	json_object_end(&j);
	json_array_end(&j);
	json_raw(&j, "c", "{\"d\":1}", 7);
	json_string(&j, "e", "f");
	json_object_end(&j);
	assert_string_equal(out.data,
		"{\"a\":[],\"b\":[18446744073709551615,-9223372036854775808,{},"
		"{\"x\":true,\"y\":false}],\"c\":{\"d\":1},\"e\":\"f\"}");
	assert_true(buf_ok(&out));
}

#define TEXT(s) s, sizeof(s) - 1
#define BAD "\xef\xbf\xbd"
static const struct {
	const char *text;
	size_t size;
	const char *json;
} strings[] = {
	{TEXT(""), "\"\""},
	{TEXT("a\"b\\c/"), "\"a\\\"b\\\\c/\""},
	{TEXT("\n\t\r"), "\"\\n\\t\\r\""},
	{TEXT("\x01\x1b\x1f\x7f"), "\"\\u0001\\u001b\\u001f\\u007f\""},
	{TEXT("a\0b"), "\"a\\u0000b\""},
	{TEXT("\xc3\xa0\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa0\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{TEXT("a\xff"
	      "b"),
		"\"a" BAD "b\""},
	{TEXT("\xc0\xaf"), "\"" BAD BAD "\""},
	{TEXT("\xed\xa0\x80"), "\"" BAD BAD BAD "\""},
	{TEXT("\xe2\x82"), "\"" BAD BAD "\""},
	{TEXT("\xc3\""), "\"" BAD "\\\"\""},
};

static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(strings); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct json j;

		json_init(&j, &out);
		json_string_n(&j, NULL, strings[i].text, strings[i].size);
		assert_string_equal(out.data, strings[i].json);
	}
}

/* Keys are escaped like values. */
static void test_key(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &out);
	json_object_begin(&j, NULL);
	json_string(&j, "\":1,\"", "");
	json_object_end(&j);
	assert_string_equal(out.data, "{\"\\\":1,\\\"\":\"\"}");
}

/* Too deep is an error that the writer remembers, not a write beyond its end. */
static void test_depth(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct json j;

	(void)state;
	json_init(&j, &out);
	for (int i = 0; i < 31; i++)
		json_array_begin(&j, NULL);
	assert_true(buf_ok(&out));
	for (int i = 0; i < 100; i++)
		json_array_begin(&j, NULL);
	assert_false(buf_ok(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
