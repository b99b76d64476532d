/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/replay-log.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int parse(const char *text, char room[4096], struct replay_entry *e, const char **why)
{
	snprintf(room, 4096, "%s", text);
	return replay_log_read(room, strlen(room), e, why);
}

static void test_what_the_record_writes(void **state)
{
	struct replay_entry e;
	const char *why;
	char room[4096];

	(void)state;
	assert_int_equal(parse("{\"address\":\"::1\",\"head\":\"" A64
			       "\",\"host\":\"a.example\",\"inspected\":true,\"method\":\"GET\","
			       "\"outcome\":\"allowed\",\"port\":443,\"requestSha256\":\"" A64
			       "\",\"requestSize\":7,\"sha256\":\"" A64 "\",\"sha512\":\"" A64 A64
			       "\",\"size\":12,\"startedMs\":1795550000000,\"status\":200,"
			       "\"url\":\"https://a.example/\",\"vary\":\"" A64
			       "\",\"why\":\"a \\\"b\\\" \\\\ \\n\\u0001\xc3\xa4\"}",
				 room, &e, &why),
		0);
	assert_string_equal(e.outcome, "allowed");
	assert_string_equal(e.method, "GET");
	assert_string_equal(e.url, "https://a.example/");
	assert_string_equal(e.head, A64);
	assert_string_equal(e.sha256, A64);
	assert_string_equal(e.sha512, A64 A64);
	assert_string_equal(e.vary, A64);
	assert_string_equal(e.request_sha256, A64);
	assert_string_equal(e.why, "a \"b\" \\ \n\x01\xc3\xa4");
	assert_true(e.inspected);
	assert_int_equal(e.size, 12);
	assert_int_equal(e.status, 200);
	assert_int_equal(e.started_ms, 1795550000000);
}

static void test_what_is_not_said_is_nothing(void **state)
{
	struct replay_entry e;
	const char *why;
	char room[4096];

	(void)state;
	assert_int_equal(parse("{\"inspected\":false,\"outcome\":\"denied\"}", room, &e, &why), 0);
	assert_null(e.url);
	assert_null(e.head);
	assert_false(e.inspected);
	assert_int_equal(e.size, 0);
}

static void test_everything_else_is_refused(void **state)
{
	static const char *const lines[] = {"", "{", "{}", "[]", "x", "{\"outcome\":\"a\"",
		"{\"outcome\":\"a\"}}", "{\"outcome\":\"a\"} ", " {\"outcome\":\"a\"}",
		"{\"outcome\": \"a\"}", "{\"outcome\":\"a\",}", "{,\"outcome\":\"a\"}",
		"{\"outcome\":a}", "{\"outcome\":null}", "{\"outcome\":{}}",
		"{\"outcome\":[\"a\"]}", "{\"outcome\":\"a\tb\"}", "{\"outcome\":\"a\x7f\"}",
		"{\"outcome\":\"\\/\"}", "{\"outcome\":\"\\u00\"}", "{\"outcome\":\"\\u0000\"}",
		"{\"outcome\":\"\\u00e4\"}", "{\"outcome\":\"\\", "{\"outcome\":\"\xff\"}",
		"{\"outcome\":\"\xc3\"}",
		/* keys twice, in other words, or in another order */
		"{\"outcome\":\"a\",\"outcome\":\"b\"}", "{\"outcome\":\"a\",\"method\":\"b\"}",
		"{\"outcome\":\"a\",\"\\u006futcome\":\"b\"}",
		"{\"outcome\":\"a\",\"zzz\":1,\"zzz\":2}",
		/* numbers and words */
		"{\"outcome\":\"a\",\"size\":-1}", "{\"outcome\":\"a\",\"size\":01}",
		"{\"outcome\":\"a\",\"size\":1.5}", "{\"outcome\":\"a\",\"size\":1e3}",
		"{\"outcome\":\"a\",\"size\":\"1\"}", "{\"outcome\":\"a\",\"size\":}",
		"{\"outcome\":\"a\",\"size\":1234567890123456789}",
		"{\"inspected\":yes,\"outcome\":\"a\"}", "{\"inspected\":truer,\"outcome\":\"a\"}",
		"{\"inspected\":tru",
		/* digests */
		"{\"outcome\":\"a\",\"sha256\":\"\"}", "{\"outcome\":\"a\",\"sha256\":\"../../x\"}",
		"{\"outcome\":\"a\",\"sha256\":\"" A64 "a\"}",
		"{\"outcome\":\"a\",\"sha512\":\"" A64 "\"}",
		"{\"head\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
		"\"outcome\":\"a\"}",
		/* no outcome */
		"{\"size\":1}"};
	struct replay_entry e;
	char room[4096];

	(void)state;
	for (size_t i = 0; i < array_size(lines); i++) {
		const char *why = NULL;

		if (parse(lines[i], room, &e, &why) == 0)
			fail_msg("accepted: %s", lines[i]);
		assert_non_null(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_record_writes),
		cmocka_unit_test(test_what_is_not_said_is_nothing),
		cmocka_unit_test(test_everything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
