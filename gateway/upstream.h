/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "gateway/names.h"
#include "gateway/stream.h"

struct error;

/* The authorities of the system in one file. */
#define UPSTREAM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

/* Where a request goes: a rule's place, or the one that a redirect granted. */
struct place {
	const char *host;
	unsigned short port;
	bool tls, private_addresses;
	bool granted; /* by a redirect, whose author may not be who owns private addresses */
};

/* A connection to a registry, verified, ready for a request. */
struct upstream {
	struct upstream *next; /* in the pool */
	struct stream stream;
	char host[NAME_SIZE];
	unsigned short port;
	bool tls, reused;
	bool private_address; /* only for places that may have one */
	char address[64];     /* "203.0.113.5", or "proxy" */
	char spki[65];	      /* SHA-256 of the certificate's public key, or "" */
	uint64_t idle_since;
};

/*
 * What the first connection would wait for, but no file: the authorities of the system
 * are looked up when they are needed. 0, or -1 without memory.
 */
int upstream_warm_up(void);
/*
 * A connection to that place: one that was used before and is idle, unless `fresh`, or
 * a new one to an address that was judged first. NULL, and why in `why`.
 */
struct upstream *upstream_get(const struct place *p, bool fresh, char *why, size_t size);
/* A connected socket alone, for a tunnel; address as above. fd, or -1 and why. */
int upstream_connect(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size);
/* The same past a proxy: to the proxy itself. */
int upstream_connect_directly(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size);
/* Back to the pool, when its last answer was read to its end and it stays open. */
void upstream_keep(struct upstream *u);
void upstream_drop(struct upstream *u);
