/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: plain formatting into fixed buffers, used by every
 * program with whatever privileges it has. Nothing here allocates, so it works
 * in a child that shares its parent's memory and when memory is gone. The text
 * may quote hostile names: it is kept as it is and made harmless on printing.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
	int code;
	const char *text;
} kinds[] = {
#define ERROR_KIND_ROW(name, code, text) [name] = {code, text},
	ERROR_KINDS(ERROR_KIND_ROW)
#undef ERROR_KIND_ROW
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == ERROR_KIND_COUNT, "a row for every kind");

/* Truncation is accepted: a cut message is better than none. */
static void format_into(char *buf, size_t size, const char *format, va_list ap)
{
	if (vsnprintf(buf, size, format, ap) < 0)
		buf[0] = '\0';
}

int error_set(struct error *e, int errnum, const char *format, ...)
{
	va_list ap;

	e->errnum = errnum;
	e->kind = ERROR_HOST;
	e->hint[0] = '\0';
	va_start(ap, format);
	format_into(e->what, sizeof(e->what), format, ap);
	va_end(ap);
	return -1;
}

int error_set_kind(struct error *e, enum error_kind kind, int errnum, const char *format, ...)
{
	va_list ap;

	e->errnum = errnum;
	e->kind = kind;
	e->hint[0] = '\0';
	va_start(ap, format);
	format_into(e->what, sizeof(e->what), format, ap);
	va_end(ap);
	return -1;
}

int error_wrap(struct error *e, const char *format, ...)
{
	char old[sizeof(e->what)];
	size_t used;
	va_list ap;

	memcpy(old, e->what, sizeof(old));
	va_start(ap, format);
	format_into(e->what, sizeof(e->what), format, ap);
	va_end(ap);
	used = strlen(e->what);
	if (used + 2 < sizeof(e->what)) {
		memcpy(e->what + used, ": ", 3);
		used += 2;
		old[sizeof(e->what) - used - 1] = '\0';
		memcpy(e->what + used, old, strlen(old) + 1);
	}
	return -1;
}

int error_hint(struct error *e, const char *format, ...)
{
	va_list ap;

	if (e->hint[0] != '\0')
		return -1;
	va_start(ap, format);
	format_into(e->hint, sizeof(e->hint), format, ap);
	va_end(ap);
	return -1;
}

int error_kind(struct error *e, enum error_kind kind)
{
	e->kind = kind;
	return -1;
}

int error_exit_code(enum error_kind kind)
{
	return kind < ERROR_KIND_COUNT ? kinds[kind].code : kinds[ERROR_HOST].code;
}

const char *error_kind_text(enum error_kind kind)
{
	return kind < ERROR_KIND_COUNT ? kinds[kind].text : kinds[ERROR_HOST].text;
}

void error_format(const struct error *e, char *buf, size_t size)
{
	char raw[sizeof(e->what) + 128];

	if (e->errnum != 0)
		snprintf(raw, sizeof(raw), "%s: %s", e->what, strerror(e->errnum));
	else
		snprintf(raw, sizeof(raw), "%s", e->what);
	text_escape(raw, strlen(raw), buf, size);
}

void error_print(const char *program, const struct error *e)
{
	char line[4 * sizeof(e->what)];

	error_format(e, line, sizeof(line));
	fprintf(stderr, "%s: error: %s\n", program, line);
	if (e->hint[0] != '\0') {
		text_escape(e->hint, strlen(e->hint), line, sizeof(line));
		fprintf(stderr, "  hint: %s\n", line);
	}
}
