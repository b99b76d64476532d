/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the root file system of the build: a tmpfs that we fill
 * and then make read-only, the host's /usr read-only in it. Run by pid 1 with
 * all capabilities over its own mount namespace. The only paths walked are the
 * host's own /usr and its merged-usr links, which belong to the host's root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

/* As real root our mounts would otherwise show, and stay, on the host. */
static int leave_propagation(const struct sandbox *s, struct error *e)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	if (s->start.privileged && mount_setattr(s->host_fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
					   &attr, sizeof(attr)) < 0)
		return error_set(e, errno, "cannot make the mounts private");
	return 0;
}

int sandbox_root(struct sandbox *s, struct error *e)
{
	static const struct mount_option options[] = {
		{"size", "4m"}, {"nr_inodes", "512"}, {"mode", "0755"}, {"source", "root"}};
	static const char *const dirs[] = {"usr", "etc", "dev", "proc", "tmp", "build", "out",
		"home", "home/build", "run", "var"};

	s->host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->workspace_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->host_fd < 0 || s->workspace_fd < 0)
		return error_set(e, errno, "cannot open the host's root and the workspace");
	if (leave_propagation(s, e) < 0)
		return -1;
	s->root_fd = mounts_new("tmpfs", options, array_size(options), MOUNT_ATTR_NOSUID, e);
	/*
	 * Any directory would do that we need no more; on "/" itself it would make us
	 * look chrooted, and a user namespace is refused to those.
	 */
	if (s->root_fd < 0 || mounts_attach(s->root_fd, s->host_fd, "proc", e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(dirs); i++)
		if (mounts_put_dir(s->root_fd, dirs[i], 0755, e) < 0)
			return -1;
	return mounts_put_link(s->root_fd, "var/tmp", "../tmp", e);
}

/* /bin, /lib and their like: a link on merged-usr hosts, else a directory of its own. */
static int copy_usr_link(const struct sandbox *s, const char *name, struct error *e)
{
	char target[64];
	ssize_t n = readlinkat(s->host_fd, name, target, sizeof(target) - 1);

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n >= 0) {
		target[n] = '\0';
		return mounts_put_link(s->root_fd, name, target, e);
	}
	if (mounts_put_dir(s->root_fd, name, 0755, e) < 0)
		return -1;
	return mounts_bind(s->host_fd, name, s->root_fd, name,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
}

int sandbox_usr(struct sandbox *s, struct error *e)
{
	static const char *const links[] = {"bin", "sbin", "lib", "lib64", "lib32", "libx32"};

	if (mounts_bind(s->host_fd, "usr", s->root_fd, "usr",
		    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(links); i++)
		if (copy_usr_link(s, links[i], e) < 0)
			return -1;
	return 0;
}

/*
 * After this the host's file systems cannot be named any more: the old root is
 * below the new one only between these two calls.
 */
int sandbox_pivot(struct sandbox *s, struct error *e)
{
	if (fchdir(s->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return error_set(e, errno, "cannot change the root file system");
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(e, errno, "cannot let go of the host's file systems");
	if (chdir("/") < 0)
		return error_set(e, errno, "cannot enter the new root");
	fd_closep(&s->host_fd);
	fd_closep(&s->workspace_fd);
	return 0;
}
