/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner with the caller's privileges, on files
 * of the administrator, of the user and of a project, the last of which is
 * hostile. libinih alone cannot be trusted with a security policy: it cuts lines
 * at 199 bytes and takes the rest for a new line, cuts section names at 49, cuts
 * values at " ;", joins indented lines to the key above, takes ':' for '=',
 * ignores what stands behind ']' and delivers the keys of an unclosed section.
 * So each line is judged and taken apart here first; only "[section]" and
 * "key = value" lines reach libinih, and what it makes of them has to be, byte
 * for byte, what was found here. Two readers would have to fail in the same way
 * for a line to be misread.
 */
#include "conf/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

/* A key that this file has set. */
struct seen {
	char name[2 * (INI_NAME_MAX + 1)]; /* "section\nkey" */
	unsigned int line;
	bool repeatable;
};

struct reader {
	const char *next, *end; /* what is left of the file's text */
	struct ini_item item;	/* strings lie in the arrays below */
	char section[INI_NAME_MAX + 1];
	char key[INI_NAME_MAX + 1];
	char value[INI_LINE_MAX + 1];
	bool pending; /* libinih was given `key = value` and has to deliver it */
	bool failed;
	struct seen *seen; /* INI_KEYS_MAX of them */
	size_t seen_count;
	struct seen *current; /* the record of `key` */
	ini_item_fn *give;
	void *context;
	struct error *e;
};

/* A line of the file without its end. */
struct line {
	const char *text;
	size_t size;
};

/* Fails with "FILE:LINE: what"; always false. */
static bool refuse(struct reader *r, const char *what, const char *hint)
{
	error_set_kind(r->e, ERROR_USAGE, 0, "%s:%u: %s", r->item.file, r->item.line, what);
	error_hint(r->e, "%s", hint);
	r->failed = true;
	return false;
}

static bool has_nul(const struct line *l, unsigned int number)
{
	(void)number;
	return memchr(l->text, '\0', l->size) != NULL;
}

static bool has_mark(const struct line *l, unsigned int number)
{
	return number == 1 && l->size >= 3 && memcmp(l->text, "\xef\xbb\xbf", 3) == 0;
}

static bool ends_in_cr(const struct line *l, unsigned int number)
{
	(void)number;
	return l->size > 0 && l->text[l->size - 1] == '\r';
}

static bool is_not_utf8(const struct line *l, unsigned int number)
{
	(void)number;
	return !text_is_utf8(l->text, l->size);
}

static bool has_control(const struct line *l, unsigned int number)
{
	(void)number;
	return text_has_control(l->text, l->size);
}

static bool is_long(const struct line *l, unsigned int number)
{
	(void)number;
	return l->size > INI_LINE_MAX;
}

static bool is_indented(const struct line *l, unsigned int number)
{
	(void)number;
	return l->size > 0 && l->text[0] == ' ' && strspn(l->text, " ") < l->size;
}

/* What no line may be, the most telling reason first. */
static const struct {
	bool (*is)(const struct line *l, unsigned int number);
	const char *what, *hint;
} faults[] = {
	{has_nul, "the line has a NUL byte", "write the file as plain text"},
	{has_mark, "the file begins with a byte order mark",
		"save it as UTF-8 without a byte order mark"},
	{ends_in_cr, "the line ends in CR LF", "convert the file with \"sed -i 's/\\r$//' FILE\""},
	{is_not_utf8, "the line is not well-formed UTF-8", "save the file as UTF-8"},
	{has_control, "the line has a control character", "use blanks instead of tabs"},
	{is_long, "the line is longer than 190 bytes",
		"shorten it; a list takes one 'key = value' line for each element"},
	{is_indented, "the line begins with a blank",
		"start every line at the margin; there are no continuation lines"},
};

/* The next line of the file, judged. False at the end or on failure. */
static bool take_line(struct reader *r, struct line *ret)
{
	const char *lf;

	if (r->failed || r->next == r->end)
		return false;
	lf = memchr(r->next, '\n', (size_t)(r->end - r->next));
	ret->text = r->next;
	ret->size = (size_t)((lf != NULL ? lf : r->end) - r->next);
	r->next = lf != NULL ? lf + 1 : r->end;
	r->item.line++;
	for (size_t i = 0; i < array_size(faults); i++)
		if (faults[i].is(ret, r->item.line))
			return refuse(r, faults[i].what, faults[i].hint);
	return true;
}

/* Copies the part without blanks at its ends; out holds INI_LINE_MAX + 1 bytes. */
static size_t copy_trimmed(const char *s, size_t n, char *out)
{
	while (n > 0 && s[0] == ' ')
		s++, n--;
	while (n > 0 && s[n - 1] == ' ')
		n--;
	memcpy(out, s, n);
	out[n] = '\0';
	return n;
}

static bool is_name(const char *s, size_t n)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";

	return n > 0 && n <= INI_NAME_MAX && strspn(s, letters) == n;
}

static bool parse_section(struct reader *r, const struct line *l)
{
	const char *close = memchr(l->text, ']', l->size);
	char name[INI_LINE_MAX + 1], rest[INI_LINE_MAX + 1];
	size_t size;

	if (close == NULL)
		return refuse(r, "the section header is not closed", "write it as '[section]'");
	size = (size_t)(close - l->text) - 1;
	memcpy(name, l->text + 1, size);
	name[size] = '\0';
	if (copy_trimmed(close + 1, l->size - size - 2, rest) > 0)
		return refuse(r, "there is text behind the section header",
			"put it on a line of its own");
	if (!is_name(name, size))
		return refuse(r, "the section header has no valid name",
			"a name is at most 49 letters, digits, '-', '_' and '.'");
	memcpy(r->section, name, size + 1);
	r->item.section = r->section;
	return true;
}

static bool parse_key(struct reader *r, const struct line *l)
{
	const char *equals = memchr(l->text, '=', l->size);
	char key[INI_LINE_MAX + 1];
	size_t size;

	if (equals == NULL)
		return refuse(r, "the line is neither a comment, a '[section]' nor 'key = value'",
			"comments begin with ';' or '#'");
	size = copy_trimmed(l->text, (size_t)(equals - l->text), key);
	if (!is_name(key, size))
		return refuse(r, "there is no valid key before '='",
			"a key is at most 49 letters, digits, '-', '_' and '.'");
	if (r->section[0] == '\0')
		return refuse(r, "the key stands before the first section",
			"put the line below its '[section]'");
	if (memmem(equals, (size_t)(l->text + l->size - equals), " ;", 2) != NULL)
		return refuse(r, "the value has ' ;' in it", "give comments a line of their own");
	memcpy(r->key, key, size + 1);
	copy_trimmed(equals + 1, (size_t)(l->text + l->size - equals) - 1, r->value);
	r->item.key = r->key;
	r->item.value = r->value;
	return true;
}

/* Finds or makes the record of the key; false when it is there and may not be repeated. */
static bool record(struct reader *r)
{
	struct seen now = {.line = r->item.line};
	size_t size = strlen(r->section), key_size = strlen(r->key);

	memcpy(now.name, r->section, size);
	now.name[size] = '\n';
	memcpy(now.name + size + 1, r->key, key_size + 1);
	for (size_t i = 0; i < r->seen_count; i++) {
		if (strcmp(r->seen[i].name, now.name) != 0)
			continue;
		r->current = &r->seen[i];
		if (r->seen[i].repeatable)
			return true;
		error_set_kind(r->e, ERROR_USAGE, 0,
			"%s:%u: [%s] %s is set a second time (first in line %u)", r->item.file,
			r->item.line, r->section, r->key, r->seen[i].line);
		error_hint(r->e, "keep one of the two lines");
		r->failed = true;
		return false;
	}
	if (r->seen_count == INI_KEYS_MAX)
		return refuse(r, "the file has more than 512 different keys", "split the file");
	r->current = &r->seen[r->seen_count++];
	*r->current = now;
	return true;
}

static bool give(struct reader *r)
{
	int result = r->give(r->context, &r->item, r->e);

	if (result < 0) {
		r->failed = true;
		return false;
	}
	if (r->item.key != NULL)
		r->current->repeatable = result == INI_REPEATABLE;
	return true;
}

static bool disagree(struct reader *r)
{
	return refuse(
		r, "the line cannot be read without doubt", "write it as plain 'key = value'");
}

/* libinih's source of lines, like fgets(3). */
static char *next_line(char *out, int room, void *stream)
{
	struct reader *r = stream;
	struct line l;

	if (r->pending)
		disagree(r);
	while (take_line(r, &l)) {
		if (strspn(l.text, " ") >= l.size || l.text[0] == ';' || l.text[0] == '#')
			continue;
		r->item.key = r->item.value = NULL;
		if (l.text[0] == '[' ? !parse_section(r, &l) || !give(r) : !parse_key(r, &l))
			return NULL;
		if (l.size + 2 > (size_t)room) {
			disagree(r);
			return NULL;
		}
		r->pending = r->item.key != NULL;
		memcpy(out, l.text, l.size);
		out[l.size] = '\n';
		out[l.size + 1] = '\0';
		return out;
	}
	return NULL;
}

/* libinih's handler; 0 makes it report an error, which ends nothing by itself. */
static int on_item(void *user, const char *section, const char *key, const char *value)
{
	struct reader *r = user;

	if (r->failed)
		return 0;
	if (!r->pending || strcmp(section, r->section) != 0 || strcmp(key, r->key) != 0 ||
		strcmp(value, r->value) != 0)
		return disagree(r);
	r->pending = false;
	return record(r) && give(r);
}

static int read_text(struct reader *r)
{
	int status = ini_parse_stream(next_line, r, on_item, r);

	if (!r->failed && (status != 0 || r->pending))
		disagree(r);
	return r->failed ? -1 : 0;
}

static int check_size(struct reader *r, const char *text, size_t n)
{
	if (n <= INI_SIZE_MAX)
		return 0;
	r->item.line = 1;
	for (size_t i = 0; i < INI_SIZE_MAX; i++)
		r->item.line += text[i] == '\n';
	refuse(r, "the file is larger than 64 KiB", "split the file");
	return -1;
}

int ini_read(int fd, const char *name, ini_item_fn *item, void *context, struct error *e)
{
	_cleanup_(cleanup_freep) struct seen *seen = calloc(INI_KEYS_MAX, sizeof(*seen));
	/* One byte more than needed: strspn() may look behind the last line. */
	_cleanup_(cleanup_freep) char *text = calloc(1, INI_SIZE_MAX + 2);
	struct reader r = {
		.item.file = name, .give = item, .context = context, .seen = seen, .e = e};
	ssize_t n;

	if (seen == NULL || text == NULL)
		return error_set(e, ENOMEM, "cannot read '%s'", name);
	n = fd_read_full(fd, text, INI_SIZE_MAX + 1);
	if (n < 0)
		return error_set(e, errno, "cannot read '%s'", name);
	if (check_size(&r, text, (size_t)n) < 0)
		return -1;
	r.next = text;
	r.end = text + n;
	return read_text(&r);
}
