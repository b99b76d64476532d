/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: an answer of a registry in lock mode, in a task of cupel-gateway. The
 * whole body is held back in the spool, and its digest compared with what the lock files
 * say before the client gets the first byte. The digest is of the file, so it was asked for
 * without coding, and what claims to be coded is delivered as the file that it is. Nobody
 * vouches for the bodies of redirects and errors: they are left away.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/client.h"
#include "gateway/exchange.h"
#include "gateway/fields.h"
#include "gateway/hash.h"
#include "gateway/replay.h"
#include "gateway/store.h"

enum { PIECE = 65536, WRITE_MS = 120000, OK = 200, PARTIAL = 206 };
#define LOCKED_MAX (8ULL << 30)
/* Of what is not delivered. */
#define IGNORED_MAX (1ULL << 20)

bool locked_applies(const struct exchange *x)
{
	return x->lock.count > 0 && strcmp(x->method, "HEAD") != 0;
}

/* The same digest may be tied to a file in more than one way. */
static bool is_told(const struct exchange *x, size_t i)
{
	return i > 0 && strcmp(lock_match_hex(&x->lock, i), lock_match_hex(&x->lock, 0)) == 0;
}

static int mismatch(struct exchange *x, const char *algorithm, const char *found)
{
	size_t used = 0;

	x->mismatch = true;
	snprintf(x->why, sizeof(x->why), "it is not what the lock says: %s is %.64s, expected ",
		algorithm, found);
	for (size_t i = 0; i < x->lock.count && i < 2 && !is_told(x, i); i++) {
		used = strlen(x->why);
		snprintf(x->why + used, sizeof(x->why) - used, "%s%s %.64s", i > 0 ? " or " : "",
			lock_algorithm_name(x->lock.items[i].algorithm),
			lock_match_hex(&x->lock, i));
	}
	return -1;
}

/* What is computed only when a lock is of its kind. */
static int judge_go(struct exchange *x)
{
	char h1[65] = "", why[200];

	if (lock_match_has(&x->lock, LOCK_H1_MOD)) {
		hash_go_mod(x->down.sha256_hex, h1);
		if (lock_match_holds(&x->lock, LOCK_H1_MOD, h1))
			return 0;
	}
	if (!lock_match_has(&x->lock, LOCK_H1))
		return mismatch(x, h1[0] != '\0' ? "h1-mod" : "sha256",
			h1[0] != '\0' ? h1 : x->down.sha256_hex);
	if (hash_zip(&x->spool, h1, why, sizeof(why)) < 0) {
		x->mismatch = true;
		snprintf(x->why, sizeof(x->why), "it is not what the lock says: %s", why);
		return -1;
	}
	return lock_match_holds(&x->lock, LOCK_H1, h1) ? 0 : mismatch(x, "h1", h1);
}

static int judge(struct exchange *x)
{
	if (lock_match_holds(&x->lock, LOCK_SHA256, x->down.sha256_hex) ||
		(x->down.sha512 && lock_match_holds(&x->lock, LOCK_SHA512, x->down.sha512_hex)))
		return 0;
	if (lock_match_has(&x->lock, LOCK_H1) || lock_match_has(&x->lock, LOCK_H1_MOD))
		return judge_go(x);
	return x->down.sha512 ? mismatch(x, "sha512", x->down.sha512_hex)
			      : mismatch(x, "sha256", x->down.sha256_hex);
}

static struct body body_of(struct exchange *x, uint64_t limit)
{
	return (struct body){.from = x->upstream != NULL ? &x->upstream->stream : NULL,
		.framing = x->answer.framing,
		.left = x->answer.length,
		.limit = limit,
		.until = x->until,
		.is_answer = true,
		.echo = x->credential != NULL ? &x->echo : NULL};
}

static int read_file(struct exchange *x)
{
	if (x->replayed != NULL)
		return replay_hold(x);
	if (body_move(&x->down, x->why, sizeof(x->why)) == 0)
		return 0;
	x->limit = x->down.broken;
	return -1;
}

static int fetch_file(struct exchange *x)
{
	x->down = body_of(x, LOCKED_MAX);
	x->down.keep = &x->spool;
	x->down.sha512 = lock_match_has(&x->lock, LOCK_SHA512);
	store_begin_spool(&x->spool);
	if (read_file(x) == 0 && !x->spool.failed)
		return judge(x);
	if (x->echo.found != NULL)
		snprintf(x->why, sizeof(x->why),
			"the registry's answer repeats the credential '%s'", x->echo.found);
	else if (x->spool.failed)
		snprintf(x->why, sizeof(x->why), "there is no memory for its body");
	/* None of it came in. */
	x->down = (struct body){0};
	return -1;
}

/* The heads of both kinds are written before anything of the answer is used up. */
static void write_head(struct exchange *x, bool file)
{
	x->keep = x->request.keep_alive;
	x->head.size = 0;
	buf_printf(&x->head, "HTTP/1.1 %d %s\r\n", x->answer.status,
		x->answer.status < 400 ? "OK" : "Not OK");
	if (file)
		fields_put_whole_answer(&x->answer, &x->head);
	else
		fields_put_answer(&x->answer, &x->head);
}

int locked_fetch(struct exchange *x)
{
	struct body ignored;

	answer_note(x);
	write_head(x, x->answer.status == OK);
	if (x->upstream != NULL)
		stream_use(&x->upstream->stream, x->answer.size);
	if (x->answer.status == PARTIAL) {
		x->mismatch = true;
		return exchange_refuse(x, "it is not what the lock says: a part was answered");
	}
	if (x->answer.status == OK)
		return fetch_file(x);
	/* What a replay has not read does not stand in the way of anything. */
	if (x->replayed != NULL)
		return 0;
	ignored = body_of(x, IGNORED_MAX);
	if (body_move(&ignored, x->why, sizeof(x->why)) == 0)
		return 0;
	x->limit = ignored.broken;
	return -1;
}

static int deliver_body(struct exchange *x)
{
	struct stream *to = &x->client->stream;
	char piece[PIECE];

	for (uint64_t done = 0; done < x->spool.size;) {
		ssize_t n = store_read_back(&x->spool, done, piece, sizeof(piece));

		if (n <= 0)
			return exchange_refuse(x, "what was held back cannot be read again");
		to->deadline = task_now() + WRITE_MS;
		if (stream_write(to, piece, (size_t)n) < 0)
			return exchange_fail(x, "the client is gone, answer of");
		done += (uint64_t)n;
	}
	return 0;
}

int locked_deliver(struct exchange *x)
{
	bool file = x->answer.status == OK;
	struct stream *to = &x->client->stream;

	if (x->answer.status != 204 && x->answer.status != 304)
		exchange_put_framing(x, HTTP_LENGTH, file ? x->spool.size : 0);
	buf_puts(
		&x->head, x->keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
	to->deadline = task_now() + CLIENT_HEAD_MS;
	if (!buf_ok(&x->head) || stream_write(to, x->head.data, x->head.size) < 0)
		return exchange_fail(x, "the client is gone, answer of");
	if (file && deliver_body(x) < 0)
		return -1;
	x->record.locked = file;
	answer_keep(x, &x->spool);
	return 0;
}
