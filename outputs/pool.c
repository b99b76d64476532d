/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: threads of cupel-collect that only ever touch the two
 * descriptors, the item and the buffer of their job. They start after the
 * process has confined itself, so they are as confined; their buffers are made
 * beforehand, so they allocate nothing. The producer opens files in sorted
 * order, which fixes the order of names in the new directories; who copies the
 * bytes does not matter to the result.
 */
#include "outputs/pool.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "outputs/items.h"

static int usable_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	return CPU_COUNT(&set);
}

int pool_init(struct pool *p, int cpus, bool sha512, struct error *e)
{
	*p = (struct pool){.cpus = cpus, .sha512 = sha512};
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->more, NULL);
	p->next_copier = 1;
	return copier_init(&p->copiers[0], sha512, e);
}

void pool_look_for(struct pool *p, const struct needles *needles)
{
	for (int i = 0; i < POOL_THREADS_MAX; i++)
		p->copiers[i].needles = needles;
}

static void close_job(struct copy_job *job)
{
	fd_closep(&job->from_fd);
	fd_closep(&job->to_fd);
}

/* With the lock held; false when the queue is empty. */
static bool take_job(struct pool *p, struct copy_job *ret)
{
	if (p->used == 0)
		return false;
	*ret = p->queue[p->head];
	p->head = (p->head + 1) % POOL_QUEUE_SIZE;
	p->used--;
	p->queued_bytes -= ret->item->size;
	return true;
}

/* Without the lock. After a failure what is left is only closed. */
static void run_job(struct pool *p, struct copier *c, struct copy_job *job)
{
	struct error e;
	bool skip;

	pthread_mutex_lock(&p->lock);
	skip = p->failed;
	pthread_mutex_unlock(&p->lock);
	if (skip) {
		close_job(job);
		return;
	}
	if (copy_run(c, job, &e) == 0)
		return;
	pthread_mutex_lock(&p->lock);
	if (!p->failed)
		p->error = e;
	p->failed = true;
	pthread_mutex_unlock(&p->lock);
}

static void *thread_main(void *argument)
{
	struct pool *p = argument;
	struct copy_job job;
	struct copier *c;

	pthread_mutex_lock(&p->lock);
	c = &p->copiers[p->next_copier++];
	for (;;) {
		if (take_job(p, &job)) {
			pthread_mutex_unlock(&p->lock);
			run_job(p, c, &job);
			pthread_mutex_lock(&p->lock);
		} else if (p->ending) {
			break;
		} else {
			p->idle++;
			pthread_cond_wait(&p->more, &p->lock);
			p->idle--;
		}
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

int pool_expect(struct pool *p, uint64_t files, uint64_t bytes, struct error *e)
{
	bool much = files > POOL_MIN_FILES || bytes > POOL_MIN_BYTES;

	if (!much || p->thread_count > 0)
		return 0;
	if (p->cpus == 0)
		p->cpus = usable_cpus();
	while (p->thread_count + 1 < p->cpus && p->thread_count + 1 < POOL_THREADS_MAX) {
		int i = p->thread_count;

		if (copier_init(&p->copiers[i + 1], p->sha512, e) < 0)
			return -1;
		/* Fewer threads only take longer. */
		if (pthread_create(&p->threads[i], NULL, thread_main, p) != 0)
			break;
		p->thread_count++;
	}
	if (p->thread_count == 0)
		p->cpus = 1;
	return 0;
}

static int verdict(struct pool *p, struct error *e)
{
	bool failed;

	pthread_mutex_lock(&p->lock);
	failed = p->failed;
	if (failed)
		*e = p->error;
	pthread_mutex_unlock(&p->lock);
	return failed ? -1 : 0;
}

static bool put_job(struct pool *p, const struct copy_job *job)
{
	bool queued, wake;

	pthread_mutex_lock(&p->lock);
	queued = p->used < POOL_QUEUE_SIZE;
	if (queued) {
		p->queue[(p->head + p->used++) % POOL_QUEUE_SIZE] = *job;
		p->queued_bytes += job->item->size;
	}
	wake = p->idle > 0 && (p->used >= POOL_WAKE_FILES || p->queued_bytes >= POOL_WAKE_BYTES);
	pthread_mutex_unlock(&p->lock);
	if (wake)
		pthread_cond_signal(&p->more);
	return queued;
}

int pool_submit(struct pool *p, const struct copy_job *job, struct error *e)
{
	struct copy_job own = *job;

	if (p->thread_count > 0 && put_job(p, job))
		return 0;
	run_job(p, &p->copiers[0], &own);
	return verdict(p, e);
}

static void end_threads(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_mutex_unlock(&p->lock);
	pthread_cond_broadcast(&p->more);
	for (int i = 0; i < p->thread_count; i++)
		pthread_join(p->threads[i], NULL);
	p->thread_count = 0;
}

int pool_finish(struct pool *p, struct error *e)
{
	for (;;) {
		struct copy_job job;
		bool found;

		pthread_mutex_lock(&p->lock);
		found = take_job(p, &job);
		pthread_mutex_unlock(&p->lock);
		if (!found)
			break;
		run_job(p, &p->copiers[0], &job);
	}
	end_threads(p);
	return verdict(p, e);
}

void pool_deinit(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->failed = true;
	pthread_mutex_unlock(&p->lock);
	end_threads(p);
	for (int i = 0; i < POOL_THREADS_MAX; i++)
		copier_deinit(&p->copiers[i]);
	pthread_cond_destroy(&p->more);
	pthread_mutex_destroy(&p->lock);
}
