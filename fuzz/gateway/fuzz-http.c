/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a request and as an answer. What is accepted and
 * written again from its parts must be accepted again and mean the same, every shorter
 * beginning must be incomplete, and what follows the head must not matter.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/http.h"

static void put(struct buf *out, struct http_text t)
{
	buf_append(out, t.data, t.size);
}

static void put_fields(struct buf *out, const struct http_head *h)
{
	for (size_t i = 0; i < h->field_count; i++) {
		put(out, h->fields[i].name);
		buf_puts(out, ": ");
		put(out, h->fields[i].value);
		buf_puts(out, "\r\n");
	}
	buf_puts(out, "\r\n");
}

static bool is_same_text(struct http_text a, struct http_text b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static void check_same(const struct http_head *a, const struct http_head *b)
{
	assert(is_same_text(a->method, b->method) && is_same_text(a->target, b->target));
	assert(is_same_text(a->host, b->host) && a->status == b->status && a->minor == b->minor);
	assert(a->framing == b->framing && a->length == b->length);
	assert(a->keep_alive == b->keep_alive && a->upgrade == b->upgrade);
	assert(a->expect_continue == b->expect_continue && a->field_count == b->field_count);
	for (size_t i = 0; i < a->field_count; i++) {
		assert(is_same_text(a->fields[i].name, b->fields[i].name));
		assert(is_same_text(a->fields[i].value, b->fields[i].value));
	}
}

static void fuzz_request(const char *bytes, size_t n)
{
	_cleanup_(buf_deinit) struct buf again = BUF_INIT;
	struct http_head h, second;
	const char *why = NULL;
	int size = http_parse_request(bytes, n, &h, &why);

	assert((size < 0) == (why != NULL));
	if (size <= 0)
		return;
	assert((size_t)size == h.size && h.size <= n && http_find(&h, "host") != NULL);
	assert(h.framing != HTTP_UNTIL_CLOSE && h.target.data[0] == '/');
	assert(http_parse_request(bytes, h.size - 1, &second, &why) == 0);
	assert(http_parse_request(bytes, h.size, &second, &why) == size);
	check_same(&h, &second);
	put(&again, h.method);
	buf_puts(&again, " ");
	put(&again, h.target);
	buf_printf(&again, " HTTP/1.%d\r\n", h.minor);
	put_fields(&again, &h);
	if (!buf_ok(&again) || again.size > HTTP_HEAD_MAX)
		return; /* "X:y" grows by a blank */
	assert(http_parse_request(again.data, again.size, &second, &why) == (int)again.size);
	check_same(&h, &second);
}

static void fuzz_answer(const char *bytes, size_t n)
{
	_cleanup_(buf_deinit) struct buf again = BUF_INIT;
	struct http_head h, second;
	const char *why = NULL;
	int size = http_parse_answer(bytes, n, "GET", 3, &h, &why);

	assert((size < 0) == (why != NULL));
	if (size <= 0)
		return;
	assert(h.status >= 100 && h.status <= 599);
	assert(http_parse_answer(bytes, h.size - 1, "GET", 3, &second, &why) == 0);
	buf_printf(&again, "HTTP/1.%d %d x\r\n", h.minor, h.status);
	put_fields(&again, &h);
	if (!buf_ok(&again) || again.size > HTTP_HEAD_MAX)
		return;
	assert(http_parse_answer(again.data, again.size, "GET", 3, &second, &why) ==
		(int)again.size);
	check_same(&h, &second);
	/* RFC 9112 §6.3: whatever an answer to HEAD says, it has no body */
	if (http_parse_answer(bytes, n, "HEAD", 4, &second, &why) > 0)
		assert(second.framing == HTTP_NO_BODY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_request((const char *)data, size);
	fuzz_answer((const char *)data, size);
	return 0;
}
