/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: tables of what the strict readers take and refuse, and of
 * what the printer makes of hostile bytes.
 */
#include "tests/unit/base/helper.h"

#include "base/cleanup.h"
#include "base/text.h"

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t size;
	bool is_utf8, has_control;
} bytes[] = {
	{TEXT(""), true, false},
	{TEXT("plain ~"), true, false},
	{TEXT("a\0b"), true, true},
	{TEXT("\t"), true, true},
	{TEXT("\x1f"), true, true},
	{TEXT("\x7f"), true, true},
	{TEXT("\xc2\x80"), true, true},
	{TEXT("\xc2\x9f"), true, true},
	{TEXT("\xc2\xa0"), true, false},
	{TEXT("\xdf\xbf"), true, false},
	{TEXT("\xe0\xa0\x80"), true, false},
	{TEXT("\xed\x9f\xbf"), true, false},
	{TEXT("\xef\xbf\xbf"), true, false},
	{TEXT("\xf0\x90\x80\x80"), true, false},
	{TEXT("\xf4\x8f\xbf\xbf"), true, false},
	{TEXT("\x80"), false, false},
	{TEXT("\xbf"), false, false},
	{TEXT("\xc0\xaf"), false, false},	  /* overlong */
	{TEXT("\xc1\xbf"), false, false},	  /* overlong */
	{TEXT("\xe0\x9f\xbf"), false, false},	  /* overlong */
	{TEXT("\xf0\x8f\xbf\xbf"), false, false}, /* overlong */
	{TEXT("\xed\xa0\x80"), false, false},	  /* surrogate */
	{TEXT("\xf4\x90\x80\x80"), false, false}, /* above U+10FFFF */
	{TEXT("\xf5\x80\x80\x80"), false, false},
	{TEXT("\xff"), false, false},
	{TEXT("\xc2"), false, false}, /* cut */
	{TEXT("\xe2\x82"), false, false},
	{TEXT("\xf0\x9f\x92"), false, false},
	{TEXT("\xc2\x41"), false, false},
	{TEXT("\xe2\x41\x82"), false, false},
	{TEXT("\xff\n"), false, true},
};

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bytes); i++) {
		assert_int_equal(text_is_utf8(bytes[i].text, bytes[i].size), bytes[i].is_utf8);
		assert_int_equal(
			text_has_control(bytes[i].text, bytes[i].size), bytes[i].has_control);
	}
}

/* A sequence that the size cuts is not looked at beyond it. */
static void test_cut(void **state)
{
	(void)state;
	assert_false(text_is_utf8("\xe2\x82\xac", 2));
	assert_true(text_is_utf8("\xe2\x82\xac", 3));
}

static const struct {
	const char *text;
	size_t size;
	const char *escaped;
} escapes[] = {
	{TEXT("a b"), "a b"},
	{TEXT("\xc3\xa0"), "\xc3\xa0"},
	{TEXT("a\nb"), "a\\x0ab"},
	{TEXT("\x1b[2J"), "\\x1b[2J"},
	{TEXT("\xc2\x9b"), "\\xc2\\x9b"},
	{TEXT("\xff\xc3"), "\\xff\\xc3"},
	{TEXT("\0"), "\\x00"},
};

static void test_escape(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < array_size(escapes); i++) {
		text_escape(escapes[i].text, escapes[i].size, out, sizeof(out));
		assert_string_equal(out, escapes[i].escaped);
	}
}

/* Cut between characters and escapes, always terminated, never beyond the end. */
static void test_escape_cut(void **state)
{
	char out[8];

	(void)state;
	for (size_t size = 0; size <= sizeof(out); size++) {
		memset(out, 'x', sizeof(out));
		text_escape(TEXT("\xc3\xa0\n\n\n\n"), out, size);
		for (size_t i = size; i < sizeof(out); i++)
			assert_int_equal(out[i], 'x');
		if (size > 0)
			assert_true(text_is_utf8(out, strlen(out)));
		assert_string_equal(size < 3   ? ""
				    : size < 7 ? "\xc3\xa0"
					       : "\xc3\xa0\\x0a",
			size == 0 ? "" : out);
	}
}

#define NONE UINT64_MAX
static const struct {
	int (*parse)(const char *s, uint64_t *ret);
	const char *text;
	uint64_t value; /* NONE: refused */
} numbers[] = {
	{text_to_u64, "0", 0},
	{text_to_u64, "007", 7},
	{text_to_u64, "18446744073709551614", UINT64_MAX - 1},
	{text_to_u64, "18446744073709551616", NONE},
	{text_to_u64, "99999999999999999999", NONE},
	{text_to_u64, "", NONE},
	{text_to_u64, "-1", NONE},
	{text_to_u64, "+1", NONE},
	{text_to_u64, " 1", NONE},
	{text_to_u64, "1 ", NONE},
	{text_to_u64, "0x10", NONE},
	{text_to_u64, "1e3", NONE},
	{text_to_duration_ms, "90", 90000},
	{text_to_duration_ms, "90s", 90000},
	{text_to_duration_ms, "15m", 900000},
	{text_to_duration_ms, "2h", 7200000},
	{text_to_duration_ms, "250ms", 250},
	{text_to_duration_ms, "0", 0},
	{text_to_duration_ms, "s", NONE},
	{text_to_duration_ms, "1 s", NONE},
	{text_to_duration_ms, "1S", NONE},
	{text_to_duration_ms, "1d", NONE},
	{text_to_duration_ms, "1.5s", NONE},
	{text_to_duration_ms, "1m30s", NONE},
	{text_to_duration_ms, "18446744073709551615", NONE},
	{text_to_duration_ms, "5124095576030432h", NONE},
	{text_to_bytes, "512", 512},
	{text_to_bytes, "64K", 65536},
	{text_to_bytes, "64KiB", 65536},
	{text_to_bytes, "10M", 10 << 20},
	{text_to_bytes, "2G", 2ULL << 30},
	{text_to_bytes, "2GiB", 2ULL << 30},
	{text_to_bytes, "1T", 1ULL << 40},
	{text_to_bytes, "16777215T", 16777215ULL << 40},
	{text_to_bytes, "16777216T", NONE},
	{text_to_bytes, "1k", NONE},
	{text_to_bytes, "1KB", NONE},
	{text_to_bytes, "1 K", NONE},
	{text_to_bytes, "K", NONE},
	{text_to_bytes, "", NONE},
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(numbers); i++) {
		uint64_t value = NONE;
		int result = numbers[i].parse(numbers[i].text, &value);

		assert_int_equal(result, numbers[i].value == NONE ? -1 : 0);
		assert_true(result < 0 || value == numbers[i].value);
	}
}

static void test_bool(void **state)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	static const char *const neither[] = {"", "Yes", "y", "2", "yes ", "01"};
	bool value;

	(void)state;
	for (size_t i = 0; i < array_size(yes); i++) {
		assert_int_equal(text_to_bool(yes[i], &value), 0);
		assert_true(value);
		assert_int_equal(text_to_bool(no[i], &value), 0);
		assert_false(value);
	}
	for (size_t i = 0; i < array_size(neither); i++)
		assert_int_equal(text_to_bool(neither[i], &value), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
