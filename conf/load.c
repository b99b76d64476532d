/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner with the caller's privileges, before
 * anything else is done. What makes an administrator's file the administrator's
 * is its owner and mode, looked at on the open descriptor, and those of the
 * directory, because whoever can rename files there chooses among root's files.
 * The project's file is hostile: it is opened beneath the project without
 * following links and without waiting, so that neither a FIFO nor a device nor
 * a link into /proc does anything.
 */
#include "conf/load.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/conf.h"

#define FILE_NAME "cupel.ini"
enum {
	DROP_INS_MAX = 256,
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

/* A file that may be absent: 1 when it is, 0 when fd is open, -1 with *e filled. */
static int judge_open(int fd, const char *name, struct error *e)
{
	if (fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR)
		return 1;
	if (errno == ELOOP || errno == ENXIO || errno == EXDEV) {
		error_set_kind(e, ERROR_USAGE, 0, "'%s' is not a regular file", name);
		return error_hint(e, "a symbolic link will not do: put the file itself there");
	}
	return error_set(e, errno, "cannot open '%s'", name);
}

/* A level whose files have to be the administrator's. */
struct guarded {
	struct conf *conf;
	enum conf_level level;
	uid_t owner;
};

static int read_guarded(
	const struct guarded *g, int dirfd, const char *dir, const char *file, struct error *e)
{
	_cleanup_(fd_closep) int fd = openat(dirfd, file, OPEN_FILE | O_NOFOLLOW);
	char name[512];
	int absent;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	absent = judge_open(fd, name, e);
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	if (check_regular(fd, name, e) < 0 || check_owner(fd, g->owner, name, e) < 0)
		return -1;
	return conf_read_file(g->conf, fd, name, g->level, e);
}

/* 1 when the directory is absent, 0 with *ret open, -1 with *e filled. */
static int open_guarded(const struct guarded *g, int dirfd, const char *path, const char *name,
	int *ret, struct error *e)
{
	*ret = openat(dirfd, path, OPEN_DIRECTORY | O_NOFOLLOW);
	if (*ret >= 0)
		return check_owner(*ret, g->owner, name, e);
	if (errno == ENOENT)
		return 1;
	if (errno != ENOTDIR && errno != ELOOP)
		return error_set(e, errno, "cannot open '%s'", name);
	/* passing over it in silence would take the administrator's rules away */
	error_set_kind(e, ERROR_USAGE, 0, "'%s' is not a directory", name);
	return error_hint(e, "a symbolic link will not do: put the directory itself there");
}

static int is_drop_in(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 4 && strcmp(entry->d_name + n - 4, ".ini") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(
	const struct guarded *g, int admin_fd, const char *admin_dir, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	struct dirent **entries;
	char dir[512];
	int result, count;

	snprintf(dir, sizeof(dir), "%s/%s.d", admin_dir, FILE_NAME);
	result = open_guarded(g, admin_fd, FILE_NAME ".d", dir, &fd, e);
	if (result != 0)
		return result < 0 ? -1 : 0;
	count = scandirat(fd, ".", &entries, is_drop_in, by_bytes);
	if (count < 0)
		return error_set(e, errno, "cannot read '%s'", dir);
	if (count > DROP_INS_MAX)
		result = error_set_kind(
			e, ERROR_USAGE, 0, "'%s' has more than %d files", dir, DROP_INS_MAX);
	for (int i = 0; i < count; i++) {
		if (result == 0)
			result = read_guarded(g, fd, dir, entries[i]->d_name, e);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int read_guarded_dir(
	const struct guarded *g, const char *dir, bool drop_ins, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int result = open_guarded(g, AT_FDCWD, dir, dir, &fd, e);

	if (result != 0)
		return result < 0 ? -1 : 0;
	if (read_guarded(g, fd, dir, FILE_NAME, e) < 0)
		return -1;
	return drop_ins ? read_drop_ins(g, fd, dir, e) : 0;
}

static int read_user(struct conf *c, const char *dir, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char name[4096];
	int absent;

	snprintf(name, sizeof(name), "%s/%s", dir, FILE_NAME);
	/* links are the user's own business here: many keep such files elsewhere */
	fd = open(name, OPEN_FILE);
	absent = judge_open(fd, name, e);
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	if (check_regular(fd, name, e) < 0 || check_user(fd, name, e) < 0)
		return -1;
	return conf_read_file(c, fd, name, CONF_LEVEL_USER, e);
}

static int read_project(struct conf *c, int dirfd, struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_open_beneath(dirfd, FILE_NAME, OPEN_FILE, 0);
	int absent = judge_open(fd, FILE_NAME, e);

	if (absent != 0)
		return absent < 0 ? -1 : 0;
	if (check_regular(fd, FILE_NAME, e) < 0)
		return -1;
	return conf_read_file(c, fd, FILE_NAME, CONF_LEVEL_PROJECT, e);
}

int conf_load_from(struct conf *c, const struct conf_places *places, int project_dirfd,
	const char *user_config_dir, struct error *e)
{
	struct guarded vendor = {c, CONF_LEVEL_VENDOR, places->owner};
	struct guarded admin = {c, CONF_LEVEL_ADMIN, places->owner};

	if (read_guarded_dir(&vendor, places->vendor_dir, false, e) < 0 ||
		read_guarded_dir(&admin, places->admin_dir, true, e) < 0)
		return -1;
	if (user_config_dir != NULL && read_user(c, user_config_dir, e) < 0)
		return -1;
	return project_dirfd < 0 ? 0 : read_project(c, project_dirfd, e);
}

int conf_load(struct conf *c, int project_dirfd, const char *user_config_dir, struct error *e)
{
	static const struct conf_places places = {
		.vendor_dir = "/usr/lib/cupel", .admin_dir = "/etc/cupel", .owner = 0};

	return conf_load_from(c, &places, project_dirfd, user_config_dir, e);
}
