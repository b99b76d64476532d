/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/synthetic.h"

#include "helper.h"

static const struct {
	int family;
	const char *text, *self, *last;
} good[] = {
	{AF_INET, SYNTHETIC_DEFAULT4, "198.18.0.1", "198.19.255.255"},
	{AF_INET, "10.0.0.0/8", "10.0.0.1", "10.255.255.255"},
	{AF_INET, "100.64.0.0/10", "100.64.0.1", "100.127.255.255"},
	{AF_INET, "192.168.224.0/19", "192.168.224.1", "192.168.255.255"},
	{AF_INET6, SYNTHETIC_DEFAULT6, "fd63:7570:656c::1", "fd63:7570:656c:0:ffff:ffff:ffff:ffff"},
	{AF_INET6, "fd00::/8", "fd00::1", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{AF_INET6, "2001:DB8::/96", "2001:db8::1", "2001:db8::ffff:ffff"},
	{AF_INET6, "fec0::/10", "fec0::1", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static void test_ranges_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		struct synthetic_range r;
		char text[INET6_ADDRSTRLEN];
		const char *why = synthetic_parse(good[i].family, good[i].text, &r);

		if (why != NULL)
			fail_msg("%s: %s", good[i].text, why);
		assert_int_equal(r.family, good[i].family);
		assert_int_equal(r.size, good[i].family == AF_INET ? 4 : 16);
		assert_string_equal(inet_ntop(r.family, r.self, text, sizeof(text)), good[i].self);
		assert_string_equal(inet_ntop(r.family, r.last, text, sizeof(text)), good[i].last);
		assert_memory_equal(r.net, r.self, r.size - 1U);
		assert_int_equal(r.net[r.size - 1], 0);
	}
}

static const struct {
	int family;
	const char *text, *why;
} bad[] = {
	{AF_INET, "", "like"},
	{AF_INET, "198.18.0.0", "like"},
	{AF_INET, "198.18.0.0/", "like"},
	{AF_INET, "198.18.0.0/015", "like"},
	{AF_INET, "198.18.0.0/+15", "like"},
	{AF_INET, "198.18.0.0/15 ", "like"},
	{AF_INET, "198.18.0.0/1555", "like"},
	{AF_INET, "198.18.0.0/15/15", "like"},
	{AF_INET, "/15", "IPv4 address"},
	{AF_INET, "198.18/15", "IPv4 address"},
	{AF_INET, " 198.18.0.0/15", "IPv4 address"},
	{AF_INET, "fd00::/64", "IPv4 address"},
	{AF_INET, "198.18.0.0/20", "8 to 19"},
	{AF_INET, "64.0.0.0/7", "8 to 19"},
	{AF_INET, "198.18.0.0/33", "8 to 19"},
	{AF_INET, "198.19.0.0/15", "behind"},
	{AF_INET, "198.18.0.1/15", "behind"},
	{AF_INET, "10.1.0.0/8", "behind"},
	{AF_INET, "0.0.0.0/8", "this host's"},
	{AF_INET, "0.64.0.0/10", "this host's"},
	{AF_INET, "127.0.0.0/8", "this host's"},
	{AF_INET, "127.128.0.0/16", "this host's"},
	{AF_INET, "169.254.0.0/16", "this host's"},
	{AF_INET, "169.254.32.0/19", "this host's"},
	{AF_INET, "169.252.0.0/14", "this host's"},
	{AF_INET, "224.0.0.0/8", "this host's"},
	{AF_INET, "239.255.0.0/16", "this host's"},
	{AF_INET, "255.255.224.0/19", "this host's"},
	{AF_INET6, "198.18.0.0/15", "IPv6 address"},
	{AF_INET6, "::/64", "this host's"},
	{AF_INET6, "::ffff:0:0/96", "this host's"},
	{AF_INET6, "64:ff9b::/96", "this host's"},
	{AF_INET6, "fe80::/64", "this host's"},
	{AF_INET6, "febf::/16", "this host's"},
	{AF_INET6, "fe00::/8", "this host's"},
	{AF_INET6, "ff05::/64", "this host's"},
	{AF_INET6, "fd00::/97", "8 to 96"},
	{AF_INET6, "fc00::/7", "8 to 96"},
	{AF_INET6, "fd00::/128", "8 to 96"},
	{AF_INET6, "fd00::1/64", "behind"},
	{AF_INET6, "fd00::%lo/64", "IPv6 address"},
	{AF_INET6, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/64", "like"},
};

static void test_what_is_none_is_told_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct synthetic_range r = {.bits = 255};
		const char *why = synthetic_parse(bad[i].family, bad[i].text, &r);

		if (why == NULL || strstr(why, bad[i].why) == NULL)
			fail_msg("'%s': %s", bad[i].text, why != NULL ? why : "(good)");
		assert_int_equal(r.bits, 255);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_are_read),
		cmocka_unit_test(test_what_is_none_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
