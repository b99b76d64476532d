/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: memory for text that is being put together, in the
 * programs that may allocate (never in cupel-init). Out of memory is sticky and
 * checked once by the caller.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_deinit(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT;
}

static bool reserve(struct buf *b, size_t n)
{
	size_t need, room = b->room == 0 ? 256 : b->room;
	char *bigger;

	if (b->failed || __builtin_add_overflow(b->size, n + 1, &need)) {
		b->failed = true;
		return false;
	}
	if (need <= b->room)
		return true;
	while (room < need)
		room *= 2;
	bigger = realloc(b->data, room);
	if (bigger == NULL) {
		b->failed = true;
		return false;
	}
	b->data = bigger;
	b->room = room;
	return true;
}

void buf_append(struct buf *b, const void *data, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->data + b->size, data, n);
	b->size += n;
	b->data[b->size] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_append(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	va_start(ap, format);
	vsnprintf(b->data + b->size, (size_t)n + 1, format, ap);
	va_end(ap);
	b->size += (size_t)n;
}

bool buf_ok(const struct buf *b)
{
	return !b->failed;
}
