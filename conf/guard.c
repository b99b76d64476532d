/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner with the caller's privileges, before
 * anything else is done. What makes an administrator's file the administrator's
 * is its owner and mode, looked at on the open descriptor, and those of the
 * directory, because whoever can rename files there chooses among root's files.
 * Nothing is waited for, so that a FIFO in the place of a file does nothing.
 */
#include "conf/guard.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

enum {
	FILES_MAX = 256,
	OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
	OPEN_DIRECTORY = O_RDONLY | O_CLOEXEC | O_DIRECTORY
};

/* Only whoever may set the keys of this level can have written what fd is. */
static int check_owner(int fd, uid_t owner, const char *name, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", name);
	if (st.st_uid != owner) {
		error_set_kind(e, ERROR_POLICY, 0, "'%s' belongs to uid %u, not to %s", name,
			st.st_uid, owner == 0 ? "root" : "its administrator");
		return error_hint(e, "look at what is in it, then run 'chown root:root %s'", name);
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		error_set_kind(
			e, ERROR_POLICY, 0, "'%s' can be written by others than its owner", name);
		return error_hint(e, "look at what is in it, then run 'chmod go-w %s'", name);
	}
	return 0;
}

/* A user's file; root's will do as well, so that an administrator may provide one. */
static int check_user(int fd, const char *name, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", name);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & S_IWOTH) != 0) {
		error_set_kind(e, ERROR_POLICY, 0,
			"'%s' is not yours alone (it belongs to uid %u, mode %04o)", name,
			st.st_uid, st.st_mode & 07777);
		return error_hint(e, "it has to belong to you and not to be writable by everybody");
	}
	return 0;
}

static int check(const struct guard *g, int fd, const char *name, struct error *e)
{
	return g->user ? check_user(fd, name, e) : check_owner(fd, g->owner, name, e);
}

static int check_regular(int fd, const char *name, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", name);
	if (S_ISREG(st.st_mode))
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "'%s' is not a regular file", name);
	return error_hint(e, "move it away");
}

int guard_check_hostile(int fd, const char *name, struct error *e)
{
	if (fd >= 0)
		return check_regular(fd, name, e);
	if (errno == ENOENT || errno == ENOTDIR)
		return 1;
	if (errno == ELOOP || errno == ENXIO || errno == EXDEV) {
		error_set_kind(e, ERROR_USAGE, 0, "'%s' is not a regular file", name);
		return error_hint(e, "a symbolic link will not do: put the file itself there");
	}
	return error_set(e, errno, "cannot open '%s'", name);
}

int guard_open_file(const struct guard *g, int dirfd, const char *path, const char *name, int *ret,
	struct error *e)
{
	_cleanup_(fd_closep) int fd = openat(dirfd, path, OPEN_FILE | (g->user ? 0 : O_NOFOLLOW));
	int result = guard_check_hostile(fd, name, e);

	if (result != 0)
		return result;
	if (check(g, fd, name, e) < 0)
		return -1;
	*ret = take_fd(&fd);
	return 0;
}

int guard_open_secret(const struct guard *g, int dirfd, const char *path, const char *name,
	int *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = openat(dirfd, path, OPEN_FILE | O_NOFOLLOW);
	int result = guard_check_hostile(fd, name, e);
	struct stat st;

	if (result != 0)
		return result;
	if (check(g, fd, name, e) < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", name);
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		error_set_kind(
			e, ERROR_POLICY, 0, "'%s' can be read by others than its owner", name);
		return error_hint(
			e, "run 'chmod 600 %s', and change the secret: it may be known", name);
	}
	*ret = take_fd(&fd);
	return 0;
}

int guard_open_directory(const struct guard *g, int dirfd, const char *path, const char *name,
	int *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		openat(dirfd, path, OPEN_DIRECTORY | (g->user ? 0 : O_NOFOLLOW));

	if (fd >= 0) {
		if (check(g, fd, name, e) < 0)
			return -1;
		*ret = take_fd(&fd);
		return 0;
	}
	if (errno == ENOENT)
		return 1;
	if (errno != ENOTDIR && errno != ELOOP)
		return error_set(e, errno, "cannot open '%s'", name);
	/* passing over it in silence would take the administrator's rules away */
	error_set_kind(e, ERROR_USAGE, 0, "'%s' is not a directory", name);
	return error_hint(e, "a symbolic link will not do: put the directory itself there");
}

static int is_ini(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".ini") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int guard_each(int fd, const char *name, guard_each_fn *each, const void *context, struct error *e)
{
	struct dirent **entries;
	int count = scandirat(fd, ".", &entries, is_ini, by_bytes), result = 0;

	if (count < 0)
		return error_set(e, errno, "cannot read '%s'", name);
	if (count > FILES_MAX)
		result = error_set_kind(
			e, ERROR_USAGE, 0, "'%s' has more than %d files", name, FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (result == 0)
			result = each(context, entries[i]->d_name, e);
		free(entries[i]);
	}
	free(entries);
	return result;
}
