/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct plan;

/*
 * One URL of a trusted registry, and what may be asked of it. The runner writes one
 * line for each into the plan (plan->registries), so that what is allowed is printed,
 * digested and signed with it:
 *
 *	name=npm url=https://registry.example:443/ mode=inspect method=GET method=HEAD
 *	path=/ post=/-/npm/v1/security/advisories/bulk digest=lock unlocked=/index/ private=no
 *	from=registries.d/npm.ini:2
 *
 * on one line, fields separated by one blank, in this order; method, path, post and
 * unlocked may come more than once or not at all, digest at most once. url always has its port
 * and a path that ends in '/' ("tcp://host:port/" with mode=raw, whose bytes nobody looks
 * at), which every path and post pattern is an absolute path beside (not below): a rule
 * without path= allows what is below the url's own path.
 */
enum rule_mode { RULE_INSPECT, RULE_HTTP, RULE_TUNNEL, RULE_RAW, RULE_MODE_COUNT };
enum { RULE_METHODS = 8, RULE_PATTERNS = 32, RULES_MAX = 256 };

struct rule {
	char *text; /* owned; the rest points into it */
	const char *name, *host, *path, *from;
	bool tls;
	unsigned short port;
	enum rule_mode mode;
	const char *methods[RULE_METHODS];
	const char *paths[RULE_PATTERNS], *posts[RULE_PATTERNS];
	const char *unlocked[RULE_PATTERNS];
	size_t method_count, path_count, post_count, unlocked_count;
	bool locked;		/* only what a lock file has a digest of, and what is unlocked */
	bool private_addresses; /* may resolve to an address that is not public */
};

struct rules {
	struct rule *rules;
	size_t count;
};

void rules_deinit(struct rules *r); /* also for _cleanup_ */
/* The rules of a plan. 0, or -1 with *e filled. */
int rules_read(const struct plan *p, struct rules *ret, struct error *e);
bool rules_have_tunnel(const struct rules *r);
/* Whether a locked rule lets `target` (normalised) come without a digest. */
bool rule_unlocks(const struct rule *r, const char *target);
/* Whether one for this host, at any port, says private = yes. */
bool rules_have_private(const struct rules *r, const char *host);
/* A rule for this place, or NULL: host and port are what a connection was made to. */
const struct rule *rules_find(const struct rules *r, const char *host, unsigned short port);
/*
 * Whether one of the rules for this place allows the request; NULL, and then *why in
 * static words and *nearest the rule that came closest (NULL: no rule for the host).
 * target is normalised.
 */
const struct rule *rules_allow(const struct rules *r, const char *host, unsigned short port,
	const char *method, const char *target, const char **why, const struct rule **nearest);
