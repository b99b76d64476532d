/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: limits as numbers: none, the last that fits, and what would wrap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/limit.h"
#include "plan/plan.h"

static void test_none(void **state)
{
	const struct plan plan = {.size = 0};
	struct limits l;

	(void)state;
	limits_init(&l, &plan);
	assert_true(limits_hold(&l, LIMIT_BODY, UINT64_MAX));
	assert_true(limits_take(&l, LIMIT_TOTAL, UINT64_MAX - 1));
	assert_true(limits_left(&l, LIMIT_REQUESTS) == UINT64_MAX);
	assert_int_equal(limits_deadline(&l, LIMIT_TIME, 5), 0);
}

/* Each from its own field of the plan. */
static void test_fields(void **state)
{
	const struct plan plan = {.net_connections = 1,
		.net_head_bytes = 2,
		.net_body_bytes = 3,
		.net_total_bytes = 4,
		.net_requests = 5,
		.net_queries = 6,
		.net_idle_ms = 7000,
		.net_time_ms = 8000};
	static const char *const words[LIMIT_COUNT] = {NULL,
		"more than 1 connections at one time ([network] connections)",
		"a head of more than 2 bytes ([network] head)",
		"a body of more than 3 bytes ([network] body)",
		"answers of more than 4 bytes in all ([network] total)",
		"more than 5 requests ([network] requests)",
		"more than 6 look-ups of names ([network] queries)",
		"nothing moved for 7 seconds ([network] idle)",
		"more than 8 seconds for one request ([network] time)"};
	struct limits l;
	char why[LIMIT_WHY];

	(void)state;
	limits_init(&l, &plan);
	for (int i = LIMIT_NONE + 1; i < LIMIT_COUNT; i++) {
		limits_why(&l, (enum limit)i, why);
		assert_string_equal(why, words[i]);
	}
}

static void test_take(void **state)
{
	const struct plan plan = {.net_total_bytes = 10, .net_body_bytes = 4};
	struct limits l;

	(void)state;
	limits_init(&l, &plan);
	assert_true(limits_hold(&l, LIMIT_BODY, 4));
	assert_false(limits_hold(&l, LIMIT_BODY, 5));
	assert_true(limits_take(&l, LIMIT_TOTAL, 7));
	assert_false(limits_take(&l, LIMIT_TOTAL, 4));
	assert_false(limits_take(&l, LIMIT_TOTAL, UINT64_MAX));
	assert_true(limits_take(&l, LIMIT_TOTAL, 3));
	assert_int_equal(limits_left(&l, LIMIT_TOTAL), 0);
	assert_false(limits_take(&l, LIMIT_TOTAL, 1));
}

static void test_deadline(void **state)
{
	const struct plan plan = {.net_time_ms = 50, .net_idle_ms = UINT64_MAX};
	struct limits l;

	(void)state;
	limits_init(&l, &plan);
	assert_int_equal(limits_deadline(&l, LIMIT_TIME, 100), 150);
	assert_int_equal(limits_deadline(&l, LIMIT_IDLE, 100), 0);
}

/* The longest text has room, whatever the number. */
static void test_why(void **state)
{
	struct limits l = {.used = {0}};
	char why[LIMIT_WHY];

	(void)state;
	for (int i = LIMIT_NONE + 1; i < LIMIT_COUNT; i++) {
		l.max[i] = UINT64_MAX;
		limits_why(&l, (enum limit)i, why);
		assert_int_equal(why[strlen(why) - 1], ')');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
