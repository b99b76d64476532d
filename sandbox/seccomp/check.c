/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the second opinion on a compiled filter, in cupel-seccomp
 * and in tests, without privileges. The rules are evaluated as they read, one
 * after the other in 64 bits, and the program is run by simulate.c; the two have
 * no code in common with the compiler. The build stops at a mismatch.
 */
#include "sandbox/seccomp/check.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "sandbox/seccomp/native.h"
#include "sandbox/seccomp/policy.h"
#include "sandbox/seccomp/simulate.h"

enum {
	ARGUMENTS = 6,
	NUMBERS = 600,	    /* of each ABI; the kernel's end near 470 */
	VALUES_MAX = 3000,  /* for one argument */
	COMBINATIONS = 4000 /* at random, for each call with tests */
};

/* Numbers in which single bits or the sign matter. */
static const uint32_t odd_numbers[] = {FILTER_NUMBERS_MAX - 1, FILTER_NUMBERS_MAX,
	FILTER_NUMBERS_MAX + 1, 0xffff, 0x10000, 0x3fffffff, 0x7fffffff, 0x80000000, 0x80000001,
	0xbfffffff, 0xc0000000, 0xfffffffe, 0xffffffff};

static const uint32_t foreign_arches[] = {AUDIT_ARCH_I386, AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64,
	AUDIT_ARCH_PPC64LE, AUDIT_ARCH_S390X, 0, 0xffffffff, FILTER_ARCH ^ 1,
	FILTER_ARCH ^ 0x80000000, FILTER_ARCH ^ 0x40000000};

/* Values worth trying for one argument of one call. */
struct values {
	bool tested;
	size_t count, exact; /* the first `exact` occur in rules */
	uint64_t items[VALUES_MAX];
};

struct run {
	const struct filter_policy *policy;
	struct filter_policy *own; /* only the rules for the number being tried */
	const struct sock_filter *code;
	size_t length;
	bool stop;
	uint64_t random;
	struct filter_result *result;
};

static bool condition_holds(const struct filter_condition *c, const struct seccomp_data *data)
{
	bool equal = (data->args[c->argument] & c->mask) == c->value;

	return equal == (c->test == FILTER_EQUAL);
}

static bool rule_holds(const struct filter_rule *r, const struct seccomp_data *data)
{
	for (unsigned int i = 0; i < r->condition_count; i++)
		if (!condition_holds(&r->conditions[i], data))
			return false;
	return true;
}

uint32_t filter_evaluate(const struct filter_policy *policy, const struct seccomp_data *data)
{
	uint32_t number = (uint32_t)data->nr;

	if (data->arch != FILTER_ARCH)
		return SECCOMP_RET_KILL_PROCESS;
	if ((number & FILTER_FOREIGN_BIT) != 0)
		return number == FILTER_SKIPPED ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_PROCESS;
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].number == number && rule_holds(&policy->rules[i], data))
			return policy->rules[i].action;
	return policy->fallback;
}

static void try(struct run *run, const struct seccomp_data *data)
{
	struct filter_result *r = run->result;
	uint32_t expected = filter_evaluate(run->own, data), found = 0;
	unsigned int steps = 0;

	if (run->stop && r->mismatches > 0)
		return;
	r->cases++;
	/* A malformed program answers what no policy says. */
	if (filter_simulate(run->code, run->length, data, &found, &steps) < 0)
		found = SECCOMP_RET_TRACE;
	if (steps > r->longest_path)
		r->longest_path = steps;
	if (found == expected)
		return;
	if (r->mismatches++ == 0) {
		r->data = *data;
		r->expected = expected;
		r->found = found;
	}
}

/* xorshift: the same cases on every run. */
static uint64_t next_random(struct run *run)
{
	run->random ^= run->random << 13;
	run->random ^= run->random >> 7;
	run->random ^= run->random << 17;
	return run->random;
}

/* Calls in which no argument should matter: with the extremes, and at random. */
static void try_number(struct run *run, uint32_t arch, uint32_t number, int random)
{
	struct seccomp_data data = {.nr = (int)number, .arch = arch};

	try(run, &data);
	memset(data.args, 0xff, sizeof(data.args));
	try(run, &data);
	for (int times = 0; times < random; times++) {
		for (int i = 0; i < ARGUMENTS; i++)
			data.args[i] = next_random(run);
		data.instruction_pointer = next_random(run);
		try(run, &data);
	}
}

static void add_value(struct values *v, uint64_t value)
{
	if (v->count < VALUES_MAX)
		v->items[v->count++] = value;
}

/* Both sides of a constant, every single bit of it wrong, and the upper half set. */
static void add_neighbours(struct values *v, uint64_t value)
{
	for (int delta = -1; delta <= 1; delta++) {
		add_value(v, value + (uint64_t)delta);
		add_value(v, (value + (uint64_t)delta) | 1ULL << 32);
		add_value(v, (value + (uint64_t)delta) | UINT64_MAX << 32);
	}
	for (int bit = 0; bit < 64; bit++)
		add_value(v, value ^ 1ULL << bit);
}

/* With mask's other bits set as well, as they must not matter. */
static void add_condition(struct values *v, const struct filter_condition *c, bool exact)
{
	if (exact) {
		add_value(v, c->value);
		add_value(v, c->value | ~c->mask);
	} else {
		add_neighbours(v, c->value);
		add_neighbours(v, c->value | ~c->mask);
		add_neighbours(v, c->mask);
	}
}

static void collect_values(
	const struct filter_policy *own, unsigned int argument, bool exact, struct values *v)
{
	const struct filter_condition *last = NULL;

	for (size_t i = 0; i < own->rule_count; i++) {
		for (unsigned int n = 0; n < own->rules[i].condition_count; n++) {
			const struct filter_condition *c = &own->rules[i].conditions[n];

			/* Rules for one case of an argument stand together. */
			if (c->argument != argument ||
				(last != NULL && last->mask == c->mask && last->value == c->value))
				continue;
			add_condition(v, c, exact);
			last = c;
		}
	}
}

static void find_values(const struct filter_policy *own, unsigned int argument, struct values *v)
{
	static const uint64_t extremes[] = {0, 1, UINT32_MAX, 1ULL << 32, 1ULL << 63, UINT64_MAX};

	v->count = 0;
	collect_values(own, argument, true, v);
	v->exact = v->count;
	v->tested = v->count > 0;
	for (size_t i = 0; i < array_size(extremes); i++)
		add_value(v, extremes[i]);
	collect_values(own, argument, false, v);
}

/* Arguments for which the rule holds. */
static void satisfy(const struct filter_rule *rule, struct seccomp_data *data)
{
	for (unsigned int i = 0; i < rule->condition_count; i++) {
		const struct filter_condition *c = &rule->conditions[i];

		data->args[c->argument] =
			c->test == FILTER_EQUAL ? c->value : c->value ^ (c->mask & -c->mask);
	}
}

/* What matters for one call must not matter for its neighbours. */
static void try_rules_of_others(struct run *run, unsigned int number)
{
	struct seccomp_data data = {.nr = (int)number, .arch = FILTER_ARCH};

	for (size_t i = 0; i < run->policy->rule_count; i++) {
		if (run->policy->rules[i].condition_count == 0)
			continue;
		memset(data.args, 0, sizeof(data.args));
		satisfy(&run->policy->rules[i], &data);
		try(run, &data);
	}
}

/* Lets one argument take all its values while the others make the rule hold. */
static void try_around_rule(
	struct run *run, const struct filter_rule *rule, const struct values values[ARGUMENTS])
{
	struct seccomp_data data = {.nr = (int)rule->number, .arch = FILTER_ARCH}, changed;

	satisfy(rule, &data);
	for (int i = 0; i < ARGUMENTS; i++) {
		changed = data;
		for (size_t n = 0; values[i].tested && n < values[i].count; n++) {
			changed.args[i] = values[i].items[n];
			try(run, &changed);
		}
	}
}

/* Every second value is one that occurs in a rule, else rules of three tests hold rarely. */
static void try_combinations(
	struct run *run, unsigned int number, const struct values values[ARGUMENTS])
{
	struct seccomp_data data = {.nr = (int)number, .arch = FILTER_ARCH};

	for (int times = 0; times < COMBINATIONS; times++) {
		for (int i = 0; i < ARGUMENTS; i++) {
			const struct values *v = &values[i];
			size_t range = (next_random(run) & 1) != 0 ? v->exact : v->count;

			data.args[i] =
				v->tested ? v->items[next_random(run) % range] : next_random(run);
		}
		try(run, &data);
	}
}

static void try_arguments(struct run *run, unsigned int number)
{
	static struct values values[ARGUMENTS];
	bool tested = false;

	for (unsigned int i = 0; i < ARGUMENTS; i++) {
		find_values(run->own, i, &values[i]);
		tested |= values[i].tested;
	}
	if (!tested)
		return;
	for (size_t i = 0; i < run->own->rule_count; i++)
		try_around_rule(run, &run->own->rules[i], values);
	try_combinations(run, number, values);
}

static void try_other_abis(struct run *run, unsigned int number)
{
	try_number(run, FILTER_ARCH, number | 0x40000000, 2);
	for (size_t i = 0; i < array_size(foreign_arches); i++)
		try_number(run, foreign_arches[i], number, 1);
}

static void try_own_abi(struct run *run, unsigned int number)
{
	try_number(run, FILTER_ARCH, number, 8);
}

static void select_rules(struct run *run, unsigned int number)
{
	run->own->rule_count = 0;
	for (size_t i = 0; i < run->policy->rule_count; i++)
		if (run->policy->rules[i].number == number)
			run->own->rules[run->own->rule_count++] = run->policy->rules[i];
}

/* The cheapest first: most mistakes show there. */
static void (*const passes[])(struct run *run, unsigned int number) = {
	try_own_abi,
	try_arguments,
	try_rules_of_others,
	try_other_abis,
};

void filter_check(const struct filter_policy *policy, const struct sock_filter *code, size_t length,
	int stop, struct filter_result *ret)
{
	static struct filter_policy own;
	struct run run = {
		.policy = policy,
		.own = &own,
		.code = code,
		.length = length,
		.stop = stop != 0,
		.random = 0x9e3779b97f4a7c15,
		.result = ret,
	};

	memset(ret, 0, sizeof(*ret));
	own.fallback = policy->fallback;
	for (size_t i = 0; i < array_size(odd_numbers); i++) {
		select_rules(&run, odd_numbers[i]);
		try_own_abi(&run, odd_numbers[i]);
	}
	for (size_t i = 0; i < array_size(passes); i++)
		for (uint32_t n = 0; n <= NUMBERS && (!stop || ret->mismatches == 0); n++) {
			select_rules(&run, n);
			passes[i](&run, n);
		}
}
