/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct client;
struct rule;

/*
 * Answers a request that is not let through: status, why, and for 403 what would let it
 * through. nearest: the rule that came closest, or NULL. closes: the
 * caller ends the connection, which the client is told.
 */
void refusal_send(struct client *c, int status, const char *method, const char *url,
	const char *why, const struct rule *nearest, bool closes);
