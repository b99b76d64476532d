/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-init is pid 1 of a build. The runner starts it in
 * fresh namespaces, with the plan, the workspace and a socket; it walks the
 * steps below, starts the build in a user namespace further in, reaps, and ends
 * with the build. Its end is the end of every process of the build, because it
 * is pid 1; and it ends when the runner does. It reads nothing that the build
 * writes, allocates nothing, and links libc alone.
 */
#include "sandbox/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

static int report_mounted(struct sandbox *s, struct error *e);
static int wait_for_go(struct sandbox *s, struct error *e);

static const struct sandbox_step steps[] = {
	{"protect pid 1", sandbox_protect, "the build could trace or outlive its supervisor", ""},
	{"host name", sandbox_identify, "the build would see the host's name",
		"allow unprivileged user namespaces"},
	{"loopback", sandbox_loopback, "tests that use 127.0.0.1 would fail", ""},
	{"network", sandbox_network, "trusted registries could not be reached", ""},
	{"root file system", sandbox_root, "there would be nothing to be read-only",
		"the kernel needs the mount API of Linux 5.12"},
	{"/usr", sandbox_usr, "the toolchain would be missing or writable", ""},
	{"/etc", sandbox_etc, "the build would see the host's configuration", ""},
	{"/dev", sandbox_dev, "the build would see the host's devices", ""},
	{"/proc", sandbox_proc, "the build would see the host's processes",
		"an outer container masks /proc: run it with an unmasked /proc"},
	{"scratch space", sandbox_scratch, "there would be nowhere to write", ""},
	{"workspace", sandbox_workspace, "the sources would be missing or writable",
		"use --no-overlay"},
	{"terminal", sandbox_terminal, "the build would hold the caller's terminal", ""},
	{"hand over", report_mounted, "outputs could not be collected after the build", ""},
	{"new root", sandbox_pivot, "the host's files could be reached", ""},
	{"limits", sandbox_limits, "the build could fill the process table", ""},
	{"user namespace", sandbox_spawn, "the build would own its sandbox",
		"raise /proc/sys/user/max_user_namespaces"},
	{"start signal", wait_for_go, "the build would start before its workspace is there", ""},
	{"lock", sandbox_lock, "the root file system could be changed", ""},
	{"execute", sandbox_release, "", ""},
};

/* Clones of what will be collected: they stay when all of this is gone. */
static int report_mounted(struct sandbox *s, struct error *e)
{
	_cleanup_(fd_closep) int out_fd = mounts_clone(s->root_fd, "out", 0, e);
	_cleanup_(fd_closep) int build_fd = mounts_clone(s->root_fd, "build", 0, e);
	int fds[4] = {out_fd, build_fd}, count = 2;

	if (out_fd < 0 || build_fd < 0)
		return -1;
	if (s->user_fd >= 0)
		fds[count++] = s->user_fd;
	if (s->terminal_fd >= 0)
		fds[count++] = s->terminal_fd;
	if (msg_send(s->control, INIT_MOUNTED, NULL, 0, fds, count, e) < 0)
		return -1;
	fd_closep(&s->user_fd);
	return 0;
}

static int wait_for_go(struct sandbox *s, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};

	if (msg_expect(s->control, INIT_GO, &m, e) < 0)
		return -1;
	return s->plan->network != PLAN_NETWORK_NONE ? sandbox_trust(s, &m, e) : 0;
}

static int receive_start(struct sandbox *s, struct error *e)
{
	struct msg m;

	if (msg_expect(s->control, INIT_START, &m, e) < 0)
		return -1;
	s->plan_fd = msg_take_fd(&m, 0);
	if (msg_payload(&m, &s->start, sizeof(s->start)) < 0)
		return error_set(e, EBADMSG, "malformed start message");
	s->plan = plan_map(s->plan_fd, e);
	if (s->plan == NULL)
		return -1;
	if (!s->start.privileged) {
		s->user_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		if (s->user_fd < 0)
			return error_set(e, errno, "cannot open the user namespace");
	}
	return 0;
}

static int walk_steps(struct sandbox *s, struct error *e)
{
	for (size_t i = 0; i < array_size(steps); i++) {
		struct init_step report = {0};

		if (steps[i].run(s, e) < 0) {
			if (steps[i].run != sandbox_release)
				error_wrap(e, "%s", steps[i].name);
			if (steps[i].fix[0] != '\0')
				error_hint(e, "%s", steps[i].fix);
			return -1;
		}
		if (!s->start.report)
			continue;
		strncpy(report.name, steps[i].name, sizeof(report.name) - 1);
		strncpy(report.why, steps[i].why, sizeof(report.why) - 1);
		if (msg_send(s->control, INIT_STEP, &report, sizeof(report), NULL, 0, e) < 0)
			return -1;
	}
	return 0;
}

/* Orphans are reaped on the way. 1 when the build itself has ended. */
static int reap(const struct sandbox *s, int *ret_status)
{
	int status, ended = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == s->build) {
			*ret_status = status;
			ended = 1;
		}
	}
	return ended;
}

/* SIGTERM from the runner goes to all; SIGKILL needs no help from us. */
static int wait_for_build(const struct sandbox *s, int *ret_status, struct error *e)
{
	struct pollfd watched[] = {
		{.fd = s->signal_fd, .events = POLLIN}, {.fd = s->control, .events = 0}};
	struct signalfd_siginfo info;

	while (!reap(s, ret_status)) {
		if (poll(watched, array_size(watched), -1) < 0 && errno != EINTR)
			return error_set(e, errno, "cannot wait for the build");
		if ((watched[1].revents & (POLLHUP | POLLERR)) != 0)
			return error_set(e, ECANCELED, "the runner is gone");
		if (watched[0].revents != 0 &&
			read(s->signal_fd, &info, sizeof(info)) == sizeof(info) &&
			info.ssi_signo == SIGTERM)
			kill(-1, SIGTERM);
	}
	return 0;
}

static int report_exit(const struct sandbox *s, int status, struct error *e)
{
	struct init_exited exited = {.status = status};
	struct rusage usage;

	if (getrusage(RUSAGE_CHILDREN, &usage) == 0) {
		exited.user_us = (uint64_t)usage.ru_utime.tv_sec * 1000000 +
				 (uint64_t)usage.ru_utime.tv_usec;
		exited.system_us = (uint64_t)usage.ru_stime.tv_sec * 1000000 +
				   (uint64_t)usage.ru_stime.tv_usec;
		exited.max_rss_kib = (uint64_t)usage.ru_maxrss;
	}
	return msg_send(s->control, INIT_EXITED, &exited, sizeof(exited), NULL, 0, e);
}

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(struct sandbox *s, struct error *e)
{
	int status = 0;

	s->signal_fd = block_signals();
	if (s->signal_fd < 0)
		return error_set(e, errno, "cannot watch signals");
	if (receive_start(s, e) < 0 || walk_steps(s, e) < 0)
		return -1;
	/* What the build writes to belongs to the build alone from now on. */
	syscall(SYS_close_range, 0U, 2U, 0U);
	if (msg_send(s->control, INIT_EXECED, NULL, 0, NULL, 0, e) < 0)
		return -1;
	if (wait_for_build(s, &status, e) < 0)
		return -1;
	return report_exit(s, status, e);
}

int main(void)
{
	struct sandbox s = {.control = MSG_CONTROL_FD,
		.signal_fd = -1,
		.plan_fd = -1,
		.host_fd = -1,
		.workspace_fd = -1,
		.root_fd = -1,
		.scratch_fd = -1,
		.proc_fd = -1,
		.terminal_fd = -1,
		.user_fd = -1,
		.build_socket = -1};
	struct error e = {0};

	fcntl(MSG_CONTROL_FD, F_SETFD, FD_CLOEXEC);
	if (run(&s, &e) < 0) {
		msg_send_error(s.control, &e);
		return 125;
	}
	return 0;
}
