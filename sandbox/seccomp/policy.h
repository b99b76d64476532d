/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/* A system call policy as conf/seccomp/build.policy describes its language. */
enum filter_test { FILTER_EQUAL, FILTER_NOT_EQUAL };

struct filter_condition {
	unsigned int argument; /* 0 to 5 */
	enum filter_test test;
	uint64_t mask;	/* never 0; at most 32 bits for an argument which is an int */
	uint64_t value; /* a part of mask */
};

enum { FILTER_CONDITIONS_MAX = 4, FILTER_RULES_MAX = 600, FILTER_NUMBERS_MAX = 1024 };

struct filter_rule {
	unsigned int number; /* of the system call, below FILTER_NUMBERS_MAX */
	uint32_t action;     /* SECCOMP_RET_*, with the errno */
	unsigned int line;
	unsigned int condition_count; /* 0: always holds */
	struct filter_condition conditions[FILTER_CONDITIONS_MAX];
};

/* Of the rules for one number, the first that holds decides. */
struct filter_policy {
	uint32_t fallback; /* action for what no rule names */
	size_t rule_count;
	struct filter_rule rules[FILTER_RULES_MAX];
};

/*
 * Reads the NUL-terminated text into *policy, which is zero at first. Strict: an
 * unknown word, a rule that can never hold or never be reached, and a missing
 * default are errors with name:line. 0, or -1 with *e filled.
 *
 * Called again, it puts another policy behind the first, which must then be a
 * guard: allow by default, and without a rule that allows. What neither refuses
 * is allowed, as with two filters; but one filter costs a fraction to load.
 */
int filter_parse(const char *name, const char *text, struct filter_policy *policy, struct error *e);
