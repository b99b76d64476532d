/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: two processes. The child is forked from a cupel-gateway that has
 * no secret yet, gives up its capabilities and every privilege that it could gain, and
 * calls getaddrinfo(3) on names that rules allow, one thread for each; it ends with the
 * socket. The parent, in one of its tasks, hands answers to the tasks that wait. What the
 * child answers is checked no less than what a name server says: it only decides which
 * address is connected to, and the address is judged after that.
 */
#include "gateway/resolver.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/names.h"
#include "gateway/task.h"

struct question {
	uint64_t id;
	char host[NAME_SIZE];
};
struct answer {
	uint64_t id;
	struct resolved resolved;
};
/* A task that waits for an answer; lives on its stack. */
struct waiting {
	struct waiting *next;
	struct task *task;
	uint64_t id;
	bool answered;
	struct resolved *resolved;
};

static struct {
	int socket;
	struct watch watch;
	uint64_t last;
	struct waiting *waiting;
	bool gone;
} resolver = {.socket = -1};

static void look_up(const char *host, struct resolved *ret)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int result = getaddrinfo(host, NULL, &hints, &found);

	if (result != 0)
		snprintf(ret->why, sizeof(ret->why), "%s", gai_strerror(result));
	for (struct addrinfo *a = found; a != NULL && ret->count < RESOLVER_ADDRESSES;
		a = a->ai_next)
		if (a->ai_addrlen <= sizeof(ret->addresses[0]))
			memcpy(&ret->addresses[ret->count++], a->ai_addr, a->ai_addrlen);
	if (found != NULL)
		freeaddrinfo(found);
}

static void *answer_one(void *argument)
{
	struct question *q = argument;
	struct answer a = {.id = q->id};

	look_up(q->host, &a.resolved);
	free(q);
	(void)send(resolver.socket, &a, sizeof(a), MSG_NOSIGNAL);
	return NULL;
}

static int answer_all(void)
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		struct question *q = calloc(1, sizeof(*q));
		pthread_t thread;

		if (q == NULL || recv(resolver.socket, q, sizeof(*q), 0) != sizeof(*q)) {
			free(q);
			return 0;
		}
		q->host[sizeof(q->host) - 1] = '\0';
		if (pthread_create(&thread, &detached, answer_one, q) != 0)
			answer_one(q);
	}
}

int resolver_start(struct error *e)
{
	int pair[2];
	pid_t parent = getpid(), pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(e, errno, "cannot make a socket pair");
	pid = fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return error_set(e, errno, "cannot start the resolver");
	}
	resolver.socket = pair[pid == 0 ? 1 : 0];
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Nothing but its own socket: not the runner's, above all. */
		if (getppid() != parent || dup2(resolver.socket, 3) != 3 ||
			close_range(4, ~0U, 0) < 0)
			_exit(1);
		resolver.socket = 3;
		_exit(answer_all());
	}
	close(pair[1]);
	return 0;
}

void resolver_stop(void)
{
	fd_closep(&resolver.socket);
	resolver.gone = true;
}

static void hand_over(const struct answer *a)
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
		struct answer a;
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

void resolver_look_up(const char *host, struct resolved *ret)
{
	struct question q = {.id = ++resolver.last};
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
