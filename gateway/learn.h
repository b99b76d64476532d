/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct buf;
struct rule;
struct rules;

/*
 * For a build whose network is `learn`: what it asks for is let through when it only
 * fetches, and becomes the files of registries that would have allowed just that.
 */

/*
 * A rule for any request that only fetches, from what `configured` says of addresses and
 * `private_addresses` of all others. It lives as long as the process. NULL, and *why, when
 * nothing would allow the request, or when there are too many places.
 */
const struct rule *learn_allow(const struct rules *configured, bool private_addresses,
	const char *host, unsigned short port, bool tls, const char *method, const char *target,
	const char **why);

/* What became of a request. Those that a redirect had granted are not told. */
struct learned {
	const char *host;
	unsigned short port;
	bool tls;
	const char *method, *target;
	bool refused;
	bool private_address; /* it was answered from one */
	bool answered;
};
void learn_note(const struct learned *l);
/* A tunnel, or a raw connection, of a configured rule; and a client that accepted no certificate of
 * ours. */
void learn_note_tunnel(const struct rule *rule);
void learn_note_distrust(const char *host, unsigned short port);

/*
 * One file after the other: its registry's name, NUL, its text, NUL; the last has no name
 * and holds comments about what no registry can allow. Only letters, digits and what a
 * path may be written with come from the build, none of it at the start of a line.
 */
void learn_print(struct buf *out);
