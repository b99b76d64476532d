/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: which place gets which session, with sessions that nobody had. A
 * session given to another place would be a certificate that was never verified for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "gateway/session.h"

static void test_a_place_gets_its_own(void **state)
{
	SSL_SESSION *one = SSL_SESSION_new(), *two = SSL_SESSION_new();

	(void)state;
	session_put("registry.test", 443, one, 1000);
	session_put("registry.test", 8443, two, 1000);
	assert_ptr_equal(session_get("registry.test", 443, 1000), one);
	assert_ptr_equal(session_get("registry.test", 443, 1001), one);
	assert_ptr_equal(session_get("registry.test", 8443, 1000), two);
	assert_null(session_get("registry.test", 444, 1000));
	assert_null(session_get("registry.tes", 443, 1000));
	assert_null(session_get("other.registry.test", 443, 1000));
	assert_null(session_get("", 443, 1000));
	session_forget("registry.test", 443);
	session_forget("registry.test", 443);
	assert_null(session_get("registry.test", 443, 1000));
	assert_ptr_equal(session_get("registry.test", 8443, 1000), two);
	session_forget("registry.test", 8443);
}

static void test_the_last_one_counts(void **state)
{
	SSL_SESSION *two;

	(void)state;
	session_put("registry.test", 443, SSL_SESSION_new(), 1000);
	two = SSL_SESSION_new();
	session_put("registry.test", 443, two, 2000);
	assert_ptr_equal(session_get("registry.test", 443, 2000), two);
	session_forget("registry.test", 443);
	assert_null(session_get("registry.test", 443, 2000));
}

static void test_it_gets_old(void **state)
{
	(void)state;
	session_put("registry.test", 443, SSL_SESSION_new(), 1000);
	assert_non_null(session_get("registry.test", 443, 1000 + SESSION_MS));
	assert_null(session_get("registry.test", 443, 1001 + SESSION_MS));
	assert_null(session_get("registry.test", 443, 1000));
}

static void test_many_places(void **state)
{
	char host[32];

	(void)state;
	for (int i = 0; i < 3 * SESSIONS_MAX; i++) {
		snprintf(host, sizeof(host), "%d.test", i);
		session_put(host, 443, SSL_SESSION_new(), (uint64_t)i);
	}
	for (int i = 0; i < 3 * SESSIONS_MAX; i++) {
		snprintf(host, sizeof(host), "%d.test", i);
		assert_int_equal(session_get(host, 443, 100) != NULL, i >= 2 * SESSIONS_MAX);
		session_forget(host, 443);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_place_gets_its_own),
		cmocka_unit_test(test_the_last_one_counts),
		cmocka_unit_test(test_it_gets_old),
		cmocka_unit_test(test_many_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
