/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-sign on a list that the runner made from
 * the package database. Names and versions are data that a package's author
 * chose: whatever is not plain is percent-encoded (purl), so no version can add
 * a qualifier of its own; what is not printable ASCII is refused.
 */
#include "attest/packages.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

enum { FIELDS = 3 };

/* Cuts the line at *cursor into exactly three fields. 1, 0 at the end, or -1. */
static int next_line(char **cursor, char *field[FIELDS], struct error *e)
{
	char *line = *cursor, *end = strchr(line, '\n');

	if (*line == '\0')
		return 0;
	if (end == NULL)
		return error_set(e, EBADMSG, "package list: the last line is cut");
	*end = '\0';
	*cursor = end + 1;
	for (int i = 0; i < FIELDS; i++) {
		char *blank = strchr(line, ' ');

		if (*line == '\0' || *line == ' ' || (blank == NULL) != (i == FIELDS - 1))
			return error_set(e, EBADMSG, "package list: a line has not three fields");
		if (blank != NULL)
			*blank = '\0';
		for (const char *c = line; *c != '\0'; c++)
			if (*c < 0x21 || *c > 0x7e)
				return error_set(e, EBADMSG, "package list: a field is not ASCII");
		field[i] = line;
		line = blank == NULL ? line : blank + 1;
	}
	return 1;
}

static void put_encoded(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_~";

	while (*s != '\0') {
		size_t n = strspn(s, plain);

		buf_append(out, s, n);
		s += n;
		if (*s != '\0')
			buf_printf(out, "%%%02X", (unsigned int)(unsigned char)*s++);
	}
}

static void put_package(
	char *const field[FIELDS], char *const os[FIELDS], struct buf *uri, struct json *j)
{
	uri->size = 0;
	buf_puts(uri, "pkg:deb/");
	put_encoded(uri, os[1]);
	buf_puts(uri, "/");
	put_encoded(uri, field[0]);
	buf_puts(uri, "@");
	put_encoded(uri, field[1]);
	buf_puts(uri, "?arch=");
	put_encoded(uri, field[2]);
	if (strcmp(os[2], "-") != 0) {
		buf_puts(uri, "&distro=");
		put_encoded(uri, os[2]);
	}
	json_object_begin(j, NULL);
	json_string(j, "name", field[0]);
	json_string_n(j, "uri", uri->data, uri->size);
	json_object_end(j);
}

int packages_put(char *text, struct json *j, struct error *e)
{
	_cleanup_(buf_deinit) struct buf uri = BUF_INIT;
	char *os[FIELDS], *field[FIELDS], *cursor = text;
	int found = next_line(&cursor, os, e);

	if (found < 0)
		return -1;
	if (found == 0 || strcmp(os[0], "os") != 0)
		return error_set(e, EBADMSG, "package list: the first line does not name the os");
	while ((found = next_line(&cursor, field, e)) == 1)
		put_package(field, os, &uri, j);
	if (found == 0 && !buf_ok(&uri))
		return error_set(e, ENOMEM, "package list");
	return found;
}
