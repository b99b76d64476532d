/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one request of the build, in a task of cupel-gateway. The head is
 * parsed strictly and judged as a whole; what goes on to the registry is written anew from
 * the fields that are known to be good, for the host of the rule; the answer's head is
 * parsed as strictly and written anew for the client. Whatever is refused is answered with
 * the reason and with what would allow it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/body.h"
#include "gateway/client.h"
#include "gateway/fields.h"
#include "gateway/gateway-state.h"
#include "gateway/grant.h"
#include "gateway/http.h"
#include "gateway/record.h"
#include "gateway/refusal.h"
#include "gateway/rule.h"
#include "gateway/upstream.h"
#include "gateway/url.h"

enum { REQUEST_BODY_MAX = 64 << 20, WANTS_ROOM = 8192, ANSWER_MS = 300000 };
/* Answers with 1xx before the one that counts. */
enum { INTERIM_MAX = 8 };

struct exchange {
	struct client *client;
	struct http_head request, answer;
	char method[16], target[URL_MAX + 1], url[URL_MAX + NAME_SIZE + 32];
	struct buf head; /* of the request, as it goes on; then of the answer */
	const struct rule *rule, *nearest;
	struct grant *grant;
	struct place place;
	struct upstream *upstream;
	struct body up, down;
	struct record record;
	char why[256], media_type[128], wants[WANTS_ROOM];
	bool keep;
};

static void put_framing(struct exchange *x, enum http_framing framing, uint64_t length)
{
	if (framing == HTTP_LENGTH)
		buf_printf(&x->head, "Content-Length: %llu\r\n", (unsigned long long)length);
	else if (framing == HTTP_CHUNKED)
		buf_puts(&x->head, "Transfer-Encoding: chunked\r\n");
}

/* Reads heads until one is whole. 1; 0: the client closed without another; -1 with x->why. */
static int read_request(struct exchange *x)
{
	struct stream *s = &x->client->stream;
	const char *why = NULL;

	s->deadline = task_now() + CLIENT_IDLE_MS;
	for (;;) {
		size_t n;
		const char *bytes = stream_data(s, &n);
		int result = n == 0 ? 0 : http_parse_request(bytes, n, &x->request, &why);
		ssize_t got;

		if (result > 0)
			return 1;
		if (result < 0) {
			snprintf(x->why, sizeof(x->why), "malformed request: %s", why);
			return -1;
		}
		got = stream_fill(s);
		if (got > 0) {
			/* Once begun it must come to its end, however slowly its bytes come. */
			if (n == 0)
				s->deadline = task_now() + CLIENT_HEAD_MS;
			continue;
		}
		if (n == 0)
			return 0;
		snprintf(x->why, sizeof(x->why), "the request's head has no end");
		return -1;
	}
}

/* Host names the very place that the connection was made to; its port may be left out. */
static bool host_fits(const struct exchange *x)
{
	char wanted[NAME_SIZE + 8];
	const struct client *c = x->client;

	snprintf(wanted, sizeof(wanted), "%s:%u", c->host, c->port);
	if (http_is_like(x->request.host, wanted))
		return true;
	return c->port == (c->tls ? 443 : 80) && http_is_like(x->request.host, c->host);
}

static int refuse(struct exchange *x, const char *why)
{
	snprintf(x->why, sizeof(x->why), "%s", why);
	return -1;
}

static void name_url(struct exchange *x)
{
	const struct client *c = x->client;
	char redacted[URL_MAX + 1];
	const char *scheme = c->tls ? "https" : "http";

	url_redact(x->target, redacted);
	if (c->port == (c->tls ? 443 : 80))
		snprintf(x->url, sizeof(x->url), "%s://%s%s", scheme, c->host, redacted);
	else
		snprintf(
			x->url, sizeof(x->url), "%s://%s:%u%s", scheme, c->host, c->port, redacted);
	x->record.url = x->url;
}

static bool has_body(const struct http_head *h)
{
	return h->framing != HTTP_NO_BODY && (h->framing != HTTP_LENGTH || h->length > 0);
}

static int judge(struct exchange *x)
{
	const struct client *c = x->client;
	const struct http_head *h = &x->request;
	const char *why = NULL;

	if (h->method.size >= sizeof(x->method))
		return refuse(x, "the method is unknown");
	memcpy(x->method, h->method.data, h->method.size);
	x->record.method = x->method;
	if (url_normalise(h->target.data, h->target.size, x->target, &why) < 0)
		return refuse(x, why);
	name_url(x);
	if (!host_fits(x))
		return refuse(x, "the Host field names another host than was connected to");
	if (h->upgrade)
		return refuse(x, "upgrading the connection is not allowed");
	/* Servers that do not expect one read it as the next request. */
	if (has_body(h) && strcmp(x->method, "POST") != 0)
		return refuse(x, "only POST has a body");
	x->rule = rules_allow(
		&gateway.rules, c->host, c->port, x->method, x->target, &why, &x->nearest);
	if (x->rule != NULL && x->rule->tls != c->tls) {
		x->nearest = x->rule;
		x->rule = NULL;
		why = "the registry's rule is for another scheme";
	}
	if (x->rule == NULL)
		x->grant = grant_take(c->host, c->port, c->tls, x->method, x->target);
	return x->rule == NULL && x->grant == NULL ? refuse(x, why) : 0;
}

static void find_place(struct exchange *x)
{
	const struct client *c = x->client;

	x->place = (struct place){
		.host = c->host,
		.port = c->port,
		.tls = c->tls,
		.granted = x->rule == NULL,
		.private_addresses =
			x->rule != NULL ? x->rule->private_addresses : x->grant->private_addresses,
	};
	x->record.registry = x->rule != NULL ? x->rule->name : x->grant->registry;
	x->record.grant = x->rule != NULL ? NULL : x->grant->from;
}

static void write_request(struct exchange *x)
{
	const struct client *c = x->client;

	buf_printf(&x->head, "%s %s HTTP/1.1\r\nHost: %s", x->method, x->target, c->host);
	if (c->port != (c->tls ? 443 : 80))
		buf_printf(&x->head, ":%u", c->port);
	buf_puts(&x->head, "\r\n");
	fields_put_request(&x->request, &x->head);
	if (strcmp(x->method, "POST") == 0)
		put_framing(x, x->request.framing, x->request.length);
	/* Nor is anything asked on a connection after a body that was not all read. */
	if (has_body(&x->request))
		buf_puts(&x->head, "Connection: close\r\n");
	buf_puts(&x->head, "\r\n");
}

static int fail(struct exchange *x, const char *doing)
{
	char reason[160];

	stream_why(reason, sizeof(reason));
	snprintf(x->why, sizeof(x->why), "%s '%s': %s", doing, x->place.host, reason);
	return -1;
}

static int send_request(struct exchange *x)
{
	struct client *c = x->client;
	struct stream *to = &x->upstream->stream;

	to->deadline = task_now() + CLIENT_HEAD_MS;
	if (stream_write(to, x->head.data, x->head.size) < 0)
		return fail(x, "cannot ask");
	if (!has_body(&x->request))
		return 0;
	if (x->request.expect_continue &&
		stream_write(&c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0)
		return fail(x, "the client is gone, asking");
	x->up = (struct body){.from = &c->stream,
		.to = to,
		.framing = x->request.framing,
		.left = x->request.length,
		.chunked = x->request.framing == HTTP_CHUNKED,
		.limit = REQUEST_BODY_MAX,
		.head = x->wants,
		.head_room = sizeof(x->wants) - 1};
	return body_move(&x->up, x->why, sizeof(x->why));
}

/* The head of the final answer; those of 1xx before it are dropped. */
static int read_answer(struct exchange *x)
{
	struct stream *s = &x->upstream->stream;
	const char *why = NULL;

	s->deadline = task_now() + ANSWER_MS;
	for (int interim = 0; interim <= INTERIM_MAX;) {
		size_t n;
		const char *bytes = stream_data(s, &n);
		int result = n == 0 ? 0
				    : http_parse_answer(bytes, n, x->method, strlen(x->method),
					      &x->answer, &why);

		if (result < 0 || (result > 0 && x->answer.status == 101)) {
			snprintf(x->why, sizeof(x->why), "the registry's answer is malformed: %s",
				result < 0 ? why : "it switches protocols");
			return -1;
		}
		if (result > 0 && x->answer.status >= 200)
			return 0;
		if (result > 0) {
			stream_use(s, x->answer.size);
			interim++;
		} else if (stream_fill(s) <= 0) {
			return fail(x, "no answer from");
		}
	}
	return refuse(x, "the registry gives no final answer");
}

/* Asks once; a connection that was idle may just have been closed, then once more. */
static int ask(struct exchange *x)
{
	for (int attempt = 0;; attempt++) {
		bool again;

		x->upstream = upstream_get(&x->place, attempt > 0, x->why, sizeof(x->why));
		if (x->upstream == NULL)
			return -1;
		again = x->upstream->reused && !has_body(&x->request);
		x->client->peer_fd = x->upstream->stream.fd;
		if (send_request(x) == 0 && read_answer(x) == 0)
			return 0;
		if (!again || x->upstream->stream.start != x->upstream->stream.end)
			return -1;
		x->client->peer_fd = -1;
		upstream_drop(take_ptr(x->upstream));
	}
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
	grant_give(&from, f->value.data, f->value.size, x->rule->name, x->rule->private_addresses);
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
	put_framing(x, framing, x->answer.length);
	buf_puts(
		&x->head, x->keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

static bool wants_sha512(const struct exchange *x)
{
	size_t n = strlen(x->target);

	return n > 4 && strcmp(x->target + n - 4, ".tgz") == 0;
}

static int answer(struct exchange *x)
{
	struct stream *from = &x->upstream->stream, *to = &x->client->stream;

	note_media_type(x);
	note_redirect(x);
	x->down = (struct body){.from = from,
		.to = to,
		.framing = x->answer.framing,
		.left = x->answer.length,
		.sha512 = wants_sha512(x)};
	write_answer(x);
	x->record.status = x->answer.status;
	stream_use(from, x->answer.size);
	to->deadline = task_now() + CLIENT_HEAD_MS;
	if (!buf_ok(&x->head) || stream_write(to, x->head.data, x->head.size) < 0)
		return fail(x, "the client is gone, answer of");
	return body_move(&x->down, x->why, sizeof(x->why));
}

/* The object ids of a fetch request (gitprotocol-pack(5)): pkt-lines "want OID". */
static void note_wants(struct exchange *x)
{
	char *out = x->wants, *at = x->wants;
	size_t used = 0;

	x->wants[x->up.head_size] = '\0';
	while ((at = strstr(at, "want ")) != NULL) {
		size_t n = strspn(at + 5, "0123456789abcdef");

		if (n == 40 || n == 64) {
			memmove(out + used, at + 5, n);
			out[used + n] = ' ';
			used += n + 1;
		}
		at += 5 + n;
	}
	out[used > 0 ? used - 1 : 0] = '\0';
	x->record.wants = x->wants;
	x->record.request_sha256 = x->up.sha256_hex;
	x->record.request_size = x->up.size;
}

static void put_record(struct exchange *x, enum record_outcome outcome)
{
	struct record *r = &x->record;

	x->client->pending = NULL;
	x->client->peer_fd = -1;
	r->outcome = outcome;
	r->host = x->client->host;
	r->port = x->client->port;
	r->inspected = true;
	if (x->up.size > 0)
		note_wants(x);
	if (x->upstream != NULL) {
		r->address = x->upstream->address;
		r->spki = x->upstream->spki;
	}
	r->size = x->down.size;
	if (x->down.from != NULL) {
		r->sha256 = x->down.sha256_hex;
		r->sha512 = x->down.sha512_hex;
	}
	if (outcome != RECORD_ALLOWED)
		r->why = x->why;
	record_put(r);
}

/* 0 when the answer went through, -1 when the connection cannot be used any more. */
static int go_on(struct exchange *x)
{
	struct client *c = x->client;

	find_place(x);
	c->pending = &x->record;
	write_request(x);
	stream_use(&c->stream, x->request.size);
	if (ask(x) < 0) {
		put_record(x, RECORD_FAILED);
		refusal_send(c, 502, x->method, x->url, x->why, NULL, true);
		return -1;
	}
	if (answer(x) < 0) {
		put_record(x, RECORD_FAILED);
		/* Nor does the client see a proper end. */
		c->stream.broken = true;
		return -1;
	}
	put_record(x, RECORD_ALLOWED);
	if (x->answer.keep_alive && x->answer.framing != HTTP_UNTIL_CLOSE && !has_body(&x->request))
		upstream_keep(take_ptr(x->upstream));
	return 0;
}

static bool run(struct exchange *x)
{
	struct client *c = x->client;
	int found = read_request(x);
	bool closes;

	if (found == 0)
		return false;
	x->record.started_ms = gateway_wall_ms();
	if (found > 0 && judge(x) == 0)
		return go_on(x) == 0 && x->keep;
	put_record(x, RECORD_DENIED);
	/* Where a body begins or ends in what was refused is nobody's business. */
	closes = found < 0 || has_body(&x->request) || !x->request.keep_alive;
	refusal_send(c, found < 0 ? 400 : 403, x->method, x->url, x->why, x->nearest, closes);
	if (closes)
		return false;
	stream_use(&c->stream, x->request.size);
	return true;
}

bool exchange_run(struct client *c)
{
	struct exchange *x = calloc(1, sizeof(*x));
	bool again;

	/* Nothing goes out that could not be put on record. */
	if (x == NULL || record_is_full()) {
		free(x);
		return false;
	}
	x->client = c;
	x->record.inspected = true;
	again = run(x);
	upstream_drop(x->upstream);
	buf_deinit(&x->head);
	free(x->grant);
	free(x);
	return again;
}
