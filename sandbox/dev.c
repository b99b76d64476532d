/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: /dev from nothing: six nodes of the host's, each bound by
 * name, because nobody but real root may make one and all builds shall look the
 * same; and a devpts of the sandbox's own. The build can make no device node and
 * mounts nothing, so these are all that it will ever open.
 */
#include <sys/mount.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

static const char *const nodes[] = {
	"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom", "dev/tty"};

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

static int put_pts(const struct sandbox *s, struct error *e)
{
	static const struct mount_option options[] = {
		{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"max", "64"}};
	_cleanup_(fd_closep) int fd = mounts_new(
		"devpts", options, array_size(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e);

	return fd < 0 ? -1 : mounts_attach(fd, s->root_fd, "dev/pts", e);
}

int sandbox_dev(struct sandbox *s, struct error *e)
{
	for (size_t i = 0; i < array_size(nodes); i++)
		if (mounts_put_empty(s->root_fd, nodes[i], e) < 0 ||
			mounts_bind(s->host_fd, nodes[i], s->root_fd, nodes[i],
				MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, e) < 0)
			return -1;
	for (size_t i = 0; i < array_size(links); i++)
		if (mounts_put_link(s->root_fd, links[i].path, links[i].target, e) < 0)
			return -1;
	if (mounts_put_dir(s->root_fd, "dev/shm", 01777, e) < 0 ||
		mounts_put_dir(s->root_fd, "dev/pts", 0755, e) < 0)
		return -1;
	return put_pts(s, e);
}
