/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: Cargo.lock of version 3 or 4, in cupel-lock, confined. Cargo writes
 * a small part of TOML, and no more than that is read: tables, texts in one line without
 * escapes, and lists of them. A crate from a registry is tied to the two paths under which
 * registries have crates.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "locks/reading.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum key { NAME, VERSION, SOURCE, CHECKSUM, KEY_COUNT };
static const char *const keys[] = {"name", "version", "source", "checksum"};
_Static_assert(array_size(keys) == KEY_COUNT, "a word for every key");

struct cargo {
	struct reading *r;
	unsigned int line;
	bool versioned;	 /* "version = 3" was there */
	bool in_package; /* else in a table that does not matter, or in none */
	bool in_table;
	const char *values[KEY_COUNT];
};

static bool consists_of(const char *s, const char *bytes)
{
	return s[0] != '\0' && s[strspn(s, bytes)] == '\0';
}

static int put_path(struct cargo *c, const char *format, struct error *e)
{
	char path[LOCKS_NAME_MAX];
	const char *name = c->values[NAME], *version = c->values[VERSION];
	const struct lock l = {.tie = LOCK_BELOW,
		.name = path,
		.algorithm = LOCK_SHA256,
		.hex = c->values[CHECKSUM]};
	int n = strcmp(format, "download") == 0
			? snprintf(path, sizeof(path), "%s/%s/download", name, version)
			: snprintf(path, sizeof(path), "%s/%s-%s.crate", name, name, version);

	if (n < 0 || (size_t)n >= sizeof(path))
		return reading_fail(e, c->line, "a name that is too long");
	return reading_put(c->r, &l, e) < 0 ? error_wrap(e, "line %u", c->line) : 0;
}

/* At the end of a [[package]]. */
static int put_package(struct cargo *c, struct error *e)
{
	const char *name = c->values[NAME], *source = c->values[SOURCE];

	if (!c->in_package)
		return 0;
	if (name == NULL || c->values[VERSION] == NULL || !consists_of(name, DIGITS LETTERS "-_") ||
		!consists_of(c->values[VERSION], DIGITS LETTERS "-.+"))
		return reading_fail(e, c->line, "a package without name or version before it");
	if (source == NULL)
		return 0; /* of the workspace */
	if (strncmp(source, "registry+", 9) != 0 && strncmp(source, "sparse+", 7) != 0)
		reading_leave_out(c->r, name, strlen(name), "not from a registry");
	else if (c->values[CHECKSUM] == NULL)
		reading_leave_out(c->r, name, strlen(name), "no checksum");
	else
		return put_path(c, "download", e) < 0 ? -1 : put_path(c, "crate", e);
	return 0;
}

static int begin_table(struct cargo *c, const char *text, struct error *e)
{
	if (put_package(c, e) < 0)
		return -1;
	memset(c->values, 0, sizeof(c->values));
	c->in_table = true;
	c->in_package = strcmp(text, "[[package]]") == 0;
	if (c->in_package || strcmp(text, "[[patch.unused]]") == 0)
		return 0;
	return reading_fail(e, c->line,
		strcmp(text, "[metadata]") == 0 ? "a lock file of version 1 or 2: 'cargo update' "
						  "of a newer cargo writes it anew"
						: "an unknown table");
}

/* Between its quotes, in place; NULL when it is not one text. */
static char *unquote(char *s)
{
	size_t n = strlen(s);

	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return NULL;
	s[n - 1] = '\0';
	return strpbrk(s + 1, "\"\\") == NULL ? s + 1 : NULL;
}

/* Lists are dependencies, whose packages have tables of their own. */
static int skip_list(struct cargo *c, char **cursor, const char *value, struct error *e)
{
	const char *line = value + 1;

	while (line != NULL && strchr(line, ']') == NULL) {
		line = reading_next_line(cursor, &c->line);
		if (line != NULL && line[strspn(line, " \t")] != '"' && line[0] != ']')
			return reading_fail(e, c->line, "not an element of a list");
	}
	return line == NULL ? reading_fail(e, c->line, "a list without an end") : 0;
}

static int set_value(struct cargo *c, const char *key, char *value, struct error *e)
{
	if (!c->in_table && strcmp(key, "version") == 0) {
		c->versioned = strcmp(value, "3") == 0 || strcmp(value, "4") == 0;
		return c->versioned ? 0 : reading_fail(e, c->line, "not version 3 or 4");
	}
	value = unquote(value);
	if (value == NULL)
		return reading_fail(e, c->line, "neither a plain text nor a list");
	for (int i = 0; i < KEY_COUNT; i++) {
		if (!c->in_package || strcmp(keys[i], key) != 0)
			continue;
		if (c->values[i] != NULL)
			return reading_fail(e, c->line, "the same key again");
		c->values[i] = value;
		return 0;
	}
	return c->in_table && (!c->in_package || strcmp(key, "replace") == 0)
		       ? 0
		       : reading_fail(e, c->line, "an unknown key");
}

static int read_line(struct cargo *c, char *line, char **cursor, struct error *e)
{
	char *equals = strstr(line, " = ");

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	if (line[0] == '[')
		return begin_table(c, line, e);
	if (equals == NULL)
		return reading_fail(e, c->line, "neither 'key = value' nor a table");
	*equals = '\0';
	if (equals[3] == '[')
		return c->in_table ? skip_list(c, cursor, equals + 3, e)
				   : reading_fail(e, c->line, "a list outside of a table");
	return set_value(c, line, equals + 3, e);
}

int cargo_read(char *text, size_t n, struct reading *r, struct error *e)
{
	struct cargo c = {.r = r};
	char *line;

	(void)n;
	while ((line = reading_next_line(&text, &c.line)) != NULL)
		if (read_line(&c, line, &text, e) < 0)
			return -1;
	if (!c.versioned)
		return error_set_kind(e, ERROR_USAGE, 0, "not a lock file of version 3 or 4");
	return put_package(&c, e);
}
