/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pure functions in cupel-collect on the project's patterns
 * and on paths that a build made. Both levels (components in a path, characters
 * in a component) keep only the last star to come back to: an earlier one need
 * never take more, since what follows it matched as early as possible. So there
 * is no recursion and no exponential pattern.
 */
#include "outputs/glob.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

struct span {
	const char *at, *end;
};

/* Takes one character out of a span that is not empty. */
static uint32_t next_character(struct span *s)
{
	unsigned char lead = (unsigned char)s->at[0];
	size_t n = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	uint32_t value;

	if (n > (size_t)(s->end - s->at) || !text_is_utf8(s->at, n)) {
		s->at++;
		return 0x110000U + lead;
	}
	value = n == 1 ? lead : lead & (0x7fU >> n);
	for (size_t i = 1; i < n; i++)
		value = value << 6 | ((unsigned char)s->at[i] & 0x3f);
	s->at += n;
	return value;
}

static uint32_t next_literal(struct span *p)
{
	if (*p->at == '\\' && p->end - p->at > 1)
		p->at++;
	return next_character(p);
}

/*
 * p stands behind '['. False when there is no ']': the bracket is then a
 * character like any other. Else p moves behind the set.
 */
static bool match_set(struct span *p, uint32_t c, bool *ret)
{
	struct span at = *p;
	bool negated = at.at < at.end && (*at.at == '!' || *at.at == '^'), found = false;
	const char *first = negated ? ++at.at : at.at;

	while (at.at < at.end && (*at.at != ']' || at.at == first)) {
		uint32_t low = next_literal(&at), high = low;

		if (at.end - at.at >= 2 && at.at[0] == '-' && at.at[1] != ']') {
			at.at++;
			high = next_literal(&at);
		}
		if (c >= low && c <= high)
			found = true;
	}
	if (at.at >= at.end)
		return false;
	p->at = at.at + 1;
	*ret = found != negated;
	return true;
}

/* One element of the pattern against one character; both move on. */
static bool match_one(struct span *p, struct span *s)
{
	uint32_t c = next_character(s);
	struct span behind = {p->at + 1, p->end};
	bool in_set = false;

	if (*p->at == '?') {
		p->at++;
		return true;
	}
	if (*p->at == '[' && match_set(&behind, c, &in_set)) {
		*p = behind;
		return in_set;
	}
	return next_literal(p) == c;
}

static bool match_component(struct span p, struct span s)
{
	struct span star = {NULL, NULL}, mark = s;

	while (p.at < p.end || s.at < s.end) {
		struct span p_next = p, s_next = s;

		if (p.at < p.end && *p.at == '*') {
			p.at++;
			star = p;
			mark = s;
		} else if (p.at < p.end && s.at < s.end && match_one(&p_next, &s_next)) {
			p = p_next;
			s = s_next;
		} else {
			if (star.at == NULL || mark.at >= mark.end)
				return false;
			next_character(&mark);
			p = star;
			s = mark;
		}
	}
	return true;
}

/* The next component that is neither empty nor "."; false at the end. */
static bool next_component(const char **cursor, struct span *ret)
{
	do {
		*cursor += strspn(*cursor, "/");
		ret->at = *cursor;
		*cursor += strcspn(*cursor, "/");
		ret->end = *cursor;
	} while (ret->end - ret->at == 1 && *ret->at == '.');
	return ret->at < ret->end;
}

static bool is_double_star(const struct span *s)
{
	return s->end - s->at == 2 && s->at[0] == '*' && s->at[1] == '*';
}

enum glob_result glob_match(const char *pattern, const char *path)
{
	const char *p = pattern, *s = path, *star = NULL, *mark = NULL;

	if (*pattern == '/')
		return GLOB_NO;
	for (;;) {
		const char *p_next = p, *s_next = s;
		struct span want, have;
		bool more = next_component(&p_next, &want);

		if (!next_component(&s_next, &have))
			return more ? GLOB_BELOW : GLOB_YES;
		if (more && is_double_star(&want)) {
			p = star = p_next;
			mark = s;
		} else if (more && match_component(want, have)) {
			p = p_next;
			s = s_next;
		} else {
			if (star == NULL)
				return GLOB_NO;
			next_component(&mark, &have);
			p = star;
			s = mark;
		}
	}
}
