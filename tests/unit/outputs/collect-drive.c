/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: for bench/collect.sh: `collect-drive PROGRAM OUT STAGING`
 * asks a cupel-collect to export one directory, as the runner would, and prints
 * the seconds of CPU and wall time that this took it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "outputs/collect.h"
#include "tree.h"

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static int drive(int socket, const char *out, const char *staging, struct error *e)
{
	const struct collect_export what = {0};
	struct msg m = {MSG_INIT_FIELDS};
	const int fds[] = {
		tree_plan_fd(&(struct tree_plan){.files = 1000000, .bytes = 1ULL << 40}),
		open(staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		fd_memfd_sealed("log", "", 0),
	};

	if (msg_send(socket, COLLECT_EXPORT, &what, sizeof(what), fds, 4, e) < 0 ||
		msg_expect(socket, COLLECT_DONE, &m, e) < 0)
		return -1;
	msg_deinit(&m);
	return 0;
}

int main(int argc, char *argv[])
{
	struct timespec before, after;
	struct rusage used;
	struct error e = {0};
	int pair[2];
	pid_t pid;

	if (argc != 4 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return 2;
	clock_gettime(CLOCK_MONOTONIC, &before);
	pid = vfork();
	if (pid == 0) {
		if (dup2(pair[1], 20) == 20 && dup2(20, MSG_CONTROL_FD) == MSG_CONTROL_FD)
			execl(argv[1], "cupel-collect", NULL);
		_exit(127);
	}
	close(pair[1]);
	if (drive(pair[0], argv[2], argv[3], &e) < 0) {
		error_print("collect-drive", &e);
		return 1;
	}
	if (wait4(pid, NULL, 0, &used) != pid)
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &after);
	printf("%.4f %.4f\n", seconds(&used.ru_utime) + seconds(&used.ru_stime),
		(double)(after.tv_sec - before.tv_sec) +
			(double)(after.tv_nsec - before.tv_nsec) / 1e9);
	return 0;
}
