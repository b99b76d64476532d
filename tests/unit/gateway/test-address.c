/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the ends of every range that is not public, what lies just
 * outside of them, and each way of hiding an IPv4 address in an IPv6 one.
 */
#include "tests/unit/base/helper.h"

#include <arpa/inet.h>

#include "base/cleanup.h"
#include "gateway/address.h"

static const struct {
	const char *address, *what; /* NULL: public */
} cases[] = {
	{"0.0.0.0", "unspecified"},
	{"0.0.0.1", "reserved"},
	{"0.255.255.255", "reserved"},
	{"1.0.0.0", NULL},
	{"9.255.255.255", NULL},
	{"10.0.0.0", "private (RFC 1918)"},
	{"10.255.255.255", "private (RFC 1918)"},
	{"11.0.0.0", NULL},
	{"100.63.255.255", NULL},
	{"100.64.0.0", "shared (RFC 6598)"},
	{"100.127.255.255", "shared (RFC 6598)"},
	{"100.128.0.0", NULL},
	{"127.0.0.1", "loopback"},
	{"127.255.255.255", "loopback"},
	{"128.0.0.0", NULL},
	{"168.63.129.16", "a cloud's metadata service"},
	{"168.63.129.17", NULL},
	{"169.254.169.254", "a cloud's metadata service"},
	{"169.254.169.253", "link-local"},
	{"169.254.0.0", "link-local"},
	{"169.255.0.0", NULL},
	{"172.15.255.255", NULL},
	{"172.16.0.0", "private (RFC 1918)"},
	{"172.31.255.255", "private (RFC 1918)"},
	{"172.32.0.0", NULL},
	{"192.0.0.8", "reserved"},
	{"192.0.1.0", NULL},
	{"192.0.2.255", "reserved"},
	{"192.88.99.1", "reserved"},
	{"192.167.255.255", NULL},
	{"192.168.0.0", "private (RFC 1918)"},
	{"192.168.255.255", "private (RFC 1918)"},
	{"192.169.0.0", NULL},
	{"198.17.255.255", NULL},
	{"198.18.0.0", "synthetic"},
	{"198.19.255.255", "synthetic"},
	{"198.20.0.0", NULL},
	{"198.51.100.1", "reserved"},
	{"203.0.113.1", "reserved"},
	{"223.255.255.255", NULL},
	{"224.0.0.0", "multicast"},
	{"239.255.255.255", "multicast"},
	{"240.0.0.0", "reserved"},
	{"255.255.255.254", "reserved"},
	{"255.255.255.255", "broadcast"},

	{"::", "unspecified"},
	{"::1", "loopback"},
	{"::2", "reserved"},
	{"2606:4700::1111", NULL},
	{"2a00:1450::1", NULL},
	{"1fff::1", "reserved"},
	{"4000::1", "reserved"},
	{"100::1", "reserved"},
	{"2001:1::1", "reserved"},
	{"2001:db8::1", "reserved"},
	{"3fff::1", "reserved"},
	{"5f00::1", "reserved"},
	{"fc00::", "unique local (RFC 4193)"},
	{"fdff::1", "unique local (RFC 4193)"},
	{"fd00:ec2::254", "a cloud's metadata service"},
	{"fd00:ec2::253", "unique local (RFC 4193)"},
	{"fd63:7570:656c::1", "synthetic"},
	{"fd63:7570:656c:1::1", "unique local (RFC 4193)"},
	{"fe80::1", "link-local"},
	{"febf::1", "link-local"},
	{"fec0::1", "reserved"},
	{"ff02::1", "multicast"},

	/* mapped and compatible */
	{"::ffff:127.0.0.1", "loopback"},
	{"::ffff:169.254.169.254", "a cloud's metadata service"},
	{"::ffff:8.8.8.8", NULL},
	{"::ffff:0:8.8.8.8", "reserved"},
	{"::10.0.0.1", "private (RFC 1918)"},
	{"::8.8.8.8", NULL},
	/* 6to4 */
	{"2002:7f00:1::", "loopback"},
	{"2002:a9fe:a9fe::1", "a cloud's metadata service"},
	{"2002:c0a8:101::1", "private (RFC 1918)"},
	{"2002:808:808::1", NULL},
	/* NAT64 */
	{"64:ff9b::127.0.0.1", "loopback"},
	{"64:ff9b::8.8.8.8", NULL},
	{"64:ff9b::1:8.8.8.8", "reserved"},
	{"64:ff9b:1::10.0.0.1", "private (RFC 1918)"},
	{"64:ff9b:1::8.8.8.8", NULL},
	{"64:ff9b:1:a9fe:a9:fe00::", "a cloud's metadata service"},
	{"64:ff9b:1:808:8:800::", NULL},
	{"64:ff9b:1:808:8:800::1", "reserved"},
	{"64:ff9b:1:2::8.8.8.8", "reserved"},
	/* Teredo: client inverted, then server */
	{"2001:0:808:808::80ff:fffe", "loopback"},
	{"2001:0:7f00:1::f7f7:f7f7", "loopback"},
	{"2001:0:808:808::f7f7:f7f7", NULL},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct sockaddr_storage a = {0};
		struct sockaddr_in in = {.sin_family = AF_INET};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		const char *what;

		if (inet_pton(AF_INET, cases[i].address, &in.sin_addr) == 1) {
			memcpy(&a, &in, sizeof(in));
		} else {
			assert_int_equal(inet_pton(AF_INET6, cases[i].address, &in6.sin6_addr), 1);
			memcpy(&a, &in6, sizeof(in6));
		}
		what = address_not_public(&a);
		if ((what == NULL) != (cases[i].what == NULL) ||
			(what != NULL && strcmp(what, cases[i].what) != 0))
			fail_msg("%s is %s", cases[i].address, what);
	}
}

static void test_other_family(void **state)
{
	struct sockaddr_storage a = {.ss_family = AF_UNIX};

	(void)state;
	assert_string_equal(address_not_public(&a), "reserved");
	a.ss_family = AF_UNSPEC;
	assert_string_equal(address_not_public(&a), "reserved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_other_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
