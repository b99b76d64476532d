/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a connection whose rule says tunnel or raw, in two tasks of
 * cupel-gateway, one for each direction. Its bytes are moved inside the kernel (splice(2))
 * and never seen here; only a tunnel's ClientHello was, whose name is the rule's. It is on record
 * as not inspected, so that a verifier can say no to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "gateway/client.h"
#include "gateway/gateway-state.h"
#include "gateway/greeting.h"
#include "gateway/learn.h"
#include "gateway/record.h"
#include "gateway/replay.h"
#include "gateway/rule.h"
#include "gateway/upstream.h"

enum { PIPE_BYTES = 1 << 20, PIPES_MAX = 8 };

struct channel {
	int in, out; /* of a pipe */
};

struct tunnel {
	struct watch *client, upstream;
	struct task *waiting; /* for the other direction's end */
	struct record *record;
	uint64_t moved_at; /* task_now() when something went either way */
	uint64_t until;	   /* 0: never */
	enum limit broken; /* that cut it */
	bool over;	   /* the other direction */
};

/* Neither direction goes on. -1. */
static int cut(struct tunnel *t, enum limit which)
{
	if (t->broken == LIMIT_NONE)
		t->broken = which;
	return -1;
}

/* Waits until something may go on. 0, or -1 when there is no more time. */
static int wait_for(struct tunnel *t, struct watch *w, uint32_t event)
{
	uint64_t idle = limits_deadline(&gateway.limits, LIMIT_IDLE, t->moved_at);
	uint64_t until = t->until != 0 && (idle == 0 || t->until < idle) ? t->until : idle;

	(void)task_wait(w, event, until);
	/* One direction may be silent for as long as the other is not. */
	idle = limits_deadline(&gateway.limits, LIMIT_IDLE, t->moved_at);
	return idle != 0 && task_now() >= idle ? -1 : 0;
}

/* Fills or empties the pipe by one call. > 0, 0 at the end, or -1. */
static ssize_t move(struct tunnel *t, int from, int to, size_t n, struct watch *w, uint32_t event)
{
	for (;;) {
		ssize_t moved = splice(from, NULL, to, NULL, n, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

		task_breathe();
		if (t->until != 0 && task_now() >= t->until)
			return cut(t, LIMIT_TIME);
		if (moved >= 0) {
			t->moved_at = task_now();
			return moved;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -1;
		if (wait_for(t, w, event) < 0)
			return -1;
	}
}

/* Making a pipe of that size costs more than to splice a handshake through it. */
static struct channel spare[PIPES_MAX];
static size_t spare_count;

static void channel_get(struct channel *c)
{
	int ends[2];

	*c = (struct channel){-1, -1};
	if (spare_count > 0) {
		*c = spare[--spare_count];
	} else if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
		*c = (struct channel){.out = ends[0], .in = ends[1]};
		(void)fcntl(c->in, F_SETPIPE_SZ, PIPE_BYTES);
	}
}

/* Only one that is known to be empty may serve another connection. */
static void channel_put(struct channel *c, bool empty)
{
	if (c->in >= 0 && empty && spare_count < PIPES_MAX) {
		spare[spare_count++] = *c;
		return;
	}
	fd_closep(&c->in);
	fd_closep(&c->out);
}

static void carry(struct tunnel *t, struct watch *from, struct watch *to, uint64_t *bytes)
{
	struct channel pipe;
	ssize_t n = -1, left = 0;

	channel_get(&pipe);
	while (pipe.in >= 0 && left == 0 &&
		(n = move(t, from->fd, pipe.in, PIPE_BYTES, from, EPOLLIN)) > 0) {
		if (from == &t->upstream && !limits_take(&gateway.limits, LIMIT_TOTAL, (uint64_t)n))
			cut(t, LIMIT_TOTAL);
		for (left = n; left > 0 && t->broken == LIMIT_NONE;) {
			ssize_t done = move(t, pipe.out, to->fd, (size_t)left, to, EPOLLOUT);

			if (done <= 0)
				break;
			*bytes += (uint64_t)done;
			left -= done;
		}
	}
	/* Only an end says so: a move that failed may have moved something all the same. */
	channel_put(&pipe, n == 0);
	/* An end is passed on; after a failure neither direction has a future. */
	shutdown(to->fd, n == 0 ? SHUT_WR : SHUT_RDWR);
	if (n != 0)
		shutdown(from->fd, SHUT_RDWR);
}

static void carry_up(void *context)
{
	struct tunnel *t = context;

	carry(t, t->client, &t->upstream, &t->record->request_size);
	t->over = true;
	task_wake(t->waiting);
}

static void carry_both(struct tunnel *t)
{
	t->waiting = task_current();
	if (task_spawn(carry_up, t) < 0)
		return;
	carry(t, &t->upstream, t->client, &t->record->size);
	while (!t->over)
		task_sleep(0);
}

static void note_cut(const struct client *c, enum limit which)
{
	char why[LIMIT_WHY];

	limits_why(&gateway.limits, which, why);
	client_refuse(c, why);
}

/* The limit of the build that leaves no room for another tunnel, or LIMIT_NONE. */
static enum limit find_limit(const struct client *c)
{
	if (c->surplus)
		return LIMIT_CONNECTIONS;
	if (!limits_take(&gateway.limits, LIMIT_REQUESTS, 1))
		return LIMIT_REQUESTS;
	return limits_left(&gateway.limits, LIMIT_TOTAL) == 0 ? LIMIT_TOTAL : LIMIT_NONE;
}

/* Whether the tunnel may go on; else its record says why not. */
static bool greet(struct client *c, struct tunnel *t)
{
	struct record *r = t->record;
	const char *why;

	switch (greeting_pass(c, &t->upstream, &r->request_size, &r->size, &why)) {
	case GREETING_OVER:
		return true;
	case GREETING_BROKEN:
		r->outcome = RECORD_FAILED;
		break;
	case GREETING_REFUSED:
	default:
		r->outcome = RECORD_DENIED;
		break;
	}
	r->why = why;
	return false;
}

void tunnel_run(struct client *c, const struct rule *rule)
{
	const struct place place = {.host = c->host,
		.port = c->port,
		.tls = true,
		.private_addresses = rule->private_addresses};
	char address[64] = "", why[256] = "";
	struct record r = {.outcome = RECORD_FAILED,
		.started_ms = gateway_wall_ms(),
		.registry = rule->name,
		.host = c->host,
		.port = c->port,
		.raw = rule->mode == RULE_RAW,
		.address = address,
		.why = why};
	struct tunnel t = {.client = &c->stream.watch,
		.record = &r,
		.moved_at = task_now(),
		.until = limits_deadline(&gateway.limits, LIMIT_TIME, task_now())};
	enum limit limit = find_limit(c);
	_cleanup_(fd_closep) int fd = -1;
	bool is_private;

	if (limit != LIMIT_NONE) {
		note_cut(c, limit);
		return;
	}
	if (replay_is_on()) {
		replay_refuse_tunnel(c);
		return;
	}
	c->pending = &r;
	fd = upstream_connect(&place, address, &is_private, why, sizeof(why));

	if (fd >= 0 && task_watch(&t.upstream, fd) == 0) {
		if (gateway.learning)
			learn_note_tunnel(rule);
		r.outcome = RECORD_ALLOWED;
		r.why = NULL;
		c->peer_fd = fd;
		if (r.raw || greet(c, &t))
			carry_both(&t);
		c->peer_fd = -1;
		task_unwatch(&t.upstream);
	}
	c->pending = NULL;
	record_put(&r);
	if (t.broken != LIMIT_NONE)
		note_cut(c, t.broken);
}
