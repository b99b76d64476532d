/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pid 1 makes the one process that enters a further user
 * namespace. That namespace owns nothing: all others belong to pid 1's, so even
 * a build with every capability there can neither mount, nor change the network
 * or the host name, nor touch pid 1. The id map is written before the build's
 * /proc becomes read-only.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

enum { BUILD_MAPPED = MSG_FIRST, BUILD_GO };

static int write_proc(int proc_fd, const char *path, const char *text, struct error *e)
{
	_cleanup_(fd_closep) int fd = openat(proc_fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set(e, errno, "cannot write '/proc/%s'", path);
	return 0;
}

/* Safe as real root: the targets are subordinate ids that no account has. */
static int map_range(const struct sandbox *s, pid_t pid, struct error *e)
{
	char path[64], map[64];

	snprintf(map, sizeof(map), "0 %u 65536\n", s->start.uid_base);
	snprintf(path, sizeof(path), "%d/uid_map", pid);
	if (write_proc(s->proc_fd, path, map, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/gid_map", pid);
	return write_proc(s->proc_fd, path, map, e);
}

/* What anybody may do for himself: one id, and no way to change groups. */
static int map_self(const struct sandbox *s, struct error *e)
{
	char map[64];

	/* Only a dumpable process owns its /proc files; execve(2) would set it anyway. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return error_set(e, errno, "cannot open the build's own /proc");
	if (write_proc(s->proc_fd, "self/setgroups", "deny", e) < 0)
		return -1;
	snprintf(map, sizeof(map), "%llu 0 1\n", (unsigned long long)s->plan->uid);
	if (write_proc(s->proc_fd, "self/uid_map", map, e) < 0)
		return -1;
	snprintf(map, sizeof(map), "%llu 0 1\n", (unsigned long long)s->plan->gid);
	return write_proc(s->proc_fd, "self/gid_map", map, e);
}

__attribute__((noreturn)) static void child_main(struct sandbox *s, int socket)
{
	struct error e = {0};
	struct msg go;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
		(s->start.uid_base == 0 && map_self(s, &e) < 0) ||
		msg_send(socket, BUILD_MAPPED, NULL, 0, NULL, 0, &e) < 0 ||
		msg_expect(socket, BUILD_GO, &go, &e) < 0) {
		msg_send_error(socket, &e);
		_exit(125);
	}
	sandbox_become_build(s, socket);
}

int sandbox_spawn(struct sandbox *s, struct error *e)
{
	struct msg mapped;
	int pair[2];
	pid_t pid;

	if (process_socketpair(pair, e) < 0)
		return -1;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		child_main(s, pair[1]);
	close(pair[1]);
	s->build_socket = pair[0];
	if (pid < 0)
		return error_set(e, errno, "cannot make the build's user namespace");
	s->build = pid;
	if (s->start.uid_base != 0 && map_range(s, pid, e) < 0)
		return -1;
	return msg_expect(s->build_socket, BUILD_MAPPED, &mapped, e);
}

/*
 * The descriptors of all mounts, and whatever else there is: all but two, which
 * pid 1 still needs, and those below, which are the runner and the lock on our ids.
 */
static int close_mounts(struct sandbox *s, struct error *e)
{
	const unsigned int a = (unsigned int)s->signal_fd, b = (unsigned int)s->build_socket;
	const unsigned int low = a < b ? a : b, high = a < b ? b : a;
	const struct {
		unsigned int first, last;
	} gaps[] = {{INIT_LOCK_FD + 1, low - 1}, {low + 1, high - 1}, {high + 1, ~0U}};

	for (size_t i = 0; i < array_size(gaps); i++)
		if (gaps[i].first <= gaps[i].last &&
			syscall(SYS_close_range, gaps[i].first, gaps[i].last, 0U) < 0)
			return error_set(e, errno, "cannot close the descriptors of the mounts");
	s->proc_fd = s->scratch_fd = s->root_fd = -1;
	return 0;
}

int sandbox_lock(struct sandbox *s, struct error *e)
{
	/* Recursive: what covers its entries belongs, with a single id, to the build. */
	if (mounts_set(s->proc_fd, MOUNT_ATTR_RDONLY, 1, e) < 0 ||
		mounts_set(s->root_fd, MOUNT_ATTR_RDONLY, 0, e) < 0)
		return error_wrap(e, "making the root file system read-only");
	return close_mounts(s, e);
}

int sandbox_release(struct sandbox *s, struct error *e)
{
	struct msg answer;

	if (msg_send(s->build_socket, BUILD_GO, NULL, 0, NULL, 0, e) < 0)
		return -1;
	/* Its end closes when the command is executed; before that it may carry an error. */
	if (msg_recv(s->build_socket, &answer, e) < 0)
		return -1;
	if (answer.type == MSG_ERROR && msg_payload(&answer, e, sizeof(*e)) == 0)
		return -1;
	fd_closep(&s->build_socket);
	return 0;
}
