/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway's own answers to the build's clients, in plain text,
 * because people read them in the logs of npm, pip or curl. They repeat only what the
 * client said itself and what its administrator configured.
 */
#include "gateway/refusal.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/ascii.h"
#include "gateway/client.h"
#include "gateway/gateway-state.h"
#include "gateway/record.h"
#include "gateway/rule.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {{400, "Bad Request"}, {403, "Forbidden by Cupel"}, {502, "Bad Gateway"},
	{504, "Not in the Record"}};

/* By a rule, as cupel.registry(5) lets it be written. */
static bool can_be_allowed(const char *method)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS"};

	for (size_t i = 0; i < array_size(methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

static void put_cure(const struct client *c, const char *method, const char *url,
	const struct rule *nearest, struct buf *out)
{
	const char *path = url[0] == '\0' ? NULL : strchr(url + 8, '/');
	int n = path == NULL ? 0 : (int)strcspn(path, "?");

	if (nearest != NULL)
		buf_printf(out, "  rule: %s of registry '%s'\n", nearest->from, nearest->name);
	if (!can_be_allowed(method)) {
		buf_puts(out, "  nothing allows it: builds fetch, and do not publish\n");
		return;
	}
	buf_puts(out, "  what would allow it, in a file of registries.d:\n    [registry]\n");
	buf_printf(out, "    url = %s://%s:%u/\n", c->tls ? "https" : "http", c->host, c->port);
	if (strcmp(method, "POST") == 0)
		buf_printf(out, "    post = %.*s\n", n, path != NULL ? path : "");
	else if (path != NULL && nearest != NULL)
		buf_printf(out, "    path = %.*s\n", n, path);
	if (strcmp(method, "OPTIONS") == 0)
		buf_printf(out, "    method = %s\n", method);
}

/* For the clients that show no more of an answer than its first line: apt, npm, pip. */
static void put_first_line(struct buf *out, int status, const char *why)
{
	const char *reason = "";

	for (size_t i = 0; i < array_size(reasons); i++)
		if (reasons[i].status == status)
			reason = reasons[i].reason;
	buf_printf(out, "HTTP/1.1 %d %s: ", status, reason);
	for (; *why != '\0'; why++)
		buf_append(out, *why == ' ' || ascii_is_visible(*why) ? why : "?", 1);
	buf_puts(out, "\r\n");
}

static void put_head_line(
	const struct client *c, int status, const char *method, const char *url, struct buf *out)
{
	buf_printf(out, "cupel: %s %s %s\n", status == 403 ? "refused" : "failed", method,
		url[0] != '\0' ? url : c->host);
}

static void send_text(struct client *c, int status, const char *method, const char *why,
	const struct buf *text, bool closes)
{
	_cleanup_(buf_deinit) struct buf all = BUF_INIT;

	put_first_line(&all, status, why);
	buf_printf(&all,
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Length: %zu\r\nCache-Control: no-store\r\n%s\r\n",
		text->size, closes ? "Connection: close\r\n" : "");
	if (strcmp(method, "HEAD") != 0)
		buf_append(&all, text->data, text->size);
	c->stream.deadline = task_now() + CLIENT_HEAD_MS;
	if (buf_ok(text) && buf_ok(&all))
		(void)stream_write(&c->stream, all.data, all.size);
}

void refusal_send(struct client *c, int status, const char *method, const char *url,
	const char *why, const struct rule *nearest, bool closes)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	put_head_line(c, status, method, url, &text);
	buf_printf(&text, "  why: %s\n", why);
	if (status == 403)
		put_cure(c, method, url, nearest, &text);
	send_text(c, status, method, why, &text, closes);
}

void refusal_send_limit(
	struct client *c, const char *method, const char *url, enum limit which, bool closes)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	char why[LIMIT_WHY];

	limits_why(&gateway.limits, which, why);
	put_head_line(c, 403, method, url, &text);
	buf_printf(&text,
		"  why: %s\n  what would allow it, in the administrator's cupel.ini:\n"
		"    [network]\n    %s = (a higher one)\n",
		why, limits_key(which));
	send_text(c, 403, method, why, &text, closes);
}

void refusal_note_limit(enum limit which, const char *host, unsigned short port)
{
	static bool noted[LIMIT_COUNT];
	char why[LIMIT_WHY];
	const struct record r = {.outcome = RECORD_DENIED,
		.started_ms = gateway_wall_ms(),
		.host = host,
		.port = port,
		.why = why};

	if (noted[which])
		return;
	noted[which] = true;
	limits_why(&gateway.limits, which, why);
	record_put(&r);
}
