/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The synthetic network: what a build with a gateway reaches instead of the real
 * one. All of it is local in the build's namespace (sandbox/network.c); the
 * gateway gives an address of it to each name that is asked for.
 */
#define GATEWAY_NET4 "198.18.0.0" /* RFC 2544's, prefix length GATEWAY_NET4_BITS */
#define GATEWAY_SELF4 "198.18.0.1"
enum { GATEWAY_NET4_BITS = 15 };
#define GATEWAY_NET6 "fd63:7570:656c::" /* RFC 4193, prefix length GATEWAY_NET6_BITS */
#define GATEWAY_SELF6 "fd63:7570:656c::1"
enum { GATEWAY_NET6_BITS = 64 };
