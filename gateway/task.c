/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the loop of cupel-gateway, in its only thread. Descriptors are
 * registered once, edge-triggered; an edge is remembered until somebody waits for it,
 * so nothing is lost between EAGAIN and the wait. A task runs until it waits or ends
 * and then returns to the loop, never into another task. Stacks lie between pages that
 * cannot be touched, so that a stack that is too small is a crash and not a hole; a
 * gateway that crashes ends the build.
 */
#include "gateway/task.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

enum { STACK_SIZE = 256 << 10, GUARD_SIZE = 4096, SPARE_STACKS = 64, EVENTS = 64 };
/* How late a deadline may be noticed. */
enum { TICK_MS = 250 };
enum { CALLS_AT_A_TIME = 8 };

struct task {
	ucontext_t context;
	struct task *next;	      /* in the queue of those that can run */
	struct task *before, *behind; /* in the list of all */
	task_fn *fn;
	void *argument;
	void *stack;
	uint64_t deadline; /* while it waits; 0: never */
	bool queued, late, ended;
};

static struct {
	int epoll_fd;
	ucontext_t context;
	struct task *current, *first, *last, *all;
	void *spare[SPARE_STACKS];
	size_t spare_count;
	unsigned int count;
	uint64_t now, next_tick;
	bool stopping;
} loop = {.epoll_fd = -1};

static void tell_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	loop.now = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int task_loop_open(struct error *e)
{
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll_fd < 0)
		return error_set(e, errno, "cannot make an epoll instance");
	tell_time();
	return 0;
}

static void *stack_get(void)
{
	void *stack;

	if (loop.spare_count > 0)
		return loop.spare[--loop.spare_count];
	stack = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return NULL;
	if (mprotect((char *)stack + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) == 0)
		return stack;
	munmap(stack, GUARD_SIZE + STACK_SIZE);
	return NULL;
}

static void stack_put(void *stack)
{
	if (loop.spare_count < SPARE_STACKS)
		loop.spare[loop.spare_count++] = stack;
	else
		munmap(stack, GUARD_SIZE + STACK_SIZE);
}

static void enqueue(struct task *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	if (loop.last != NULL)
		loop.last->next = t;
	else
		loop.first = t;
	loop.last = t;
}

static void begin(void)
{
	struct task *t = loop.current;

	t->fn(t->argument);
	t->ended = true;
	setcontext(&loop.context);
}

int task_spawn(task_fn *fn, void *argument)
{
	struct task *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return -1;
	t->stack = stack_get();
	if (t->stack == NULL || getcontext(&t->context) < 0) {
		free(t);
		errno = ENOMEM;
		return -1;
	}
	t->fn = fn;
	t->argument = argument;
	t->context.uc_stack.ss_sp = (char *)t->stack + GUARD_SIZE;
	t->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&t->context, begin, 0);
	t->behind = loop.all;
	if (loop.all != NULL)
		loop.all->before = t;
	loop.all = t;
	loop.count++;
	enqueue(t);
	return 0;
}

static void release(struct task *t)
{
	if (t->before != NULL)
		t->before->behind = t->behind;
	else
		loop.all = t->behind;
	if (t->behind != NULL)
		t->behind->before = t->before;
	stack_put(t->stack);
	free(t);
	loop.count--;
}

int task_watch(struct watch *w, int fd)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = w}};

	*w = (struct watch){.fd = fd};
	return epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void task_unwatch(struct watch *w)
{
	if (w->fd >= 0)
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	w->fd = -1;
}

struct task *task_current(void)
{
	return loop.current;
}

void task_wake(struct task *t)
{
	if (t != NULL)
		enqueue(t);
}

uint64_t task_now(void)
{
	return loop.now;
}

int task_sleep(uint64_t deadline)
{
	struct task *t = loop.current;

	t->deadline = deadline;
	t->late = false;
	swapcontext(&t->context, &loop.context);
	t->deadline = 0;
	if (!t->late)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

int task_wait(struct watch *w, uint32_t event, uint64_t deadline)
{
	struct task **waiter = event == EPOLLIN ? &w->reader : &w->writer;
	int result = 0;

	while ((w->ready & event) == 0 && result == 0) {
		*waiter = loop.current;
		result = task_sleep(deadline);
		*waiter = NULL;
	}
	w->ready &= ~event;
	return result;
}

static void note(const struct epoll_event *event)
{
	const uint32_t over = EPOLLHUP | EPOLLERR;
	struct watch *w = event->data.ptr;

	if ((event->events & (EPOLLRDHUP | over)) != 0)
		w->over = true;
	if ((event->events & (EPOLLIN | EPOLLRDHUP | over)) != 0) {
		w->ready |= EPOLLIN;
		task_wake(w->reader);
	}
	if ((event->events & (EPOLLOUT | over)) != 0) {
		w->ready |= EPOLLOUT;
		task_wake(w->writer);
	}
}

void task_breathe(void)
{
	static unsigned int calls;
	int kept = errno;

	if (++calls % CALLS_AT_A_TIME != 0)
		return;
	enqueue(loop.current);
	swapcontext(&loop.current->context, &loop.context);
	errno = kept;
}

static void wake_the_late(void)
{
	if (loop.now < loop.next_tick)
		return;
	loop.next_tick = loop.now + TICK_MS;
	for (struct task *t = loop.all; t != NULL; t = t->behind) {
		if (t->deadline == 0 || t->deadline > loop.now)
			continue;
		t->late = true;
		enqueue(t);
	}
}

/* Those that can run now; who is queued meanwhile waits for the next turn. */
static void run_queue(void)
{
	struct task *t = loop.first;

	loop.first = loop.last = NULL;
	while (t != NULL) {
		struct task *next = t->next;

		t->queued = false;
		loop.current = t;
		swapcontext(&loop.context, &t->context);
		loop.current = NULL;
		if (t->ended)
			release(t);
		t = next;
	}
}

void task_loop_stop(void)
{
	loop.stopping = true;
}

int task_loop_run(struct error *e)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int n;

		run_queue();
		if (loop.stopping && loop.count == 0)
			return 0;
		n = epoll_wait(loop.epoll_fd, events, EVENTS, loop.first != NULL ? 0 : TICK_MS);
		if (n < 0 && errno != EINTR)
			return error_set(e, errno, "cannot wait for connections");
		tell_time();
		for (int i = 0; i < n; i++)
			note(&events[i]);
		wake_the_late();
	}
}
