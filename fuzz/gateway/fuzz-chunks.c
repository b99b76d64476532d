/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a chunked body, in one piece, byte by byte, and in
 * pieces of seven. All three must end in the same way, at the same byte, with the same
 * content; and content that is written as one chunk must come back.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/http.h"

struct outcome {
	int result; /* -1 refused, 0 incomplete, 1 done */
	size_t end;
	struct buf content;
};

static void deinit(struct outcome *o)
{
	buf_deinit(&o->content);
}

static void decode(const char *bytes, size_t n, size_t piece, struct outcome *o)
{
	struct http_chunks c = {0};
	const char *data, *why = NULL;
	size_t used, size;

	*o = (struct outcome){.content = BUF_INIT};
	buf_puts(&o->content, "");
	while (o->end < n && !c.done) {
		size_t give = n - o->end < piece ? n - o->end : piece;

		if (http_chunks_take(&c, bytes + o->end, give, &used, &data, &size, &why) < 0) {
			assert(why != NULL);
			o->result = -1;
			return;
		}
		assert(used > 0 && used <= give);
		assert(size == 0 ||
			(data >= bytes + o->end && data + size <= bytes + o->end + used));
		buf_append(&o->content, data, size);
		o->end += used;
	}
	o->result = c.done;
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	assert(a->result == b->result);
	assert(a->content.size == b->content.size);
	assert(memcmp(a->content.data, b->content.data, a->content.size) == 0);
	assert(a->result < 0 || a->end == b->end);
}

static void check_again(const struct buf *content)
{
	_cleanup_(deinit) struct outcome o;
	_cleanup_(buf_deinit) struct buf body = BUF_INIT;

	if (content->size > 0)
		buf_printf(&body, "%zX\r\n", content->size);
	buf_append(&body, content->data, content->size);
	buf_puts(&body, content->size > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n");
	decode(body.data, body.size, SIZE_MAX, &o);
	assert(o.result == 1 && o.end == body.size && o.content.size == content->size);
	assert(memcmp(o.content.data, content->data, content->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(deinit) struct outcome whole, bytes, sevens;

	decode((const char *)data, size, SIZE_MAX, &whole);
	decode((const char *)data, size, 1, &bytes);
	decode((const char *)data, size, 7, &sevens);
	if (whole.result < 0) {
		assert(bytes.result < 0 && sevens.result < 0);
		return 0;
	}
	check_same(&whole, &bytes);
	check_same(&whole, &sevens);
	check_again(&whole.content);
	return 0;
}
