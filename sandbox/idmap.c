/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: makes the user namespace that an id-mapped mount needs.
 * Only real root comes here. A child that does nothing but wait owns the new
 * namespace while its map is written and its descriptor is taken; the map never
 * names a host id as target, only the build's subordinate range.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/state.h"

enum { IDS = 65536 };

static void put_range(char *out, size_t size, uint32_t from, uint32_t to, uint32_t count)
{
	size_t used = strlen(out);

	if (count > 0)
		snprintf(out + used, size - used, "%u %u %u\n", from, to, count);
}

/* The owner of the workspace and the build's id change places; all others keep theirs. */
static void put_map(char *out, size_t size, uint32_t owner, uint32_t id, uint32_t base)
{
	uint32_t low = owner < id ? owner : id, high = owner < id ? id : owner;

	out[0] = '\0';
	if (owner == id) {
		put_range(out, size, 0, base, IDS);
		return;
	}
	if (owner >= IDS) {
		put_range(out, size, 0, base, id);
		put_range(out, size, owner, base + id, 1);
		put_range(out, size, id + 1, base + id + 1, IDS - id - 1);
		return;
	}
	put_range(out, size, 0, base, low);
	put_range(out, size, low, base + high, 1);
	put_range(out, size, low + 1, base + low + 1, high - low - 1);
	put_range(out, size, high, base + low, 1);
	put_range(out, size, high + 1, base + high + 1, IDS - high - 1);
}

static int write_map(
	const struct sandbox *s, pid_t pid, const char *name, const char *map, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", pid, name);
	fd = openat(s->proc_fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) != (ssize_t)strlen(map))
		return error_set(e, errno, "cannot write the id map");
	return 0;
}

static int map_and_open(
	const struct sandbox *s, pid_t pid, uid_t owner, gid_t group, struct error *e)
{
	char map[256], path[64];
	int fd;

	put_map(map, sizeof(map), owner, (uint32_t)s->plan->uid, s->start.uid_base);
	if (write_map(s, pid, "uid_map", map, e) < 0)
		return -1;
	put_map(map, sizeof(map), group, (uint32_t)s->plan->gid, s->start.uid_base);
	if (write_map(s, pid, "gid_map", map, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/ns/user", pid);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set(e, errno, "cannot open a user namespace") : fd;
}

int sandbox_idmap_fd(const struct sandbox *s, uid_t owner, gid_t group, struct error *e)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	int fd;

	if (pid == 0)
		for (;;)
			pause();
	if (pid < 0)
		return error_set(e, errno, "cannot make a user namespace");
	fd = map_and_open(s, pid, owner, group, e);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return fd;
}
