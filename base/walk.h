/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct error;

/*
 * A walk over a tree that somebody else shaped: depth first, names of each
 * directory in bytewise order, a directory before what is in it. Every step
 * goes through fd_open_beneath(), so neither a symbolic link nor a mount point
 * nor ".." leads out; a file system boundary is an error.
 */
struct walk_entry {
	const char *path; /* relative to the root, valid during the visit */
	const char *name; /* last component of path */
	int dirfd;	  /* directory that holds it; open it with fd_open_beneath(dirfd, name) */
	int depth;	  /* 1 for what lies directly in the root */
	struct stat st;	  /* of the entry itself (AT_SYMLINK_NOFOLLOW) */
};

/* Return 0 to go on, WALK_SKIP not to enter this directory, -1 with *e filled to end the walk. */
enum { WALK_SKIP = 1 };
typedef int walk_visit(void *context, const struct walk_entry *entry, struct error *e);

struct walk_options {
	/* Names left out at the top level, NULL-terminated; or NULL. "x*": all that begin with x.
	 */
	const char *const *skip;
	int max_depth;	      /* deeper: error ELOOP; at most WALK_DEPTH_MAX */
	uint64_t max_entries; /* more: error EFBIG; 0 for no limit */
};
enum { WALK_DEPTH_MAX = 256 };

/* rootfd must be a readable directory; it stays the caller's. 0, or -1 with *e filled. */
int walk_tree(int rootfd, const struct walk_options *options, walk_visit *visit, void *context,
	struct error *e);
