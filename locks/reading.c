/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the parsers of lock files share, in cupel-lock, confined, on
 * files of a project that nobody trusts. What a file cannot say clearly is an error or is
 * left out: then the gateway refuses it; nothing is ever locked by less than it claims.
 */
#include "locks/reading.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/text.h"

void reading_deinit(struct reading *r)
{
	buf_deinit(&r->lines);
}

int reading_check(const char *text, size_t n, struct error *e)
{
	if (memchr(text, '\0', n) != NULL || !text_is_utf8(text, n))
		return error_set_kind(e, ERROR_USAGE, 0, "not UTF-8 text");
	return 0;
}

int reading_put(struct reading *r, const struct lock *l, struct error *e)
{
	char shown[80];

	text_escape(l->name, strlen(l->name), shown, sizeof(shown));
	if (!lock_holds(l))
		return error_set_kind(
			e, ERROR_USAGE, 0, "'%s' has a digest or a name that cannot be", shown);
	if (r->count == LOCKS_MAX || r->lines.size > LOCKS_BYTES_MAX)
		return error_set_kind(e, ERROR_USAGE, 0, "more than %d digests", LOCKS_MAX);
	locks_put(&r->lines, l);
	r->count++;
	return buf_ok(&r->lines) ? 0 : error_set(e, ENOMEM, "cannot keep what is locked");
}

int reading_put_base64(
	struct reading *r, struct lock l, const char *text, size_t n, struct error *e)
{
	_cleanup_(cleanup_freep) unsigned char *bytes = NULL;
	char hex[129] = "";
	size_t size;

	if (decode_base64(text, n, &bytes, &size) == 0 &&
		2 * size == lock_algorithm_digits(l.algorithm))
		encode_hex(bytes, size, hex);
	l.hex = hex;
	return reading_put(r, &l, e);
}

void reading_leave_out(struct reading *r, const char *name, size_t n, const char *why)
{
	char shown[80];

	if (r->left_out++ > 0)
		return;
	text_escape(name, n, shown, sizeof(shown));
	snprintf(r->first_left_out, sizeof(r->first_left_out), "%s: %s", shown, why);
}

int reading_fail(struct error *e, unsigned int line, const char *what)
{
	return error_set_kind(e, ERROR_USAGE, 0, "line %u: %s", line, what);
}

char *reading_next_line(char **cursor, unsigned int *line)
{
	char *start = *cursor;
	size_t n = strcspn(start, "\n");

	if (*start == '\0')
		return NULL;
	*cursor = start + n + (start[n] == '\n');
	start[n] = '\0';
	if (n > 0 && start[n - 1] == '\r')
		start[n - 1] = '\0';
	++*line;
	return start;
}
