/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in a task of cupel-gateway. A body is only ever read by the framing
 * that its head was accepted with, and written anew, so that nothing can hide behind its
 * end. What is cut short is an error on both sides: the receiver never sees a proper end.
 */
#include "gateway/body.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/encode.h"
#include "gateway/echo.h"
#include "gateway/gateway-state.h"
#include "gateway/store.h"

struct move {
	struct body *b;
	EVP_MD_CTX *sha256, *sha512;
	struct http_chunks chunks;
	char *why;
	size_t why_size;
};

uint64_t body_deadline(uint64_t until)
{
	uint64_t idle = limits_deadline(&gateway.limits, LIMIT_IDLE, task_now());

	return until != 0 && (idle == 0 || until < idle) ? until : idle;
}

static int exceed(struct move *m, enum limit which)
{
	char why[LIMIT_WHY];

	/* That nothing moves is a failure of somebody else's. */
	if (which != LIMIT_IDLE)
		m->b->broken = which;
	limits_why(&gateway.limits, which, why);
	snprintf(m->why, m->why_size, "the body was cut short: %s", why);
	return -1;
}

static int fail(struct move *m, const char *what)
{
	char reason[160];

	if (what == NULL && errno == ETIMEDOUT)
		return exceed(
			m, m->b->until != 0 && task_now() >= m->b->until ? LIMIT_TIME : LIMIT_IDLE);
	if (what == NULL)
		stream_why(reason, sizeof(reason));
	snprintf(m->why, m->why_size, "the body was cut short: %s", what != NULL ? what : reason);
	return -1;
}

int body_write(struct body *b, const char *data, size_t n)
{
	struct stream *to = b->to;
	char line[24];

	if (to == NULL)
		return 0;
	to->deadline = body_deadline(b->until);
	if (!b->chunked)
		return stream_write(to, data, n);
	snprintf(line, sizeof(line), "%zx\r\n", n);
	if (stream_write(to, line, strlen(line)) < 0 || stream_write(to, data, n) < 0)
		return -1;
	return stream_write(to, "\r\n", 2);
}

/* Before n more are delivered. */
static int check_limits(struct move *m, size_t n)
{
	const struct body *b = m->b;

	if (b->limit != 0 && n > b->limit - b->size)
		return fail(m, "it is larger than the limit");
	if (b->is_answer && !limits_hold(&gateway.limits, LIMIT_BODY, b->size + n))
		return exceed(m, LIMIT_BODY);
	if (b->is_answer && !limits_take(&gateway.limits, LIMIT_TOTAL, n))
		return exceed(m, LIMIT_TOTAL);
	return 0;
}

static int pass_on(struct move *m, const char *data, size_t n)
{
	struct body *b = m->b;

	if (n == 0)
		return 0;
	if (check_limits(m, n) < 0)
		return -1;
	b->size += n;
	if (b->head != NULL && b->head_size < b->head_room) {
		size_t room = b->head_room - b->head_size, part = n < room ? n : room;

		memcpy(b->head + b->head_size, data, part);
		b->head_size += part;
	}
	if (EVP_DigestUpdate(m->sha256, data, n) != 1 ||
		(m->sha512 != NULL && EVP_DigestUpdate(m->sha512, data, n) != 1))
		return fail(m, "libcrypto cannot hash");
	if (b->keep != NULL)
		(void)store_append(b->keep, data, n);
	return body_write(b, data, n) < 0 ? fail(m, NULL) : 0;
}

static int deliver(struct move *m, const char *data, size_t n)
{
	const char *passed = data;

	if (m->b->echo != NULL && n > 0 && echo_take(m->b->echo, data, n, &passed, &n) < 0)
		return fail(m, "it holds what must not be delivered");
	return pass_on(m, passed, n);
}

/* Uses what is buffered. 1 at the body's end, 0 when more is needed, or -1. */
static int take(struct move *m)
{
	struct body *b = m->b;
	const char *data, *why;
	size_t n, used, content_size;
	const char *bytes = stream_data(b->from, &n);

	switch (b->framing) {
	case HTTP_LENGTH:
		used = n < b->left ? n : (size_t)b->left;
		if (deliver(m, bytes, used) < 0)
			return -1;
		b->left -= used;
		stream_use(b->from, used);
		return b->left == 0;
	case HTTP_CHUNKED:
		while (n > 0 && !m->chunks.done) {
			if (http_chunks_take(
				    &m->chunks, bytes, n, &used, &data, &content_size, &why) < 0)
				return fail(m, why);
			if (deliver(m, data, content_size) < 0)
				return -1;
			stream_use(b->from, used);
			bytes = stream_data(b->from, &n);
			if (used == 0)
				break;
		}
		return m->chunks.done;
	case HTTP_UNTIL_CLOSE:
		if (deliver(m, bytes, n) < 0)
			return -1;
		stream_use(b->from, n);
		return b->from->ended;
	case HTTP_NO_BODY:
	default:
		return 1;
	}
}

static int move_all(struct move *m)
{
	struct body *b = m->b;
	int done;

	while ((done = take(m)) == 0) {
		ssize_t n;

		b->from->deadline = body_deadline(b->until);
		n = stream_fill(b->from);
		if (n < 0)
			return fail(m, NULL);
		if (n == 0 && b->framing != HTTP_UNTIL_CLOSE)
			return fail(m, "the connection ended before it did");
	}
	if (done < 0)
		return -1;
	if (b->echo != NULL) {
		size_t n;
		const char *rest = echo_rest(b->echo, &n);

		if (pass_on(m, rest, n) < 0)
			return -1;
	}
	if (b->chunked && b->to != NULL && stream_write(b->to, "0\r\n\r\n", 5) < 0)
		return fail(m, NULL);
	return 0;
}

static void finish_digest(EVP_MD_CTX *context, char *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (context != NULL && EVP_DigestFinal_ex(context, digest, &n) == 1)
		encode_hex(digest, n, out);
}

int body_move(struct body *b, char *why, size_t size)
{
	struct move m = {.b = b, .why = why, .why_size = size};
	int result;

	m.sha256 = EVP_MD_CTX_new();
	m.sha512 = b->sha512 ? EVP_MD_CTX_new() : NULL;
	if (m.sha256 == NULL || EVP_DigestInit_ex(m.sha256, EVP_sha256(), NULL) != 1 ||
		(b->sha512 &&
			(m.sha512 == NULL || EVP_DigestInit_ex(m.sha512, EVP_sha512(), NULL) != 1)))
		result = fail(&m, "libcrypto cannot hash");
	else
		result = move_all(&m);
	/* Also of what was cut short: so much was delivered. */
	finish_digest(m.sha256, b->sha256_hex);
	finish_digest(m.sha512, b->sha512_hex);
	EVP_MD_CTX_free(m.sha256);
	EVP_MD_CTX_free(m.sha512);
	return result;
}
