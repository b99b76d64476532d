/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "gateway/lock.h"
#include "gateway/url.h"

/*
 * Redirect grants: the answer of a registry that sends its client elsewhere allows
 * exactly that URL, by GET, once, for a short time. So a registry that keeps its files on
 * somebody else's servers needs no rule for all that those servers hold.
 */
struct grant {
	struct grant *next;
	struct url to;		/* path normalised */
	struct lock_match lock; /* of what redirected, which holds for what it leads to */
	char registry[64], from[768];
	unsigned long long until;
};

/*
 * From an answer to `from`, whose Location is `location`, n bytes, against the URL's own place.
 * The body that the client gets in the end has to be what lock says, wherever it comes from.
 */
void grant_give(const struct url *from, const char *location, size_t n, const char *registry,
	const struct lock_match *lock);
/* Takes the grant for a request; NULL when there is none. The caller frees it. */
struct grant *grant_take(
	const char *host, unsigned short port, bool tls, const char *method, const char *target);
