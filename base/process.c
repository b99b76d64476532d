/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: how the runner (and the gateway, one) starts programs beside it, with its
 * own privileges, on no input but its own. The child shares our memory until it
 * executes (vfork(2)), so it only makes system calls. Death is followed by
 * pidfd, never by pid, and both ends know when the other is gone: the child by
 * PR_SET_PDEATHSIG and by the end of its socket, we by the pidfd.
 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"

/* Where a program lies in a build tree: beside the folder of the one that asks. */
static const struct {
	const char *name;
	const char *folder;
} programs[] = {
	{"cupel-init", "sandbox"},
	{"cupel-collect", "outputs"},
	{"cupel-gateway", "gateway"},
	{"cupel-gc", "gateway"},
	{"cupel-resolve", "gateway"},
	{"cupel-sign", "attest"},
	{"cupel-verify", "attest"},
	{"cupel-image", "images"},
	{"cupel-lock", "locks"},
	{"cupel-doctor", "runner"},
};

static const char *folder_of(const char *name)
{
	for (size_t i = 0; i < array_size(programs); i++)
		if (strcmp(programs[i].name, name) == 0)
			return programs[i].folder;
	return ".";
}

static int open_in(const char *self, const char *folder, const char *name)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/../%s/%s", self, folder, name);
	return open(path, O_PATH | O_CLOEXEC);
}

int process_open_program(const char *name, struct error *e)
{
	/* After installation, seen from bin and from libexec/cupel; and in a build tree. */
	const char *const folders[] = {"libexec/cupel", "cupel", folder_of(name)};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n < 0)
		return error_set(e, errno, "cannot find out where this program lies");
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return error_set(e, ENOENT, "cannot find out where this program lies");
	*slash = '\0';
	for (size_t i = 0; i < array_size(folders); i++) {
		int fd = open_in(self, folders[i], name);

		if (fd >= 0)
			return fd;
	}
	error_set(e, ENOENT, "cannot find the program '%s'", name);
	return error_hint(e, "it is installed as ../libexec/cupel/%s beside this program", name);
}

int process_socketpair(int ret[2], struct error *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return error_set(e, errno, "cannot make a socket pair");
	return 0;
}

/* Mustn't return: the child owns nothing but its descriptors. */
__attribute__((noreturn)) static void child_exec(
	int program_fd, int socket, int null_fd, int extra_fd, const char *const argv[])
{
	static char *const empty[] = {NULL};
	/* Above all numbers that are given away: none of them may be one of those. */
	const int program = fcntl(program_fd, F_DUPFD_CLOEXEC, PROCESS_EXTRA_FD + 1);
	const int control = fcntl(socket, F_DUPFD_CLOEXEC, PROCESS_EXTRA_FD + 1);
	const int null = fcntl(null_fd, F_DUPFD_CLOEXEC, PROCESS_EXTRA_FD + 1);
	const int extra =
		extra_fd < 0 ? -1 : fcntl(extra_fd, F_DUPFD_CLOEXEC, PROCESS_EXTRA_FD + 1);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid(); /* Ctrl-C is for the runner, which ends its programs in order */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(null, 0) == 0 && dup2(null, 1) == 1 &&
		dup2(control, MSG_CONTROL_FD) == MSG_CONTROL_FD &&
		/* also what our caller left open for us */
		close_range(MSG_CONTROL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 &&
		(extra < 0 || dup2(extra, PROCESS_EXTRA_FD) == PROCESS_EXTRA_FD))
		syscall(SYS_execveat, program, "", argv, empty, AT_EMPTY_PATH);
	_exit(127);
}

int process_start(const char *name, const char *const argv[], struct process *ret, struct error *e)
{
	return process_start_with(name, argv, -1, ret, e);
}

int process_start_with(const char *name, const char *const argv[], int extra_fd,
	struct process *ret, struct error *e)
{
	_cleanup_(fd_closep) int program_fd = process_open_program(name, e);
	_cleanup_(fd_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_(fd_closep) int ours = -1, theirs = -1;
	int pair[2], pidfd;
	pid_t pid;

	if (program_fd < 0)
		return -1;
	if (null_fd < 0)
		return error_set(e, errno, "cannot open '/dev/null'");
	if (process_socketpair(pair, e) < 0)
		return -1;
	ours = pair[0];
	theirs = pair[1];
	pid = vfork();
	if (pid == 0)
		child_exec(program_fd, theirs, null_fd, extra_fd, argv);
	if (pid < 0)
		return error_set(e, errno, "cannot start '%s'", name);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return error_set(e, errno, "cannot follow '%s'", name);
	}
	*ret = (struct process){.pid = pid, .pidfd = pidfd, .socket = take_fd(&ours), .name = name};
	return 0;
}

int process_finish(struct process *p, struct error *e)
{
	siginfo_t info = {0};
	const char *name = p->name;
	int waited;

	if (p->pid == 0)
		return 0;
	fd_closep(&p->socket);
	do {
		waited = waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED);
	} while (waited < 0 && errno == EINTR);
	fd_closep(&p->pidfd);
	p->pid = 0;
	if (waited < 0)
		return error_set(e, errno, "cannot wait for '%s'", name);
	if (info.si_code != CLD_EXITED)
		return error_set(e, 0, "'%s' was killed by signal %d", name, info.si_status);
	if (info.si_status != 0)
		return error_set(e, 0, "'%s' failed with exit code %d", name, info.si_status);
	return 0;
}

void process_deinit(struct process *p)
{
	struct error ignored;

	if (p->pid == 0)
		return;
	syscall(SYS_pidfd_send_signal, p->pidfd, SIGKILL, NULL, 0);
	(void)process_finish(p, &ignored);
}
