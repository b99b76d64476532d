/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify; collects and prints what the checks
 * found. Everything that came out of an attestation is hostile until a signature
 * says otherwise, and often enough after it: it is escaped on its way to the
 * terminal, including the characters that reorder or hide what stands beside
 * them.
 */
#include "attest/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

enum { TEXT_MAX = 300 };

void report_deinit(struct report *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->checks[i].expected);
		free(r->checks[i].found);
	}
	free(r->checks);
	buf_deinit(&r->summary);
	buf_deinit(&r->document);
	*r = (struct report)REPORT_INIT;
}

static char *copy(const char *s)
{
	return s == NULL ? NULL : strndup(s, TEXT_MAX);
}

bool report_check(struct report *r, const char *name, bool ok, const char *source,
	const char *expected, const char *found)
{
	struct check *bigger = reallocarray(r->checks, r->count + 1, sizeof(*bigger));

	if (!ok || bigger == NULL)
		r->failed = true;
	if (bigger == NULL)
		return false;
	r->checks = bigger;
	r->checks[r->count++] = (struct check){.name = name,
		.source = source,
		.ok = ok,
		.expected = copy(expected),
		.found = copy(found)};
	return ok;
}

enum verdict report_verdict(const struct report *r)
{
	if (r->undecided || r->count == 0)
		return VERDICT_UNDECIDED;
	return r->failed ? VERDICT_BAD : VERDICT_GOOD;
}

const char *report_verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_GOOD] = "good", [VERDICT_BAD] = "bad", [VERDICT_UNDECIDED] = "undecided"};

	_Static_assert(array_size(names) == VERDICT_COUNT, "a name for every verdict");
	return names[v];
}

size_t report_passed(const struct report *r)
{
	size_t passed = 0;

	for (size_t i = 0; i < r->count; i++)
		passed += r->checks[i].ok ? 1 : 0;
	return passed;
}

/* Length of an invisible or reordering character at s, or 0. */
static size_t trick_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n < 3)
		return 0;
	if (u[0] == 0xe2 && u[1] == 0x80)
		return (u[2] >= 0x8b && u[2] <= 0x8f) || (u[2] >= 0xa8 && u[2] <= 0xae) ? 3 : 0;
	if (u[0] == 0xe2 && u[1] == 0x81)
		return u[2] >= 0xa0 && u[2] <= 0xaf ? 3 : 0;
	return memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static void put_escaped(struct buf *out, const char *s, size_t n)
{
	char *line = n == 0 ? NULL : malloc(4 * n + 1);

	if (line != NULL) {
		text_escape(s, n, line, 4 * n + 1);
		buf_puts(out, line);
	}
	free(line);
}

void report_put_harmless(struct buf *out, const char *s, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i < n;) {
		size_t length = trick_length(s + i, n - i);

		if (length == 0) {
			i++;
			continue;
		}
		put_escaped(out, s + start, i - start);
		for (size_t k = 0; k < length; k++)
			buf_printf(out, "\\x%02x", (unsigned int)(unsigned char)s[i + k]);
		i += length;
		start = i;
	}
	put_escaped(out, s + start, n - start);
}

static void put_value(struct buf *line, const char *label, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(line, "%s '", label);
	report_put_harmless(line, value, strlen(value));
	buf_puts(line, "'");
}

static bool is_ascii(const char *s)
{
	while (*s != '\0' && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

/* Two letters that look alike would make the difference invisible. */
static void put_lookalike(struct buf *line, const char *label, const char *value)
{
	buf_printf(line, "%s '", label);
	for (; *value != '\0'; value++) {
		if ((unsigned char)*value < 0x80)
			report_put_harmless(line, value, 1);
		else
			buf_printf(line, "\\x%02x", (unsigned int)(unsigned char)*value);
	}
	buf_puts(line, "'");
}

static void print_check(const struct check *c, FILE *out)
{
	_cleanup_(buf_deinit) struct buf line = BUF_INIT;

	buf_printf(&line, "  %s  %-16s", c->ok ? "ok  " : "FAIL", c->name);
	put_value(&line, " expected", c->expected);
	if (!c->ok && c->expected != NULL && c->found != NULL && is_ascii(c->expected))
		put_lookalike(&line, ", found", c->found);
	else
		put_value(&line, c->expected == NULL ? " found" : ", found", c->found);
	if (!c->ok)
		buf_printf(&line, " (in %s)", c->source);
	if (buf_ok(&line))
		fprintf(out, "%s\n", line.data);
}

void report_print_text(const struct report *r, const char *file, FILE *out)
{
	_cleanup_(buf_deinit) struct buf line = BUF_INIT;

	report_put_harmless(&line, file, strlen(file));
	if (r->document.size > 0) {
		buf_puts(&line, ": attestation ");
		report_put_harmless(&line, r->document.data, r->document.size);
	}
	buf_puts(&line, "\n");
	fwrite(line.data, 1, line.size, out);
	for (size_t i = 0; i < r->count; i++)
		print_check(&r->checks[i], out);
	line.size = 0;
	buf_printf(&line, "%s: ", report_verdict_name(report_verdict(r)));
	report_put_harmless(&line, r->summary.data, r->summary.size);
	if (buf_ok(&line))
		fprintf(out, "%s\n", line.data);
}

static void json_optional(struct json *j, const char *key, const char *value)
{
	if (value != NULL)
		json_string(j, key, value);
}

void report_print_json(const struct report *r, const char *file, FILE *out)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct json j;

	json_init(&j, &text);
	json_object_begin(&j, NULL);
	json_string(&j, "file", file);
	json_string(&j, "verdict", report_verdict_name(report_verdict(r)));
	if (r->document.size > 0)
		json_string_n(&j, "attestation", r->document.data, r->document.size);
	json_array_begin(&j, "checks");
	for (size_t i = 0; i < r->count; i++) {
		json_object_begin(&j, NULL);
		json_string(&j, "name", r->checks[i].name);
		json_bool(&j, "ok", r->checks[i].ok);
		json_optional(&j, "expected", r->checks[i].expected);
		json_optional(&j, "found", r->checks[i].found);
		json_string(&j, "source", r->checks[i].source);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_string_n(&j, "summary", r->summary.size > 0 ? r->summary.data : "", r->summary.size);
	json_object_end(&j);
	if (buf_ok(&text))
		fprintf(out, "%s\n", text.data);
}
