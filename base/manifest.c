/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the text form of a file tree. Written by cupel-collect
 * from names that a stranger chose, read by cupel-sign, which holds the key:
 * the writer escapes whatever could end a field or a line, the reader accepts
 * exactly what the writer writes.
 */
#include "base/manifest.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

static const char hex_upper[] = "0123456789ABCDEF";

static void put_escaped(struct buf *out, const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t length = 1;
		char escaped[3] = {'%', hex_upper[c >> 4], hex_upper[c & 15]};

		while (length < 4 && i + length < n && c >= 0x80 && !text_is_utf8(s + i, length))
			length++;
		if (c < 0x21 || c == 0x7f || c == '%' || !text_is_utf8(s + i, length)) {
			buf_append(out, escaped, 3);
			i++;
		} else {
			buf_append(out, s + i, length);
			i += length;
		}
	}
}

void manifest_put(struct buf *out, const struct manifest_entry *entry)
{
	switch (entry->type) {
	case MANIFEST_FILE:
		buf_printf(out, "file %04o %llu %s %s ", entry->mode,
			(unsigned long long)entry->size, entry->sha256,
			entry->sha512[0] != '\0' ? entry->sha512 : "-");
		break;
	case MANIFEST_DIR:
		buf_printf(out, "dir %04o ", entry->mode);
		break;
	case MANIFEST_LINK:
		buf_puts(out, "link ");
		put_escaped(out, entry->target);
		buf_puts(out, " ");
		break;
	}
	put_escaped(out, entry->path);
	buf_puts(out, "\n");
}

static int hex_value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(hex_upper, c);

	return at == NULL ? -1 : (int)(at - hex_upper);
}

static int unescape(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s == '%') {
			int high = hex_value(s[1]), low = high < 0 ? -1 : hex_value(s[2]);

			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return -1;
			*out++ = (char)(high << 4 | low);
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
	return 0;
}

static int parse_mode(const char *s, unsigned int *ret)
{
	*ret = 0;
	if (strlen(s) != 4)
		return -1;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '7')
			return -1;
		*ret = *ret << 3 | (unsigned int)(*s - '0');
	}
	return 0;
}

static int copy_digest(const char *s, char *out, size_t digits)
{
	if (strlen(s) != digits || strspn(s, "0123456789abcdef") != digits)
		return -1;
	memcpy(out, s, digits + 1);
	return 0;
}

static int parse_file(char *const field[], struct manifest_entry *ret)
{
	ret->type = MANIFEST_FILE;
	if (parse_mode(field[1], &ret->mode) < 0 || text_to_u64(field[2], &ret->size) < 0 ||
		copy_digest(field[3], ret->sha256, 64) < 0)
		return -1;
	if (strcmp(field[4], "-") == 0)
		memcpy(ret->sha512, "-", 2);
	else if (copy_digest(field[4], ret->sha512, 128) < 0)
		return -1;
	ret->path = field[5];
	return unescape(field[5]);
}

static int parse_fields(char *const field[], int count, struct manifest_entry *ret)
{
	*ret = (struct manifest_entry){0};
	if (count == 6 && strcmp(field[0], "file") == 0)
		return parse_file(field, ret);
	if (count == 3 && strcmp(field[0], "dir") == 0) {
		ret->type = MANIFEST_DIR;
		ret->path = field[2];
		return parse_mode(field[1], &ret->mode) < 0 ? -1 : unescape(field[2]);
	}
	if (count == 3 && strcmp(field[0], "link") == 0) {
		ret->type = MANIFEST_LINK;
		ret->target = field[1];
		ret->path = field[2];
		return unescape(field[1]) < 0 ? -1 : unescape(field[2]);
	}
	return -1;
}

int manifest_next(char **cursor, struct manifest_entry *ret, struct error *e)
{
	char *line = *cursor, *end = strchr(line, '\n'), *field[7];
	int count = 0;

	if (*line == '\0')
		return 0;
	if (end == NULL)
		return error_set(e, EBADMSG, "tree manifest: the last line is cut");
	*end = '\0';
	*cursor = end + 1;
	while (count < 7) {
		field[count++] = line;
		line = strchr(line, ' ');
		if (line == NULL)
			break;
		*line++ = '\0';
	}
	if (parse_fields(field, count, ret) < 0)
		return error_set(e, EBADMSG, "tree manifest: malformed line");
	return 1;
}
