/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct client;
struct rule;

/*
 * Answers a request that is not let through: status, why, and for 403 what would let it
 * through. nearest: the rule that came closest, or NULL. The connection stays open after
 * a 403 only if the caller lets it.
 */
void refusal_send(struct client *c, int status, const char *method, const char *url,
	const char *why, const struct rule *nearest);
