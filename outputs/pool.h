/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "outputs/copy.h"

enum {
	POOL_THREADS_MAX = 16, /* the caller's own included */
	POOL_QUEUE_SIZE = 64,
	POOL_WAKE_FILES = 16,	     /* a sleeping thread is woken for this much, */
	POOL_WAKE_BYTES = 256 << 10, /* or this: waking costs as much as a small file */
	POOL_MIN_BYTES = 8 << 20,    /* below both of these a thread costs more than it brings */
	POOL_MIN_FILES = 64,
};

/*
 * Runs copy jobs: at once in the caller while there is little to do, else in
 * threads, with the caller helping whenever the queue is full. Must not move in
 * memory between pool_init() and pool_deinit().
 */
struct pool {
	struct copier copiers[POOL_THREADS_MAX]; /* the first is the caller's */
	pthread_t threads[POOL_THREADS_MAX];
	int thread_count; /* started besides the caller */
	int next_copier;
	int cpus;
	bool sha512;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t more;
	struct copy_job queue[POOL_QUEUE_SIZE];
	unsigned int head, used;
	uint64_t queued_bytes;
	int idle;
	bool ending, failed;
	struct error error; /* of the first job that failed */
};

/* cpus: how many threads at most; 0: as many as the process may use. */
int pool_init(struct pool *p, int cpus, bool sha512, struct error *e);
/* In every file's bytes; needles may be NULL. Before pool_expect(). */
void pool_look_for(struct pool *p, const struct needles *needles);
/* For _cleanup_: drops what is queued and ends the threads. */
void pool_deinit(struct pool *p);
/* Tells how much there is to do altogether, as far as it is known. */
int pool_expect(struct pool *p, uint64_t files, uint64_t bytes, struct error *e);
/* Takes the job over. -1 when it, or one before it, failed. */
int pool_submit(struct pool *p, const struct copy_job *job, struct error *e);
/* Waits for every job. -1 when one failed. */
int pool_finish(struct pool *p, struct error *e);
