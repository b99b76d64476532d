/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner, on a directory of the user's own, so
 * that a launch of a few milliseconds does not parse a megabyte of package
 * database. Two entries:
 *
 *	host-1		a symbolic link whose target is the index: "STAMP SHA256 SIZE".
 *			One system call reads it whole, and it is never followed.
 *	host-1-SHA256	the list, and nothing else, so that its descriptor can be given
 *			away as it is.
 *
 * "1" is the version of this format. A list is used if the stamp in the index is
 * exactly that of the files now, if both entries are our own and nobody else can
 * write to the list, and if it has the size that the index says. Its digest is
 * not computed: the runner has no libcrypto, and the directory belongs to the
 * user whose build this is, who could as well run another cupel. The signer,
 * which holds the key, gets the list and its digest like anything else that the
 * runner says. The size finds a list that was cut; it is on disk before the
 * index names it. Whatever is wrong here means that the identity is made anew.
 *
 * Racily clean files (git's rule): a file that changed within two seconds of its
 * stamp can change again without its times showing it, so such a stamp is not
 * kept.
 */
#include "images/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "images/host.h"

#define INDEX_NAME "host-1"
enum { SETTLED_AFTER_S = 2, LIST_MAX = 64 << 20, COPY_SIZE = 64 << 10 };

/* The index as one string, and its parts. */
struct index {
	char text[512];
	char sha256[65];
	uint64_t size;
};

static bool is_settled(const struct stat *st, time_t now)
{
	return st->st_ctim.tv_sec < now - SETTLED_AFTER_S &&
	       st->st_mtim.tv_sec < now - SETTLED_AFTER_S;
}

/* "-" for a file that is not there. */
static size_t stamp_file(const char *path, char *out, size_t size, time_t now, bool *settled)
{
	struct stat st;
	int n;

	if (stat(path, &st) < 0)
		n = snprintf(out, size, "- ");
	else
		n = snprintf(out, size, "%jx.%jx.%jx.%jx.%lx.%jx.%lx ", (uintmax_t)st.st_dev,
			(uintmax_t)st.st_ino, (uintmax_t)st.st_size, (uintmax_t)st.st_mtim.tv_sec,
			(unsigned long)st.st_mtim.tv_nsec, (uintmax_t)st.st_ctim.tv_sec,
			(unsigned long)st.st_ctim.tv_nsec);
	if (n > 1 && out[0] != '-')
		*settled &= is_settled(&st, now);
	return (size_t)n;
}

void cache_stamp(const struct host_source *source, struct cache_stamp *ret)
{
	time_t now = time(NULL);
	size_t n;

	ret->settled = true;
	/* seven numbers of at most 16 digits each: two of them fit */
	n = stamp_file(source->status, ret->text, sizeof(ret->text) / 2, now, &ret->settled);
	stamp_file(source->os_release, ret->text + n, sizeof(ret->text) - n, now, &ret->settled);
}

/* The effective user, which the kernel told us at the start: no program of ours changes it. */
static uid_t our_uid(void)
{
	return (uid_t)getauxval(AT_EUID);
}

/* "STAMPSHA256 SIZE"; false when the stamp is another. */
static bool parse_index(struct index *i, const char *stamp)
{
	size_t n = strlen(stamp);
	const char *rest = i->text + n;

	if (strncmp(i->text, stamp, n) != 0 || strlen(rest) < 66 || rest[64] != ' ' ||
		strspn(rest, "0123456789abcdef") != 64 || text_to_u64(rest + 65, &i->size) < 0)
		return false;
	memcpy(i->sha256, rest, 64);
	i->sha256[64] = '\0';
	return true;
}

static bool read_index(const char *dir, struct index *ret)
{
	char path[PATH_MAX];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/" INDEX_NAME, dir);
	n = readlink(path, ret->text, sizeof(ret->text) - 1);
	if (n < 0)
		return false;
	ret->text[n] = '\0';
	return lstat(path, &st) == 0 && st.st_uid == our_uid();
}

bool cache_get(const char *dir, const struct cache_stamp *stamp, struct host_identity *ret)
{
	_cleanup_(fd_closep) int fd = -1;
	char path[PATH_MAX];
	struct index index;
	struct stat st;

	if (!read_index(dir, &index) || !parse_index(&index, stamp->text))
		return false;
	snprintf(path, sizeof(path), "%s/" INDEX_NAME "-%s", dir, index.sha256);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode) || st.st_uid != our_uid() || (st.st_mode & 022) != 0 ||
		(uint64_t)st.st_size != index.size)
		return false;
	memcpy(ret->sha256, index.sha256, sizeof(ret->sha256));
	ret->list_fd = take_fd(&fd);
	return true;
}

/* Copies without moving the offset of the list that is given away. */
static int64_t copy(int from, int to)
{
	static char block[COPY_SIZE];
	int64_t done = 0;

	while (done <= LIST_MAX) {
		ssize_t n = pread(from, block, sizeof(block), done);

		if (n == 0)
			return fdatasync(to) < 0 ? -1 : done;
		if (n < 0 || fd_write_all(to, block, (size_t)n) < 0)
			return -1;
		done += n;
	}
	return -1;
}

/* The list appears whole, and a run that is killed leaves no temporary file. Its size, or -1. */
static int64_t put_list(int dir_fd, const char *name, int list_fd)
{
	_cleanup_(fd_closep) int fd =
		openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
	char path[64];
	int64_t size;

	if (fd < 0)
		return -1;
	size = copy(list_fd, fd);
	if (size < 0)
		return -1;
	(void)unlinkat(dir_fd, name, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, path, dir_fd, name, AT_SYMLINK_FOLLOW) < 0 && errno != EEXIST)
		return -1;
	return size;
}

/* Removes the index, and the list that it names unless that is the one to keep. */
static void remove_old(int dir_fd, const char *dir, const char *keep)
{
	char name[sizeof(INDEX_NAME) + 1 + 64];
	struct index index;
	char *sha256;

	if (read_index(dir, &index)) {
		/* two stamps and two blanks stand before it */
		sha256 = strchr(index.text, ' ');
		sha256 = sha256 != NULL ? strchr(sha256 + 1, ' ') : NULL;
		if (sha256 != NULL && strspn(sha256 + 1, "0123456789abcdef") == 64) {
			snprintf(name, sizeof(name), INDEX_NAME "-%.64s", sha256 + 1);
			if (strcmp(name, keep) != 0)
				(void)unlinkat(dir_fd, name, 0);
		}
	}
	(void)unlinkat(dir_fd, INDEX_NAME, 0);
}

static int open_dir(const char *dir)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(dir, flags);

	if (fd < 0 && errno == ENOENT && mkdir(dir, S_IRWXU) == 0)
		fd = open(dir, flags);
	return fd;
}

void cache_put(const char *dir, const struct cache_stamp *stamp, const struct host_identity *h)
{
	_cleanup_(fd_closep) int dir_fd = stamp->settled ? open_dir(dir) : -1;
	char name[sizeof(INDEX_NAME) + 1 + 64];
	struct index index;
	int64_t size;

	if (dir_fd < 0)
		return;
	snprintf(name, sizeof(name), INDEX_NAME "-%.64s", h->sha256);
	size = put_list(dir_fd, name, h->list_fd);
	if (size < 0)
		return;
	snprintf(index.text, sizeof(index.text), "%s%.64s %" PRId64, stamp->text, h->sha256, size);
	remove_old(dir_fd, dir, name);
	/* of two runs at once the first one's index stays, and both are right */
	if (symlinkat(index.text, dir_fd, INDEX_NAME) < 0)
		return;
}
