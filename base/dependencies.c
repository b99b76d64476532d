/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the text form of what a build fetched. Written by
 * cupel-gateway, out of what registries answered, and read by cupel-sign, which
 * holds the key: the reader accepts exactly what the writer may write, so no
 * registry can end a field, name another host or claim a digest.
 */
#include "base/dependencies.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *or_none(const char *s)
{
	return s == NULL ? "-" : s;
}

void dependencies_put(struct buf *out, const struct dependency *d)
{
	buf_printf(out, "%s %s %s ", d->url, or_none(d->sha256), or_none(d->sha512));
	if (d->has_size)
		buf_printf(out, "%llu", (unsigned long long)d->size);
	else
		buf_puts(out, "-");
	buf_printf(
		out, " %s %s %s ", or_none(d->media_type), or_none(d->registry), or_none(d->purl));
	if (d->status != 0)
		buf_printf(out, "%d %s", d->status,
			d->cut	    ? "cut"
			: d->locked ? "locked"
				    : "whole");
	else
		buf_puts(out, "- -");
	buf_printf(out, " %s\n", or_none(d->index));
}

/* One spelling for each number. */
static bool is_number(const char *s, uint64_t *ret)
{
	return (s[0] != '0' || s[1] == '\0') && text_to_u64(s, ret) == 0;
}

/* Behind the host at s, or NULL. */
static const char *skip_host(const char *s)
{
	size_t n;

	if (*s != '[') {
		n = strspn(s, LOWER DIGITS "-_.");
		return n == 0 ? NULL : s + n;
	}
	n = strspn(++s, DIGITS "abcdef:.");
	return n == 0 || s[n] != ']' ? NULL : s + n + 1;
}

/* Behind the port at s, or NULL. */
static const char *skip_port(const char *s)
{
	size_t n = strspn(s, DIGITS);
	uint64_t port;
	char text[6];

	if (n == 0 || n >= sizeof(text))
		return NULL;
	memcpy(text, s, n);
	text[n] = '\0';
	return is_number(text, &port) && port > 0 && port <= UINT16_MAX ? s + n : NULL;
}

/* Behind "SCHEME://HOST[:PORT]", or NULL. */
static const char *skip_place(const char *url, bool *ret_port)
{
	const char *s = NULL;

	if (strncmp(url, "https://", 8) == 0)
		s = skip_host(url + 8);
	else if (strncmp(url, "http://", 7) == 0)
		s = skip_host(url + 7);
	else if (strncmp(url, "tcp://", 6) == 0)
		s = skip_host(url + 6);
	*ret_port = s != NULL && *s == ':';
	return *ret_port ? skip_port(s + 1) : s;
}

static bool is_url(const char *url)
{
	bool port;
	const char *path = skip_place(url, &port);

	return path != NULL && *path == '/' && strncmp(url, "http", 4) == 0 &&
	       strpbrk(path, "#\\") == NULL;
}

static bool is_tunnel(const char *url)
{
	bool port, raw = strncmp(url, "tcp://", 6) == 0;
	const char *end = skip_place(url, &port);

	return (raw || strncmp(url, "https:", 6) == 0) && port && end != NULL && *end == '\0';
}

/* RFC 9110: token "/" token. */
bool dependencies_is_media_type(const char *s)
{
	static const char token[] = LOWER UPPER DIGITS "!#$%&'*+-.^_`|~";
	size_t type = strspn(s, token), subtype;

	if (type == 0 || s[type] != '/')
		return false;
	subtype = strspn(s + type + 1, token);
	return subtype > 0 && s[type + 1 + subtype] == '\0';
}

static bool is_digest(const char *s, size_t digits)
{
	return strlen(s) == digits && strspn(s, DIGITS "abcdef") == digits;
}

/* Of "git+URL@ID": the id, or NULL when it is no such thing. */
static const char *find_git_id(const char *url)
{
	const char *at = strrchr(url, '@');

	if (strncmp(url, "git+", 4) != 0 || at == NULL || !is_url(url + 4) ||
		strchr(url, '?') != NULL)
		return NULL;
	return is_digest(at + 1, 40) || is_digest(at + 1, 64) ? at + 1 : NULL;
}

/* Of what has no digest of its own. */
static bool is_bare(const struct dependency *d)
{
	if (d->sha512 != NULL || d->media_type != NULL || d->purl != NULL || d->status != 0 ||
		d->index != NULL)
		return false;
	return d->git_id != NULL ? !d->has_size : is_tunnel(d->url);
}

static bool has_digests(const struct dependency *d)
{
	return is_digest(d->sha256, 64) && (d->sha512 == NULL || is_digest(d->sha512, 128));
}

/* An index tells what something is, so there is none without a name. */
static bool has_name(const struct dependency *d)
{
	if (d->purl == NULL)
		return d->index == NULL;
	return strncmp(d->purl, "pkg:", 4) == 0 && d->purl[4] != '\0' &&
	       (d->index == NULL || is_url(d->index));
}

static bool is_well_formed(const struct dependency *d)
{
	if (d->sha256 == NULL)
		return is_bare(d);
	return is_url(d->url) && has_digests(d) && d->has_size && d->status != 0 && has_name(d) &&
	       (d->media_type == NULL || dependencies_is_media_type(d->media_type));
}

static const char *unless_none(const char *s)
{
	return strcmp(s, "-") == 0 ? NULL : s;
}

/* Both, or neither. */
static int parse_status(const char *status, const char *end, struct dependency *ret)
{
	uint64_t number;

	if (strcmp(status, "-") == 0)
		return strcmp(end, "-") == 0 ? 0 : -1;
	ret->cut = strcmp(end, "cut") == 0;
	ret->locked = strcmp(end, "locked") == 0;
	if (!is_number(status, &number) || number < 200 || number > 599)
		return -1;
	ret->status = (int)number;
	return ret->cut || ret->locked || strcmp(end, "whole") == 0 ? 0 : -1;
}

static int parse_fields(char *const field[DEPENDENCIES_FIELDS], struct dependency *ret)
{
	*ret = (struct dependency){.url = field[0],
		.sha256 = unless_none(field[1]),
		.sha512 = unless_none(field[2]),
		.has_size = unless_none(field[3]) != NULL,
		.media_type = unless_none(field[4]),
		.registry = unless_none(field[5]),
		.purl = unless_none(field[6]),
		.git_id = find_git_id(field[0]),
		.index = unless_none(field[9])};
	if (ret->has_size && !is_number(field[3], &ret->size))
		return -1;
	if (parse_status(field[7], field[8], ret) < 0)
		return -1;
	return is_well_formed(ret) ? 0 : -1;
}

/* Exactly so many fields, none of them empty, nothing but printable ASCII. 0 or -1. */
static int cut(char *line, char *field[DEPENDENCIES_FIELDS])
{
	for (int i = 0; i < DEPENDENCIES_FIELDS; i++) {
		char *end = line;

		while (*end >= 0x21 && *end <= 0x7e)
			end++;
		if (end == line || *end != (i == DEPENDENCIES_FIELDS - 1 ? '\0' : ' '))
			return -1;
		*end = '\0';
		field[i] = line;
		line = end + 1;
	}
	return 0;
}

int dependencies_next(char **cursor, struct dependency *ret, struct error *e)
{
	char *line = *cursor, *end = strchr(line, '\n'), *field[DEPENDENCIES_FIELDS];

	if (*line == '\0')
		return 0;
	if (end == NULL)
		return error_set(e, EBADMSG, "dependencies: the last line is cut");
	if (end - line >= DEPENDENCIES_LINE_MAX)
		return error_set(e, EBADMSG, "dependencies: over-long line");
	*end = '\0';
	*cursor = end + 1;
	if (cut(line, field) < 0 || parse_fields(field, ret) < 0)
		return error_set(e, EBADMSG, "dependencies: malformed line");
	return 1;
}

int dependencies_compare(const struct dependency *a, const struct dependency *b)
{
	int order = strcmp(a->url, b->url);

	return order != 0 ? order : strcmp(or_none(a->sha256), or_none(b->sha256));
}
