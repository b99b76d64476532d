/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The synthetic network: what a build with a gateway reaches instead of the real
 * one. All of it is local in the build's namespace (sandbox/network.c); the
 * gateway gives an address of it to each name that is asked for.
 */

/* Where nothing else is configured: RFC 2544's range for benchmarks, and one of RFC 4193. */
#define SYNTHETIC_DEFAULT4 "198.18.0.0/15"
#define SYNTHETIC_DEFAULT6 "fd63:7570:656c::/64"

/* What a range has behind its prefix at the least: room for every name of a build. */
enum { SYNTHETIC_HOST_BITS_MIN = 13 };

/*
 * One family's range, addresses in network byte order. Its first address is the
 * network itself, the second the build's own, which its connections come from.
 */
struct synthetic_range {
	unsigned char family, size, bits; /* AF_INET or AF_INET6, bytes of an address, prefix */
	unsigned char net[16], self[16], last[16];
};

/*
 * Reads "ADDRESS/BITS" of a family: NULL, or why it cannot be a synthetic range
 * (static storage), and *ret is then left alone. A range has room for every name
 * that the gateway can hold, and no address that means something to a kernel or
 * to every client: not this host's, its links', or everybody's.
 */
const char *synthetic_parse(int family, const char *text, struct synthetic_range *ret);
