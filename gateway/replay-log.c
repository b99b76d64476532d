/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a parser for exactly what gateway/record.c writes, run by
 * cupel-gateway after it is confined. The bytes were signed, by somebody whom the caller
 * trusts, but what is in them a stranger's registry and build chose, and so they are
 * read as if they had not been: pure, in place, without allocation.
 */
#include "gateway/replay-log.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "gateway/ascii.h"

enum kind { KIND_TEXT, KIND_SHA256, KIND_SHA512, KIND_NUMBER, KIND_BOOL };

static const struct {
	const char *key;
	enum kind kind;
	size_t offset;
} members[] = {
#define MEMBER(key, kind, member)                                                                  \
	{                                                                                          \
		key, kind, offsetof(struct replay_entry, member)                                   \
	}
	MEMBER("head", KIND_SHA256, head),
	MEMBER("inspected", KIND_BOOL, inspected),
	MEMBER("method", KIND_TEXT, method),
	MEMBER("outcome", KIND_TEXT, outcome),
	MEMBER("requestSha256", KIND_SHA256, request_sha256),
	MEMBER("sha256", KIND_SHA256, sha256),
	MEMBER("sha512", KIND_SHA512, sha512),
	MEMBER("size", KIND_NUMBER, size),
	MEMBER("startedMs", KIND_NUMBER, started_ms),
	MEMBER("status", KIND_NUMBER, status),
	MEMBER("url", KIND_TEXT, url),
	MEMBER("vary", KIND_SHA256, vary),
	MEMBER("why", KIND_TEXT, why),
#undef MEMBER
};

struct reader {
	char *at, *end;
	const char *why;
};

static int fail(struct reader *r, const char *why)
{
	r->why = why;
	return -1;
}

static bool take(struct reader *r, char c)
{
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* \uXXXX behind its 'u'; the JSON writer uses it for controls alone. */
static int read_code(struct reader *r, char **to)
{
	int code = 0;

	if (r->end - r->at < 4)
		return fail(r, "an escape is cut short");
	for (int i = 0; i < 4; i++) {
		int digit = ascii_hex(*r->at++);

		if (digit < 0)
			return fail(r, "an escape is no number");
		code = code * 16 + digit;
	}
	if (code == 0 || code > 0x7f)
		return fail(r, "an escape of what needs none");
	*(*to)++ = (char)code;
	return 0;
}

static int read_escape(struct reader *r, char **to)
{
	static const char letters[] = "\"\\nrt", meanings[] = "\"\\\n\r\t";
	const char *letter;

	if (r->at == r->end)
		return fail(r, "a text has no end");
	if (take(r, 'u'))
		return read_code(r, to);
	letter = *r->at == '\0' ? NULL : strchr(letters, *r->at);
	if (letter == NULL)
		return fail(r, "an unknown escape");
	r->at++;
	*(*to)++ = meanings[letter - letters];
	return 0;
}

/* It only becomes shorter, so it is written over itself; the NUL takes the place of its quote. */
static int read_text(struct reader *r, const char **ret)
{
	char *begin, *to;

	if (!take(r, '"'))
		return fail(r, "a text is expected");
	begin = to = r->at;
	while (!take(r, '"')) {
		if (r->at == r->end)
			return fail(r, "a text has no end");
		if (ascii_is_control(*r->at))
			return fail(r, "a control in a text");
		if (take(r, '\\')) {
			if (read_escape(r, &to) < 0)
				return -1;
		} else {
			*to++ = *r->at++;
		}
	}
	if (!text_is_utf8(begin, (size_t)(to - begin)))
		return fail(r, "a text is not UTF-8");
	*to = '\0';
	*ret = begin;
	return 0;
}

static int read_number(struct reader *r, uint64_t *ret)
{
	const char *begin = r->at;
	uint64_t value = 0;

	while (r->at < r->end && ascii_is_digit(*r->at) && r->at - begin < 18)
		value = value * 10 + (uint64_t)(*r->at++ - '0');
	if (r->at == begin || (*begin == '0' && r->at - begin > 1) ||
		(r->at < r->end && ascii_is_digit(*r->at)))
		return fail(r, "a number is malformed");
	*ret = value;
	return 0;
}

static int read_bool(struct reader *r, bool *ret)
{
	const char *word = r->at < r->end && *r->at == 't' ? "true" : "false";
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return fail(r, "a value of no known kind");
	r->at += n;
	*ret = word[0] == 't';
	return 0;
}

static bool is_digest(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static int read_digest(struct reader *r, size_t n, const char **ret)
{
	if (read_text(r, ret) < 0)
		return -1;
	return is_digest(*ret, n) ? 0 : fail(r, "a digest is malformed");
}

static int skip_value(struct reader *r)
{
	const char *text;
	uint64_t number;
	bool yes;

	if (r->at < r->end && *r->at == '"')
		return read_text(r, &text);
	if (r->at < r->end && ascii_is_digit(*r->at))
		return read_number(r, &number);
	return read_bool(r, &yes);
}

static int read_member(struct reader *r, size_t i, struct replay_entry *e)
{
	char *member = (char *)e + members[i].offset;
	const char *text = NULL;
	uint64_t number = 0;
	bool yes = false;
	int result;

	switch (members[i].kind) {
	case KIND_NUMBER:
		result = read_number(r, &number);
		memcpy(member, &number, sizeof(number));
		return result;
	case KIND_BOOL:
		result = read_bool(r, &yes);
		memcpy(member, &yes, sizeof(yes));
		return result;
	case KIND_SHA256:
		result = read_digest(r, 64, &text);
		break;
	case KIND_SHA512:
		result = read_digest(r, 128, &text);
		break;
	case KIND_TEXT:
	default:
		result = read_text(r, &text);
		break;
	}
	memcpy(member, &text, sizeof(text));
	return result;
}

/* Keys come in the bytewise order in which they are written, so none can come twice. */
static int read_pair(struct reader *r, const char **previous, struct replay_entry *e)
{
	const char *key;

	if (read_text(r, &key) < 0)
		return -1;
	if (*previous != NULL && strcmp(*previous, key) >= 0)
		return fail(r, "keys are not in order");
	*previous = key;
	if (!take(r, ':'))
		return fail(r, "a key without a value");
	for (size_t i = 0; i < array_size(members); i++)
		if (strcmp(members[i].key, key) == 0)
			return read_member(r, i, e);
	return skip_value(r);
}

int replay_log_read(char *line, size_t n, struct replay_entry *ret, const char **why)
{
	struct reader r = {.at = line, .end = line + n};
	struct replay_entry e = {.outcome = NULL};
	const char *previous = NULL;
	int result = take(&r, '{') ? 0 : fail(&r, "not an object");

	while (result == 0) {
		result = read_pair(&r, &previous, &e);
		if (result == 0 && !take(&r, ','))
			break;
	}
	if (result == 0 && (!take(&r, '}') || r.at != r.end))
		result = fail(&r, "the object does not end where its line does");
	if (result == 0 && e.outcome == NULL)
		result = fail(&r, "no outcome");
	*why = r.why;
	if (result == 0)
		*ret = e;
	return result;
}
