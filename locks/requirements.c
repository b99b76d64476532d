/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: requirements.txt with hashes, as pip reads it with
 * --require-hashes, in cupel-lock, confined. "name==version --hash=sha256:…" ties the
 * digests to every file that is called so; "name @ URL --hash=…" to the URL. What has no
 * exact version or no SHA-256 or SHA-512 is left out.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "locks/reading.h"

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define BLANKS " \t"

/* A logical line in the making. */
struct requirement {
	struct buf text;
	unsigned int line; /* its first */
};

static void cut_comment(char *s)
{
	char *at = s;

	while ((at = strchr(at, '#')) != NULL && at != s && strchr(BLANKS, at[-1]) == NULL)
		at++;
	if (at != NULL)
		*at = '\0';
}

static char *skip_blanks(char *s)
{
	return s + strspn(s, BLANKS);
}

/* Cuts the first word off *at, which is at its beginning. */
static char *next_word(char **at)
{
	char *word = skip_blanks(*at);
	size_t n = strcspn(word, BLANKS);

	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

/* "sha256:…" n bytes; what is of another kind locks nothing. 1, 0 or -1. */
static int put_hash(struct reading *r, struct lock l, const char *hash, struct error *e)
{
	static const enum lock_algorithm known[] = {LOCK_SHA256, LOCK_SHA512};

	for (size_t i = 0; i < array_size(known); i++) {
		const char *name = lock_algorithm_name(known[i]);
		size_t n = strlen(name);

		if (strncmp(hash, name, n) != 0 || hash[n] != ':')
			continue;
		l.algorithm = known[i];
		l.hex = hash + n + 1;
		return reading_put(r, &l, e) < 0 ? -1 : 1;
	}
	return 0;
}

static int put_hashes(
	struct reading *r, const struct lock *l, char *options, const char *shown, struct error *e)
{
	bool any = false;

	for (char *word; *(word = next_word(&options)) != '\0';) {
		int put;

		if (strncmp(word, "--hash", 6) != 0 || (word[6] != '=' && word[6] != '\0'))
			continue; /* a marker, or an option that changes no digest */
		put = put_hash(r, *l, word[6] == '=' ? word + 7 : next_word(&options), e);
		if (put < 0)
			return -1;
		any = any || put > 0;
	}
	if (!any)
		reading_leave_out(r, shown, strlen(shown), "no --hash with sha256 or sha512");
	return 0;
}

/* "1.0" of n bytes, as it is in file names: in small letters. */
static bool put_version(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 'a' - 'A') : s[i];

		buf_append(out, &c, 1);
	}
	return n > 0 && strspn(s, DIGITS UPPER LOWER ".+!") >= n;
}

/* "==1.0 ; marker --hash=…", with or without blanks. */
static int put_pinned(
	struct reading *r, const char *name, size_t name_size, char *rest, struct error *e)
{
	_cleanup_(buf_deinit) struct buf tie = BUF_INIT;
	size_t equals = strspn(rest, "="), n;
	struct lock l = {.tie = LOCK_PYPI};
	char shown[64];

	snprintf(shown, sizeof(shown), "%.*s", (int)(name_size < 60 ? name_size : 60), name);
	lock_put_project(&tie, name, name_size);
	buf_puts(&tie, "==");
	rest = skip_blanks(rest + equals);
	n = strcspn(rest, BLANKS ";");
	if (equals < 2 || equals > 3 || !put_version(&tie, rest, n)) {
		reading_leave_out(r, shown, strlen(shown), "no exact version");
		return 0;
	}
	l.name = buf_ok(&tie) ? tie.data : "";
	return put_hashes(r, &l, rest + n, shown, e);
}

static int put_requirement(struct reading *r, char *text, unsigned int line, struct error *e)
{
	size_t n = strspn(text, DIGITS UPPER LOWER "-_.");
	char *rest = skip_blanks(text + n), *url;
	struct lock l = {.tie = LOCK_URL};

	if (n == 0 || strchr("-_.", text[0]) != NULL)
		return reading_fail(e, line, "not a requirement with a name");
	if (*rest == '[') {
		rest += strcspn(rest, "]");
		rest = skip_blanks(rest + (*rest == ']'));
	}
	if (*rest != '@')
		return put_pinned(r, text, n, rest, e) < 0 ? error_wrap(e, "line %u", line) : 0;
	rest++;
	url = next_word(&rest);
	url[strcspn(url, "#")] = '\0'; /* never sent */
	l.name = url;
	if (strncmp(l.name, "http", 4) != 0) {
		reading_leave_out(r, text, n, "not from a registry");
		return 0;
	}
	return put_hashes(r, &l, rest, l.name, e) < 0 ? error_wrap(e, "line %u", line) : 0;
}

static int take_option(struct reading *r, char *text, unsigned int line, struct error *e)
{
	static const char *const files[] = {"-r", "--requirement", "-c", "--constraint"};
	static const char *const editable[] = {"-e", "--editable"};

	for (size_t i = 0; i < array_size(files); i++) {
		size_t n = strlen(files[i]);

		if (strncmp(text, files[i], n) == 0 &&
			(text[n] == '\0' || strchr(BLANKS "=", text[n]) != NULL)) {
			reading_fail(e, line, "another file is included");
			return error_hint(e, "name that file as a lock, too, and put all "
					     "requirements of this one into one without -r");
		}
	}
	for (size_t i = 0; i < array_size(editable); i++)
		if (strncmp(text, editable[i], strlen(editable[i])) == 0)
			reading_leave_out(r, text, strlen(text), "not from a registry");
	return 0;
}

static int take_line(struct reading *r, struct requirement *q, struct error *e)
{
	char *text;

	if (!buf_ok(&q->text))
		return error_set(e, ENOMEM, "cannot read line %u", q->line);
	text = q->text.data == NULL ? NULL : skip_blanks(q->text.data);
	q->text.size = 0;
	if (text != NULL)
		cut_comment(text);
	if (text == NULL || *text == '\0')
		return 0;
	return text[0] == '-' ? take_option(r, text, q->line, e)
			      : put_requirement(r, text, q->line, e);
}

static int read_all(char *text, struct reading *r, struct requirement *q, struct error *e)
{
	unsigned int line = 0;
	char *at;

	while ((at = reading_next_line(&text, &line)) != NULL) {
		size_t n = strlen(at);
		bool is_comment = at[strspn(at, BLANKS)] == '#';
		bool goes_on = n > 0 && at[n - 1] == '\\' && !is_comment;

		if (q->text.size == 0)
			q->line = line;
		/* As pip joins them: what follows a comment in the joined line is part of it. */
		while (goes_on && n > 0 && at[n - 1] == '\\')
			at[--n] = '\0';
		if (is_comment)
			buf_puts(&q->text, " ");
		buf_puts(&q->text, at);
		if (!goes_on && take_line(r, q, e) < 0)
			return -1;
	}
	return q->text.size > 0 ? take_line(r, q, e) : 0;
}

int requirements_read(char *text, size_t n, struct reading *r, struct error *e)
{
	struct requirement q = {.text = BUF_INIT};
	int result;

	(void)n;
	result = read_all(text, r, &q, e);
	buf_deinit(&q.text);
	return result;
}
