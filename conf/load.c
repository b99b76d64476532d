/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner with the caller's privileges, before
 * anything else is done. Whose a file is, is looked at on the open descriptor.
 * The project's file is hostile: it is opened beneath the project without
 * following links and without waiting, so that neither a FIFO nor a device nor
 * a link into /proc does anything.
 */
#include "conf/load.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/conf.h"
#include "conf/guard.h"

#define FILE_NAME "cupel.ini"

/* Where the files of one level go, and whose they have to be. */
struct target {
	struct conf *conf;
	enum conf_level level;
	struct guard guard;
};

static int read_file(
	const struct target *t, int dirfd, const char *dir, const char *file, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char name[4352];
	int absent;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	absent = guard_open_file(&t->guard, dirfd, file, name, &fd, e);
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	return conf_read_file(t->conf, fd, name, t->level, e);
}

struct drop_ins {
	const struct target *target;
	int fd;
	const char *dir;
};

static int read_drop_in(const void *context, const char *base, struct error *e)
{
	const struct drop_ins *d = context;

	return read_file(d->target, d->fd, d->dir, base, e);
}

static int read_drop_ins(
	const struct target *t, int admin_fd, const char *admin_dir, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char dir[512];
	struct drop_ins d = {.target = t, .dir = dir};
	int result;

	snprintf(dir, sizeof(dir), "%s/%s.d", admin_dir, FILE_NAME);
	result = guard_open_directory(&t->guard, admin_fd, FILE_NAME ".d", dir, &fd, e);
	if (result != 0)
		return result < 0 ? -1 : 0;
	d.fd = fd;
	return guard_each(fd, dir, read_drop_in, &d, e);
}

static int read_guarded_dir(const struct target *t, const char *dir, bool drop_ins, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	int result = guard_open_directory(&t->guard, AT_FDCWD, dir, dir, &fd, e);

	if (result != 0)
		return result < 0 ? -1 : 0;
	if (read_file(t, fd, dir, FILE_NAME, e) < 0)
		return -1;
	return drop_ins ? read_drop_ins(t, fd, dir, e) : 0;
}

static int read_user(struct conf *c, const char *dir, struct error *e)
{
	const struct guard guard = {.user = true};
	_cleanup_(fd_closep) int fd = -1;
	char name[4096];
	int absent;

	snprintf(name, sizeof(name), "%s/%s", dir, FILE_NAME);
	absent = guard_open_file(&guard, AT_FDCWD, name, name, &fd, e);
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	return conf_read_file(c, fd, name, CONF_LEVEL_USER, e);
}

static int read_project(struct conf *c, int dirfd, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		fd_open_beneath(dirfd, FILE_NAME, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	int absent = guard_check_hostile(fd, FILE_NAME, e);

	if (absent != 0)
		return absent < 0 ? -1 : 0;
	return conf_read_file(c, fd, FILE_NAME, CONF_LEVEL_PROJECT, e);
}

int conf_load_from(struct conf *c, const struct conf_places *places, int project_dirfd,
	const char *user_config_dir, struct error *e)
{
	struct target vendor = {c, CONF_LEVEL_VENDOR, {.owner = places->owner}};
	struct target admin = {c, CONF_LEVEL_ADMIN, {.owner = places->owner}};

	if (read_guarded_dir(&vendor, places->vendor_dir, false, e) < 0 ||
		read_guarded_dir(&admin, places->admin_dir, true, e) < 0)
		return -1;
	if (user_config_dir != NULL && read_user(c, user_config_dir, e) < 0)
		return -1;
	return project_dirfd < 0 ? 0 : read_project(c, project_dirfd, e);
}

int conf_load(struct conf *c, int project_dirfd, const char *user_config_dir, struct error *e)
{
	return conf_load_from(c, &conf_standard_places, project_dirfd, user_config_dir, e);
}

const struct conf_places conf_standard_places = {
	.vendor_dir = "/usr/lib/cupel", .admin_dir = "/etc/cupel", .owner = 0};
