/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the text form of what lock files say. Written by cupel-lock, which
 * reads files that a stranger wrote and may have been taken over by them; read by
 * cupel-gateway, which holds the authority of the build: the reader accepts exactly what
 * the writer may write.
 */
#include "base/locks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

static bool is_below(const char *name)
{
	return name[0] != '/' && strchr(name, '?') == NULL;
}

static bool is_url(const char *name)
{
	const char *host = strncmp(name, "https://", 8) == 0  ? name + 8
			   : strncmp(name, "http://", 7) == 0 ? name + 7
							      : NULL;

	return host != NULL && strchr(host, '/') != NULL && strchr(host, '/') != host;
}

static bool is_project(const char *name)
{
	size_t n = strspn(name, LOWER DIGITS "-");

	return n > 0 && name[0] != '-' && strncmp(name + n, "==", 2) == 0 && name[n + 2] != '\0' &&
	       name[n + 2 + strspn(name + n + 2, LOWER DIGITS ".+!")] == '\0';
}

static const struct {
	const char *name;
	bool (*holds)(const char *name);
} ties[LOCK_TIE_COUNT] = {
	[LOCK_BELOW] = {"below", is_below},
	[LOCK_PYPI] = {"pypi", is_project},
	[LOCK_URL] = {"url", is_url},
};

static const struct {
	const char *name;
	size_t digits;
} algorithms[LOCK_ALGORITHM_COUNT] = {
	[LOCK_H1] = {"h1", 64},
	[LOCK_H1_MOD] = {"h1-mod", 64},
	[LOCK_SHA256] = {"sha256", 64},
	[LOCK_SHA512] = {"sha512", 128},
};

const char *lock_algorithm_name(enum lock_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

size_t lock_algorithm_digits(enum lock_algorithm algorithm)
{
	return algorithms[algorithm].digits;
}

static bool is_printable(const char *s)
{
	const char *c = s;

	while (*c >= 0x21 && *c <= 0x7e)
		c++;
	return *c == '\0' && c > s && c - s <= LOCKS_NAME_MAX;
}

bool lock_holds(const struct lock *l)
{
	size_t digits = algorithms[l->algorithm].digits;

	return is_printable(l->name) && ties[l->tie].holds(l->name) && strlen(l->hex) == digits &&
	       strspn(l->hex, DIGITS "abcdef") == digits;
}

void locks_put(struct buf *out, const struct lock *l)
{
	buf_printf(out, "%s %s %s %s\n", ties[l->tie].name, l->name, algorithms[l->algorithm].name,
		l->hex);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines of text, each terminated in place; NULL with errno. */
static char **split_lines(char *text, size_t *ret_count)
{
	size_t count = 0, room = 1024;
	_cleanup_(cleanup_freep) char **lines = malloc(room * sizeof(*lines));

	for (char *end; lines != NULL && *text != '\0'; text = end + 1) {
		end = strchr(text, '\n');
		if (end == NULL || count == LOCKS_MAX) {
			errno = end == NULL ? EBADMSG : E2BIG;
			return NULL;
		}
		if (count == room) {
			char **grown = reallocarray(lines, room *= 2, sizeof(*lines));

			if (grown == NULL)
				return NULL;
			lines = grown;
		}
		*end = '\0';
		lines[count++] = text;
	}
	*ret_count = count;
	return take_ptr(lines);
}

int locks_sort(char *text, struct buf *out, struct error *e)
{
	size_t count = 0;
	_cleanup_(cleanup_freep) char **lines = split_lines(text, &count);

	if (lines == NULL)
		return error_set(e, errno, "cannot sort what is locked");
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(lines[i], lines[i - 1]) == 0)
			continue;
		buf_puts(out, lines[i]);
		buf_puts(out, "\n");
	}
	return buf_ok(out) ? 0 : error_set(e, ENOMEM, "cannot sort what is locked");
}

static int find_tie(const char *word, enum lock_tie *ret)
{
	for (int i = 0; i < LOCK_TIE_COUNT; i++)
		if (strcmp(ties[i].name, word) == 0) {
			*ret = (enum lock_tie)i;
			return 0;
		}
	return -1;
}

static int find_algorithm(const char *word, enum lock_algorithm *ret)
{
	for (int i = 0; i < LOCK_ALGORITHM_COUNT; i++)
		if (strcmp(algorithms[i].name, word) == 0) {
			*ret = (enum lock_algorithm)i;
			return 0;
		}
	return -1;
}

enum { FIELDS = 4 };

static int parse_line(char *line, struct lock *ret)
{
	char *field[FIELDS];

	for (int i = 0; i < FIELDS; i++)
		field[i] = strsep(&line, " ");
	if (line != NULL || field[FIELDS - 1] == NULL || find_tie(field[0], &ret->tie) < 0 ||
		find_algorithm(field[2], &ret->algorithm) < 0)
		return -1;
	ret->name = field[1];
	ret->hex = field[3];
	return lock_holds(ret) ? 0 : -1;
}

int locks_next(char **cursor, struct lock *ret, struct error *e)
{
	char *line = *cursor, *end = strchr(line, '\n');

	if (*line == '\0')
		return 0;
	if (end == NULL)
		return error_set(e, EBADMSG, "locks: the last line is cut");
	*end = '\0';
	*cursor = end + 1;
	return parse_line(line, ret) < 0 ? error_set(e, EBADMSG, "locks: malformed line") : 1;
}

/* As their lines compare: a field that is the beginning of another is before it. */
int locks_compare(const struct lock *a, const struct lock *b)
{
	int order = strcmp(ties[a->tie].name, ties[b->tie].name);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(algorithms[a->algorithm].name, algorithms[b->algorithm].name);
	return order != 0 ? order : strcmp(a->hex, b->hex);
}

void lock_put_project(struct buf *out, const char *name, size_t n)
{
	static const char separators[] = "-_.";
	bool between = false;

	for (size_t i = 0; i < n; i++) {
		bool separates = memchr(separators, name[i], 3) != NULL;
		char c = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 'a' - 'A') : name[i];

		if (separates && between)
			continue;
		between = separates;
		buf_append(out, separates ? "-" : &c, 1);
	}
}
