/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;
struct task;

/*
 * One thread, one epoll loop, and for each connection a task with a stack of its own:
 * what serves a connection reads from top to bottom, waits where it has to, and shares
 * everything without a lock, because a task is only ever left where it waits.
 */
typedef void task_fn(void *context);

/* A descriptor that tasks wait for: one of them for input, one for output. */
struct watch {
	int fd;
	uint32_t ready; /* EPOLLIN, EPOLLOUT: since the last wait for it */
	struct task *reader, *writer;
	bool over; /* the peer sends nothing more, or the connection is broken */
};

int task_loop_open(struct error *e);
/* Runs tasks until task_loop_stop() and every other task has ended. 0 or -1 with *e. */
int task_loop_run(struct error *e);
void task_loop_stop(void);

/* A new task, which begins at the loop's next turn. 0, or -1 with errno (memory). */
int task_spawn(task_fn *fn, void *context);

/* Begins to watch an open nonblocking descriptor, which stays the caller's. 0 or -1 with errno. */
int task_watch(struct watch *w, int fd);
/* Before fd is closed. */
void task_unwatch(struct watch *w);
/*
 * Leaves the current task until fd may be readable (EPOLLIN) or writable (EPOLLOUT): for
 * a call that gave EAGAIN. 0, or -1 with ETIMEDOUT once `deadline` (task_now(), 0: never)
 * is over, by at most a quarter of a second.
 */
int task_wait(struct watch *w, uint32_t event, uint64_t deadline);

/*
 * Called where a peer that is always ready would never let this task wait: lets the others
 * run now and then.
 */
void task_breathe(void);

/* The same without a descriptor: until task_wake() of this task. */
int task_sleep(uint64_t deadline);
struct task *task_current(void);
void task_wake(struct task *t);

/* Milliseconds of CLOCK_MONOTONIC, as of the loop's last turn. */
uint64_t task_now(void);
