/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct error;

/* The mount API by descriptor (Linux 5.12, mount_setattr(2)): no path of the build is walked. */

/* One parameter of a new file system; value NULL for a flag. */
struct mount_option {
	const char *key;
	const char *value;
};
/* A new file system, detached. attributes: MOUNT_ATTR_*. fd, or -1 with *e filled. */
int mounts_new(const char *type, const struct mount_option *options, size_t count,
	uint64_t attributes, struct error *e);
/*
 * A detached clone of the tree at path below dirfd ("" for dirfd itself), with
 * attributes set on all of it. fd, or -1 with *e filled.
 */
int mounts_clone(int dirfd, const char *path, uint64_t attributes, struct error *e);
/* Attaches a detached mount at path below dirfd. 0, or -1 with *e filled. */
int mounts_attach(int mount_fd, int dirfd, const char *path, struct error *e);
/*
 * clone + attach: from (below from_fd) appears at to (below to_fd). The clone's
 * descriptor is left open: pid 1 closes all of them at once (sandbox_lock).
 */
int mounts_bind(int from_fd, const char *from, int to_fd, const char *to, uint64_t attributes,
	struct error *e);
/* Sets attributes on one mount or, with recursive, on the tree below it. */
int mounts_set(int mount_fd, uint64_t attributes, int recursive, struct error *e);

/* A file with this content below dirfd. 0, or -1 with *e filled. */
int mounts_put_file(
	int dirfd, const char *path, mode_t mode, const char *content, size_t n, struct error *e);
/* An empty directory, an empty file, a symbolic link. */
int mounts_put_dir(int dirfd, const char *path, mode_t mode, struct error *e);
int mounts_put_empty(int dirfd, const char *path, struct error *e);
int mounts_put_link(int dirfd, const char *path, const char *target, struct error *e);
