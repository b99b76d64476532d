/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-gateway's side of cupel-resolve. One task hands its answers
 * to the tasks that wait. What it answers is checked no less than what a name server says:
 * it only decides which address is connected to, and the address is judged after that.
 */
#include "gateway/resolver.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "gateway/resolve.h"
#include "gateway/task.h"

/* A task that waits for an answer; lives on its stack. */
struct waiting {
	struct waiting *next;
	struct task *task;
	uint64_t id;
	bool answered;
	struct resolved *resolved;
};

/* A client that opens many connections asks for the same name each time. */
enum { KNOWN_MAX = 16, KNOWN_MS = 5000 };
static struct known {
	char host[NAME_SIZE];
	uint64_t until; /* task_now() */
	struct resolved resolved;
} known[KNOWN_MAX];

static struct {
	int socket;
	struct watch watch;
	uint64_t last;
	struct waiting *waiting;
	bool gone;
} resolver = {.socket = -1};

int resolver_start(struct error *e)
{
	static const char *const argv[] = {"cupel-resolve", NULL};
	struct process resolve;

	if (process_start("cupel-resolve", argv, &resolve, e) < 0)
		return -1;
	/* Its end is seen on the socket; when we end, the kernel kills it. */
	close(resolve.pidfd);
	resolver.socket = resolve.socket;
	return 0;
}

void resolver_stop(void)
{
	fd_closep(&resolver.socket);
	resolver.gone = true;
}

static void hand_over(const struct resolve_answer *a)
{
	for (struct waiting *w = resolver.waiting; w != NULL; w = w->next) {
		if (w->id != a->id || w->answered)
			continue;
		*w->resolved = a->resolved;
		w->answered = true;
		task_wake(w->task);
	}
}

static void take_answers(void *context)
{
	(void)context;
	for (;;) {
		struct resolve_answer a;
		ssize_t n = recv(resolver.socket, &a, sizeof(a), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			task_wait(&resolver.watch, EPOLLIN, 0);
			continue;
		}
		if (n != sizeof(a) || a.resolved.count < 0 || a.resolved.count > RESOLVER_ADDRESSES)
			break;
		a.resolved.why[sizeof(a.resolved.why) - 1] = '\0';
		hand_over(&a);
	}
	resolver.gone = true;
	for (struct waiting *w = resolver.waiting; w != NULL; w = w->next)
		task_wake(w->task);
}

int resolver_listen(struct error *e)
{
	if (task_watch(&resolver.watch, resolver.socket) < 0 || task_spawn(take_answers, NULL) < 0)
		return error_set(e, errno, "cannot watch the resolver");
	return 0;
}

static void forget(struct waiting *w)
{
	struct waiting **at = &resolver.waiting;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static struct known *find(const char *host)
{
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (task_now() < known[i].until && strcmp(known[i].host, host) == 0)
			return &known[i];
	return NULL;
}

static void keep(const char *host, const struct resolved *resolved)
{
	struct known *k = &known[0];

	for (size_t i = 1; i < KNOWN_MAX; i++)
		if (known[i].until < k->until)
			k = &known[i];
	snprintf(k->host, sizeof(k->host), "%s", host);
	k->resolved = *resolved;
	k->until = task_now() + KNOWN_MS;
}

void resolver_forget(const char *host)
{
	struct known *k = find(host);

	if (k != NULL)
		k->until = 0;
}

static void ask(const char *host, struct resolved *ret)
{
	struct resolve_question q = {.id = ++resolver.last};
	struct waiting w = {.task = task_current(), .id = q.id, .resolved = ret};
	const uint64_t deadline = task_now() + 20000;

	*ret = (struct resolved){.why = "the resolver is gone"};
	snprintf(q.host, sizeof(q.host), "%s", host);
	if (resolver.gone || send(resolver.socket, &q, sizeof(q), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	w.next = resolver.waiting;
	resolver.waiting = &w;
	while (!w.answered && !resolver.gone)
		if (task_sleep(deadline) < 0) {
			snprintf(ret->why, sizeof(ret->why), "the name servers do not answer");
			break;
		}
	forget(&w);
}

void resolver_look_up(const char *host, struct resolved *ret)
{
	const struct known *k = find(host);

	if (k != NULL) {
		*ret = k->resolved;
		return;
	}
	ask(host, ret);
	if (ret->count > 0)
		keep(host, ret);
}
