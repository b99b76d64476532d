/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads a policy's text into rules, in cupel-seccomp, which
 * runs while building or for an administrator, without privileges. The text is
 * trusted to mean well but not to be without mistakes: whatever could make a
 * filter say something else than its reader believes is an error.
 */
#include "sandbox/seccomp/policy.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "sandbox/seccomp/names.h"

enum { LINE_MAX_BYTES = 500, WORDS_MAX = 64 };

struct line {
	const char *name; /* of the policy */
	size_t first_rule;
	unsigned int number;
	char text[LINE_MAX_BYTES + 1];
	size_t word_count;
	char *words[WORDS_MAX];
};

#define fail(line, e, format, ...)                                                                 \
	error_set_kind(e, ERROR_USAGE, 0, "%s:%u: " format, (line)->name,                          \
		(line)->number __VA_OPT__(, ) __VA_ARGS__)

/* Copies the next line without its comment and cuts it into words. */
static int split_line(const char **cursor, struct line *l, struct error *e)
{
	size_t size = strcspn(*cursor, "\n"), used;
	char *p = l->text;

	l->number++;
	l->word_count = 0;
	if (!text_is_utf8(*cursor, size) || text_has_control(*cursor, size))
		return fail(l, e, "not plain text");
	used = strcspn(*cursor, "#\n");
	if (used > LINE_MAX_BYTES)
		return fail(l, e, "the line is longer than %d bytes", LINE_MAX_BYTES);
	memcpy(l->text, *cursor, used);
	l->text[used] = '\0';
	*cursor += size + ((*cursor)[size] == '\n');
	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		if (l->word_count == WORDS_MAX)
			return fail(l, e, "more than %d words", WORDS_MAX);
		l->words[l->word_count++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	return 0;
}

/* An action at words[first]; *ret_next is the word behind it. */
static int parse_action(
	const struct line *l, size_t first, uint32_t *ret, size_t *ret_next, struct error *e)
{
	const char *word = first < l->word_count ? l->words[first] : "";
	int errnum;

	*ret_next = first + 1;
	if (strcmp(word, "allow") == 0)
		*ret = SECCOMP_RET_ALLOW;
	else if (strcmp(word, "kill") == 0)
		*ret = SECCOMP_RET_KILL_PROCESS;
	else if (strcmp(word, "refuse") != 0)
		return fail(l, e, "'%s' is not an action (allow, kill, refuse ERRNO)", word);
	else {
		word = first + 1 < l->word_count ? l->words[first + 1] : "";
		errnum = names_errno(word);
		if (errnum == 0)
			return fail(l, e, "'%s' is not the name of an errno", word);
		*ret = SECCOMP_RET_ERRNO | (uint32_t)errnum;
		*ret_next = first + 2;
	}
	return 0;
}

static int parse_term(const struct line *l, const char *word, uint64_t *ret, struct error *e)
{
	char *end = NULL;

	if (word[0] >= '0' && word[0] <= '9') {
		errno = 0;
		*ret = strtoull(word, &end, 0);
		if (errno != 0 || *end != '\0')
			return fail(l, e, "'%s' is not a number", word);
		return 0;
	}
	if (names_constant(word, ret) < 0)
		return fail(l, e, "the constant '%s' is not known", word);
	return 0;
}

/* A|B|C, ~A or ~(A|B|C); text is changed. */
static int parse_value(const struct line *l, char *text, uint64_t *ret, struct error *e)
{
	bool complement = text[0] == '~';
	size_t size;
	uint64_t value = 0, term = 0;

	text += complement;
	size = strlen(text);
	if (complement && size > 2 && text[0] == '(' && text[size - 1] == ')') {
		text[size - 1] = '\0';
		text++;
	} else if (complement && strchr(text, '|') != NULL) {
		return fail(l, e, "'~%s' needs parentheses", text);
	}
	for (char *next = text; text != NULL; text = next) {
		next = strchr(text, '|');
		if (next != NULL)
			*next++ = '\0';
		if (parse_term(l, text, &term, e) < 0)
			return -1;
		value |= term;
	}
	*ret = complement ? ~value : value;
	return 0;
}

/* ARGUMENT[&MASK](=|!=)VALUE; word is changed. */
static int parse_condition(const struct line *l, const char *call, char *word,
	struct filter_condition *ret, struct error *e)
{
	char *value = strchr(word, '='), *mask;
	unsigned int bits = 0;
	uint64_t width;

	*value = '\0';
	ret->test = value > word && value[-1] == '!' ? FILTER_NOT_EQUAL : FILTER_EQUAL;
	if (ret->test == FILTER_NOT_EQUAL)
		value[-1] = '\0';
	mask = strchr(word, '&');
	if (mask != NULL)
		*mask++ = '\0';
	if (names_argument(call, word, &ret->argument, &bits) < 0)
		return fail(l, e, "%s has no argument '%s' that can be tested", call, word);
	width = bits == 32 ? UINT32_MAX : UINT64_MAX;
	ret->mask = UINT64_MAX;
	if (mask != NULL && parse_value(l, mask, &ret->mask, e) < 0)
		return -1;
	if (parse_value(l, value + 1, &ret->value, e) < 0)
		return -1;
	ret->mask &= width;
	if (ret->mask == 0 || (ret->value & ~ret->mask) != 0)
		return fail(l, e, "the test of '%s' can never change its answer", word);
	return 0;
}

static int add_rule(const struct line *l, const char *call, const struct filter_rule *template,
	struct filter_policy *policy, struct error *e)
{
	int number = names_system_call(call);

	if (number == NAMES_UNKNOWN)
		return fail(l, e, "there is no system call '%s'", call);
	if (number == NAMES_ELSEWHERE)
		return 0;
	if (number >= FILTER_NUMBERS_MAX || policy->rule_count == FILTER_RULES_MAX)
		return fail(l, e, "'%s' is one call too many", call);
	for (size_t i = l->first_rule; i < policy->rule_count; i++) {
		const struct filter_rule *r = &policy->rules[i];

		if (r->number == (unsigned int)number && r->condition_count == 0)
			return fail(l, e, "'%s' was decided in line %u", call, r->line);
	}
	policy->rules[policy->rule_count] = *template;
	policy->rules[policy->rule_count++].number = (unsigned int)number;
	return 0;
}

/* ACTION NAME... or ACTION NAME CONDITION... */
static int parse_rule(const struct line *l, struct filter_policy *policy, struct error *e)
{
	struct filter_rule rule = {.line = l->number};
	size_t first = 0;

	if (parse_action(l, 0, &rule.action, &first, e) < 0)
		return -1;
	if (first >= l->word_count)
		return fail(l, e, "a rule needs the name of a system call");
	if (first + 1 < l->word_count && strchr(l->words[first + 1], '=') != NULL) {
		for (size_t i = first + 1; i < l->word_count; i++) {
			if (rule.condition_count == FILTER_CONDITIONS_MAX)
				return fail(l, e, "more than %d tests", FILTER_CONDITIONS_MAX);
			if (strchr(l->words[i], '=') == NULL)
				return fail(l, e, "'%s' is not a test", l->words[i]);
			if (parse_condition(l, l->words[first], l->words[i],
				    &rule.conditions[rule.condition_count++], e) < 0)
				return -1;
		}
		return add_rule(l, l->words[first], &rule, policy, e);
	}
	for (size_t i = first; i < l->word_count; i++)
		if (add_rule(l, l->words[i], &rule, policy, e) < 0)
			return -1;
	return 0;
}

/* The first directive, and only that, is the default. */
static int parse_line(
	const struct line *l, bool *have_default, struct filter_policy *policy, struct error *e)
{
	bool is_default = strcmp(l->words[0], "default") == 0;
	size_t next = 0;

	if (is_default == *have_default)
		return fail(l, e, "there must be one default, before all rules");
	if (!is_default)
		return parse_rule(l, policy, e);
	*have_default = true;
	if (parse_action(l, 1, &policy->fallback, &next, e) < 0)
		return -1;
	if (next != l->word_count)
		return fail(l, e, "'%s' is one word too many", l->words[next]);
	return 0;
}

/* A guard leaves to the policy behind it whatever it does not refuse itself. */
static bool is_guard(const struct filter_policy *policy)
{
	if (policy->fallback != SECCOMP_RET_ALLOW)
		return false;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].action == SECCOMP_RET_ALLOW)
			return false;
	return true;
}

int filter_parse(const char *name, const char *text, struct filter_policy *policy, struct error *e)
{
	struct line l = {.name = name, .first_rule = policy->rule_count};
	bool have_default = false;

	if (policy->fallback != 0 && !is_guard(policy))
		return error_set_kind(
			e, ERROR_USAGE, 0, "'%s' follows a policy that is not a guard", name);
	while (*text != '\0') {
		if (split_line(&text, &l, e) < 0)
			return -1;
		if (l.word_count > 0 && parse_line(&l, &have_default, policy, e) < 0)
			return -1;
	}
	if (!have_default)
		return fail(&l, e, "there is no default");
	return 0;
}
