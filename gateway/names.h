/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/synthetic.h"

/*
 * The names that the build asked for, each with a synthetic address of its own:
 * number n is the n-th of each range of the synthetic network, n from 2 (1 is the
 * build's own). A name is kept for the whole build; names are compared and kept in lower
 * case without the root's dot.
 */
enum { NAMES_MAX = 4096, NAME_SIZE = 254 };

struct names {
	char (*names)[NAME_SIZE];
	uint32_t count, room;
	uint32_t *index; /* open hash of numbers */
	struct synthetic_range range4, range6;
};

void names_deinit(struct names *n); /* also for _cleanup_ */
/*
 * The number of a host name (LDH labels and underscores, RFC 1035 lengths, as
 * text); added when it is new. 0 when it is no such name, when there are NAMES_MAX,
 * or without memory.
 */
uint32_t names_number(struct names *n, const char *name);
/* The name behind a number, or NULL. */
const char *names_name(const struct names *n, uint32_t number);

struct in_addr names_address4(const struct names *n, uint32_t number);
struct in6_addr names_address6(const struct names *n, uint32_t number);
/* The number behind an address of the synthetic network, also IPv4-mapped; 0: none. */
uint32_t names_from_address(const struct names *n, const struct sockaddr_storage *address);
/* Lower case, no final dot, only letters, digits, '-', '_', '.' and sane lengths. 0 or -1. */
int names_normalise(const char *name, size_t n, char out[NAME_SIZE]);
