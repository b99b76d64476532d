/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by taking more than one's share. What is exhausted goes with the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

static long told_limit(const char *key)
{
	const char *value = told(key);

	return value == NULL ? 0 : strtol(value, NULL, 10);
}

static enum outcome judge_count(const char *what, long count, long limit)
{
	if (limit == 0)
		return not_applicable("no limit was told");
	if (count > limit)
		return escaped("%ld %s, where %ld are the limit", count, what, limit);
	return blocked("%ld %s: %s", count, what, strerror(errno));
}

static enum outcome fork_bomb(const struct attack *a)
{
	long limit = told_limit("processes"), count = 1;

	(void)a;
	for (; limit > 0 && count <= 2 * limit; count++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		if (pid < 0)
			break;
	}
	return judge_count("processes", count, limit);
}

/* Whether each child can fork as well makes no difference: the limit is for all. */
static enum outcome fork_tree(const struct attack *a)
{
	long limit = told_limit("processes");
	volatile long *count =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)a;
	*count = 1;
	for (int depth = 0; limit > 0 && depth < 10; depth++)
		if (fork() == 0)
			__atomic_add_fetch(count, 1, __ATOMIC_SEQ_CST);
	if (limit > 0 && getppid() != 1)
		for (;;)
			pause();
	usleep(300000);
	errno = EAGAIN;
	return judge_count("processes", *count, limit);
}

static long fill(const char *directory)
{
	static char block[1 << 16];
	char path[64];
	long bytes = 0, n;
	int fd;

	snprintf(path, sizeof(path), "%s/large", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	memset(block, 1, sizeof(block));
	while (fd >= 0 && (n = write(fd, block, sizeof(block))) > 0 && bytes < 256L << 20)
		bytes += n;
	if (fd >= 0)
		close(fd);
	return bytes;
}

static const char *const places[] = {"/tmp", "/build", "/out", "/dev/shm", "/home/build"};

static enum outcome fill_scratch(const struct attack *a)
{
	long bytes = 0;

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		bytes += fill(places[i]);
	return judge_count("bytes", bytes, told_limit("scratch"));
}

static enum outcome fill_inodes(const struct attack *a)
{
	long limit = told_limit("files"), count = 0;
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		for (long k = 0; k <= limit; k++, count++) {
			snprintf(path, sizeof(path), "%s/%ld", places[i], k);
			if (mknod(path, S_IFREG | 0600, 0) < 0)
				break;
		}
	}
	return judge_count("files", count, limit);
}

static enum outcome open_files(const struct attack *a)
{
	long limit = told_limit("open-files"), count = 0;

	(void)a;
	while (count <= limit && open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		count++;
	return judge_count("open files", count, limit);
}

static enum outcome raise_limits(const struct attack *a)
{
	static const __rlimit_resource_t resources[] = {RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_MEMLOCK,
		RLIMIT_CORE, RLIMIT_MSGQUEUE, RLIMIT_SIGPENDING, RLIMIT_NICE, RLIMIT_RTPRIO,
		RLIMIT_STACK};

	(void)a;
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		struct rlimit limit;

		if (getrlimit(resources[i], &limit) < 0)
			return escaped("limit %zu cannot be read", i);
		if (limit.rlim_max == RLIM_INFINITY)
			return escaped("there is no limit %zu", i);
		limit.rlim_max++;
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(resources[i], &limit) == 0)
			return escaped("limit %zu can be raised", i);
	}
	return blocked("%s", strerror(errno));
}

static enum outcome lock_memory(const struct attack *a)
{
	const size_t size = 64 << 20;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)a;
	return judge("mlock of 64 MiB", mlock(memory, size), ENOMEM);
}

static enum outcome priorities(const struct attack *a)
{
	struct sched_param param = {.sched_priority = 1};

	(void)a;
	if (setpriority(PRIO_PROCESS, 0, -1) == 0 || setpriority(PRIO_PROCESS, 0, -20) == 0)
		return escaped("the priority can be raised");
	if (sched_setscheduler(0, SCHED_FIFO, &param) == 0 ||
		sched_setscheduler(0, SCHED_RR, &param) == 0)
		return escaped("it can be scheduled in real time");
	return judge("ioprio_set", syscall(SYS_ioprio_set, 1, 0, 1 << 13), 0);
}

/* A core file is the host's to handle, or one more file that nobody counts. */
static enum outcome dump_core(const struct attack *a)
{
	int status;
	pid_t pid;

	(void)a;
	if (chdir("/tmp") < 0)
		return not_applicable("there is no /tmp");
	pid = fork();
	if (pid == 0) {
		struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};

		setrlimit(RLIMIT_CORE, &all);
		abort();
	}
	waitpid(pid, &status, 0);
	return WCOREDUMP(status) ? escaped("there was a core dump") : blocked("no core dump");
}

const struct attack attacks_limits[] = {
	{"fork-bomb", "limits", fork_bomb},
	{"fork-tree", "limits", fork_tree},
	{"fill-scratch", "limits", fill_scratch},
	{"fill-inodes", "limits", fill_inodes},
	{"open-files", "limits", open_files},
	{"raise-limits", "limits", raise_limits},
	{"lock-memory", "limits", lock_memory},
	{"priorities", "limits", priorities},
	{"dump-core", "limits", dump_core},
	{.name = NULL},
};
