/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: where outputs appear, in the runner with its caller's
 * privileges. They are staged in a hidden directory beside the destination,
 * which is ours alone and locked, and appear with one rename: all or nothing,
 * also when we are killed. What a killed run left is told by its free lock.
 * Names in it were checked by cupel-collect; removal goes by descriptor and
 * follows no link.
 */
#include "runner/destination.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"

static int remove_entry(int dir_fd, const char *name, int depth);

static int empty_directory(int dir_fd, const char *name, int depth)
{
	int fd = fd_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0), result = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -1;
	/* A published tree may hold directories that its owner made unwritable. */
	(void)fchmod(fd, 0700);
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			remove_entry(dirfd(dir), entry->d_name, depth + 1) < 0)
			result = -1;
	closedir(dir);
	return result;
}

static int remove_entry(int dir_fd, const char *name, int depth)
{
	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if ((errno != EISDIR && errno != EPERM) || depth > 300)
		return -1;
	(void)empty_directory(dir_fd, name, depth);
	return unlinkat(dir_fd, name, AT_REMOVEDIR);
}

/* A staging directory whose lock is free belongs to a run that is dead. */
void destination_reclaim(const struct destination *d)
{
	int fd = openat(d->parent_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const size_t prefix = strlen(DESTINATION_STAGING);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		_cleanup_(fd_closep) int stale = -1;

		if (strncmp(entry->d_name, DESTINATION_STAGING, prefix) != 0 ||
			strlen(entry->d_name) != prefix + 8 ||
			strspn(entry->d_name + prefix, "0123456789abcdef") != 8)
			continue;
		stale = openat(d->parent_fd, entry->d_name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (stale >= 0 && flock(stale, LOCK_EX | LOCK_NB) == 0)
			(void)remove_entry(d->parent_fd, entry->d_name, 0);
	}
	closedir(dir);
}

static int split_path(
	struct destination *d, const char *path, char *parent, size_t size, struct error *e)
{
	size_t n = strlen(path);
	const char *slash;

	while (n > 1 && path[n - 1] == '/')
		n--;
	slash = memrchr(path, '/', n);
	if (n == 0 || n >= size || n - (slash == NULL ? 0 : (size_t)(slash - path) + 1) > 200)
		return error_set_kind(e, ERROR_USAGE, ENAMETOOLONG, "output directory");
	memcpy(parent, path, n);
	parent[n] = '\0';
	slash = strrchr(parent, '/');
	snprintf(d->name, sizeof(d->name), "%.255s", slash == NULL ? parent : slash + 1);
	snprintf(d->shown, sizeof(d->shown), "%s", parent);
	if (slash == NULL)
		memcpy(parent, ".", 2);
	else
		parent[slash == parent ? 1 : slash - parent] = '\0';
	if (d->name[0] == '\0' || strcmp(d->name, ".") == 0 || strcmp(d->name, "..") == 0) {
		error_set_kind(e, ERROR_USAGE, 0, "'%s' cannot be an output directory", path);
		return error_hint(e, "give a directory that does not exist yet");
	}
	return 0;
}

/* The name is random, so nobody but a run that reclaims can have it, for a moment. */
static int lock_staging(struct destination *d)
{
	struct stat made, named;

	d->staging_fd =
		openat(d->parent_fd, d->staging, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->staging_fd < 0 || flock(d->staging_fd, LOCK_EX | LOCK_NB) < 0 ||
		fstat(d->staging_fd, &made) < 0 ||
		fstatat(d->parent_fd, d->staging, &named, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return made.st_ino == named.st_ino && made.st_dev == named.st_dev ? 0 : -1;
}

static bool is_taken(const struct destination *d)
{
	_cleanup_(fd_closep) int fd = -1;
	struct dirent *entry;
	int entries = 0;
	struct stat st;
	DIR *dir;

	if (fstatat(d->parent_fd, d->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	fd = openat(d->parent_fd, d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL)
		return true;
	fd = -1;
	while ((entry = readdir(dir)) != NULL)
		entries++;
	closedir(dir);
	return entries > 2;
}

/* Whether the destination is the workspace, or a directory that the workspace is in. */
static bool holds_workspace(const struct destination *d, int base_fd)
{
	_cleanup_(fd_closep) int at = openat(base_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat there, st, up = {.st_ino = 0};

	if (fstatat(d->parent_fd, d->name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	while (at >= 0 && fstat(at, &st) == 0 &&
		(st.st_ino != up.st_ino || st.st_dev != up.st_dev)) {
		int parent = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (st.st_ino == there.st_ino && st.st_dev == there.st_dev) {
			fd_closep(&parent);
			return true;
		}
		up = st;
		fd_closep(&at);
		at = parent;
	}
	return false;
}

int destination_open(struct destination *d, int base_fd, const char *path, int how, struct error *e)
{
	bool force = (how & DESTINATION_FORCE) != 0;
	char parent[1024];

	if (split_path(d, path, parent, sizeof(parent), e) < 0)
		return -1;
	d->parent_fd = (how & DESTINATION_BENEATH) != 0
			       ? fd_open_beneath(base_fd, parent, O_RDONLY | O_DIRECTORY, 0)
			       : openat(base_fd, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->parent_fd < 0 && (errno == ELOOP || errno == EXDEV ||
					(errno == ENOTDIR && (how & DESTINATION_BENEATH) != 0))) {
		error_set_kind(e, ERROR_POLICY, 0, "outputs: '%s' leads through a link", d->shown);
		return error_hint(
			e, "a project may only publish below itself: give it with -o DIR");
	}
	if (d->parent_fd < 0) {
		error_set_kind(e, ERROR_OUTPUT, errno, "outputs: cannot open '%s'", parent);
		return error_hint(e, "the directory that holds the output directory must exist");
	}
	if (faccessat(d->parent_fd, ".", W_OK | X_OK, AT_EACCESS) < 0) {
		error_set_kind(e, ERROR_OUTPUT, errno, "outputs: cannot write to '%s'", parent);
		return error_hint(e, "choose another place with -o DIR");
	}
	if (holds_workspace(d, base_fd))
		return error_set_kind(e, ERROR_USAGE, 0,
			"outputs: '%s' is or holds the workspace and cannot be replaced", d->shown);
	if (!force && is_taken(d)) {
		error_set_kind(e, ERROR_OUTPUT, EEXIST, "outputs: '%s'", d->shown);
		return error_hint(e, "--force replaces it, -o DIR publishes elsewhere");
	}
	return 0;
}

int destination_stage(struct destination *d, struct error *e)
{
	unsigned int random;

	/* Until it is locked, another run may take it for a dead one's. */
	for (int attempt = 0; attempt < 16; attempt++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return error_set(e, errno, "cannot get a random number");
		snprintf(d->staging, sizeof(d->staging), DESTINATION_STAGING "%08x", random);
		if (mkdirat(d->parent_fd, d->staging, 0700) < 0) {
			d->staging[0] = '\0';
			return error_set(
				e, errno, "outputs: cannot make a directory beside '%s'", d->shown);
		}
		if (lock_staging(d) == 0)
			return 0;
		fd_closep(&d->staging_fd);
	}
	return error_set(e, errno, "outputs: cannot lock '%s'", d->staging);
}

int destination_put(struct destination *d, const char *name, int from_fd, struct error *e)
{
	_cleanup_(fd_closep) int fd = openat(
		d->staging_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	off_t offset = 0;
	ssize_t n = 1;

	while (fd >= 0 && n > 0)
		n = sendfile(fd, from_fd, &offset, 64 << 20);
	if (fd < 0 || n < 0)
		return error_set_kind(
			e, ERROR_OUTPUT, errno, "cannot write '%s/%s'", d->shown, name);
	return 0;
}

int destination_publish(struct destination *d, bool force, struct error *e)
{
	mode_t mask = umask(022);

	umask(mask);
	if (fchmod(d->staging_fd, 0777 & ~mask) < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot publish '%s'", d->shown);
	if (renameat(d->parent_fd, d->staging, d->parent_fd, d->name) == 0) {
		d->staging[0] = '\0';
	} else if (force && (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)) {
		/* Staging then names what was published before; deinit removes it. */
		if (renameat2(d->parent_fd, d->staging, d->parent_fd, d->name, RENAME_EXCHANGE) < 0)
			return error_set_kind(
				e, ERROR_OUTPUT, errno, "cannot replace '%s'", d->shown);
	} else {
		error_set_kind(e, ERROR_OUTPUT, errno, "cannot publish '%s'", d->shown);
		return error_hint(e, "--force replaces it, -o DIR publishes elsewhere");
	}
	return 0;
}

void destination_deinit(struct destination *d)
{
	if (d->staging[0] != '\0' && d->parent_fd >= 0)
		(void)remove_entry(d->parent_fd, d->staging, 0);
	d->staging[0] = '\0';
	fd_closep(&d->staging_fd);
	fd_closep(&d->parent_fd);
}
