/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on the tree of mounts: what is read-only, what is covered, what is the root. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attack.h"

enum { MOUNTS_MAX = 128 };

static char points[MOUNTS_MAX][256];
static int point_count;

/* The mount points, last first: what covers comes before what is covered. */
static void read_mounts(void)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL && point_count < MOUNTS_MAX)
		if (sscanf(line, "%*s %*s %*s %*s %255s", points[point_count]) == 1)
			point_count++;
	if (file != NULL)
		fclose(file);
}

/* Tries it on every mount; try gives what its system call gave. */
static enum outcome on_every_mount(const char *what, long (*try)(const char *point))
{
	read_mounts();
	if (point_count == 0)
		return escaped("there is no list of mounts");
	for (int i = point_count - 1; i >= 0; i--) {
		if (try(points[i]) >= 0)
			return escaped("%s %s", what, points[i]);
		if (!is_refusal(errno))
			return escaped("%s %s was not refused but failed: %s", what, points[i],
				strerror(errno));
	}
	return blocked("%s: none of %d mounts", what, point_count);
}

static long remount_writable(const char *point)
{
	return mount(NULL, point, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long remount_super(const char *point)
{
	return mount(NULL, point, NULL, MS_REMOUNT, NULL);
}

static long clear_attributes(const char *point)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};

	return mount_setattr(AT_FDCWD, point, 0, &attr, sizeof(attr));
}

static long unmount(const char *point)
{
	return umount2(point, MNT_DETACH);
}

static long bind_over(const char *point)
{
	return mount("/tmp", point, NULL, MS_BIND, NULL);
}

static long share(const char *point)
{
	return mount(NULL, point, NULL, MS_SHARED | MS_REC, NULL);
}

static long move_away(const char *point)
{
	return mount(point, "/tmp", NULL, MS_MOVE, NULL);
}

static long clone_tree(const char *point)
{
	return syscall(SYS_open_tree, AT_FDCWD, point, OPEN_TREE_CLONE | AT_RECURSIVE);
}

static long pick(const char *point)
{
	return syscall(SYS_fspick, AT_FDCWD, point, 0);
}

static enum outcome try_remount(const struct attack *a)
{
	(void)a;
	return on_every_mount("remounting", remount_writable);
}

static enum outcome try_remount_super(const struct attack *a)
{
	(void)a;
	return on_every_mount("remounting the file system at", remount_super);
}

static enum outcome try_attributes(const struct attack *a)
{
	(void)a;
	return on_every_mount("mount_setattr", clear_attributes);
}

static enum outcome try_unmount(const struct attack *a)
{
	(void)a;
	return on_every_mount("unmounting", unmount);
}

static enum outcome try_bind(const struct attack *a)
{
	(void)a;
	return on_every_mount("binding over", bind_over);
}

static enum outcome try_share(const struct attack *a)
{
	(void)a;
	return on_every_mount("sharing", share);
}

static enum outcome try_move(const struct attack *a)
{
	(void)a;
	return on_every_mount("moving", move_away);
}

static enum outcome try_clone(const struct attack *a)
{
	(void)a;
	return on_every_mount("open_tree", clone_tree);
}

static enum outcome try_pick(const struct attack *a)
{
	(void)a;
	return on_every_mount("fspick", pick);
}

static enum outcome try_types(const struct attack *a)
{
	static const char *const types[] = {"tmpfs", "proc", "sysfs", "devpts", "cgroup2", "mqueue",
		"overlay", "ramfs", "debugfs"};

	(void)a;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (mount("none", "/tmp", types[i], 0, NULL) == 0 || !is_refusal(errno))
			return escaped("mounting a %s: %s", types[i], strerror(errno));
	return blocked("none of %zu types", sizeof(types) / sizeof(types[0]));
}

static enum outcome try_new_api(const struct attack *a)
{
	static const char *const types[] = {"tmpfs", "proc", "sysfs", "ext4", "overlay"};

	(void)a;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (syscall(SYS_fsopen, types[i], 0) >= 0 ||
			(!is_refusal(errno) && errno != ENODEV))
			return escaped("fsopen of %s: %s", types[i], strerror(errno));
	return blocked("%s", strerror(errno));
}

/* The classical way: a user namespace of one's own, and in it all capabilities. */
static enum outcome try_own_namespace(const struct attack *a)
{
	(void)a;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 && !is_refusal(errno))
		return escaped("unshare: %s", strerror(errno));
	if (mount("none", "/tmp", "tmpfs", 0, NULL) == 0)
		return escaped("a tmpfs can be mounted");
	return try_unmount(a);
}

static enum outcome try_pivot(const struct attack *a)
{
	(void)a;
	if (chdir("/tmp") < 0)
		return not_applicable("there is no /tmp");
	return judge("pivot_root", syscall(SYS_pivot_root, ".", "."), 0);
}

static enum outcome try_chroot(const struct attack *a)
{
	(void)a;
	return judge("chroot", chroot("/tmp"), 0);
}

const struct attack attacks_mounts[] = {
	{"remount-writable", "mounts", try_remount},
	{"remount-super", "mounts", try_remount_super},
	{"mount-setattr", "mounts", try_attributes},
	{"unmount", "mounts", try_unmount},
	{"bind-over", "mounts", try_bind},
	{"share-mounts", "mounts", try_share},
	{"move-mounts", "mounts", try_move},
	{"clone-trees", "mounts", try_clone},
	{"pick-filesystems", "mounts", try_pick},
	{"mount-types", "mounts", try_types},
	{"new-mount-api", "mounts", try_new_api},
	{"mount-in-namespace", "mounts", try_own_namespace},
	{"pivot-root", "mounts", try_pivot},
	{"chroot", "mounts", try_chroot},
	{"move-mount", "mounts", attack_call, SYS_move_mount, {0, (long)"", 0, (long)"", 4}},
	{"fsconfig", "mounts", attack_call, SYS_fsconfig, {0, 6, 0, 0, 0}},
	{"fsmount", "mounts", attack_call, SYS_fsmount, {0, 0, 0}},
	{.name = NULL},
};
