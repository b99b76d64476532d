/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strict-json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"

static bool takes(const char *text, size_t n)
{
	_cleanup_(strict_json_freep) struct json_t *j = NULL;
	struct error e = {0};

	j = strict_json_parse(text, n, &e);
	assert_true(j != NULL || e.what[0] != '\0');
	return j != NULL;
}

static void test_takes(void **state)
{
	static const char *const good[] = {"{}", " {\"a\":[1,-2,0.5,true,null,\"\\u00e4\"]}\n",
		"{\"a\":{\"b\":1},\"b\":{\"B\":1}}", "{\"a\\\"}{\":\"]\"}",
		"{\"\xc3\xa4\":\"\xf0\x9f\x98\x80\"}"};

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_true(takes(good[i], strlen(good[i])));
}

#define TEXT(s) s, sizeof(s) - 1

static void test_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} bad[] = {
		{TEXT("")},
		{TEXT("{")},
		{TEXT("[]")},
		{TEXT("\"a\"")},
		{TEXT("{} {}")},
		{TEXT("{}\0")},
		{TEXT("{}x")},
		{TEXT("\xef\xbb\xbf{}")},
		{TEXT("{\0}\0")},
		{TEXT("{\"a\":\"\xff\"}")},
		{TEXT("{\"a\":\"\xc0\x80\"}")},
		{TEXT("{\"a\":\"\xed\xa0\x80\"}")},
		{TEXT("{\"a\":\"\\ud800\"}")},
		{TEXT("{\"a\":\"\\u0000\"}")},
		{TEXT("{\"a\\u0000b\":1}")},
		{TEXT("{\"a\":1,\"a\":1}")},
		{TEXT("{\"a\":1,\"\\u0061\":1}")},
		{TEXT("{\"a\":1,\"A\":1}")},
		{TEXT("{\"x\":[{\"subject\":1,\"Subject\":1}]}")},
		{TEXT("{\"subject\":1,\"\xc5\xbfubject\":1}")},
		{TEXT("{\"k\":1,\"\xe2\x84\xaa\":1}")},
		{TEXT("{\"a\":1,}")},
		{TEXT("{'a':1}")},
		{TEXT("{\"a\":01}")},
		{TEXT("{\"a\":NaN}")},
		{TEXT("{\"a\":1e999}")},
		{TEXT("{}//")},
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		if (takes(bad[i].text, bad[i].n))
			fail_msg("took %s", bad[i].text);
}

static bool takes_depth(size_t depth)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	buf_puts(&text, "{\"a\":");
	for (size_t i = 1; i < depth; i++)
		buf_puts(&text, "[");
	for (size_t i = 1; i < depth; i++)
		buf_puts(&text, "]");
	buf_puts(&text, "}");
	return takes(text.data, text.size);
}

static void test_depth(void **state)
{
	(void)state;
	assert_true(takes_depth(STRICT_JSON_DEPTH));
	assert_false(takes_depth(STRICT_JSON_DEPTH + 1));
	assert_false(takes_depth(200000));
}

static void test_size(void **state)
{
	_cleanup_(cleanup_freep) char *text = malloc(STRICT_JSON_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', STRICT_JSON_MAX + 1);
	text[0] = '{';
	text[1] = '}';
	assert_true(takes(text, STRICT_JSON_MAX));
	assert_false(takes(text, STRICT_JSON_MAX + 1));
}

static void test_members(void **state)
{
	static const char text[] = "{\"s\":\"ab\",\"n\":null,\"e\":\"\",\"i\":1}";
	_cleanup_(strict_json_freep) struct json_t *j = NULL;
	const char *s;
	struct error e;
	size_t n = 0;

	(void)state;
	j = strict_json_parse(text, sizeof(text) - 1, &e);
	assert_non_null(j);
	s = strict_json_text(j, "s", &n);
	assert_true(strict_json_is(s, n, "ab"));
	assert_false(strict_json_is(s, n, "abc"));
	assert_false(strict_json_is(s, n, "a"));
	assert_null(strict_json_get(j, "n"));
	assert_null(strict_json_text(j, "e", &n));
	assert_null(strict_json_text(j, "i", &n));
	assert_null(strict_json_text(j, "x", &n));
	assert_null(strict_json_get(NULL, "x"));
}

static bool decodes(const char *text)
{
	unsigned char *bytes = NULL;
	size_t n;
	bool ok = decode_base64(text, strlen(text), &bytes, &n) == 0;

	free(bytes);
	return ok;
}

/* What the envelope relies on: one spelling for each value, in either alphabet. */
static void test_base64_is_strict(void **state)
{
	static const char *const good[] = {"", "QQ==", "QQ", "QUI=", "QUI", "QUJD", "-_-_", "+/+/"};
	static const char *const bad[] = {"Q",
		"QQ=", "QQ===", "QUJD=", "QR==", "QUJ=", "QQ ==", "QUJD\n", "Q!==", "+_+_",
		"=QQ=", "QQ==QQ=="};

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		if (!decodes(good[i]))
			fail_msg("refused '%s'", good[i]);
	for (size_t i = 0; i < array_size(bad); i++)
		if (decodes(bad[i]))
			fail_msg("took '%s'", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
