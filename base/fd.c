/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: thin wrappers over system calls, used by every program
 * with its own privileges. fd_open_beneath is the one door through which trees
 * shaped by a build, an image or a repository are entered.
 */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void fd_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t written = write(fd, p, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		p += written;
		n -= (size_t)written;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t n)
{
	char *p = data;
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size)
{
	_cleanup_(cleanup_freep) char *data = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		ssize_t r;

		if (room - size < 2) {
			char *bigger = realloc(data, room = room == 0 ? 4096 : room * 2);

			if (bigger == NULL)
				return -1;
			data = bigger;
		}
		r = fd_read_full(fd, data + size, room - size - 1);
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		size += (size_t)r;
		if (size > max) {
			errno = EFBIG;
			return -1;
		}
	}
	data[size] = '\0';
	*ret = take_ptr(data);
	*ret_size = size;
	return 0;
}

int fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};

	return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
}

int fd_memfd_sealed(const char *name, const void *data, size_t n)
{
	_cleanup_(fd_closep) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || fd_write_all(fd, data, n) < 0)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	return take_fd(&fd);
}
