/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: /dev from nothing, nothing of the image's own. Real root
 * makes the six nodes in the root tmpfs; anybody else cannot and binds the
 * host's six by name. The build can make no device node and mounts nothing, so
 * these are all that it will ever open.
 */
#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

static const struct {
	const char *path;
	unsigned int minor, major;
} nodes[] = {
	{"dev/null", 3, 1},
	{"dev/zero", 5, 1},
	{"dev/full", 7, 1},
	{"dev/random", 8, 1},
	{"dev/urandom", 9, 1},
	{"dev/tty", 0, 5},
};

static const struct {
	const char *path;
	const char *target;
} links[] = {
	{"dev/ptmx", "pts/ptmx"},
	{"dev/fd", "/proc/self/fd"},
	{"dev/stdin", "/proc/self/fd/0"},
	{"dev/stdout", "/proc/self/fd/1"},
	{"dev/stderr", "/proc/self/fd/2"},
};

static int put_node(const struct sandbox *s, size_t i, struct error *e)
{
	if (!s->start.privileged)
		return mounts_put_empty(s->root_fd, nodes[i].path, e) < 0
			? -1
			: mounts_bind(s->host_fd, nodes[i].path, s->root_fd, nodes[i].path,
				  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);
	/* Safe as real root: a constant number, in a directory that only we can see. */
	if (mknodat(s->root_fd, nodes[i].path, S_IFCHR | 0666,
		    makedev(nodes[i].major, nodes[i].minor)) < 0)
		return error_set(e, errno, "cannot make '/%s'", nodes[i].path);
	return 0;
}

static int put_pts(const struct sandbox *s, struct error *e)
{
	static const struct mount_option options[] = {
		{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"max", "64"}};
	_cleanup_(fd_closep) int fd = mounts_new("devpts", options, array_size(options),
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	return fd < 0 ? -1 : mounts_attach(fd, s->root_fd, "dev/pts", e);
}

int sandbox_dev(struct sandbox *s, struct error *e)
{
	for (size_t i = 0; i < array_size(nodes); i++)
		if (put_node(s, i, e) < 0)
			return -1;
	for (size_t i = 0; i < array_size(links); i++)
		if (mounts_put_link(s->root_fd, links[i].path, links[i].target, e) < 0)
			return -1;
	if (mounts_put_dir(s->root_fd, "dev/shm", 01777, e) < 0 ||
		mounts_put_dir(s->root_fd, "dev/pts", 0755, e) < 0)
		return -1;
	return put_pts(s, e);
}
