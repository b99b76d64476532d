/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: hexadecimal and base64, there and back, and every second
 * spelling of a value that a lax decoder would take.
 */
#include "tests/unit/base/helper.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"

static void test_hex(void **state)
{
	static const char *const bad[] = {"", "0", "00f", "00fg", "00FF", "00 f", "00ff0", "0x00"};
	const unsigned char bytes[] = {0x00, 0xff, 0x1a};
	unsigned char back[3] = {0};
	char text[7];

	(void)state;
	encode_hex(bytes, sizeof(bytes), text);
	assert_string_equal(text, "00ff1a");
	assert_int_equal(decode_hex(text, back, 3), 0);
	assert_memory_equal(back, bytes, 3);
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(decode_hex(bad[i], back, 2), -1);
	assert_int_equal(decode_hex("", back, 0), 0);
}

/* RFC 4648 §10 and a few bytes that need the last two digits of the alphabet. */
static const struct {
	const char *plain, *padded;
} pairs[] = {
	{"", ""},
	{"f", "Zg=="},
	{"f"
	 "o",
		"Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xfe", "+//+"},
};

static void check_decodes(const char *text, size_t n, const char *plain)
{
	_cleanup_(cleanup_freep) unsigned char *data = NULL;
	size_t size = 0;

	assert_int_equal(decode_base64(text, n, &data, &size), 0);
	assert_int_equal(size, strlen(plain));
	assert_memory_equal(data, plain, size);
}

static void test_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(pairs); i++) {
		_cleanup_(buf_deinit) struct buf padded = BUF_INIT, bare = BUF_INIT;
		size_t digits = strcspn(pairs[i].padded, "=");

		buf_puts(&padded, "");
		buf_puts(&bare, "");
		encode_base64(pairs[i].plain, strlen(pairs[i].plain), 1, &padded);
		encode_base64(pairs[i].plain, strlen(pairs[i].plain), 0, &bare);
		assert_string_equal(padded.data, pairs[i].padded);
		assert_int_equal(bare.size, digits);
		assert_memory_equal(bare.data, pairs[i].padded, digits);
		check_decodes(padded.data, padded.size, pairs[i].plain);
		check_decodes(bare.data, bare.size, pairs[i].plain);
	}
	check_decodes("-__-", 4, "\xfb\xff\xfe");
}

static void test_base64_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} bad[] = {
		{"Z", 1},	 /* no byte has six bits */
		{"Zm9vY", 5},	 /* the same at the end */
		{"Zh==", 4},	 /* bits that nobody reads are set */
		{"Zm9=", 4},	 /* the same for two bytes */
		{"Zh", 2},	 /* and without padding */
		{"Zg=", 3},	 /* half the padding */
		{"Zg===", 5},	 /* too much of it */
		{"Zm9v====", 8}, /* none was needed */
		{"====", 4},
		{"=", 1},
		{"Zg==Zg==", 8}, /* padding inside */
		{"Zm9v\n", 5},
		{" Zm9v", 5},
		{"Zm 9v", 5},
		{"Zm9v\0\0\0\0", 8},
		{"Zm9\0", 4},
		{"Zm9*", 4},
		{"+/-_", 4}, /* two alphabets in one */
		{"\xff\xff\xff\xff", 4},
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		unsigned char *data = NULL;
		size_t size;

		assert_int_equal(decode_base64(bad[i].text, bad[i].size, &data, &size), -1);
		assert_null(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
