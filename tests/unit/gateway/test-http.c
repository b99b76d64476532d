/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: heads and chunked bodies that are fine, and beside each of them
 * what two parsers in a row could read in two ways: the known ways of smuggling.
 */
#include "tests/unit/base/helper.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/http.h"

#define HOST "Host: a.example\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define OK "HTTP/1.1 200 OK\r\n"

/* From memory of exactly that size. */
static int parse(const char *text, size_t n, struct http_head *h, const char **why)
{
	static char *kept; /* what *h points into, until the next call */
	int size;

	kept = realloc(kept, n > 0 ? n : 1);
	assert_non_null(kept);
	memcpy(kept, text, n);
	*why = NULL;
	if (n >= 5 && memcmp(text, "HTTP/", 5) == 0)
		size = http_parse_answer(kept, n, "GET", 3, h, why);
	else
		size = http_parse_request(kept, n, h, why);
	assert_true((size < 0) == (*why != NULL));
	return size;
}

static void test_request(void **state)
{
	static const char text[] =
		"POST /a%20b?c=d HTTP/1.1\r\nHost: A.example:8080\r\nAccept:\t x, y \t\r\n"
		"Empty:\r\ncontent-length: 12\r\nExpect: 100-Continue\r\n\r\nbody";
	struct http_head h;
	const char *why;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &h, &why), sizeof(text) - 5);
	assert_int_equal(h.size, sizeof(text) - 5);
	assert_true(http_is(h.method, "POST") && http_is(h.target, "/a%20b?c=d"));
	assert_true(http_is(h.host, "A.example:8080") && h.minor == 1);
	assert_true(h.framing == HTTP_LENGTH && h.length == 12);
	assert_true(h.keep_alive && h.expect_continue && !h.upgrade);
	assert_int_equal(h.field_count, 5);
	assert_true(http_is(http_find(&h, "ACCEPT")->value, "x, y"));
	assert_true(http_is(http_find(&h, "empty")->value, ""));
	assert_null(http_find(&h, "accep"));
}

static void test_prefixes(void **state)
{
	static const char text[] = GET "Accept: */*\r\n\r\n";
	struct http_head h;
	const char *why;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(parse(text, n, &h, &why), 0);
	assert_int_equal(parse(text, sizeof(text) - 1, &h, &why), sizeof(text) - 1);
}

static void check_flags(const char *text, bool keep_alive, bool upgrade)
{
	struct http_head h;
	const char *why;

	assert_int_equal(parse(text, strlen(text), &h, &why), strlen(text));
	assert_int_equal(h.keep_alive, keep_alive);
	assert_int_equal(h.upgrade, upgrade);
	assert_int_equal(h.framing, HTTP_NO_BODY);
}

static void test_connection(void **state)
{
	(void)state;
	check_flags(GET "\r\n", true, false);
	check_flags(GET "Connection: Close\r\n\r\n", false, false);
	check_flags(GET "Connection: x\r\nConnection: y ,\tclose\r\n\r\n", false, false);
	check_flags(GET "Connection: closed, xclose\r\n\r\n", true, false);
	check_flags("GET / HTTP/1.0\r\n" HOST "\r\n", false, false);
	check_flags("GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", true, false);
	check_flags(GET "Connection: keep-alive, close\r\n\r\n", false, false);
	check_flags(GET "Connection: x, Upgrade\r\n\r\n", true, true);
	check_flags(GET "Upgrade: websocket\r\n\r\n", true, true);
}

static const struct {
	const char *text;
	size_t size;
	const char *why;
} refused[] = {
#define BAD(literal, why)                                                                          \
	{                                                                                          \
		literal, sizeof(literal) - 1, why                                                  \
	}
	/* line ends and controls */
	BAD("GET / HTTP/1.1\nHost: a\n\n", "bare LF"),
	BAD(GET "X: y\n\r\n", "bare LF"),
	BAD(GET "\n", "bare LF"),
	BAD("\n", "bare LF"),
	BAD(GET "X: y\rZ: z\r\n\r\n", "bare CR"),
	BAD(GET "X: y\r\r\n\r\n", "bare CR"),
	BAD(GET "X: y\0z\r\n\r\n", "NUL"),
	BAD("GET / HTTP/1.1\r\nHost: evil.example\0.a.example\r\n\r\n", "NUL"),
	BAD(GET "X: \x01\r\n\r\n", "a control character"),
	BAD(GET "X: \x7f\r\n\r\n", "a control character"),
	BAD(GET "X: \x0b\r\n\r\n", "a control character"),
	BAD("\r\n" GET "\r\n", "an empty line before the head"),
	/* fields */
	BAD(GET "X: y\r\n z\r\n\r\n", "obs-fold"),
	BAD(GET "\tX: y\r\n\r\n", "obs-fold"),
	BAD("GET / HTTP/1.1\r\n Host: a\r\n\r\n", "obs-fold"),
	BAD("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "blanks before ':'"),
	BAD(POST "Content-Length : 5\r\n\r\n", "blanks before ':'"),
	BAD(POST "Transfer-Encoding\t: chunked\r\n\r\n", "blanks before ':'"),
	BAD(GET ": y\r\n\r\n", "a malformed field name"),
	BAD(GET "X Y: z\r\n\r\n", "a malformed field name"),
	BAD(GET "X\xc3\xbc: z\r\n\r\n", "a malformed field name"),
	BAD(GET "X(: z\r\n\r\n", "a malformed field name"),
	BAD(GET "XYZ\r\n\r\n", "a field without ':'"),
	/* the request line */
	BAD("GET / HTTP/1.2\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET / HTTP/0.9\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET / HTTP/2.0\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET / http/1.1\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET / HTTP/1.1 \r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET / a HTTP/1.1\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET /\r\n" HOST "\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD("GET  / HTTP/1.1\r\n" HOST "\r\n", "a target that does not begin with '/'"),
	BAD("GET http://b.example/ HTTP/1.1\r\n" HOST "\r\n",
		"a target that does not begin with '/'"),
	BAD("CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n",
		"a target that does not begin with '/'"),
	BAD("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "a target that does not begin with '/'"),
	BAD("GET /\xc3\xbc HTTP/1.1\r\n" HOST "\r\n", "a target with bytes that must be encoded"),
	BAD("GET /\ta HTTP/1.1\r\n" HOST "\r\n", "a target with bytes that must be encoded"),
	BAD(" / HTTP/1.1\r\n" HOST "\r\n", "a malformed method"),
	BAD("G@T / HTTP/1.1\r\n" HOST "\r\n", "a malformed method"),
	/* the host */
	BAD("GET / HTTP/1.1\r\n\r\n", "no Host field"),
	BAD("GET / HTTP/1.0\r\n\r\n", "no Host field"),
	BAD(GET HOST "\r\n", "two Host fields"),
	BAD(GET "hOST: b.example\r\n\r\n", "two Host fields"),
	BAD("GET / HTTP/1.1\r\nHost:\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: x@a.example\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example/\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example:\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example:0\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example:65536\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example:443:443\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a.example:+80\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a%2eb\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: a\xc3\xbc.example\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: [a.example]\r\n\r\n", "a malformed Host field"),
	BAD("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", "a malformed Host field"),
	/* where the body ends */
	BAD(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"Content-Length with Transfer-Encoding"),
	BAD(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
		"Content-Length with Transfer-Encoding"),
	BAD(POST "Content-Length: 5\r\ncontent-LENGTH: 5\r\n\r\n", "two Content-Length fields"),
	BAD(POST "Content-Length: 5, 5\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length: +5\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length: -5\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length: 0x5\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length: 5 5\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length:\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Content-Length: 1234567890123456789\r\n\r\n", "a malformed Content-Length"),
	BAD(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		"two Transfer-Encoding fields"),
	BAD(POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
		"two Transfer-Encoding fields"),
	BAD(POST "Transfer-Encoding: gzip, chunked\r\n\r\n",
		"a Transfer-Encoding other than chunked"),
	BAD(POST "Transfer-Encoding: chunked, identity\r\n\r\n",
		"a Transfer-Encoding other than chunked"),
	BAD(POST "Transfer-Encoding: xchunked\r\n\r\n", "a Transfer-Encoding other than chunked"),
	BAD(POST "Transfer-Encoding: \"chunked\"\r\n\r\n",
		"a Transfer-Encoding other than chunked"),
	BAD(POST "Transfer-Encoding:\r\n\r\n", "a Transfer-Encoding other than chunked"),
	BAD("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
		"Transfer-Encoding in HTTP/1.0"),
	/* answers */
	BAD("HTTP/1.1 600 No\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1 099 No\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1 20 OK\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1 2000 OK\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1 2x0 OK\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1  200 OK\r\n\r\n", "a malformed status"),
	BAD("HTTP/1.1\r\n\r\n", "a malformed status"),
	BAD("HTTP/2 200 OK\r\n\r\n", "a version other than HTTP/1.0 and HTTP/1.1"),
	BAD(OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "two Content-Length fields"),
	BAD(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"Content-Length with Transfer-Encoding"),
	BAD(OK "Location: /a\r\nLocation: /b\r\n\r\n", "two Location fields"),
	BAD("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n",
		"an answer with a body that it must not have"),
	BAD("HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked\r\n\r\n",
		"an answer with a body that it must not have"),
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(refused); i++) {
		struct http_head h = {.size = 77};
		const char *why;

		if (parse(refused[i].text, refused[i].size, &h, &why) != -1)
			fail_msg("taken: %s", refused[i].text);
		if (strcmp(why, refused[i].why) != 0)
			fail_msg("'%s' for: %s", why, refused[i].text);
		assert_int_equal(h.size, 77);
	}
}

static void test_hosts(void **state)
{
	static const char *const good[] = {"a", "a.example", "a.example:1", "a.example:65535",
		"A.example.", "10.0.0.1:80", "[::1]", "[::1]:8080", "a_b"};

	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		_cleanup_(buf_deinit) struct buf text = BUF_INIT;
		struct http_head h;
		const char *why;

		buf_printf(&text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
		if (parse(text.data, text.size, &h, &why) <= 0)
			fail_msg("%s: %s", good[i], why);
		assert_true(http_is(h.host, good[i]));
	}
}

static int parse_fields(size_t count)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct http_head h;
	const char *why;

	buf_puts(&text, GET);
	for (size_t i = 1; i < count; i++)
		buf_puts(&text, "X: y\r\n");
	buf_puts(&text, "\r\n");
	return parse(text.data, text.size, &h, &why);
}

static int parse_sized(size_t head, size_t given)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct http_head h;
	const char *why;

	buf_puts(&text, GET "X: ");
	while (text.size < head - 4)
		buf_puts(&text, "y");
	buf_puts(&text, "\r\n\r\n");
	return parse(text.data, given, &h, &why);
}

static void test_limits(void **state)
{
	(void)state;
	assert_true(parse_fields(HTTP_FIELDS_MAX) > 0);
	assert_int_equal(parse_fields(HTTP_FIELDS_MAX + 1), -1);
	assert_int_equal(parse_sized(HTTP_HEAD_MAX, HTTP_HEAD_MAX), HTTP_HEAD_MAX);
	assert_int_equal(parse_sized(HTTP_HEAD_MAX, HTTP_HEAD_MAX - 1), 0);
	assert_int_equal(parse_sized(HTTP_HEAD_MAX + 1, HTTP_HEAD_MAX), -1);
	assert_int_equal(parse_sized(HTTP_HEAD_MAX + 1, HTTP_HEAD_MAX + 1), -1);
}

static void check_answer(const char *text, const char *method, enum http_framing framing,
	uint64_t length, bool keep_alive)
{
	struct http_head h;
	const char *why;

	assert_int_equal(http_parse_answer(text, strlen(text), method, strlen(method), &h, &why),
		strlen(text));
	assert_int_equal(h.framing, framing);
	assert_int_equal(h.length, length);
	assert_int_equal(h.keep_alive, keep_alive);
}

static void test_answers(void **state)
{
	(void)state;
	check_answer(OK "Content-Length: 5\r\n\r\n", "GET", HTTP_LENGTH, 5, true);
	check_answer(OK "Content-Length: 0\r\n\r\n", "GET", HTTP_LENGTH, 0, true);
	check_answer(OK "Content-Length: 999999999999999999\r\n\r\n", "GET", HTTP_LENGTH,
		999999999999999999, true);
	check_answer(OK "Transfer-Encoding: chunked\r\n\r\n", "GET", HTTP_CHUNKED, 0, true);
	check_answer(OK "\r\n", "GET", HTTP_UNTIL_CLOSE, 0, false);
	check_answer("HTTP/1.1 200\r\n\r\n", "GET", HTTP_UNTIL_CLOSE, 0, false);
	check_answer("HTTP/1.1 200 \r\n\r\n", "GET", HTTP_UNTIL_CLOSE, 0, false);
	check_answer(
		"HTTP/1.0 200 \xff ok\r\nContent-Length: 1\r\n\r\n", "GET", HTTP_LENGTH, 1, false);
	check_answer(OK "Content-Length: 5\r\n\r\n", "HEAD", HTTP_NO_BODY, 0, true);
	check_answer(OK "Transfer-Encoding: chunked\r\n\r\n", "HEAD", HTTP_NO_BODY, 0, true);
	check_answer(OK "\r\n", "HEAD", HTTP_NO_BODY, 0, true);
	check_answer(OK "\r\n", "CONNECT", HTTP_NO_BODY, 0, true);
	check_answer(
		"HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\n", "CONNECT", HTTP_LENGTH, 5, true);
	check_answer("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", "GET", HTTP_NO_BODY, 0, true);
	check_answer("HTTP/1.1 204 x\r\n\r\n", "GET", HTTP_NO_BODY, 0, true);
	check_answer("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n", "GET", HTTP_NO_BODY, 0, true);
	check_answer("HTTP/1.1 100 Continue\r\n\r\n", "GET", HTTP_NO_BODY, 0, true);
	/* a method is compared as it is: this is none that has no body */
	check_answer(OK "Content-Length: 5\r\n\r\n", "head", HTTP_LENGTH, 5, true);
}

static void test_words(void **state)
{
	const struct http_text t = {"ChunkedX", 7};

	(void)state;
	assert_true(http_is(t, "Chunked") && !http_is(t, "chunked") && !http_is(t, "ChunkedX"));
	assert_true(http_is_like(t, "cHUNKED") && !http_is_like(t, "chunke"));
}

/* Pieces of `piece` bytes; what is not used is left in *rest. 0 or -1. */
static int decode(const char *text, size_t n, size_t piece, struct buf *out, size_t *rest)
{
	struct http_chunks c = {0};
	const char *data, *why;
	size_t at = 0, used, size;

	while (at < n && !c.done) {
		size_t give = n - at < piece ? n - at : piece;
		char *exact = malloc(give);

		assert_non_null(exact);
		memcpy(exact, text + at, give);
		if (http_chunks_take(&c, exact, give, &used, &data, &size, &why) < 0) {
			/* for ever */
			assert_int_equal(
				http_chunks_take(&c, "0", 1, &used, &data, &size, &why), -1);
			free(exact);
			return -1;
		}
		assert_true(used > 0 && used <= give);
		buf_append(out, data, size);
		free(exact);
		at += used;
	}
	*rest = n - at;
	return c.done ? 0 : 1;
}

static void check_chunks(const char *text, const char *content, size_t left)
{
	for (size_t piece = 1; piece <= strlen(text); piece++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		size_t rest;

		buf_puts(&out, "");
		assert_int_equal(decode(text, strlen(text), piece, &out, &rest), 0);
		assert_string_equal(out.data, content);
		assert_int_equal(rest, left);
	}
}

static void test_chunks(void **state)
{
	(void)state;
	check_chunks("0\r\n\r\n", "", 0);
	check_chunks("5\r\nhello\r\n0\r\n\r\n", "hello", 0);
	check_chunks("3\r\nhel\r\n0002\r\nlo\r\n000\r\n\r\nGET /", "hello", 5);
	check_chunks(
		"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n", "01234567890123456789a", 0);
	check_chunks("2;x=\"y;z\";\tw\r\nhi\r\n0;end\r\n\r\n", "hi", 0);
	check_chunks("2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0);
	check_chunks("000000000000005\r\nhello\r\n0\r\n\r\n", "hello", 0);
}

static void test_chunks_refused(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} bad[] = {
#define CHUNK(literal) {literal, sizeof(literal) - 1}
		CHUNK("\r\n"),
		CHUNK(" 5\r\nhello\r\n"),
		CHUNK("5 \r\nhello\r\n"),
		CHUNK("5\nhello\r\n"),
		CHUNK("5\r\nhello\n0\r\n\r\n"),
		CHUNK("5\r\nhello\r0\r\n\r\n"),
		CHUNK("5\r\nhello0\r\n\r\n"),
		CHUNK("5\r\nhello!\r\n0\r\n\r\n"),
		CHUNK("5\r\rhello\r\n"),
		CHUNK("-5\r\nhello\r\n"),
		CHUNK("+5\r\nhello\r\n"),
		CHUNK("0x5\r\nhello\r\n"),
		CHUNK("g\r\n"),
		CHUNK("5\0\r\nhello\r\n"),
		CHUNK(";x\r\n"),
		CHUNK("5;x\nhello\r\n"),
		CHUNK("5;x\ry\r\nhello\r\n"),
		CHUNK("5;\0\r\nhello\r\n"),
		CHUNK("5;\x7f\r\nhello\r\n"),
		CHUNK("0000000000000005\r\nhello\r\n"),
		CHUNK("fffffffffffffffff\r\n"),
		CHUNK("10000000000000005\r\nhello\r\n"),
		CHUNK("0\r\nX: y\r\n\r\n"),
		CHUNK("0\r\n\n"),
		CHUNK("0\r\n\r\r"),
		CHUNK("5\r\nhello\r\n\r\n"),
	};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		for (size_t piece = 1; piece <= bad[i].size; piece++) {
			_cleanup_(buf_deinit) struct buf out = BUF_INIT;
			size_t rest;

			if (decode(bad[i].text, bad[i].size, piece, &out, &rest) != -1)
				fail_msg("taken: %s", bad[i].text);
		}
}

static void test_chunk_limits(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	struct http_chunks c = {0};
	const char *data, *why;
	size_t used, size;

	(void)state;
	buf_puts(&text, "5;");
	for (int i = 0; i < 5000; i++)
		buf_puts(&text, "x");
	assert_int_equal(decode(text.data, text.size, 100, &out, &used), -1);
	/* the largest size that there is */
	assert_int_equal(
		http_chunks_take(&c, "fffffffffffffff\r\nab", 19, &used, &data, &size, &why), 0);
	assert_int_equal(used, 19);
	assert_int_equal(size, 2);
	assert_int_equal(c.left, 0xffffffffffffffd);
	/* nothing to take, and nothing after the end */
	assert_int_equal(http_chunks_take(&c, "", 0, &used, &data, &size, &why), 0);
	assert_true(used == 0 && size == 0 && !c.done);
	c = (struct http_chunks){0};
	assert_int_equal(http_chunks_take(&c, "0\r\n\r\n", 5, &used, &data, &size, &why), 0);
	assert_true(c.done && used == 5);
	assert_int_equal(http_chunks_take(&c, "0\r\n", 3, &used, &data, &size, &why), 0);
	assert_true(c.done && used == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_chunks_refused),
		cmocka_unit_test(test_chunk_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
