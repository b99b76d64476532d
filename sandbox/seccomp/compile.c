/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: turns rules into BPF, in cupel-seccomp, which runs while
 * building or for an administrator, without privileges. We do this ourselves,
 * because libseccomp before 2.6.1 merges tests of several rules for one call
 * wrongly (GHSA-4q85-33p6-j5g6); even so nobody has to trust this file, as
 * check.c compares every program that it writes with the rules.
 *
 * A program is written from its end to its start. Jumps in BPF go forward only,
 * so each target is known when the jump to it is written, and its distance fits
 * in 8 bits or gets a stepping stone. Only those instructions are used for which
 * the kernel can tell in advance that a call is always allowed (it then answers
 * from a bitmap without running the filter): ld, and, jeq, jge, jset, ja, ret.
 */
#include "sandbox/seccomp/compile.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "sandbox/seccomp/native.h"
#include "sandbox/seccomp/policy.h"

enum { JUMP_MAX = 255 };

/* A label is the index of an instruction; the one written last is at `start`. */
struct assembler {
	struct sock_filter code[BPF_MAXINSNS];
	size_t start;
	bool full;
};

/* Neighbouring numbers with the same answer. */
struct range {
	unsigned int first;
	bool tested;	 /* by arguments */
	uint32_t action; /* when not */
	size_t label;	 /* when it is */
};

struct ranges {
	size_t count;
	struct range items[FILTER_NUMBERS_MAX];
};

static size_t put(struct assembler *a, unsigned int code, size_t jt, size_t jf, uint32_t k)
{
	if (a->start == 0) {
		a->full = true;
		a->start = BPF_MAXINSNS;
	}
	a->start--;
	a->code[a->start] = (struct sock_filter){
		.code = (uint16_t)code,
		.jt = (uint8_t)jt,
		.jf = (uint8_t)jf,
		.k = k,
	};
	return a->start;
}

/* A nearby "return action", an existing one if there is. */
static size_t put_return(struct assembler *a, uint32_t action)
{
	for (size_t i = a->start; i < BPF_MAXINSNS && i < a->start + JUMP_MAX / 2; i++)
		if (a->code[i].code == (BPF_RET | BPF_K) && a->code[i].k == action)
			return i;
	return put(a, BPF_RET | BPF_K, 0, 0, action);
}

/*
 * A label for the same place which the next instruction reaches even if `spare`
 * more are written before it.
 */
static size_t put_near(struct assembler *a, size_t label, size_t spare)
{
	if (label - a->start + spare <= JUMP_MAX)
		return label;
	if (a->code[label].code == (BPF_RET | BPF_K))
		return put_return(a, a->code[label].k);
	return put(a, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(label - a->start));
}

static size_t put_jump(struct assembler *a, unsigned int test, uint32_t k, size_t yes, size_t no)
{
	yes = put_near(a, yes, 1);
	no = put_near(a, no, 0);
	return put(a, BPF_JMP | BPF_K | test, yes - a->start, no - a->start, k);
}

/* Tests the 32 bits at offset of the data; A is lost. */
static size_t put_test(
	struct assembler *a, size_t offset, uint32_t mask, uint32_t value, size_t yes, size_t no)
{
	if (mask == 0)
		return yes;
	put_jump(a, BPF_JEQ, value, yes, no);
	if (mask != UINT32_MAX)
		put(a, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
	return put(a, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

static size_t put_condition(
	struct assembler *a, const struct filter_condition *c, size_t yes, size_t no)
{
	size_t low = offsetof(struct seccomp_data, args) + c->argument * sizeof(uint64_t);
	size_t equal = c->test == FILTER_EQUAL ? yes : no;
	size_t other = c->test == FILTER_EQUAL ? no : yes;

	/* Little-endian, as native.h makes sure. */
	equal = put_test(a, low + sizeof(uint32_t), (uint32_t)(c->mask >> 32),
		(uint32_t)(c->value >> 32), equal, other);
	return put_test(a, low, (uint32_t)c->mask, (uint32_t)c->value, equal, other);
}

/* The rule of a call that always holds, or the count of all rules. */
static size_t find_last(const struct filter_policy *policy, unsigned int number)
{
	size_t i = 0;

	while (i < policy->rule_count &&
		(policy->rules[i].number != number || policy->rules[i].condition_count > 0))
		i++;
	return i;
}

/* All rules of one call; gives the label of the first test. */
static size_t put_rules(
	struct assembler *a, const struct filter_policy *policy, unsigned int number)
{
	size_t last = find_last(policy, number);
	size_t next = put_return(
		a, last < policy->rule_count ? policy->rules[last].action : policy->fallback);

	for (size_t i = last; i-- > 0;) {
		const struct filter_rule *r = &policy->rules[i];
		size_t yes;

		if (r->number != number)
			continue;
		yes = put_return(a, r->action);
		for (unsigned int c = r->condition_count; c-- > 0;)
			yes = put_condition(a, &r->conditions[c], yes, next);
		next = yes;
	}
	return next;
}

/* Index of the call's next rule at or behind `from`, or the count of all rules. */
static size_t next_rule(const struct filter_policy *policy, unsigned int number, size_t from)
{
	while (from < policy->rule_count && policy->rules[from].number != number)
		from++;
	return from;
}

static bool same_tests(const struct filter_rule *a, const struct filter_rule *b)
{
	if (a->action != b->action || a->condition_count != b->condition_count)
		return false;
	for (unsigned int i = 0; i < a->condition_count; i++) {
		const struct filter_condition *x = &a->conditions[i], *y = &b->conditions[i];

		if (x->argument != y->argument || x->test != y->test || x->mask != y->mask ||
			x->value != y->value)
			return false;
	}
	return true;
}

static bool same_rules(const struct filter_policy *policy, unsigned int a, unsigned int b)
{
	size_t i = next_rule(policy, a, 0), j = next_rule(policy, b, 0), n = policy->rule_count;

	while (i < n && j < n && same_tests(&policy->rules[i], &policy->rules[j])) {
		i = next_rule(policy, a, i + 1);
		j = next_rule(policy, b, j + 1);
	}
	return i == n && j == n;
}

/* Adds the answer for the next number; its tests are written if it has any. */
static void add_call(struct assembler *a, const struct filter_policy *policy, unsigned int number,
	struct ranges *ranges)
{
	const struct range *last = ranges->count > 0 ? &ranges->items[ranges->count - 1] : NULL;
	size_t rule = next_rule(policy, number, 0);
	struct range next = {.first = number, .action = policy->fallback};

	if (rule < policy->rule_count) {
		next.tested = policy->rules[rule].condition_count > 0;
		next.action = policy->rules[rule].action;
	}
	if (last != NULL && last->tested == next.tested &&
		(next.tested ? same_rules(policy, number - 1, number)
			     : last->action == next.action))
		return;
	if (next.tested)
		next.label = put_rules(a, policy, number);
	ranges->items[ranges->count++] = next;
}

/* The binary tree over items first to end - 1; A holds the number. */
static size_t put_tree(struct assembler *a, const struct ranges *ranges, size_t first, size_t end)
{
	size_t middle = first + (end - first) / 2, low, high;

	if (end - first == 1)
		return ranges->items[first].tested ? ranges->items[first].label
						   : put_return(a, ranges->items[first].action);
	high = put_tree(a, ranges, middle, end);
	low = put_tree(a, ranges, first, middle);
	return put_jump(a, BPF_JGE, ranges->items[middle].first, high, low);
}

/*
 * ld arch; jeq native or kill; ld nr; jset foreign or tree. The tree's root is
 * a label and need not be the instruction behind.
 */
static void put_start(struct assembler *a, size_t tree)
{
	size_t kill = put_return(a, SECCOMP_RET_KILL_PROCESS);
	size_t skipped = put_return(a, SECCOMP_RET_ALLOW);
	size_t foreign = put_jump(a, BPF_JEQ, FILTER_SKIPPED, skipped, kill);
	size_t number;

	put_jump(a, BPF_JSET, FILTER_FOREIGN_BIT, foreign, tree);
	number = put(a, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	put_jump(a, BPF_JEQ, FILTER_ARCH, number, kill);
	put(a, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
}

int filter_compile(const struct filter_policy *policy, struct filter_program *ret, struct error *e)
{
	static struct assembler a;
	static struct ranges ranges;
	size_t length;

	memset(&a, 0, sizeof(a));
	a.start = BPF_MAXINSNS;
	ranges.count = 0;
	for (unsigned int i = 0; i < FILTER_NUMBERS_MAX; i++)
		add_call(&a, policy, i, &ranges);
	put_start(&a, put_tree(&a, &ranges, 0, ranges.count));
	length = BPF_MAXINSNS - a.start;
	if (a.full)
		return error_set(e, 0, "the filter needs more than %d instructions", BPF_MAXINSNS);
	memcpy(ret->code, a.code + a.start, length * sizeof(a.code[0]));
	ret->length = length;
	return 0;
}
