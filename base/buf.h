/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * A growing byte buffer, always NUL-terminated once written to. A failed
 * allocation sets `failed` and makes every later call do nothing, so that a
 * writer checks once at the end (buf_ok).
 */
struct buf {
	char *data;
	size_t size; /* bytes in use, without the terminating NUL */
	size_t room;
	bool failed;
};
#define BUF_INIT ((struct buf){0})

void buf_deinit(struct buf *b); /* also for _cleanup_ */
void buf_append(struct buf *b, const void *data, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_ok(const struct buf *b);
