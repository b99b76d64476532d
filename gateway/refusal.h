/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "gateway/limit.h"

struct client;
struct rule;

/*
 * Answers a request that is not let through: status, why, and for 403 what would let it
 * through. nearest: the rule that came closest, or NULL. closes: the
 * caller ends the connection, which the client is told.
 */
void refusal_send(struct client *c, int status, const char *method, const char *url,
	const char *why, const struct rule *nearest, bool closes);
/* The same with 403 for a limit of the build. */
void refusal_send_limit(
	struct client *c, const char *method, const char *url, enum limit which, bool closes);
/*
 * Puts on record, once in a build, that a limit was hit by what cannot be answered; host
 * may be NULL.
 */
void refusal_note_limit(enum limit which, const char *host, unsigned short port);
