/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner while a build runs: relays its output, obeys
 * signals and the clock, and waits for pid 1. A first signal asks the build to
 * end, the end of the grace or a second signal kills it; the kernel then kills
 * every process of its pid namespace before pid 1 can be reaped.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"
#include "runner/footer.h"

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void signal_init(const struct build *b, int number)
{
	if (b->launch.init.pid != 0)
		syscall(SYS_pidfd_send_signal, b->launch.init.pidfd, number, NULL, 0);
}

/* 1 when one came that ends the build. */
static int take_signal(struct build *b)
{
	struct signalfd_siginfo info;

	if (read(b->signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGWINCH) {
		relay_resize(&b->relay);
		return 0;
	}
	if (b->cancelled_by == 0)
		b->cancelled_by = (int)info.ssi_signo;
	return 1;
}

static int cancelled(const struct build *b, struct error *e)
{
	return error_set(e, ECANCELED, "cancelled by signal %d", b->cancelled_by);
}

int build_await(struct build *b, int socket, uint32_t type, struct msg *ret, struct error *e)
{
	return build_await_for(b, socket, type, -1, ret, e);
}

int build_await_for(
	struct build *b, int socket, uint32_t type, int ms, struct msg *ret, struct error *e)
{
	struct pollfd polls[] = {
		{.fd = b->signal_fd, .events = POLLIN}, {.fd = socket, .events = POLLIN}};

	for (;;) {
		int ready = poll(polls, array_size(polls), ms);

		if (ready == 0)
			return error_set(e, ETIMEDOUT, "there is no answer");
		if (ready < 0 && errno != EINTR)
			return error_set(e, errno, "cannot wait for a message");
		if (polls[0].revents != 0 && take_signal(b))
			return cancelled(b, e);
		if (polls[1].revents != 0)
			return msg_expect(socket, type, ret, e);
	}
}

/* What the clock says next: milliseconds to wait, or -1 for ever. */
struct clock {
	uint64_t timeout_at, kill_at; /* monotonic, 0: never */
	bool over; /* killed: whoever does not read our output is not waited for */
};

static int until_next(const struct clock *c, uint64_t now)
{
	uint64_t next = c->kill_at != 0 ? c->kill_at : c->timeout_at;

	if (next == 0)
		return -1;
	return next <= now ? 0 : (int)(next - now > 3600000 ? 3600000 : next - now);
}

/* Of two times to wait, where -1 is for ever. */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Asks the build to end; whoever asks again kills it. */
static void stop(struct build *b, struct clock *c)
{
	if (c->kill_at != 0) {
		signal_init(b, SIGKILL);
		c->over = true;
		return;
	}
	signal_init(b, b->plan->grace_ms > 0 ? SIGTERM : SIGKILL);
	c->kill_at = monotonic_ms() + b->plan->grace_ms;
}

static void obey_clock(struct build *b, struct clock *c, uint64_t now)
{
	if (c->kill_at != 0 && now >= c->kill_at) {
		signal_init(b, SIGKILL);
		c->over = true;
		c->kill_at = now + 1000;
	} else if (c->kill_at == 0 && c->timeout_at != 0 && now >= c->timeout_at) {
		b->timed_out = true;
		stop(b, c);
	}
}

static int take_message(struct build *b, struct error *e)
{
	struct msg m;

	if (msg_recv(b->launch.init.socket, &m, e) < 0)
		return -1;
	msg_deinit(&m);
	if (m.type == INIT_EXECED)
		b->execed = true;
	else if (m.type == INIT_EXITED && msg_payload(&m, &b->exited, sizeof(b->exited)) == 0)
		b->ended = true;
	else if (m.type == MSG_ERROR && msg_payload(&m, e, sizeof(*e)) == 0)
		return -1;
	else if (m.type == MSG_EOF)
		fd_closep(&b->launch.init.socket);
	return 0;
}

/* pid 1 is gone, and with it everybody: what it has not said will never be said. */
static int reap_init(struct build *b, struct error *e)
{
	struct error failure = {0};

	while (!b->ended && b->launch.init.socket >= 0)
		if (take_message(b, e) < 0) {
			process_deinit(&b->launch.init);
			return b->execed ? error_wrap(e, "sandbox") : -1;
		}
	if (process_finish(&b->launch.init, &failure) < 0 && !b->ended && b->cancelled_by == 0 &&
		!b->timed_out) {
		*e = failure;
		return error_hint(e, "something outside killed the sandbox; out of memory?");
	}
	return 0;
}

enum { OWN_POLLS = 4 };

struct loop {
	struct pollfd polls[OWN_POLLS + RELAY_POLLS];
	int relay_count;
	struct clock clock;
	bool init_gone, broken;
};

static void fill_polls(struct build *b, struct loop *l)
{
	l->polls[0] = (struct pollfd){.fd = b->signal_fd, .events = POLLIN};
	l->polls[1] = (struct pollfd){.fd = b->launch.init.socket, .events = POLLIN};
	l->polls[2] =
		(struct pollfd){.fd = l->init_gone ? -1 : b->launch.init.pidfd, .events = POLLIN};
	/* Its end is never a way out: the build is over, then. */
	l->polls[3] = (struct pollfd){.fd = l->broken ? -1 : b->gateway.pidfd, .events = POLLIN};
	l->relay_count = relay_polls(&b->relay, l->polls + OWN_POLLS);
}

/* The first failure is kept and stops the build; the loop goes on until it is over. */
static void obey(struct build *b, struct loop *l, struct error *e)
{
	struct error later;
	struct error *to = l->broken ? &later : e;

	if (l->polls[0].revents != 0 && take_signal(b))
		stop(b, &l->clock);
	if (l->polls[2].revents != 0) {
		l->init_gone = true;
		if (reap_init(b, to) < 0)
			l->broken = true;
	} else if (l->polls[1].revents != 0 && take_message(b, to) < 0) {
		l->broken = true;
		stop(b, &l->clock);
	}
	if (!l->broken && l->polls[3].revents != 0) {
		l->broken = b->stopped = true;
		build_explain_gateway(b, e);
		stop(b, &l->clock);
	}
	if (!l->broken && relay_move(&b->relay, l->polls + OWN_POLLS, l->relay_count, to) < 0) {
		if (e->errnum == EPIPE)
			b->cancelled_by = SIGPIPE;
		b->stopped = true;
		l->broken = true;
		stop(b, &l->clock);
	}
}

/*
 * Machines read what --json and a status descriptor give; a build that has the
 * terminal has it alone.
 */
static bool may_draw(const struct build *b)
{
	const struct run_options *o = b->options;

	return !o->quiet && !o->json && !(o->status_fd >= 0 && isatty(o->status_fd)) &&
	       !b->plan->terminal && b->plan->input != PLAN_STDIN_INHERIT;
}

/* Until pid 1 and the output have ended, or nothing can be waited for any more. */
static int watch(struct build *b, struct loop *l, uint64_t now, struct error *e)
{
	while (!l->init_gone || (!l->broken && !l->clock.over && !relay_is_done(&b->relay))) {
		fill_polls(b, l);
		if (poll(l->polls, (nfds_t)(OWN_POLLS + l->relay_count),
			    sooner(until_next(&l->clock, now), footer_wait(now))) < 0 &&
			errno != EINTR)
			return error_set(e, errno, "cannot wait for the build");
		obey(b, l, e);
		now = monotonic_ms();
		obey_clock(b, &l->clock, now);
		footer_draw(now, b->relay.log_bytes);
	}
	return 0;
}

int build_supervise(struct build *b, struct error *e)
{
	struct loop l = {.clock = {0}};
	uint64_t now = monotonic_ms();
	int watched;

	if (b->plan->timeout_ms != 0)
		l.clock.timeout_at = now + b->plan->timeout_ms;
	footer_start(may_draw(b), now);
	watched = watch(b, &l, now, e);
	footer_stop();
	if (watched < 0)
		return -1;
	b->finished_ms = build_now_ms();
	if (l.broken)
		return -1;
	if (b->cancelled_by != 0)
		return cancelled(b, e);
	if (b->timed_out)
		return error_set_kind(e, ERROR_TIMEOUT, 0, "the build took longer than %llu ms",
			(unsigned long long)b->plan->timeout_ms);
	return b->exited.status == 0 ? 0 : error_set(e, 0, "the build failed");
}
