/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

struct error;

/* File descriptors: always close-on-exec, one owner, -1 when there is none. */

/* For _cleanup_: closes *fd if it is open; errno is kept. */
void fd_closep(int *fd);
/* Hands ownership over: yields *fd and leaves -1 behind. */
int take_fd(int *fd);

/* The whole of n bytes, through EINTR and short counts. 0, or -1 with errno. */
int fd_write_all(int fd, const void *data, size_t n);
/* Reads until EOF or n bytes. Number of bytes read, or -1 with errno. */
ssize_t fd_read_full(int fd, void *data, size_t n);
/*
 * The whole file behind fd from its current offset, NUL-terminated (the NUL is
 * not counted), at most max bytes (more: EFBIG). Caller frees *ret.
 */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_size);

/*
 * openat2(2) below dirfd with RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS|NO_XDEV:
 * the only way in which a tree that somebody else shaped is entered. flags get
 * O_CLOEXEC|O_NOFOLLOW added. New fd, or -1 with errno.
 */
int fd_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* memfd_create(2) with data in it, sealed against any change. fd, or -1 with errno. */
int fd_memfd_sealed(const char *name, const void *data, size_t n);
