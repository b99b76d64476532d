/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in a confined cupel-image on this machine's package
 * database. That is root's, but as large and as old as the machine, and its text
 * was written by the authors of packages: everything is bounded, and only plain
 * names, versions and architectures get into the list.
 *
 * The status file is a sequence of stanzas, separated by empty lines, of
 * "Field: value" lines and of continuation lines that begin with a blank.
 */
#include "images/packages.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
enum { FIELD_MAX = 255, SAME_NAME_MAX = 64 };

/* A piece of the text. */
struct slice {
	const char *text;
	size_t size;
};

struct lines {
	const char *next, *end;
	unsigned int number;
};

static bool next_line(struct lines *l, struct slice *ret)
{
	const char *lf;

	if (l->next == l->end)
		return false;
	lf = memchr(l->next, '\n', (size_t)(l->end - l->next));
	*ret = (struct slice){l->next, (size_t)((lf != NULL ? lf : l->end) - l->next)};
	l->next = lf != NULL ? lf + 1 : l->end;
	l->number++;
	return true;
}

static struct slice trimmed(struct slice s)
{
	while (s.size > 0 && (s.text[0] == ' ' || s.text[0] == '\t'))
		s.text++, s.size--;
	while (s.size > 0 && (s.text[s.size - 1] == ' ' || s.text[s.size - 1] == '\t'))
		s.size--;
	return s;
}

static bool slice_is(struct slice s, const char *text)
{
	return s.size == strlen(text) && memcmp(s.text, text, s.size) == 0;
}

static bool is_made_of(struct slice s, const char *letters)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.text[i] == '\0' || strchr(letters, s.text[i]) == NULL)
			return false;
	return s.size > 0 && s.size <= FIELD_MAX;
}

/* The fields that are read, in the order in which the list has the first three. */
enum field { FIELD_PACKAGE, FIELD_VERSION, FIELD_ARCHITECTURE, FIELD_STATUS, FIELD_COUNT };
static const struct {
	const char *name;
	const char *letters;
} fields[] = {
	[FIELD_PACKAGE] = {"Package", LOWER DIGITS "+-."},
	[FIELD_VERSION] = {"Version", LOWER UPPER DIGITS ".+-~:"},
	[FIELD_ARCHITECTURE] = {"Architecture", LOWER DIGITS "-"},
	[FIELD_STATUS] = {"Status", LOWER "- "},
};
_Static_assert(array_size(fields) == FIELD_COUNT, "a row for every field");

struct stanza {
	struct slice value[FIELD_COUNT];
	unsigned int line; /* of its first field, 0 between stanzas */
};

struct parser {
	struct lines lines;
	struct stanza stanza;
	struct slice *packages; /* the list's lines, in `text` once it has stopped growing */
	size_t count;
	struct buf text;
	struct error *e;
};

static int refuse(const struct parser *p, unsigned int line, const char *what, const char *field)
{
	return error_set(p->e, EBADMSG, "package database: line %u: %s%s%s", line, what,
		field != NULL ? " " : "", field != NULL ? field : "");
}

static bool is_installed(struct slice status)
{
	static const char *const states[] = {
		" ok installed", " ok triggers-awaited", " ok triggers-pending"};

	for (size_t i = 0; i < array_size(states); i++) {
		size_t n = strlen(states[i]);

		if (status.size > n && memcmp(status.text + status.size - n, states[i], n) == 0)
			return true;
	}
	return false;
}

static int end_stanza(struct parser *p)
{
	const struct stanza *s = &p->stanza;

	if (s->line == 0)
		return 0;
	if (s->value[FIELD_PACKAGE].text == NULL)
		return refuse(p, s->line, "an entry has no field", "Package");
	if (s->value[FIELD_STATUS].text == NULL)
		return refuse(p, s->line, "an entry has no field", "Status");
	if (is_installed(s->value[FIELD_STATUS])) {
		if (++p->count > PACKAGES_MAX)
			return refuse(p, s->line, "there are too many packages", NULL);
		for (int i = FIELD_PACKAGE; i <= FIELD_ARCHITECTURE; i++) {
			if (s->value[i].text == NULL)
				return refuse(p, s->line, "an entry has no field", fields[i].name);
			buf_append(&p->text, s->value[i].text, s->value[i].size);
			buf_puts(&p->text, i == FIELD_ARCHITECTURE ? "\n" : " ");
		}
	}
	p->stanza = (struct stanza){.line = 0};
	return 0;
}

static int take_field(struct parser *p, struct slice line)
{
	const char *colon = memchr(line.text, ':', line.size);
	struct slice name, value;

	if (p->stanza.line == 0)
		p->stanza.line = p->lines.number;
	if (line.text[0] == ' ' || line.text[0] == '\t')
		return 0;
	if (colon == NULL)
		return refuse(p, p->lines.number, "there is no ':'", NULL);
	name = (struct slice){line.text, (size_t)(colon - line.text)};
	value = trimmed((struct slice){colon + 1, line.size - name.size - 1});
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (name.size != strlen(fields[i].name) ||
			strncasecmp(name.text, fields[i].name, name.size) != 0)
			continue;
		if (p->stanza.value[i].text != NULL)
			return refuse(p, p->lines.number, "a second field", fields[i].name);
		if (!is_made_of(value, fields[i].letters))
			return refuse(
				p, p->lines.number, "strange characters in field", fields[i].name);
		p->stanza.value[i] = value;
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int order = memcmp(x->text, y->text, x->size < y->size ? x->size : y->size);

	return order != 0 ? order : x->size < y->size ? -1 : x->size > y->size;
}

/* Bytes of the line's first word. */
static size_t name_size(struct slice line)
{
	return (size_t)((const char *)memchr(line.text, ' ', line.size) - line.text);
}

static struct slice last_word(struct slice line)
{
	const char *blank = memrchr(line.text, ' ', line.size);

	return (struct slice){blank + 1, line.size - (size_t)(blank + 1 - line.text)};
}

/* A package can be there once for each architecture; names stand together once sorted. */
static int check_unique(struct parser *p)
{
	for (size_t i = 1; i < p->count; i++) {
		struct slice line = p->packages[i], architecture = last_word(line);
		size_t n = name_size(line) + 1, same = 0;

		for (size_t k = i; k-- > 0 && p->packages[k].size > n &&
				   memcmp(p->packages[k].text, line.text, n) == 0;) {
			struct slice other = last_word(p->packages[k]);

			if (++same > SAME_NAME_MAX ||
				(other.size == architecture.size &&
					memcmp(other.text, architecture.text, other.size) == 0))
				return error_set(p->e, EBADMSG,
					"package database: '%.*s' is installed twice", (int)n - 1,
					line.text);
		}
	}
	return 0;
}

static int put_sorted(struct parser *p, struct buf *out)
{
	struct lines lines = {.next = p->text.data, .end = p->text.data + p->text.size};

	if (!buf_ok(&p->text))
		return error_set(p->e, ENOMEM, "package database");
	p->packages = calloc(p->count + 1, sizeof(*p->packages));
	if (p->packages == NULL)
		return error_set(p->e, ENOMEM, "package database");
	for (size_t i = 0; i < p->count; i++)
		next_line(&lines, &p->packages[i]);
	qsort(p->packages, p->count, sizeof(*p->packages), by_bytes);
	if (check_unique(p) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		buf_append(out, p->packages[i].text, p->packages[i].size);
		buf_puts(out, "\n");
	}
	return buf_ok(out) ? 0 : error_set(p->e, ENOMEM, "package database");
}

static int parse(struct parser *p)
{
	struct slice line;

	buf_puts(&p->text, "");
	while (next_line(&p->lines, &line)) {
		if (memchr(line.text, '\0', line.size) != NULL)
			return refuse(p, p->lines.number, "a NUL byte", NULL);
		if ((line.size == 0 ? end_stanza(p) : take_field(p, line)) < 0)
			return -1;
	}
	return end_stanza(p);
}

int packages_put_status(const char *status, size_t size, struct buf *out, struct error *e)
{
	struct parser p = {.lines = {.next = status, .end = status + size}, .e = e};
	int result = parse(&p);

	if (result == 0)
		result = put_sorted(&p, out);
	free(p.packages);
	buf_deinit(&p.text);
	return result;
}

/* os-release is a shell fragment: the value may stand in quotes. */
static struct slice unquoted(struct slice s)
{
	bool quoted = s.size >= 2 && s.text[0] == s.text[s.size - 1] &&
		      (s.text[0] == '"' || s.text[0] == '\'');

	return quoted ? (struct slice){s.text + 1, s.size - 2} : s;
}

static int find_variable(struct slice text, const char *name, const char *otherwise,
	struct slice *ret, struct error *e)
{
	struct lines lines = {.next = text.text, .end = text.text + text.size};
	size_t n = strlen(name);
	struct slice line;

	*ret = (struct slice){otherwise, strlen(otherwise)};
	/* as in the shell, the last assignment holds */
	while (next_line(&lines, &line)) {
		if (line.size <= n || memcmp(line.text, name, n) != 0 || line.text[n] != '=')
			continue;
		*ret = unquoted(trimmed((struct slice){line.text + n + 1, line.size - n - 1}));
		if (slice_is(*ret, ""))
			*ret = (struct slice){otherwise, strlen(otherwise)};
	}
	if (is_made_of(*ret, LOWER DIGITS "._-"))
		return 0;
	return error_set(e, EBADMSG, "os-release: %s has strange characters in it", name);
}

int packages_put_os(const char *os_release, size_t size, struct buf *out, struct error *e)
{
	struct slice text = {os_release, size}, id, codename;

	if (find_variable(text, "ID", "linux", &id, e) < 0 ||
		find_variable(text, "VERSION_CODENAME", "-", &codename, e) < 0)
		return -1;
	buf_printf(out, "os %.*s %.*s\n", (int)id.size, id.text, (int)codename.size, codename.text);
	return buf_ok(out) ? 0 : error_set(e, ENOMEM, "os-release");
}
