/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of addresses, in whichever network the test runs. */
#include "tests/unit/base/helper.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"
#include "gateway/route.h"

static const char *judge(const char *text)
{
	struct sockaddr_storage address = {0};

	if (strchr(text, ':') == NULL) {
		struct sockaddr_in *four = (struct sockaddr_in *)&address;

		address.ss_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text, &four->sin_addr), 1);
	} else {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)&address;

		address.ss_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
	}
	return route_not_outside(&address);
}

static int set_up(void **state)
{
	struct error e;

	(void)state;
	return route_open(&e);
}

static void test_own(void **state)
{
	(void)state;
	assert_string_equal(judge("127.0.0.1"), "this machine's own");
	assert_string_equal(judge("127.200.1.1"), "this machine's own");
	assert_string_equal(judge("::ffff:127.0.0.1"), "this machine's own");
}

/* Routed to, or unreachable: in neither case one of ours. */
static void test_others(void **state)
{
	(void)state;
	assert_null(judge("203.0.113.1"));
	assert_null(judge("2001:db8::1"));
	assert_null(judge("::ffff:203.0.113.1"));
}

static void test_another_family(void **state)
{
	const struct sockaddr_storage address = {.ss_family = AF_UNIX};

	(void)state;
	assert_string_equal(route_not_outside(&address), "unknown to the kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_another_family),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
