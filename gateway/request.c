/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a request of the build, in a task of cupel-gateway. Its head is
 * parsed strictly and judged as a whole; what goes on to the registry is written anew from
 * the fields that are known to be good, for the host that the connection was made to.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/client.h"
#include "gateway/credentials.h"
#include "gateway/exchange.h"
#include "gateway/fields.h"
#include "gateway/gateway-state.h"
#include "gateway/git-wants.h"
#include "gateway/gunzip.h"
#include "gateway/learn.h"

enum { REQUEST_BODY_MAX = 64 << 20, WANTS_MAX = 256 << 10 };

int request_read(struct exchange *x)
{
	struct stream *s = &x->client->stream;
	const char *why = NULL;

	s->deadline = task_now() + CLIENT_IDLE_MS;
	for (;;) {
		size_t n;
		const char *bytes = stream_data(s, &n);
		int result = n == 0 ? 0 : http_parse_request(bytes, n, &x->request, &why);
		ssize_t got;

		if (exchange_head_is_long(bytes, n))
			return exchange_exceed(x, LIMIT_HEAD);
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
		x->gone = true;
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

bool request_has_body(const struct exchange *x)
{
	return has_body(&x->request);
}

/* Never for what a redirect granted: who redirects would choose who gets it. */
static int choose_credential(struct exchange *x)
{
	const struct client *c = x->client;

	/* Nor for what is only learned: no rule of somebody's says that it may be asked for. */
	if (x->rule == NULL || !c->tls || gateway.learning)
		return 0;
	x->credential = credentials_find(c->host, c->port, x->method, x->target);
	if (x->credential == NULL)
		return 0;
	x->record.credential = x->credential->name;
	return credentials_is_over(x->credential)
		       ? exchange_refuse(x, "the credential for it has expired")
		       : 0;
}

/*
 * Of a rule and a redirect's grant that which holds. A rule in lock mode is no answer for
 * what is not in the lock, but a redirect from what is there may be; and whatever was
 * redirected to from there has to be what the lock said, whoever else allows it.
 */
static const char *choose(struct exchange *x, const char *why)
{
	const struct client *c = x->client;
	bool fetches = strcmp(x->method, "GET") == 0 || strcmp(x->method, "HEAD") == 0;
	bool lacks = false;

	if (x->rule != NULL && x->rule->locked && !rule_unlocks(x->rule, x->target)) {
		if (fetches)
			lock_set_find(&gateway.locks, x->rule, x->target, &x->lock);
		lacks = x->lock.count == 0;
	}
	if (x->lock.count == 0)
		x->grant = grant_take(c->host, c->port, c->tls, x->method, x->target);
	if (x->grant != NULL)
		x->lock = x->grant->lock;
	if (lacks) {
		x->nearest = x->rule;
		x->rule = NULL;
	}
	if (x->rule != NULL || (x->grant != NULL && (!lacks || x->lock.count > 0)))
		return NULL;
	return lacks ? "it is not in the lock" : why;
}

/* Both: a rule or a grant for the request in x, or why there is none. */

static const char *find_rule(struct exchange *x)
{
	const struct client *c = x->client;
	const char *why = NULL;

	x->rule = rules_allow(
		&gateway.rules, c->host, c->port, x->method, x->target, &why, &x->nearest);
	if (x->rule != NULL && x->rule->tls != c->tls) {
		x->nearest = x->rule;
		x->rule = NULL;
		why = "the registry's rule is for another scheme";
	}
	return choose(x, why);
}

/* What a redirect grants will be granted again, and need not be learned. */
static const char *learn_rule(struct exchange *x)
{
	const struct client *c = x->client;
	const char *why = NULL;

	x->grant = grant_take(c->host, c->port, c->tls, x->method, x->target);
	if (x->grant == NULL)
		x->rule = learn_allow(&gateway.rules, gateway.learns_private, c->host, c->port,
			c->tls, x->method, x->target, &why);
	return x->rule == NULL && x->grant == NULL ? why : NULL;
}

static enum asked judge_encoding(const struct http_field *f)
{
	if (f == NULL)
		return ASKED_PLAIN;
	return http_is_like(f->value, "gzip") || http_is_like(f->value, "x-gzip") ? ASKED_GZIP
										  : ASKED_OTHERWISE;
}

int request_judge(struct exchange *x)
{
	const struct client *c = x->client;
	const struct http_head *h = &x->request;
	const char *why = NULL;

	if (h->method.size >= sizeof(x->method))
		return exchange_refuse(x, "the method is unknown");
	memcpy(x->method, h->method.data, h->method.size);
	x->record.method = x->method;
	/* While the head is still there: the body takes its place. */
	x->asked_as = judge_encoding(http_find(&x->request, "content-encoding"));
	fields_digest_variants(h, x->vary);
	x->record.vary = x->vary;
	if (url_normalise(h->target.data, h->target.size, x->target, &why) < 0)
		return exchange_refuse(x, why);
	name_url(x);
	if (c->surplus)
		return exchange_exceed(x, LIMIT_CONNECTIONS);
	if (!limits_take(&gateway.limits, LIMIT_REQUESTS, 1))
		return exchange_exceed(x, LIMIT_REQUESTS);
	if (!host_fits(x))
		return exchange_refuse(
			x, "the Host field names another host than was connected to");
	if (h->upgrade)
		return exchange_refuse(x, "upgrading the connection is not allowed");
	/* Servers that do not expect one read it as the next request. */
	if (has_body(h) && strcmp(x->method, "POST") != 0)
		return exchange_refuse(x, "only POST has a body");
	why = gateway.learning ? learn_rule(x) : find_rule(x);
	return why == NULL ? choose_credential(x) : exchange_refuse(x, why);
}

void request_write(struct exchange *x)
{
	const struct client *c = x->client;

	buf_printf(&x->head, "%s %s HTTP/1.1\r\nHost: %s", x->method, x->target, c->host);
	if (c->port != (c->tls ? 443 : 80))
		buf_printf(&x->head, ":%u", c->port);
	buf_puts(&x->head, "\r\n");
	if (x->lock.count > 0)
		fields_put_whole_request(&x->request, &x->head);
	else
		fields_put_request(&x->request, &x->head);
	if (strcmp(x->method, "POST") == 0)
		exchange_put_framing(x, x->request.framing, x->request.length);
	/* Nor is anything asked on a connection after a body that was not all read. */
	if (has_body(&x->request))
		buf_puts(&x->head, "Connection: close\r\n");
	buf_puts(&x->head, "\r\n");
}

/* The credential apart, out of its own memory: no buffer grows around it. */
static int send_head(struct exchange *x)
{
	struct stream *to = &x->upstream->stream;

	if (x->credential == NULL)
		return stream_write(to, x->head.data, x->head.size);
	if (to->ssl == NULL || SSL_get_verify_result(to->ssl) != X509_V_OK) {
		errno = EPROTO;
		return -1;
	}
	if (stream_write(to, x->head.data, x->head.size - strlen("\r\n")) < 0)
		return -1;
	return stream_write(to, x->credential->line, x->credential->line_size);
}

static bool is_git(const struct exchange *x)
{
	static const char last[] = "/git-upload-pack";
	size_t n = strcspn(x->target, "?");

	return n >= sizeof(last) - 1 &&
	       strncmp(x->target + n - (sizeof(last) - 1), last, sizeof(last) - 1) == 0;
}

int request_send(struct exchange *x)
{
	struct client *c = x->client;
	struct stream *to = x->upstream != NULL ? &x->upstream->stream : NULL;

	if (to != NULL) {
		to->deadline = task_now() + CLIENT_HEAD_MS;
		if (send_head(x) < 0)
			return exchange_fail(x, "cannot ask");
	}
	if (!has_body(&x->request))
		return 0;
	if (x->request.expect_continue &&
		stream_write(&c->stream, "HTTP/1.1 100 Continue\r\n\r\n", 25) < 0)
		return exchange_fail(x, "the client is gone, asking");
	if (is_git(x) && x->asked == NULL)
		x->asked = malloc(WANTS_MAX);
	x->up = (struct body){.from = &c->stream,
		.to = to,
		.framing = x->request.framing,
		.left = x->request.length,
		.chunked = x->request.framing == HTTP_CHUNKED,
		.limit = REQUEST_BODY_MAX,
		.until = x->until,
		.head = x->asked,
		.head_room = x->asked != NULL ? WANTS_MAX : 0};
	if (body_move(&x->up, x->why, sizeof(x->why)) == 0)
		return 0;
	x->limit = x->up.broken;
	return -1;
}

/* git compresses a request of more than 1024 bytes. */
static enum git_wants find_wants(struct exchange *x)
{
	_cleanup_(buf_deinit) struct buf plain = BUF_INIT;
	enum git_wants result;

	if (x->asked_as == ASKED_PLAIN)
		return git_wants_parse(x->asked, x->up.head_size, &x->wants);
	if (x->asked_as == ASKED_OTHERWISE)
		return GIT_WANTS_MALFORMED;
	if (gunzip(x->asked, x->up.head_size, WANTS_MAX, &plain) == GUNZIP_MALFORMED)
		return GIT_WANTS_MALFORMED;
	result = plain.size == 0 ? GIT_WANTS_SOME
				 : git_wants_parse(plain.data, plain.size, &x->wants);
	return buf_ok(&plain) ? result : GIT_WANTS_SOME;
}

void request_note_body(struct exchange *x)
{
	x->record.request_sha256 = x->up.sha256_hex;
	x->record.request_size = x->up.size;
	if (x->asked == NULL)
		return;
	x->record.wants_cut = find_wants(x) != GIT_WANTS_ALL || !buf_ok(&x->wants);
	x->record.wants = x->wants.data;
}
