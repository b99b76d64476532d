/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads the ranges of the synthetic network, which an administrator
 * or a user chose, in the runner, in pid 1 of a build and in the gateway. Pure functions,
 * and the same in all of them.
 */
#include "base/synthetic.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

enum { BITS_MIN = 8, BITS4_MAX = 32 - SYNTHETIC_HOST_BITS_MIN, BITS6_MAX = 96 };

static const char nowhere[] = "builds cannot reach addresses of this host's, of a link or of "
			      "many hosts through a gateway";

/* What begins with these bits is special to a kernel or to clients. */
static const struct {
	int family;
	unsigned char bits, start[2];
} special[] = {
	{AF_INET, 8, {0}},	      /* RFC 1122: this network */
	{AF_INET, 8, {127}},	      /* loopback */
	{AF_INET, 16, {169, 254}},    /* RFC 3927: a link, and metadata services */
	{AF_INET, 3, {224}},	      /* multicast, and what is reserved behind it */
	{AF_INET6, 8, {0}},	      /* loopback, IPv4-mapped, RFC 6052 */
	{AF_INET6, 10, {0xfe, 0x80}}, /* a link */
	{AF_INET6, 8, {0xff}},	      /* multicast */
};

/* Whether the first bits of both are the same, at most 16 of them. */
static bool begins(const unsigned char *address, const unsigned char *start, unsigned int bits)
{
	unsigned int a = address[0] << 8U | address[1], b = start[0] << 8U | start[1];

	return (a ^ b) >> (16 - bits) == 0;
}

static bool is_special(int family, const unsigned char *net, unsigned int bits)
{
	for (size_t i = 0; i < array_size(special); i++) {
		unsigned int common = special[i].bits < bits ? special[i].bits : bits;

		if (special[i].family == family && begins(net, special[i].start, common))
			return true;
	}
	return false;
}

/* At most three digits, without a zero in front; -1: it is no such number. */
static int read_bits(const char *text)
{
	int bits = 0;

	if (text[0] == '\0' || strlen(text) > 3 || text[0] == '0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		bits = bits * 10 + (*text - '0');
	}
	return bits;
}

/* Sets the bits behind the prefix in last, which holds net; false when net has some. */
static bool fill_last(const unsigned char *net, unsigned char *last, size_t size, size_t bits)
{
	bool clear = true;

	for (size_t i = 0; i < size; i++) {
		/* of the host's bits */
		const unsigned int mask = i < bits / 8	  ? 0
					  : i == bits / 8 ? 0xffU >> bits % 8
							  : 0xffU;

		clear = clear && (net[i] & mask) == 0;
		last[i] = (unsigned char)(net[i] | mask);
	}
	return clear;
}

const char *synthetic_parse(int family, const char *text, struct synthetic_range *ret)
{
	const bool four = family == AF_INET;
	struct synthetic_range r = {.family = (unsigned char)family, .size = four ? 4 : 16};
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN] = "";
	int bits = slash == NULL ? -1 : read_bits(slash + 1);

	if (bits < 0 || (size_t)(slash - text) >= sizeof(address))
		return four ? "it has to be like " SYNTHETIC_DEFAULT4
			    : "it has to be like " SYNTHETIC_DEFAULT6;
	memcpy(address, text, (size_t)(slash - text));
	if (inet_pton(family, address, r.net) != 1)
		return four ? "it does not begin with an IPv4 address"
			    : "it does not begin with an IPv6 address";
	if (bits < BITS_MIN || bits > (four ? BITS4_MAX : BITS6_MAX))
		return four ? "its prefix has to have 8 to 19 bits"
			    : "its prefix has to have 8 to 96 bits";
	r.bits = (unsigned char)bits;
	if (!fill_last(r.net, r.last, r.size, r.bits))
		return "bits are set behind its prefix";
	if (is_special(family, r.net, r.bits))
		return nowhere;
	memcpy(r.self, r.net, sizeof(r.self));
	r.self[r.size - 1] |= 1;
	*ret = r;
	return NULL;
}
