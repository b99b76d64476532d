/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: base/manifest.c, both ways, with names that want to be lines. */
#include "base/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const char *const names[] = {
	"plain",
	"a b",
	"a\nfile 0644 1 " HEX64 " - forged",
	"\x1b[31m",
	"100%",
	"%41",
	"\xff\xfe",
	"\xc3\xa4",
	"\xc3",
	"\xed\xa0\x80",
	"\x7f",
	"x\xe2\x82\xac\xf0\x9f\x98\x80",
};

static void test_round_trip(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct manifest_entry got;
	struct error e;
	char *cursor;

	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		struct manifest_entry file = {
			MANIFEST_FILE, 0755, 12, HEX64, HEX64 HEX64, names[i]};
		struct manifest_entry link = {
			.type = MANIFEST_LINK, .path = names[i], .target = names[i]};
		struct manifest_entry dir = {.type = MANIFEST_DIR, .mode = 01, .path = names[i]};

		manifest_put(&text, &file);
		manifest_put(&text, &link);
		manifest_put(&text, &dir);
	}
	cursor = text.data;
	for (size_t i = 0; i < array_size(names); i++) {
		assert_int_equal(manifest_next(&cursor, &got, &e), 1);
		assert_int_equal(got.type, MANIFEST_FILE);
		assert_int_equal(got.mode, 0755);
		assert_int_equal(got.size, 12);
		assert_string_equal(got.sha256, HEX64);
		assert_string_equal(got.sha512, HEX64 HEX64);
		assert_string_equal(got.path, names[i]);
		assert_int_equal(manifest_next(&cursor, &got, &e), 1);
		assert_int_equal(got.type, MANIFEST_LINK);
		assert_string_equal(got.path, names[i]);
		assert_string_equal(got.target, names[i]);
		assert_int_equal(manifest_next(&cursor, &got, &e), 1);
		assert_int_equal(got.type, MANIFEST_DIR);
		assert_int_equal(got.mode, 01);
		assert_string_equal(got.path, names[i]);
	}
	assert_int_equal(manifest_next(&cursor, &got, &e), 0);
}

static void test_text(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct manifest_entry file = {.type = MANIFEST_FILE,
		.mode = 0644,
		.size = 3,
		.sha256 = HEX64,
		.path = "a b\n%\xff\xc3\xa4"};

	(void)state;
	manifest_put(&text, &file);
	assert_string_equal(text.data, "file 0644 3 " HEX64 " - a%20b%0A%25%FF\xc3\xa4\n");
}

static const char *const malformed[] = {
	"dir 0755 a",
	"\n",
	"dir 0755\n",
	"dir 755 a\n",
	"dir 0788 a\n",
	"dir 07555 a\n",
	"dir 0755 a b\n",
	"dir 0755 a%\n",
	"dir 0755 a%4\n",
	"dir 0755 a%4a\n",
	"dir 0755 a%00\n",
	"folder 0755 a\n",
	"link a\n",
	"file 0644 -1 " HEX64 " - a\n",
	"file 0644 99999999999999999999 " HEX64 " - a\n",
	"file 0644 1 " HEX64 "0 - a\n",
	"file 0644 1 0123 - a\n",
	"file 0644 1 " HEX64 " " HEX64 " a\n",
	"file 0644 1 " HEX64 " - a b\n",
};

static void test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(malformed); i++) {
		char *text = strdup(malformed[i]), *cursor = text;
		struct manifest_entry got;
		struct error e;

		if (manifest_next(&cursor, &got, &e) != -1)
			fail_msg("accepted: '%s'", malformed[i]);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
