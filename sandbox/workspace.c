/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: how the workspace comes to /build when it is not copied
 * there: as the read-only lower of an overlay, or read-only as it is. Run by
 * pid 1; the directory is the caller's and hostile, and is only cloned by
 * descriptor, never walked. As real root its owner appears as the build's id
 * through an id-mapped clone, so no file has to change hands.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

/* Safe as real root: the map only lends the owner's files to the build, read-only. */
static int map_owner(const struct sandbox *s, int mount_fd, struct error *e)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	_cleanup_(fd_closep) int user_fd = -1;
	struct stat st;

	if (fstat(s->workspace_fd, &st) < 0)
		return error_set(e, errno, "cannot examine the workspace");
	user_fd = sandbox_idmap_fd(s, st.st_uid, st.st_gid, e);
	if (user_fd < 0)
		return -1;
	attr.userns_fd = (unsigned int)user_fd;
	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0) {
		error_set(e, errno, "cannot map the owner of the workspace");
		return error_hint(e, "its file system cannot be id-mapped: set 'mode = copy' in "
				     "section [workspace], or use --no-overlay");
	}
	return 0;
}

static int clone_workspace(const struct sandbox *s, struct error *e)
{
	_cleanup_(fd_closep) int fd = mounts_clone(
		s->workspace_fd, "", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);

	if (fd < 0 || (s->start.uid_base != 0 && map_owner(s, fd, e) < 0))
		return -1;
	return take_fd(&fd);
}

/* The lower needs a place in our mount namespace; /run is where nothing else is. */
static int mount_overlay(const struct sandbox *s, int lower_fd, struct error *e)
{
	char lower[64], upper[64], work[64];
	const struct mount_option options[] = {{"source", "build"}, {"lowerdir", lower},
		{"upperdir", upper}, {"workdir", work},
		{s->start.privileged ? "volatile" : "userxattr", NULL}};
	_cleanup_(fd_closep) int upper_fd = -1, work_fd = -1, fd = -1;

	if (mounts_attach(lower_fd, s->root_fd, "run", e) < 0 ||
		mounts_put_dir(s->scratch_fd, "work", 0700, e) < 0)
		return -1;
	upper_fd = openat(s->scratch_fd, "build", O_PATH | O_DIRECTORY | O_CLOEXEC);
	work_fd = openat(s->scratch_fd, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper_fd < 0 || work_fd < 0)
		return error_set(e, errno, "cannot open the overlay's directories");
	/* The host's /proc is not ours to use any more; ours has no path yet. */
	if (fchdir(s->proc_fd) < 0)
		return error_set(e, errno, "cannot enter /proc");
	snprintf(lower, sizeof(lower), "self/fd/%d", lower_fd);
	snprintf(upper, sizeof(upper), "self/fd/%d", upper_fd);
	snprintf(work, sizeof(work), "self/fd/%d", work_fd);
	fd = mounts_new(
		"overlay", options, array_size(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	if (fd < 0)
		return error_hint(
			e, "load the module with 'modprobe overlay', or use --no-overlay");
	return mounts_attach(fd, s->root_fd, "build", e);
}

/*
 * The overlay has a mount of its own of the lower. Covered, this one would still
 * show in the list of mounts, with the path of the workspace on the host.
 */
static int drop_lower(const struct sandbox *s, struct error *e)
{
	if (fchdir(s->root_fd) < 0 || umount2("run", MNT_DETACH) < 0)
		return error_set(e, errno, "cannot let go of the workspace");
	return 0;
}

int sandbox_workspace(struct sandbox *s, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;

	if (s->plan->workspace == PLAN_WORKSPACE_COPY)
		return 0;
	fd = clone_workspace(s, e);
	if (fd < 0)
		return -1;
	if (s->plan->workspace == PLAN_WORKSPACE_READONLY)
		return mounts_attach(fd, s->root_fd, "build", e);
	return mount_overlay(s, fd, e) < 0 ? -1 : drop_lower(s, e);
}
