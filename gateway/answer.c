/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a registry's answer, in a task of cupel-gateway. Its head is parsed
 * as strictly as a request's and written anew for the client; its body is hashed on its way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/client.h"
#include "gateway/credentials.h"
#include "gateway/exchange.h"
#include "gateway/fields.h"
#include "gateway/gateway-state.h"
#include "gateway/replay.h"
#include "gateway/store.h"

/* Answers with 1xx before the one that counts. */
enum { INTERIM_MAX = 8 };

static int repeats(struct exchange *x, const char *name)
{
	snprintf(x->why, sizeof(x->why), "the registry's answer repeats the credential '%s'", name);
	return -1;
}

/* Before any of it goes on to the build, or into a grant or the record. */
static int check_head(struct exchange *x, const char *bytes)
{
	const struct needle *found;

	if (x->credential == NULL)
		return 0;
	x->echo.needles = credentials_needles(&x->echo.hold);
	found = needles_find(x->echo.needles, bytes, x->answer.size);
	return found != NULL ? repeats(x, found->name) : 0;
}

/* Why nothing more came. */
static int fail_to_read(struct exchange *x)
{
	if (errno != ETIMEDOUT)
		return exchange_fail(x, "no answer from");
	if (x->until != 0 && task_now() >= x->until)
		return exchange_exceed(x, LIMIT_TIME);
	limits_why(&gateway.limits, LIMIT_IDLE, x->why);
	return -1;
}

int answer_read(struct exchange *x)
{
	struct stream *s = &x->upstream->stream;
	const char *why = NULL;

	s->deadline = body_deadline(x->until);
	for (int interim = 0; interim <= INTERIM_MAX;) {
		size_t n;
		const char *bytes = stream_data(s, &n);
		int result = n == 0 ? 0
				    : http_parse_answer(bytes, n, x->method, strlen(x->method),
					      &x->answer, &why);

		if (exchange_head_is_long(bytes, n))
			return exchange_exceed(x, LIMIT_HEAD);
		if (result < 0 || (result > 0 && x->answer.status == 101)) {
			snprintf(x->why, sizeof(x->why), "the registry's answer is malformed: %s",
				result < 0 ? why : "it switches protocols");
			return -1;
		}
		if (result > 0 && x->answer.status >= 200)
			return check_head(x, bytes);
		if (result > 0) {
			stream_use(s, x->answer.size);
			interim++;
		} else if (stream_fill(s) <= 0) {
			return fail_to_read(x);
		}
	}
	return exchange_refuse(x, "the registry gives no final answer");
}

static void note_media_type(struct exchange *x)
{
	const struct http_field *f = http_find(&x->answer, "content-type");
	size_t n = 0;

	if (f == NULL)
		return;
	while (n < f->value.size && n + 1 < sizeof(x->media_type) && f->value.data[n] != ';' &&
		f->value.data[n] > ' ' && f->value.data[n] <= '~')
		n++;
	memcpy(x->media_type, f->value.data, n);
	x->record.media_type = x->media_type;
}

static void note_redirect(struct exchange *x)
{
	const struct http_field *f = http_find(&x->answer, "location");
	struct url from = {.tls = x->client->tls, .port = x->client->port};

	if (x->rule == NULL || f == NULL || x->answer.status < 300 || x->answer.status > 399 ||
		strcmp(x->method, "GET") != 0)
		return;
	snprintf(from.host, sizeof(from.host), "%s", x->client->host);
	url_redact(x->target, from.path);
	grant_give(&from, f->value.data, f->value.size, x->rule->name, &x->lock);
}

/* An HTTP/1.0 client does not know chunks: its body ends with the connection. */
static void write_answer(struct exchange *x)
{
	enum http_framing framing = x->answer.framing;
	bool ends = framing == HTTP_CHUNKED || framing == HTTP_UNTIL_CLOSE;

	if (ends)
		framing = x->request.minor > 0 ? HTTP_CHUNKED : HTTP_UNTIL_CLOSE;
	x->keep = x->request.keep_alive && framing != HTTP_UNTIL_CLOSE;
	x->down.chunked = framing == HTTP_CHUNKED;
	x->head.size = 0;
	buf_printf(&x->head, "HTTP/1.1 %d %s\r\n", x->answer.status,
		x->answer.status < 400 ? "OK" : "Not OK");
	fields_put_answer(&x->answer, &x->head);
	if (framing == HTTP_NO_BODY && strcmp(x->method, "HEAD") == 0) {
		const struct http_field *f = http_find(&x->answer, "content-length");

		if (f != NULL)
			buf_printf(&x->head, "Content-Length: %.*s\r\n", (int)f->value.size,
				f->value.data);
	} else if (framing == HTTP_NO_BODY && x->answer.status != 204 && x->answer.status != 304) {
		buf_puts(&x->head, "Content-Length: 0\r\n");
	}
	exchange_put_framing(x, framing, x->answer.length);
	buf_puts(
		&x->head, x->keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

static bool wants_sha512(const struct exchange *x)
{
	size_t n = strlen(x->target);

	return n > 4 && strcmp(x->target + n - 4, ".tgz") == 0;
}

void answer_keep(struct exchange *x, struct store_file *body)
{
	if ((body->size == 0 || store_commit(body, x->down.sha256_hex)) &&
		store_put(x->head.data, x->head.size, x->head_sha256))
		x->record.head = x->head_sha256;
}

int answer_judge(struct exchange *x)
{
	bool announced = x->answer.framing == HTTP_LENGTH;
	uint64_t left = limits_left(&gateway.limits, LIMIT_TOTAL);

	if (x->answer.framing == HTTP_NO_BODY)
		return 0;
	if (announced && !limits_hold(&gateway.limits, LIMIT_BODY, x->answer.length))
		return exchange_exceed(x, LIMIT_BODY);
	if (left == 0 || (announced && x->answer.length > left))
		return exchange_exceed(x, LIMIT_TOTAL);
	return 0;
}

void answer_note(struct exchange *x)
{
	note_media_type(x);
	note_redirect(x);
	x->record.status = x->answer.status;
}

int answer_pass(struct exchange *x)
{
	struct stream *from = x->upstream != NULL ? &x->upstream->stream : NULL;
	struct stream *to = &x->client->stream;
	_cleanup_(store_abandon) struct store_file kept = STORE_FILE_INIT;

	answer_note(x);
	x->down = (struct body){.from = from,
		.to = to,
		.framing = x->answer.framing,
		.left = x->answer.length,
		.keep = &kept,
		.is_answer = true,
		.until = x->until,
		.sha512 = wants_sha512(x),
		.echo = x->credential != NULL ? &x->echo : NULL};
	write_answer(x);
	if (from != NULL)
		stream_use(from, x->answer.size);
	to->deadline = task_now() + CLIENT_HEAD_MS;
	if (!buf_ok(&x->head) || stream_write(to, x->head.data, x->head.size) < 0)
		return exchange_fail(x, "the client is gone, answer of");
	if (x->replayed != NULL)
		return replay_pass(x);
	store_begin(&kept);
	if (body_move(&x->down, x->why, sizeof(x->why)) < 0) {
		x->limit = x->down.broken;
		return x->echo.found != NULL ? repeats(x, x->echo.found) : -1;
	}
	answer_keep(x, &kept);
	return 0;
}
