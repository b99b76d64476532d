/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "gateway/body.h"
#include "gateway/echo.h"
#include "gateway/grant.h"
#include "gateway/http.h"
#include "gateway/limit.h"
#include "gateway/lock.h"
#include "gateway/record.h"
#include "gateway/rule.h"
#include "gateway/store.h"
#include "gateway/upstream.h"
#include "gateway/url.h"

struct client;
struct held;

/* How a request's body is encoded. */
enum asked { ASKED_PLAIN, ASKED_GZIP, ASKED_OTHERWISE };

/* One request of the build and its answer, while both are under way. */
struct exchange {
	struct client *client;
	struct http_head request, answer;
	char method[16], target[URL_MAX + 1], url[URL_MAX + NAME_SIZE + 32];
	struct buf head; /* of the request, as it goes on; then of the answer */
	const struct rule *rule, *nearest;
	struct grant *grant;
	const struct held *credential; /* that goes with it, or NULL */
	struct lock_match lock;	       /* what the body has to be; without any: whatever it is */
	struct place place;
	struct upstream *upstream;
	struct replayed *replayed; /* owned by replay.c; NULL unless a replay answers */
	struct body up, down;
	struct echo echo;
	struct record record;
	struct buf wants; /* of git: ids, each followed by a blank */
	enum asked asked_as;
	char *asked; /* the start of a request's body to git, or NULL */
	char why[512], media_type[128];
	char vary[65], head_sha256[65]; /* for the record */
	enum limit limit;		/* that it would go beyond, when it was refused for that */
	uint64_t until;			/* task_now() when it takes too long; 0: never */
	struct store_file spool;	/* of a locked body */
	bool mismatch;			/* it is not what the lock says */
	bool keep;			/* the client's connection, for another request */
	bool gone;			/* the client, before its request was whole */
};

/* These give -1, with x->why. */
int exchange_refuse(struct exchange *x, const char *why);
int exchange_exceed(struct exchange *x, enum limit which);
int exchange_fail(struct exchange *x, const char *doing); /* for the reason of stream_why() */
/* Whether a head begins here that goes beyond the limit. */
bool exchange_head_is_long(const char *bytes, size_t n);
/* The fields that say where a body ends, into x->head. */
void exchange_put_framing(struct exchange *x, enum http_framing framing, uint64_t length);

/* request.c: the client's side of it. */

/* Reads heads until one is whole. 1; 0: the client closed without another; -1 with x->why. */
int request_read(struct exchange *x);
/* Whether it may go on: 0 with a rule or a grant in x, or -1 with x->why. */
int request_judge(struct exchange *x);
bool request_has_body(const struct exchange *x);
/* The head as it goes on, into x->head. */
void request_write(struct exchange *x);
/* x->head and the body to x->upstream; without one the body is read and hashed. 0 or -1 with
 * x->why. */
int request_send(struct exchange *x);
/* For the record: what was sent, and which objects git asked for. */
void request_note_body(struct exchange *x);

/* answer.c: the registry's side. */

/* The head of the final answer; those of 1xx before it are dropped. 0 or -1 with x->why. */
int answer_read(struct exchange *x);
/* Whether the limits of the build have room for it: 0, or -1 with x->limit. */
int answer_judge(struct exchange *x);
/* For the record, and for who is redirected. */
void answer_note(struct exchange *x);
/* What a replay needs; only of an answer that came whole. */
void answer_keep(struct exchange *x, struct store_file *body);
/* All of it to the client. 0, or -1 with x->why: the client has then seen no proper end. */
int answer_pass(struct exchange *x);

/* locked.c: the same when a lock says what the body has to be. */

/* Whether x->lock speaks of this answer's body. */
bool locked_applies(const struct exchange *x);
/*
 * Reads the body and judges it: nothing has gone to the client. 0; or -1 with x->why, and
 * x->mismatch when it is not what the lock says.
 */
int locked_fetch(struct exchange *x);
/* What was fetched, to the client. 0 or -1 with x->why. */
int locked_deliver(struct exchange *x);
