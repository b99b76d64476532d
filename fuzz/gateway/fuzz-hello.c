/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as the start of a connection, and every beginning of
 * them (all short ones, then in strides). Once something is said it stays said, the name
 * is one, and the same message in other records says the same.
 */
#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/hello.h"
#include "gateway/names.h"

static void check_hello(const struct hello *h)
{
	char normal[NAME_SIZE];

	assert(memchr(h->server_name, '\0', sizeof(h->server_name)) != NULL);
	if (h->server_name[0] == '\0')
		return;
	assert(names_normalise(h->server_name, strlen(h->server_name), normal) == 0);
	assert(strcmp(normal, h->server_name) == 0);
	assert(h->alpn_any || (!h->alpn_h2 && !h->alpn_http1));
}

static bool is_same(const struct hello *a, const struct hello *b)
{
	return strcmp(a->server_name, b->server_name) == 0 && a->encrypted == b->encrypted &&
	       a->alpn_any == b->alpn_any && a->alpn_h2 == b->alpn_h2 &&
	       a->alpn_http1 == b->alpn_http1;
}

/* The first record as two, when it holds the whole message. */
static void check_split(const uint8_t *data, size_t size, const struct hello *whole)
{
	static uint8_t split[HELLO_MAX];
	size_t length = size > 5 ? (size_t)data[3] << 8 | data[4] : 0, half = length / 2;
	struct hello h;

	if (half == 0 || length + 5 > size || length + 10 > sizeof(split))
		return;
	if (length < 4 || length - 4 < ((size_t)data[6] << 16 | (size_t)data[7] << 8 | data[8]))
		return;
	memcpy(split, data, 5 + half);
	split[3] = (uint8_t)(half >> 8);
	split[4] = (uint8_t)half;
	memcpy(split + 5 + half, data, 3);
	split[8 + half] = (uint8_t)((length - half) >> 8);
	split[9 + half] = (uint8_t)(length - half);
	memcpy(split + 10 + half, data + 5 + half, length - half);
	assert(hello_parse(split, length + 10, &h) == HELLO_DONE && is_same(&h, whole));
}

/* The records that hold the message are as good as all that follows. */
static void check_size(const uint8_t *data, size_t size)
{
	size_t n = hello_size(data, size);
	struct hello h;

	assert(n <= size);
	assert(n == 0 || hello_parse(data, n, &h) == HELLO_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum hello_result result, said = HELLO_MORE;
	struct hello whole = {0}, part;

	result = hello_parse(data, size, &whole);
	if (result == HELLO_DONE) {
		check_hello(&whole);
		check_split(data, size, &whole);
		check_size(data, size);
	}
	assert(result != HELLO_MORE || size < HELLO_MAX);
	for (size_t n = 0; n < size; n += n < 600 ? 1 : 97) {
		enum hello_result now = hello_parse(data, n, &part);

		assert(said == HELLO_MORE || now == said);
		assert(now == HELLO_MORE || now == result);
		assert(now != HELLO_DONE || is_same(&part, &whole));
		said = now;
	}
	return 0;
}
