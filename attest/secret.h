/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct error;

/*
 * Bytes that must not outlive their use: pages of their own, locked in memory
 * where the limit allows it, left out of core dumps and of children, wiped on
 * release. size counts the bytes in use; the rest is zero.
 */
struct secret {
	char *data;
	size_t size;
	size_t room;
};
#define SECRET_INIT                                                                                \
	{                                                                                          \
		.data = NULL, .size = 0, .room = 0                                                 \
	}

/* 0, or -1 with *e filled. */
int secret_init(struct secret *s, size_t room, struct error *e);
void secret_deinit(struct secret *s); /* also for _cleanup_ */
/* Reads fd to its end; more than room bytes is an error. 0, or -1 with *e filled. */
int secret_read(struct secret *s, int fd, const char *name, struct error *e);

/*
 * No core dump, not dumpable, OpenSSL's own secrets in locked memory, its
 * configuration file ignored. For main(), before a key is opened.
 */
int secret_harden_process(struct error *e);
