/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

struct client;
struct watch;

enum greeting {
	GREETING_OVER,	 /* what follows is inside TLS */
	GREETING_BROKEN, /* one of the two broke off */
	GREETING_REFUSED
};

/*
 * Passes the first ClientHello of a tunnel on, which was judged before, and when the
 * server asks for another one (RFC 8446 §4.1.4) its answer and that one, too, if it names
 * the same server. What follows it is not touched. Adds what was passed to *up and *down;
 * *why, in static words, of what is not over.
 */
enum greeting greeting_pass(
	struct client *c, struct watch *upstream, uint64_t *up, uint64_t *down, const char **why);
