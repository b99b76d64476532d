/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one file of a hostile tree, in a confined cupel-collect,
 * perhaps in several threads at once. The bytes that are hashed are the bytes
 * that are written: each is read once. A file may be swapped or change under
 * us (a workspace is alive); then what we have is a mixture of two states, so
 * identity, size and time are compared before and (unless the whole tree's owners
 * are dead) after, and a difference is an error. Holes are neither read nor written but hashed as
 * the zeros they are.
 */
#include "outputs/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "outputs/items.h"
#include "outputs/scan.h"

enum { WHERE_ROOM = 360 };

int copier_init(struct copier *c, bool sha512, struct error *e)
{
	c->sha512 = sha512;
	c->buffer = malloc(COPY_BUFFER_SIZE);
	if (c->buffer == NULL)
		return error_set(e, ENOMEM, "cannot get a buffer");
	return 0;
}

void copier_deinit(struct copier *c)
{
	free(c->buffer);
	c->buffer = NULL;
}

static int changed(const struct item *item, struct error *e)
{
	error_set(e, 0, "'%s' changed while it was read", item->path);
	return error_hint(e, "let nothing else work on these files meanwhile, and try again");
}

static int check_same(int fd, const struct item *item, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", item->path);
	if (!S_ISREG(st.st_mode) || st.st_ino != item->inode || st.st_dev != item->device ||
		(uint64_t)st.st_size != item->size || st.st_mtim.tv_sec != item->mtime.tv_sec ||
		st.st_mtim.tv_nsec != item->mtime.tv_nsec)
		return changed(item, e);
	return 0;
}

int copy_open(int dirfd, const char *name, const struct item *item, struct error *e)
{
	/* Not blocking: what was a file a moment ago may be a FIFO now. */
	_cleanup_(fd_closep) int fd =
		fd_open_beneath(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0 && errno == EXDEV)
		return error_set(e, errno, "'%s' is a mount point", item->path);
	if (fd < 0 && (errno == ELOOP || errno == ENOENT || errno == ENOTDIR || errno == ENXIO))
		return changed(item, e);
	if (fd < 0)
		return error_set(e, errno, "cannot read '%s'", item->path);
	if (check_same(fd, item, e) < 0)
		return -1;
	return take_fd(&fd);
}

static int write_at(const struct copy_job *job, const unsigned char *data, size_t n, uint64_t at,
	struct error *e)
{
	while (n > 0) {
		ssize_t written = pwrite(job->to_fd, data, n, (off_t)at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set(e, errno, "cannot write '%s'", job->item->path);
		data += written;
		n -= (size_t)written;
		at += (size_t)written;
	}
	return 0;
}

static const char *where(const struct item *item, char out[WHERE_ROOM])
{
	snprintf(out, WHERE_ROOM, "output '%s'", item->path);
	return out;
}

static int look_at(
	struct copier *c, const struct copy_job *job, const void *data, size_t n, struct error *e)
{
	char text[WHERE_ROOM];

	return c->needles == NULL
		       ? 0
		       : scan_bytes(c->needles, &c->stream, data, n, where(job->item, text), e);
}

/* A hole, which reads as zeros. */
static int take_hole(struct copier *c, const struct copy_job *job, uint64_t n, struct error *e)
{
	char text[WHERE_ROOM];

	digest_update_zeros(&c->digest, n);
	return c->needles == NULL
		       ? 0
		       : scan_zeros(c->needles, &c->stream, n, where(job->item, text), e);
}

static int copy_data(
	struct copier *c, const struct copy_job *job, uint64_t from, uint64_t to, struct error *e)
{
	while (from < to) {
		size_t want = to - from < COPY_BUFFER_SIZE ? to - from : COPY_BUFFER_SIZE;
		ssize_t got = pread(job->from_fd, c->buffer, want, (off_t)from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(e, errno, "cannot read '%s'", job->item->path);
		if (got == 0)
			return changed(job->item, e);
		digest_update(&c->digest, c->buffer, (size_t)got);
		if (look_at(c, job, c->buffer, (size_t)got, e) < 0)
			return -1;
		if (job->to_fd >= 0 && write_at(job, c->buffer, (size_t)got, from, e) < 0)
			return -1;
		from += (uint64_t)got;
	}
	return 0;
}

/* Where data and the hole behind it start, at or after `at`. */
static int next_data(const struct copy_job *job, uint64_t at, uint64_t *ret_data,
	uint64_t *ret_hole, struct error *e)
{
	uint64_t size = job->item->size;
	off_t data = lseek(job->from_fd, (off_t)at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO) {
		*ret_data = *ret_hole = size;
		return 0;
	}
	hole = data < 0 ? data : lseek(job->from_fd, data, SEEK_HOLE);
	if (hole < 0 && errno == EINVAL) {
		*ret_data = at;
		*ret_hole = size;
		return 0;
	}
	if (hole < 0)
		return error_set(e, errno, "cannot find the holes in '%s'", job->item->path);
	*ret_data = (uint64_t)data < size ? (uint64_t)data : size;
	*ret_hole = (uint64_t)hole < size ? (uint64_t)hole : size;
	return 0;
}

static int copy_sparse(struct copier *c, const struct copy_job *job, struct error *e)
{
	uint64_t at = 0, data = 0, hole = 0;

	/* First the size, so that a hole at the end is one as well. */
	if (job->to_fd >= 0 && ftruncate(job->to_fd, (off_t)job->item->size) < 0)
		return error_set(e, errno, "cannot write '%s'", job->item->path);
	while (at < job->item->size) {
		if (next_data(job, at, &data, &hole, e) < 0)
			return -1;
		if (take_hole(c, job, data - at, e) < 0 || copy_data(c, job, data, hole, e) < 0)
			return -1;
		at = hole;
	}
	return 0;
}

static int copy_content(struct copier *c, const struct copy_job *job, struct error *e)
{
	bool sparse = job->item->blocks < (job->item->size + 511) / 512;

	digest_begin(&c->digest, c->sha512);
	c->stream.size = 0;
	if (sparse ? copy_sparse(c, job, e) < 0 : copy_data(c, job, 0, job->item->size, e) < 0)
		return -1;
	digest_final(&c->digest, job->item->sha256, job->item->sha512);
	return 0;
}

int copy_run(struct copier *c, struct copy_job *job, struct error *e)
{
	_cleanup_(fd_closep) int from_fd = job->from_fd;
	_cleanup_(fd_closep) int to_fd = job->to_fd;

	if (copy_content(c, job, e) < 0)
		return -1;
	if (!job->settled && check_same(from_fd, job->item, e) < 0)
		return -1;
	return to_fd < 0 ? 0 : dest_finish(to_fd, job->item->path, &job->look, e);
}
