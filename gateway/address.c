/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway asks this of every address that the host's
 * resolver gave it, before it connects to that very address: whoever owns a name
 * (in an allowed zone, too) also chooses what it resolves to. What the tables do
 * not call anything is public; of IPv6 only 2000::/3 can be.
 */
#include "gateway/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"

static const char loopback[] = "loopback", link_local[] = "link-local", multicast[] = "multicast";
static const char private4[] = "private (RFC 1918)", shared4[] = "shared (RFC 6598)";
static const char unique_local[] = "unique local (RFC 4193)", reserved[] = "reserved";
static const char unspecified[] = "unspecified", synthetic[] = "synthetic";
static const char metadata[] = "a cloud's metadata service", broadcast[] = "broadcast";

struct range {
	const char *network;
	unsigned int bits;
	const char *what;
};

/* The first that holds the address decides. IANA's special-purpose registries. */
static const struct range ranges4[] = {
	{"0.0.0.0", 32, unspecified},
	{"0.0.0.0", 8, reserved},
	{"10.0.0.0", 8, private4},
	{"100.64.0.0", 10, shared4},
	{"127.0.0.0", 8, loopback},
	{"168.63.129.16", 32, metadata}, /* looks public, and is only ever a host's own */
	{"169.254.169.254", 32, metadata},
	{"169.254.0.0", 16, link_local},
	{"172.16.0.0", 12, private4},
	{"192.0.0.0", 24, reserved},
	{"192.0.2.0", 24, reserved},
	{"192.88.99.0", 24, reserved},
	{"192.168.0.0", 16, private4},
	{"198.18.0.0", 15, synthetic},
	{"198.51.100.0", 24, reserved},
	{"203.0.113.0", 24, reserved},
	{"224.0.0.0", 4, multicast},
	{"255.255.255.255", 32, broadcast},
	{"240.0.0.0", 4, reserved},
};

static const struct range ranges6[] = {
	{"::", 128, unspecified},
	{"::1", 128, loopback},
	{"fd00:ec2::254", 128, metadata},
	{"fd63:7570:656c::", 64, synthetic},
	{"fc00::", 7, unique_local},
	{"fe80::", 10, link_local},
	{"ff00::", 8, multicast},
	{"2001::", 23, reserved}, /* behind Teredo's 2001::/32 */
	{"2001:db8::", 32, reserved},
	{"3fff::", 20, reserved},
};

static bool has_prefix(const uint8_t *address, const uint8_t *network, unsigned int bits)
{
	unsigned int rest = bits % 8;

	if (memcmp(address, network, bits / 8) != 0)
		return false;
	return rest == 0 || (address[bits / 8] ^ network[bits / 8]) >> (8 - rest) == 0;
}

static bool is_in(const uint8_t *address, int family, const char *network, unsigned int bits)
{
	uint8_t bytes[16] = {0};

	return inet_pton(family, network, bytes) == 1 && has_prefix(address, bytes, bits);
}

static const char *find_range(
	const uint8_t *address, int family, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_in(address, family, ranges[i].network, ranges[i].bits))
			return ranges[i].what;
	return NULL;
}

static const char *judge4(const uint8_t a[4])
{
	return find_range(a, AF_INET, ranges4, array_size(ranges4));
}

static bool is_zero(const uint8_t *bytes, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= bytes[i];
	return all == 0;
}

/* Of both ends of the tunnel: its server (bytes 4 to 7) and its client, which is inverted. */
static const char *judge_teredo(const uint8_t a[16])
{
	const uint8_t client[4] = {
		(uint8_t)~a[12], (uint8_t)~a[13], (uint8_t)~a[14], (uint8_t)~a[15]};
	const char *what = judge4(client);

	return what != NULL ? what : judge4(a + 4);
}

/*
 * 64:ff9b:1::/48 is cut up by whoever runs the translator. RFC 6052 §2.2 has the
 * address in the last four bytes or around byte 8; any other form could hold anything.
 */
static const char *judge_local_nat64(const uint8_t a[16])
{
	const uint8_t around[4] = {a[6], a[7], a[9], a[10]};

	if (is_zero(a + 6, 6))
		return judge4(a + 12);
	return a[8] == 0 && is_zero(a + 11, 5) ? judge4(around) : reserved;
}

/* Whether it holds an IPv4 address; then *what is said of that one. */
static bool judge_embedded(const uint8_t a[16], const char **what)
{
	if (is_in(a, AF_INET6, "::ffff:0:0", 96) || is_in(a, AF_INET6, "::", 96) ||
		is_in(a, AF_INET6, "64:ff9b::", 96))
		*what = judge4(a + 12);
	else if (is_in(a, AF_INET6, "64:ff9b:1::", 48))
		*what = judge_local_nat64(a);
	else if (is_in(a, AF_INET6, "2002::", 16))
		*what = judge4(a + 2);
	else if (is_in(a, AF_INET6, "2001::", 32))
		*what = judge_teredo(a);
	else
		return false;
	return true;
}

static const char *judge6(const uint8_t a[16])
{
	const char *what = NULL;

	if (is_in(a, AF_INET6, "::", 127)) /* "::" and "::1" are no IPv4 addresses */
		return find_range(a, AF_INET6, ranges6, 2);
	if (judge_embedded(a, &what))
		return what;
	what = find_range(a, AF_INET6, ranges6, array_size(ranges6));
	if (what == NULL && !is_in(a, AF_INET6, "2000::", 3))
		what = reserved;
	return what;
}

const char *address_not_public(const struct sockaddr_storage *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	uint8_t bytes[4];

	if (address->ss_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		memcpy(bytes, &in.sin_addr, sizeof(bytes));
		return judge4(bytes);
	}
	if (address->ss_family != AF_INET6)
		return reserved;
	memcpy(&in6, address, sizeof(in6));
	return judge6(in6.sin6_addr.s6_addr);
}
