/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner makes a build's namespaces and starts pid 1
 * in them. As root they stay in our own user namespace (only the build enters
 * another); as anybody else a first user namespace owns them. The child shares
 * our memory until it executes, so it only makes system calls; it starts a
 * fresh static program with an empty environment, so nothing of ours is
 * inherited but four descriptors.
 */
#include "runner/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

enum {
	NAMESPACES = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		     CLONE_NEWCGROUP,
	STACK_SIZE = 64 * 1024
};

struct child {
	const struct launch_stdio *stdio;
	int program_fd, socket, lock_fd;
	bool map_ids;
	uid_t uid;
	gid_t gid;
	struct error *e; /* in shared memory: filled when the child fails */
};

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return result;
}

/* Our own id becomes 0 in the new user namespace, so that execve(2) keeps its capabilities. */
static int map_self(const struct child *c)
{
	char map[64];

	if (write_text("/proc/self/setgroups", "deny") < 0)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1\n", c->uid);
	if (write_text("/proc/self/uid_map", map) < 0)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1\n", c->gid);
	return write_text("/proc/self/gid_map", map);
}

/* The descriptors are moved out of the way first, because they may be 0, 1, 2 or 3. */
static int arrange_fds(const struct child *c)
{
	int in = fcntl(c->stdio->in_fd, F_DUPFD_CLOEXEC, 10);
	int out = fcntl(c->stdio->out_fd, F_DUPFD_CLOEXEC, 10);
	int err = fcntl(c->stdio->err_fd, F_DUPFD_CLOEXEC, 10);
	int control = fcntl(c->socket, F_DUPFD_CLOEXEC, 10);
	int lock = c->lock_fd < 0 ? -1 : fcntl(c->lock_fd, F_DUPFD_CLOEXEC, 10);

	if (in < 0 || out < 0 || err < 0 || control < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
		dup2(err, 2) < 0 || dup2(control, MSG_CONTROL_FD) < 0)
		return -1;
	/* Across execve(2), so that the id range stays taken as long as pid 1 lives. */
	if (lock >= 0 && dup2(lock, INIT_LOCK_FD) < 0)
		return -1;
	/* Also what our caller left open for us. */
	return close_range(INIT_LOCK_FD + (lock >= 0), ~0U, CLOSE_RANGE_CLOEXEC);
}

static int child_main(void *argument)
{
	struct child *c = argument;
	static char *const argv[] = {(char *)(uintptr_t) "cupel-init", NULL}, *const empty[] = {
										      NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (c->map_ids && map_self(c) < 0) {
		error_set(c->e, errno, "cannot map the ids of a user namespace");
		error_hint(c->e, "unprivileged user namespaces are restricted here: see "
				 "'cupel doctor'");
	} else if (setpriority(PRIO_PROCESS, 0, 0) < 0 && errno != EACCES && errno != EPERM) {
		error_set(c->e, errno, "cannot set the priority");
	} else if (arrange_fds(c) < 0) {
		error_set(c->e, errno, "cannot arrange the descriptors of cupel-init");
	} else {
		syscall(SYS_execveat, c->program_fd, "", argv, empty, AT_EMPTY_PATH);
		error_set(c->e, errno, "cannot execute cupel-init");
	}
	_exit(125);
}

static int clone_child(struct child *c, bool privileged, int *ret_pidfd, struct error *e)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	int flags = NAMESPACES | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD |
		    (privileged ? 0 : CLONE_NEWUSER);
	pid_t pid = clone(child_main, stack + sizeof(stack), flags, c, ret_pidfd);

	if (pid >= 0)
		return pid;
	error_set(e, errno, "cannot make the namespaces of the sandbox");
	if (e->errnum == EPERM)
		error_hint(
			e, "unprivileged user namespaces are forbidden here: see 'cupel doctor'");
	if (e->errnum == ENOSPC)
		error_hint(e, "raise the limits in /proc/sys/user/max_*_namespaces");
	return -1;
}

static int send_start(const struct launch *l, const struct launch_ids *ids, int plan_fd,
	const struct launch_stdio *stdio, struct error *e)
{
	struct init_start start = {.uid_base = ids->uid_base,
		.privileged = ids->privileged,
		.report = stdio->report,
		.rows = stdio->rows,
		.columns = stdio->columns,
		.port_count = stdio->port_count};

	memcpy(start.ports, stdio->ports, sizeof(start.ports));
	return msg_send(l->init.socket, INIT_START, &start, sizeof(start), &plan_fd, 1, e);
}

int launch_start(struct launch *l, const struct launch_ids *ids, int plan_fd,
	const struct launch_stdio *stdio, struct error *e)
{
	_cleanup_(fd_closep) int program_fd = process_open_program("cupel-init", e);
	_cleanup_(fd_closep) int ours = -1, theirs = -1;
	struct child c = {.stdio = stdio,
		.program_fd = program_fd,
		.lock_fd = ids->lock_fd,
		.map_ids = !ids->privileged,
		.uid = geteuid(),
		.gid = getegid(),
		.e = e};
	int pair[2], pidfd = -1;
	pid_t pid;

	if (program_fd < 0 || process_socketpair(pair, e) < 0)
		return -1;
	ours = pair[0];
	theirs = c.socket = pair[1];
	e->what[0] = '\0';
	pid = clone_child(&c, ids->privileged, &pidfd, e);
	if (pid < 0)
		return -1;
	l->init = (struct process){
		.pid = pid, .pidfd = pidfd, .socket = take_fd(&ours), .name = "cupel-init"};
	if (e->what[0] != '\0')
		return error_wrap(e, "sandbox");
	return send_start(l, ids, plan_fd, stdio, e);
}

/*
 * A clone's descriptor is O_PATH. It is opened for reading now, because later
 * the build may have taken the permission away; the mount lives as long as it.
 */
static int open_clone(struct msg *m, int i)
{
	_cleanup_(fd_closep) int clone_fd = msg_take_fd(m, i);

	return openat(clone_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int launch_mounted(struct launch *l, const struct launch_ids *ids, struct msg *m, struct error *e)
{
	int next = 0;

	l->out_fd = open_clone(m, next++);
	l->build_fd = open_clone(m, next++);
	if (!ids->privileged)
		l->user_fd = msg_take_fd(m, next++);
	l->terminal_fd = msg_take_fd(m, next);
	msg_deinit(m);
	if (l->out_fd < 0 || l->build_fd < 0 || (!ids->privileged && l->user_fd < 0))
		return error_set(e, EBADMSG, "sandbox: descriptors are missing");
	return 0;
}

void launch_deinit(struct launch *l)
{
	process_deinit(&l->init);
	fd_closep(&l->out_fd);
	fd_closep(&l->build_fd);
	fd_closep(&l->user_fd);
	fd_closep(&l->terminal_fd);
}
