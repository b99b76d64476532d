/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: everything that the build can write to is one tmpfs of
 * limited size, whose directories appear where the build expects them. It never
 * has a path on the host, and is gone when its last descriptor is. Run by pid 1;
 * the directories are given to the build's id, which as real root is a
 * subordinate one (chown safe: by descriptor, in a tmpfs that only we see).
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

static const struct {
	const char *name; /* in the tmpfs */
	const char *path; /* in the root */
	mode_t mode;
} places[] = {
	{"tmp", "tmp", 01777},
	{"shm", "dev/shm", 01777},
	{"home", "home/build", 0755},
	{"out", "out", 0755},
	/* last: it covers the place where the tmpfs itself is attached */
	{"build", "build", 0755},
};

static int put_place(const struct sandbox *s, size_t i, struct error *e)
{
	const char *name = places[i].name;

	if (mkdirat(s->scratch_fd, name, places[i].mode) < 0)
		return error_set(e, errno, "cannot make the directory '%s'", places[i].path);
	if (s->start.uid_base != 0 &&
		fchownat(s->scratch_fd, name, s->start.uid_base + (uid_t)s->plan->uid,
			s->start.uid_base + (gid_t)s->plan->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(e, errno, "cannot give '%s' to the build", places[i].path);
	/* Without access times, which would tell one build from another. */
	return mounts_bind(s->scratch_fd, name, s->root_fd, places[i].path,
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOATIME, e);
}

int sandbox_scratch(struct sandbox *s, struct error *e)
{
	char size[32], inodes[32];
	const struct mount_option options[] = {
		{"size", size}, {"nr_inodes", inodes}, {"mode", "0711"}, {"source", "scratch"}};

	snprintf(size, sizeof(size), "%llu", (unsigned long long)s->plan->scratch_bytes);
	snprintf(inodes, sizeof(inodes), "%llu", (unsigned long long)s->plan->scratch_inodes);
	s->scratch_fd = mounts_new(
		"tmpfs", options, array_size(options), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, e);
	if (s->scratch_fd < 0 || mounts_attach(s->scratch_fd, s->root_fd, "build", e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(places); i++)
		if (put_place(s, i, e) < 0)
			return -1;
	return 0;
}
