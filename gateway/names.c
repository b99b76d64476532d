/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway's table of names, in its own confined process.
 * The build chooses every name and how many there are; all of them pass
 * names_normalise(), so what is kept can neither end early in C nor be read as
 * another name by a resolver. Both tables have their full size from the first name
 * on (untouched pages cost nothing): a name stays where it is for the whole build,
 * and the worst that chosen collisions can cost is NAMES_MAX comparisons.
 */
#include "gateway/names.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/ascii.h"

enum { NUMBER_FIRST = 2, NUMBER_LAST = NUMBER_FIRST + NAMES_MAX - 1, INDEX_SIZE = 2 * NAMES_MAX };
enum { LABEL_MAX = 63 };

_Static_assert((INDEX_SIZE & (INDEX_SIZE - 1)) == 0, "the hash is masked");
_Static_assert(NUMBER_LAST < 1 << SYNTHETIC_HOST_BITS_MIN, "every number has an address");

void names_deinit(struct names *n)
{
	free(n->names);
	free(n->index);
	*n = (struct names){0};
}

static int names_allocate(struct names *n)
{
	_cleanup_(cleanup_freep) uint32_t *index = calloc(INDEX_SIZE, sizeof(*index));

	n->names = calloc(NAMES_MAX, sizeof(*n->names));
	if (n->names == NULL || index == NULL) {
		names_deinit(n);
		return -1;
	}
	n->index = take_ptr(index);
	n->room = NAMES_MAX;
	return 0;
}

/* FNV-1a. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return hash;
}

/* Where the name's number is, or the free slot where it belongs: the index is never full. */
static uint32_t *find_slot(const struct names *n, const char *name)
{
	uint32_t at = hash_name(name) & (INDEX_SIZE - 1);

	while (n->index[at] != 0 && strcmp(n->names[n->index[at] - NUMBER_FIRST], name) != 0)
		at = (at + 1) & (INDEX_SIZE - 1);
	return &n->index[at];
}

uint32_t names_number(struct names *n, const char *name)
{
	char normal[NAME_SIZE];
	uint32_t *slot;

	if (names_normalise(name, strlen(name), normal) < 0)
		return 0;
	if (n->room == 0 && names_allocate(n) < 0)
		return 0;
	slot = find_slot(n, normal);
	if (*slot == 0 && n->count < n->room) {
		memcpy(n->names[n->count], normal, sizeof(normal));
		*slot = NUMBER_FIRST + n->count++;
	}
	return *slot;
}

const char *names_name(const struct names *n, uint32_t number)
{
	if (number < NUMBER_FIRST || number - NUMBER_FIRST >= n->count)
		return NULL;
	return n->names[number - NUMBER_FIRST];
}

struct in_addr names_address4(const struct names *n, uint32_t number)
{
	struct in_addr a;

	memcpy(&a, n->range4.net, sizeof(a));
	a.s_addr |= htonl(number);
	return a;
}

struct in6_addr names_address6(const struct names *n, uint32_t number)
{
	struct in6_addr a;
	uint32_t low = htonl(number);

	memcpy(&a, n->range6.net, sizeof(a));
	memcpy(a.s6_addr + 12, &low, sizeof(low));
	return a;
}

static uint32_t number_in_range(uint32_t number)
{
	return number >= NUMBER_FIRST && number <= NUMBER_LAST ? number : 0;
}

static uint32_t number_from4(const struct names *n, struct in_addr a)
{
	return number_in_range(ntohl(a.s_addr) - ntohl(names_address4(n, 0).s_addr));
}

static uint32_t number_from6(const struct names *n, const struct in6_addr *a)
{
	struct in6_addr net = names_address6(n, 0);
	struct in_addr low;

	memcpy(&low, a->s6_addr + 12, sizeof(low));
	if (IN6_IS_ADDR_V4MAPPED(a))
		return number_from4(n, low);
	if (memcmp(a, &net, 12) != 0)
		return 0;
	return number_in_range(ntohl(low.s_addr));
}

uint32_t names_from_address(const struct names *n, const struct sockaddr_storage *address)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (address->ss_family == AF_INET) {
		memcpy(&in, address, sizeof(in));
		return number_from4(n, in.sin_addr);
	}
	if (address->ss_family != AF_INET6)
		return 0;
	memcpy(&in6, address, sizeof(in6));
	return number_from6(n, &in6.sin6_addr);
}

/* A label's letters, digits, '-' (RFC 5890: not at an end) and '_'; n is at least 1. */
static bool is_label(const char *s, size_t n)
{
	if (n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ascii_is_alnum(s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return true;
}

static bool are_labels(const char *name, size_t n)
{
	size_t start = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && name[i] != '.')
			continue;
		if (i == start || !is_label(name + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

int names_normalise(const char *name, size_t n, char out[NAME_SIZE])
{
	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n == 0 || n >= NAME_SIZE || !are_labels(name, n))
		return -1;
	memset(out, 0, NAME_SIZE);
	for (size_t i = 0; i < n; i++)
		out[i] = ascii_lower(name[i]);
	return 0;
}
