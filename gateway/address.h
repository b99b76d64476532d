/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/socket.h>

/*
 * Why an address that a name resolved to is not on the public network, in static
 * words, or NULL when it is: "loopback", "link-local", "private (RFC 1918)", "shared
 * (RFC 6598)", "unique local (RFC 4193)", "multicast", "reserved", "unspecified", "synthetic"
 * (its standard ranges), "a cloud's metadata service" (169.254.169.254, fd00:ec2::254),
 * "broadcast". IPv4 addresses inside IPv6 ones (mapped, compatible, 6to4, NAT64 64:ff9b::/96
 * and 64:ff9b:1::/48, Teredo) are judged as what they hold. An address of
 * another family is "reserved".
 */
const char *address_not_public(const struct sockaddr_storage *address);
