/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one request of the build and its answer, in a task of cupel-gateway,
 * from the first byte to its line in the record. Whatever is refused is answered with the
 * reason and with what would allow it.
 */
#include "gateway/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/client.h"
#include "gateway/gateway-state.h"
#include "gateway/learn.h"
#include "gateway/refusal.h"
#include "gateway/replay.h"

int exchange_refuse(struct exchange *x, const char *why)
{
	snprintf(x->why, sizeof(x->why), "%s", why);
	return -1;
}

int exchange_exceed(struct exchange *x, enum limit which)
{
	char why[LIMIT_WHY];

	x->limit = which;
	limits_why(&gateway.limits, which, why);
	return exchange_refuse(x, why);
}

int exchange_fail(struct exchange *x, const char *doing)
{
	char reason[160];

	stream_why(reason, sizeof(reason));
	snprintf(x->why, sizeof(x->why), "%s '%s': %s", doing, x->place.host, reason);
	return -1;
}

bool exchange_head_is_long(const char *bytes, size_t n)
{
	uint64_t max = gateway.limits.max[LIMIT_HEAD];

	return max != 0 && n > max && memmem(bytes, (size_t)max, "\r\n\r\n", 4) == NULL;
}

void exchange_put_framing(struct exchange *x, enum http_framing framing, uint64_t length)
{
	if (framing == HTTP_LENGTH)
		buf_printf(&x->head, "Content-Length: %llu\r\n", (unsigned long long)length);
	else if (framing == HTTP_CHUNKED)
		buf_puts(&x->head, "Transfer-Encoding: chunked\r\n");
}

static void find_place(struct exchange *x)
{
	const struct client *c = x->client;

	x->place = (struct place){
		.host = c->host,
		.port = c->port,
		.tls = c->tls,
		.granted = x->rule == NULL || gateway.learning,
		/* A registry cannot lend what was said of itself to whom it redirects to. */
		.private_addresses = x->rule != NULL ? x->rule->private_addresses
						     : rules_have_private(&gateway.rules, c->host),
	};
	x->record.registry = x->rule != NULL ? x->rule->name : x->grant->registry;
	x->record.grant = x->rule != NULL ? NULL : x->grant->from;
}

/* What a server may have done already is not asked for again (RFC 9110 §9.2.2). */
static bool can_be_repeated(const struct exchange *x)
{
	return strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
}

/* Asks once; a connection that was idle may just have been closed, then once more. */
static int ask(struct exchange *x)
{
	for (int attempt = 0;; attempt++) {
		bool again;

		x->upstream = upstream_get(&x->place, attempt > 0, x->why, sizeof(x->why));
		if (x->upstream == NULL)
			return -1;
		again = x->upstream->reused && can_be_repeated(x);
		x->client->peer_fd = x->upstream->stream.fd;
		if (request_send(x) == 0 && answer_read(x) == 0)
			return 0;
		if (!again || x->limit != LIMIT_NONE ||
			x->upstream->stream.start != x->upstream->stream.end)
			return -1;
		x->client->peer_fd = -1;
		upstream_drop(take_ptr(x->upstream));
	}
}

static void learn(const struct exchange *x, enum record_outcome outcome)
{
	const struct client *c = x->client;
	const struct learned l = {.host = c->host,
		.port = c->port,
		.tls = c->tls,
		.method = x->method,
		.target = x->target,
		.refused = outcome == RECORD_DENIED,
		.private_address = x->upstream != NULL && x->upstream->private_address,
		.answered = x->answer.status != 0};

	learn_note(&l);
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
		request_note_body(x);
	if (x->upstream != NULL) {
		r->address = x->upstream->address;
		r->spki = x->upstream->spki;
	}
	r->size = x->down.size;
	if (r->status != 0) {
		r->sha256 = x->down.sha256_hex;
		r->sha512 = x->down.sha512_hex;
	}
	if (outcome != RECORD_ALLOWED)
		r->why = x->why;
	if (gateway.learning && x->grant == NULL && x->url[0] != '\0' && x->limit == LIMIT_NONE)
		learn(x, outcome);
	record_put(r);
}

/* The request itself, before anything of an answer has gone to the client. */
static void refuse(struct exchange *x, int status, bool closes)
{
	struct client *c = x->client;

	put_record(x, status >= 500 || x->gone ? RECORD_FAILED : RECORD_DENIED);
	if (x->limit != LIMIT_NONE)
		refusal_send_limit(c, x->method, x->url, x->limit, closes);
	else
		refusal_send(c, status, x->method, x->url, x->why, x->nearest, closes);
}

/* What came stays on record; that it was cut is a refusal of its own. */
static void note_cut(struct exchange *x)
{
	struct record r = {.outcome = RECORD_DENIED,
		.started_ms = gateway_wall_ms(),
		.host = x->client->host,
		.port = x->client->port,
		.method = x->method,
		.url = x->url,
		.registry = x->record.registry,
		.grant = x->record.grant,
		.why = x->why,
		.inspected = true};

	put_record(x, RECORD_FAILED);
	if (x->limit != LIMIT_NONE)
		record_put(&r);
	/* Nor does the client see a proper end. */
	x->client->stream.broken = true;
}

/* 0 when the answer went through, -1 when the connection cannot be used any more. */
static int go_on(struct exchange *x)
{
	struct client *c = x->client;
	int status = 502;

	find_place(x);
	x->until = limits_deadline(&gateway.limits, LIMIT_TIME, task_now());
	c->pending = &x->record;
	request_write(x);
	stream_use(&c->stream, x->request.size);
	if ((replay_is_on() ? replay_ask(x, &status) : ask(x)) < 0 || answer_judge(x) < 0) {
		x->nearest = NULL;
		refuse(x, x->limit != LIMIT_NONE ? 403 : status, true);
		return -1;
	}
	if (locked_applies(x) && locked_fetch(x) < 0) {
		x->nearest = NULL;
		refuse(x, x->mismatch || x->limit != LIMIT_NONE ? 403 : 502, true);
		return -1;
	}
	if ((locked_applies(x) ? locked_deliver(x) : answer_pass(x)) < 0) {
		note_cut(x);
		return -1;
	}
	put_record(x, RECORD_ALLOWED);
	if (x->upstream != NULL && x->answer.keep_alive && x->answer.framing != HTTP_UNTIL_CLOSE &&
		!request_has_body(x))
		upstream_keep(take_ptr(x->upstream));
	return 0;
}

static bool run(struct exchange *x)
{
	struct client *c = x->client;
	int found = request_read(x);
	bool closes;

	if (found == 0)
		return false;
	x->record.started_ms = gateway_wall_ms();
	if (found > 0 && request_judge(x) == 0)
		return go_on(x) == 0 && x->keep;
	/* Where a body begins or ends in what was refused is nobody's business. */
	closes = found < 0 || request_has_body(x) || !x->request.keep_alive || c->surplus;
	refuse(x, found < 0 ? 400 : 403, closes);
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
	x->spool = STORE_FILE_INIT;
	x->record.inspected = true;
	again = run(x);
	upstream_drop(x->upstream);
	replay_forget(x);
	store_abandon(&x->spool);
	buf_deinit(&x->head);
	echo_deinit(&x->echo);
	buf_deinit(&x->wants);
	free(x->asked);
	free(x->grant);
	free(x);
	return again;
}
