/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in the tasks of a cupel-gateway that can make no socket. Its input
 * is the record of an earlier build, signed by somebody whom the caller trusts, and the
 * content store, whose every byte is hashed on its way. A head from the store is parsed
 * like one from a registry. What cannot be answered is a failure of the build, whatever
 * its command makes of it.
 */
#include "gateway/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/client.h"
#include "gateway/exchange.h"
#include "gateway/gateway-state.h"
#include "gateway/gateway.h"
#include "gateway/hash.h"
#include "gateway/replay-log.h"
#include "gateway/store.h"

enum { LOG_MAX = 256 << 20, BLOCK = 65536 };

struct answer {
	struct replay_entry entry;
	size_t line;
	size_t next; /* of the first of those with one key: which one comes next */
};

static struct {
	char *text;
	struct answer *answers; /* sorted by key, then in the order of their beginnings */
	size_t count;
	bool on;
	uint64_t unanswered;
	char first[256];
} replay;

/* What is being replayed for one exchange. */
struct replayed {
	const struct replay_entry *entry;
	struct store_object body;
	char *head;
};

bool replay_is_on(void)
{
	return replay.on;
}

void replay_count(struct gateway_done *ret)
{
	ret->unanswered = replay.unanswered;
	snprintf(ret->first_unanswered, sizeof(ret->first_unanswered), "%s", replay.first);
}

static int compare_texts(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static int compare_keys(const struct replay_entry *a, const struct replay_entry *b)
{
	int result = compare_texts(a->url, b->url);

	if (result == 0)
		result = compare_texts(a->method, b->method);
	if (result == 0)
		result = compare_texts(a->vary, b->vary);
	if (result == 0)
		result = compare_texts(a->request_sha256, b->request_sha256);
	return result;
}

static int compare_answers(const void *first, const void *second)
{
	const struct answer *a = first, *b = second;
	int result = compare_keys(&a->entry, &b->entry);

	if (result != 0)
		return result;
	if (a->entry.started_ms != b->entry.started_ms)
		return a->entry.started_ms < b->entry.started_ms ? -1 : 1;
	return a->line < b->line ? -1 : 1;
}

/* What was refused is judged anew, and what was never a request is not answered. */
static bool is_answer(const struct replay_entry *e)
{
	return e->url != NULL && e->method != NULL && e->inspected &&
	       strcmp(e->outcome, "denied") != 0;
}

static size_t count_lines(const char *text, size_t n)
{
	size_t count = 1;

	for (size_t i = 0; i < n; i++)
		count += text[i] == '\n' ? 1 : 0;
	return count;
}

static int read_lines(size_t n, struct error *e)
{
	char *at = replay.text, *end = replay.text + n;

	for (size_t line = 1; at < end; line++) {
		char *stop = memchr(at, '\n', (size_t)(end - at));
		struct replay_entry entry;
		const char *why = "the last line has no end";

		if (stop == NULL || replay_log_read(at, (size_t)(stop - at), &entry, &why) < 0)
			return error_set_kind(e, ERROR_POLICY, 0,
				"the record to replay: line %zu: %s", line, why);
		if (is_answer(&entry))
			replay.answers[replay.count++] =
				(struct answer){.entry = entry, .line = line};
		at = stop + 1;
	}
	return 0;
}

int replay_load(int fd, struct error *e)
{
	_cleanup_(fd_closep) int owned = fd;
	size_t n;

	if (store_hold(e) < 0)
		return -1;
	if (lseek(owned, 0, SEEK_SET) < 0 || fd_read_all(owned, LOG_MAX, &replay.text, &n) < 0)
		return error_set(e, errno, "cannot read the record to replay");
	replay.answers = calloc(count_lines(replay.text, n), sizeof(*replay.answers));
	if (replay.answers == NULL)
		return error_set(e, ENOMEM, "cannot read the record to replay");
	if (read_lines(n, e) < 0)
		return -1;
	qsort(replay.answers, replay.count, sizeof(*replay.answers), compare_answers);
	replay.on = true;
	return 0;
}

static void note_unanswered(const char *method, const char *url, const char *why)
{
	if (replay.unanswered++ == 0)
		snprintf(replay.first, sizeof(replay.first), "%s %.140s: %.80s", method, url, why);
}

/* The first with the key of `wanted`, or NULL; *ret_count: as many follow each other. */
static struct answer *find_group(const struct replay_entry *wanted, size_t *ret_count)
{
	size_t low = 0, high = replay.count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_keys(&replay.answers[middle].entry, wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < replay.count; end++)
		if (compare_keys(&replay.answers[end].entry, wanted) != 0)
			break;
	*ret_count = end - low;
	return end == low ? NULL : &replay.answers[low];
}

static bool are_alike(const struct answer *group, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (group[i].entry.status != group[0].entry.status ||
			strcmp(group[i].entry.outcome, group[0].entry.outcome) != 0 ||
			compare_texts(group[i].entry.sha256, group[0].entry.sha256) != 0)
			return false;
	return true;
}

/* The n-th; where all were alike, the last one for all that come after it. */
static const struct replay_entry *choose(const struct replay_entry *wanted, const char **why)
{
	size_t count;
	struct answer *group = find_group(wanted, &count);

	*why = "it was not made when the record was";
	if (group == NULL)
		return NULL;
	if (group->next < count)
		return &group[group->next++].entry;
	*why = "it was not made so often when the record was";
	return are_alike(group, count) ? &group[count - 1].entry : NULL;
}

static const char *const lost = "its answer is not in the content store any more";

static int parse_head(struct exchange *x, const struct replay_entry *entry, struct replayed *r)
{
	const char *why = NULL;
	size_t n = 0;

	r->head = entry->head == NULL ? NULL : store_get(entry->head, HTTP_HEAD_MAX, &n);
	if (r->head == NULL)
		return exchange_refuse(x, entry->head == NULL ? "its answer was not kept" : lost);
	if (http_parse_answer(r->head, n, x->method, strlen(x->method), &x->answer, &why) !=
			(int)n ||
		(uint64_t)x->answer.status != entry->status)
		return exchange_refuse(x, "its answer's head is not what the record says");
	return 0;
}

static int find_body(struct exchange *x, const struct replay_entry *entry, struct replayed *r)
{
	if (x->answer.framing == HTTP_LENGTH && x->answer.length != entry->size)
		return exchange_refuse(x, "its answer's length is not what the record says");
	if (entry->size == 0)
		return 0;
	if (x->answer.framing == HTTP_NO_BODY || entry->sha256 == NULL ||
		store_find(entry->sha256, &r->body) < 0)
		return exchange_refuse(x, lost);
	return r->body.size == entry->size
		       ? 0
		       : exchange_refuse(x, "its answer's length is not what the store has");
}

static int fail_as_then(struct exchange *x, const struct replay_entry *entry)
{
	snprintf(x->why, sizeof(x->why), "it failed when the record was made, too: %.150s",
		entry->why != NULL ? entry->why : "it is not said why");
	return -1;
}

int replay_ask(struct exchange *x, int *ret_status)
{
	struct replay_entry wanted = {.url = x->url, .method = x->method, .vary = x->vary};
	const struct replay_entry *entry;
	const char *why;

	*ret_status = 502;
	x->replayed = calloc(1, sizeof(*x->replayed));
	if (x->replayed == NULL)
		return exchange_refuse(x, "out of memory");
	x->replayed->body = STORE_OBJECT_INIT;
	if (request_send(x) < 0)
		return -1;
	wanted.request_sha256 = x->up.size > 0 ? x->up.sha256_hex : NULL;
	entry = choose(&wanted, &why);
	if (entry != NULL && strcmp(entry->outcome, "allowed") != 0)
		return fail_as_then(x, entry);
	x->replayed->entry = entry;
	if (entry == NULL)
		exchange_refuse(x, why);
	else if (parse_head(x, entry, x->replayed) == 0 && find_body(x, entry, x->replayed) == 0)
		return 0;
	*ret_status = 504;
	note_unanswered(x->method, x->url, x->why);
	return -1;
}

/* What a build may have is the same, wherever it comes from. */
static int take_limits(struct exchange *x, uint64_t n)
{
	if (!limits_hold(&gateway.limits, LIMIT_BODY, x->down.size + n))
		return exchange_exceed(x, LIMIT_BODY);
	return limits_take(&gateway.limits, LIMIT_TOTAL, n) ? 0 : exchange_exceed(x, LIMIT_TOTAL);
}

typedef int sink_fn(struct exchange *x, const char *data, size_t n);

static int to_client(struct exchange *x, const char *data, size_t n)
{
	if (body_write(&x->down, data, n) < 0)
		return exchange_fail(x, "the client is gone, answer of");
	return 0;
}

static int to_spool(struct exchange *x, const char *data, size_t n)
{
	if (store_append(&x->spool, data, n) < 0)
		return exchange_refuse(x, "there is no memory for its body");
	return 0;
}

/* 0 when the whole of it was read and is what its digest says. */
static int read_all(struct exchange *x, sink_fn *sink)
{
	struct store_object *o = &x->replayed->body;
	_cleanup_(cleanup_freep) char *block = malloc(BLOCK);
	ssize_t n = 0;

	if (block == NULL)
		return exchange_refuse(x, "out of memory");
	while (o->fd >= 0 && (n = store_read(o, block, BLOCK)) > 0) {
		task_breathe();
		if (take_limits(x, (uint64_t)n) < 0 || sink(x, block, (size_t)n) < 0)
			return -1;
		x->down.size += (uint64_t)n;
	}
	if (n == 0)
		return 0;
	snprintf(x->why, sizeof(x->why), "its answer in the content store %s",
		errno == EBADMSG ? "was changed" : "cannot be read");
	note_unanswered(x->method, x->url, x->why);
	return -1;
}

int replay_pass(struct exchange *x)
{
	const struct replay_entry *entry = x->replayed->entry;

	/* Of what was cut short nothing is known to be what it was. */
	if (read_all(x, to_client) < 0)
		return -1;
	if (x->down.chunked && stream_write(x->down.to, "0\r\n\r\n", 5) < 0)
		return exchange_fail(x, "the client is gone, answer of");
	snprintf(x->down.sha256_hex, sizeof(x->down.sha256_hex), "%s",
		entry->sha256 != NULL ? entry->sha256 : "");
	if (entry->sha512 != NULL)
		snprintf(x->down.sha512_hex, sizeof(x->down.sha512_hex), "%s", entry->sha512);
	x->record.head = entry->head;
	return 0;
}

/* Computed here: what the record says of it is not what the store checked. */
static int hash_spool(struct exchange *x)
{
	return hash_sha512(&x->spool, x->down.sha512_hex) == 0
		       ? 0
		       : exchange_refuse(x, "what was held back cannot be read again");
}

int replay_hold(struct exchange *x)
{
	const struct replay_entry *entry = x->replayed->entry;

	if (read_all(x, to_spool) < 0)
		return -1;
	snprintf(x->down.sha256_hex, sizeof(x->down.sha256_hex), "%s",
		entry->sha256 != NULL ? entry->sha256 : "");
	return x->down.sha512 ? hash_spool(x) : 0;
}

void replay_forget(struct exchange *x)
{
	if (x->replayed == NULL)
		return;
	store_close(&x->replayed->body);
	free(x->replayed->head);
	free(take_ptr(x->replayed));
}

void replay_refuse_tunnel(const struct client *c)
{
	static const char why[] = "what went through a tunnel cannot be replayed";

	note_unanswered("a tunnel to", c->host, why);
	client_refuse(c, why);
}
