/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the test of base/process.c starts. Behaves as its
 * argument says, and tells on its control socket what it was given.
 */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/msg.h"
#include "tests/unit/process-helper.h"

/* Open descriptors but for the one that counts them. */
static uint32_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint32_t count = 0;

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count - 3; /* ".", "..", its own */
}

static int report(void)
{
	struct process_report r = {.fds = count_fds(), .pid = (uint32_t)getpid()};
	struct stat null, in, out;
	struct error e;
	char **environment = environ;

	while (*environment++ != NULL)
		r.variables++;
	r.null = stat("/dev/null", &null) == 0 && fstat(0, &in) == 0 && fstat(1, &out) == 0 &&
		 in.st_rdev == null.st_rdev && out.st_rdev == null.st_rdev;
	return msg_send(MSG_CONTROL_FD, MSG_FIRST, &r, sizeof(r), NULL, 0, &e) < 0;
}

/* Until the runner's end is closed. */
static int wait_for_end(void)
{
	struct msg m = {MSG_INIT_FIELDS};
	struct error e;
	int result = report();

	while (msg_recv(MSG_CONTROL_FD, &m, &e) == 0 && m.type != MSG_EOF)
		msg_deinit(&m);
	return result;
}

int main(int argc, char *argv[])
{
	const char *how = argc > 1 ? argv[1] : "";

	if (strcmp(how, "wait") == 0)
		return wait_for_end();
	if (strcmp(how, "fail") == 0)
		return 7;
	if (strcmp(how, "signal") == 0)
		return raise(SIGKILL);
	while (strcmp(how, "hang") == 0)
		pause();
	return report();
}
