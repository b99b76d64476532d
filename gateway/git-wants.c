/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on what the build sent to a registry, for the
 * record alone: nothing is allowed or refused by it. Lines are taken as git's server takes
 * them, so that no line can hide in another; where the two could differ, the list is not
 * called complete.
 */
#include "gateway/git-wants.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { HEADER = 4, PKT_MAX = 65520 };
enum { FLUSH = 0, DELIMITER = 1 };

struct lines {
	const char *at;
	size_t left;
};
/* One of them; data without its header and a final LF. */
struct line {
	size_t length; /* as its header has it: FLUSH, DELIMITER, or HEADER and more */
	const char *data;
	size_t size;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum git_wants next(struct lines *l, struct line *ret)
{
	size_t length = 0;

	for (size_t i = 0; i < HEADER; i++) {
		int value;

		if (i >= l->left)
			return GIT_WANTS_SOME;
		value = digit(l->at[i]);
		if (value < 0)
			return GIT_WANTS_MALFORMED;
		length = length << 4 | (size_t)value;
	}
	if ((length > DELIMITER && length <= HEADER) || length > PKT_MAX)
		return GIT_WANTS_MALFORMED;
	*ret = (struct line){.length = length};
	if (length > l->left)
		return GIT_WANTS_SOME;
	if (length > HEADER) {
		ret->data = l->at + HEADER;
		ret->size = length - HEADER;
		ret->size -= ret->data[ret->size - 1] == '\n' ? 1 : 0;
	}
	l->at += length > HEADER ? length : HEADER;
	l->left -= length > HEADER ? length : HEADER;
	return GIT_WANTS_ALL;
}

static bool begins_with(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	return l->size >= n && memcmp(l->data, word, n) == 0;
}

/* "want ID", where something else may follow behind a blank. 0 or -1. */
static int take_want(const struct line *l, struct buf *ids)
{
	char id[66];
	size_t n = 0;

	for (const char *c = l->data + 5; n < 65 && c < l->data + l->size && digit(*c) >= 0; c++)
		id[n++] = "0123456789abcdef"[digit(*c)];
	if ((n != 40 && n != 64) || (l->size > 5 + n && l->data[5 + n] != ' '))
		return -1;
	id[n++] = ' ';
	buf_append(ids, id, n);
	return 0;
}

/* Version 2: capabilities up to the delimiter, then arguments. */
static enum git_wants skip_to_arguments(struct lines *l)
{
	struct line line;
	enum git_wants result;

	do
		result = next(l, &line);
	while (result == GIT_WANTS_ALL && line.length > HEADER);
	if (result == GIT_WANTS_ALL && line.length != DELIMITER)
		return GIT_WANTS_MALFORMED;
	return result;
}

enum git_wants git_wants_parse(const char *bytes, size_t n, struct buf *ids)
{
	struct lines l = {bytes, n}, begin = l;
	struct line line;
	enum git_wants result = next(&l, &line);

	if (result != GIT_WANTS_ALL)
		return result;
	if (!begins_with(&line, "command="))
		l = begin;
	else if (line.size == strlen("command=fetch") && begins_with(&line, "command=fetch"))
		result = skip_to_arguments(&l);
	else
		return GIT_WANTS_ALL;
	while (result == GIT_WANTS_ALL) {
		result = next(&l, &line);
		if (result != GIT_WANTS_ALL || line.length == FLUSH)
			break;
		if (line.length == DELIMITER ||
			(begins_with(&line, "want ") && take_want(&line, ids) < 0))
			result = GIT_WANTS_MALFORMED;
	}
	return result;
}
