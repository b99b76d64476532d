/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the writing side of cupel-collect, in a directory that
 * nobody else can reach. The names come from a hostile tree, and links from it
 * are made here too, so even here each object is made by its last component in
 * its parent's descriptor, and changed by its own descriptor: a link that we
 * made ourselves is never followed. Time and owner are set in this order, since
 * a file that was given away may not be touched any more.
 */
#include "outputs/dest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

struct timespec dest_clamp(struct timespec mtime, int64_t latest)
{
	if (mtime.tv_sec >= latest)
		return (struct timespec){.tv_sec = latest};
	return mtime;
}

int dest_finish(int fd, const char *path, const struct dest_look *look, struct error *e)
{
	struct timespec times[] = {look->mtime, look->mtime};

	if (utimensat(fd, "", times, AT_EMPTY_PATH) < 0)
		return error_set(e, errno, "cannot set the time of '%s'", path);
	if ((look->uid != (uid_t)-1 || look->gid != (gid_t)-1) &&
		fchownat(fd, "", look->uid, look->gid, AT_EMPTY_PATH) < 0)
		return error_set(e, errno, "cannot give '%s' to user %u, group %u", path, look->uid,
			look->gid);
	return 0;
}

/* Otherwise every directory made in it would have the bit as well. */
static int drop_setgid(int root_fd, mode_t mode, struct error *e)
{
	/* The fd of a mount is O_PATH, which fchmod(2) does not take. */
	_cleanup_(fd_closep) int fd = fd_open_beneath(root_fd, ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 || fchmod(fd, mode & 0777) < 0)
		return error_set(e, errno, "cannot set the mode of the destination");
	return 0;
}

int dest_begin(struct dest *d, int root_fd, struct error *e)
{
	struct stat st;

	d->root_fd = root_fd;
	d->depth = 0;
	if (fstat(root_fd, &st) < 0)
		return error_set(e, errno, "cannot look at the destination");
	/* Without the right to, it may still be writable: creating will tell. */
	if (st.st_uid != geteuid() &&
		fchownat(root_fd, "", geteuid(), (gid_t)-1, AT_EMPTY_PATH) < 0 && errno != EPERM)
		return error_set(e, errno, "cannot take over the destination");
	return (st.st_mode & S_ISGID) != 0 ? drop_setgid(root_fd, st.st_mode, e) : 0;
}

static int finish_last(struct dest *d, struct error *e)
{
	struct dest_level *last = &d->open[d->depth - 1];
	_cleanup_(fd_closep) int fd = take_fd(&last->fd);
	unsigned int mode = last->look.mode;

	d->depth--;
	if ((mode & S_IRWXU) != S_IRWXU && fchmod(fd, mode) < 0)
		return error_set(e, errno, "cannot set the mode of a directory");
	return dest_finish(fd, "a directory", &last->look, e);
}

/* The descriptor of the directory that holds path; *ret_name is the last component. */
static int parent_of(struct dest *d, const char *path, const char **ret_name, struct error *e)
{
	int parents = 0;

	*ret_name = path;
	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		*ret_name = slash + 1;
		parents++;
	}
	while (d->depth > parents)
		if (finish_last(d, e) < 0)
			return -1;
	if (d->depth < parents)
		return error_set(e, ENOENT, "cannot make '%s' without its directory", path);
	return d->depth == 0 ? d->root_fd : d->open[d->depth - 1].fd;
}

int dest_mkdir(struct dest *d, const char *path, const struct dest_look *look, struct error *e)
{
	const char *name;
	int parent = parent_of(d, path, &name, e), fd;

	if (parent < 0)
		return -1;
	if (d->depth >= WALK_DEPTH_MAX)
		return error_set(e, ENAMETOOLONG, "'%s' lies too deep", path);
	if (mkdirat(parent, name, look->mode | S_IRWXU) < 0)
		return error_set(e, errno, "cannot make directory '%s'", path);
	fd = fd_open_beneath(parent, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return error_set(e, errno, "cannot open directory '%s'", path);
	d->open[d->depth++] = (struct dest_level){.fd = fd, .look = *look};
	return 0;
}

int dest_symlink(struct dest *d, const char *path, const char *target, const struct dest_look *look,
	struct error *e)
{
	const char *name;
	int parent = parent_of(d, path, &name, e);
	_cleanup_(fd_closep) int fd = -1;

	if (parent < 0)
		return -1;
	if (symlinkat(target, parent, name) < 0)
		return error_set(e, errno, "cannot make link '%s'", path);
	fd = fd_open_beneath(parent, name, O_PATH, 0);
	if (fd < 0)
		return error_set(e, errno, "cannot open link '%s'", path);
	return dest_finish(fd, path, look, e);
}

int dest_create(struct dest *d, const char *path, unsigned int mode, struct error *e)
{
	const char *name;
	int parent = parent_of(d, path, &name, e), fd;

	if (parent < 0)
		return -1;
	fd = fd_open_beneath(parent, name, O_WRONLY | O_CREAT | O_EXCL, mode);
	if (fd < 0)
		return error_set(e, errno, "cannot create '%s'", path);
	return fd;
}

int dest_end(struct dest *d, struct error *e)
{
	while (d->depth > 0)
		if (finish_last(d, e) < 0)
			return -1;
	return 0;
}

void dest_deinit(struct dest *d)
{
	while (d->depth > 0)
		fd_closep(&d->open[--d->depth].fd);
}
