/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: mounting by descriptor, run by pid 1 of the sandbox with
 * all capabilities in the user namespace that owns its mount namespace. Safe
 * because each target is a place in a tmpfs that we made a moment ago and that
 * nobody else can see yet: there is no path which a build, an image or a
 * repository has shaped.
 */
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

int mounts_new(const char *type, const struct mount_option *options, size_t count,
	uint64_t attributes, struct error *e)
{
	_cleanup_(fd_closep) int context = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (context < 0)
		return error_set(e, errno, "cannot make a file system of type '%s'", type);
	for (size_t i = 0; i < count; i++) {
		unsigned int command =
			options[i].value == NULL ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;

		if (fsconfig(context, command, options[i].key, options[i].value, 0) < 0)
			return error_set(
				e, errno, "cannot set '%s' of a new '%s'", options[i].key, type);
	}
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return error_set(e, errno, "cannot create a '%s'", type);
	fd = fsmount(context, FSMOUNT_CLOEXEC, (unsigned int)attributes);
	return fd < 0 ? error_set(e, errno, "cannot mount a '%s'", type) : fd;
}

int mounts_set(int mount_fd, uint64_t attributes, int recursive, struct error *e)
{
	/* Access times are one choice of several, which must be cleared to be set. */
	struct mount_attr attr = {.attr_set = attributes,
		.attr_clr = (attributes & MOUNT_ATTR_NOATIME) != 0 ? MOUNT_ATTR__ATIME : 0};
	unsigned int flags = AT_EMPTY_PATH | (recursive ? (unsigned int)AT_RECURSIVE : 0);

	if (mount_setattr(mount_fd, "", flags, &attr, sizeof(attr)) < 0)
		return error_set(e, errno, "cannot set the attributes of a mount");
	return 0;
}

int mounts_clone(int dirfd, const char *path, uint64_t attributes, struct error *e)
{
	_cleanup_(fd_closep) int fd = open_tree(
		dirfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);

	if (fd < 0)
		return error_set(e, errno, "cannot take the tree at '%s'", path);
	if (attributes != 0 && mounts_set(fd, attributes, 1, e) < 0)
		return error_wrap(e, "'%s'", path);
	return take_fd(&fd);
}

int mounts_attach(int mount_fd, int dirfd, const char *path, struct error *e)
{
	if (move_mount(mount_fd, "", dirfd, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return error_set(e, errno, "cannot mount on '/%s'", path);
	return 0;
}

int mounts_bind(int from_fd, const char *from, int to_fd, const char *to, uint64_t attributes,
	struct error *e)
{
	int fd = mounts_clone(from_fd, from, attributes, e);

	return fd < 0 ? -1 : mounts_attach(fd, to_fd, to, e);
}

int mounts_put_file(
	int dirfd, const char *path, mode_t mode, const char *content, size_t n, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		openat(dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0 || fd_write_all(fd, content, n) < 0)
		return error_set(e, errno, "cannot write '/%s'", path);
	return 0;
}

int mounts_put_dir(int dirfd, const char *path, mode_t mode, struct error *e)
{
	if (mkdirat(dirfd, path, mode) < 0)
		return error_set(e, errno, "cannot make the directory '/%s'", path);
	return 0;
}

int mounts_put_empty(int dirfd, const char *path, struct error *e)
{
	if (mknodat(dirfd, path, S_IFREG | 0444, 0) < 0)
		return error_set(e, errno, "cannot make '/%s'", path);
	return 0;
}

int mounts_put_link(int dirfd, const char *path, const char *target, struct error *e)
{
	if (symlinkat(target, dirfd, path) < 0)
		return error_set(e, errno, "cannot make the link '/%s'", path);
	return 0;
}
