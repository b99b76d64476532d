/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: finds and makes the directory of the content store, in the runner
 * with its caller's privileges, and hands its descriptor to whoever works in it. Nothing
 * in the store is read here. Where others could have put something into it, it is not used.
 */
#include "runner/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "gateway/store-place.h"
#include "runner/paths.h"

static int check(int fd, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", path);
	if (st.st_uid != geteuid())
		return error_set(
			e, 0, "'%s' belongs to user %u, not to us", path, (unsigned int)st.st_uid);
	if ((st.st_mode & 077) == 0)
		return 0;
	error_set(e, 0, "others may enter '%s'", path);
	return error_hint(e, "chmod 700 '%s'", path);
}

static int make_directory(int fd, const char *name)
{
	return mkdirat(fd, name, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

/* In an order in which whoever comes second, or after a crash, goes on where this ended. */
static int fill(int fd)
{
	_cleanup_(fd_closep) int used_fd = -1;
	char name[16];

	if (faccessat(fd, STORE_LAST_FAN, F_OK, 0) == 0)
		return 0;
	used_fd = openat(fd, STORE_USED, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (used_fd < 0 && errno != EEXIST)
		return -1;
	if (used_fd >= 0 && dprintf(used_fd, "%020d\n", 0) != STORE_USED_SIZE)
		return -1;
	if (make_directory(fd, STORE_TEMPORARY) < 0 || make_directory(fd, STORE_OBJECTS) < 0)
		return -1;
	for (int i = 0; i < STORE_FANS; i++) {
		snprintf(name, sizeof(name), "%s/%02x", STORE_OBJECTS, (unsigned int)i);
		if (make_directory(fd, name) < 0)
			return -1;
	}
	return 0;
}

int store_place_open(bool make, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[4200];

	if (paths_store(path, sizeof(path), make, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(e, errno, "cannot open '%s'", path);
	if (check(fd, path, e) < 0)
		return -1;
	if (fill(fd) < 0)
		return error_set(e, errno, "cannot make the content store in '%s'", path);
	return take_fd(&fd);
}
