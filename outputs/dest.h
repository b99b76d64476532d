/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/walk.h"

struct error;

/* What a copied object looks like when it is done. */
struct dest_look {
	unsigned int mode; /* of files and directories */
	struct timespec mtime;
	uid_t uid; /* -1: stays as created */
	gid_t gid;
};

/* mtime, or `latest` seconds when it is later than that. */
struct timespec dest_clamp(struct timespec mtime, int64_t latest);

/*
 * A directory of ours that is being filled, in the order of items_sort_by_tree():
 * a directory gets its looks when the first path outside it comes. Paths are
 * relative; their parents must have been made here before.
 */
struct dest {
	int root_fd; /* the caller's */
	int depth;   /* how many directories are open */
	struct dest_level {
		int fd;
		struct dest_look look;
	} open[WALK_DEPTH_MAX + 1];
};

/* Takes the directory over from whoever owns it. 0 or -1. */
int dest_begin(struct dest *d, int root_fd, struct error *e);
int dest_mkdir(struct dest *d, const char *path, const struct dest_look *look, struct error *e);
int dest_symlink(struct dest *d, const char *path, const char *target, const struct dest_look *look,
	struct error *e);
/* A new file, open for writing: fd, or -1. Its looks are for the writer to set (dest_finish). */
int dest_create(struct dest *d, const char *path, unsigned int mode, struct error *e);
/* Finishes every open directory. 0 or -1. */
int dest_end(struct dest *d, struct error *e);
/* For _cleanup_: closes what dest_end() did not. */
void dest_deinit(struct dest *d);

/* Sets time and owner of what fd (O_PATH is enough) refers to. 0 or -1. */
int dest_finish(int fd, const char *path, const struct dest_look *look, struct error *e);
