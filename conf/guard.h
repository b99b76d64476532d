/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* Whose a configuration file has to be, so that only he can have written it. */
struct guard {
	bool user;   /* the caller's or root's; links are his own business */
	uid_t owner; /* else: this one's, and nobody else may write it */
};

/*
 * Both open `path` below dirfd, which messages call `name`, and judge what was opened.
 * 0 with *ret open, 1 when it is absent, -1 with *e filled.
 */
int guard_open_directory(const struct guard *g, int dirfd, const char *path, const char *name,
	int *ret, struct error *e);
int guard_open_file(const struct guard *g, int dirfd, const char *path, const char *name, int *ret,
	struct error *e);
/* The same for a file that nobody but its owner may read, and that is no symbolic link. */
int guard_open_secret(const struct guard *g, int dirfd, const char *path, const char *name,
	int *ret, struct error *e);
/*
 * What a file of a project is allowed to be: a regular one. fd is what opening it gave,
 * with errno when that failed. 0, 1 when it is absent, -1 with *e filled.
 */
int guard_check_hostile(int fd, const char *name, struct error *e);

/*
 * Calls each() with the names of the files *.ini of an open directory, in bytewise order,
 * until it fails; those that begin with '.' do not count. 0, or -1 with *e filled.
 */
typedef int guard_each_fn(const void *context, const char *base, struct error *e);
int guard_each(int fd, const char *name, guard_each_fn *each, const void *context, struct error *e);
