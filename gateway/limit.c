/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: plain arithmetic in cupel-gateway, over numbers of the sealed plan
 * and what the build has used so far. Sizes that a registry announces are never added
 * before they were compared, so nothing wraps round.
 */
#include "gateway/limit.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "plan/plan.h"

static const struct {
	const char *key, *before, *after; /* around the number */
	size_t offset;			  /* in the plan */
	uint64_t unit;			  /* what the number is told in */
} rows[] = {
	[LIMIT_CONNECTIONS] = {"connections", "more than", "connections at one time",
		offsetof(struct plan, net_connections), 1},
	[LIMIT_HEAD] = {"head", "a head of more than", "bytes",
		offsetof(struct plan, net_head_bytes), 1},
	[LIMIT_BODY] = {"body", "a body of more than", "bytes",
		offsetof(struct plan, net_body_bytes), 1},
	[LIMIT_TOTAL] = {"total", "answers of more than", "bytes in all",
		offsetof(struct plan, net_total_bytes), 1},
	[LIMIT_REQUESTS] = {"requests", "more than", "requests",
		offsetof(struct plan, net_requests), 1},
	[LIMIT_QUERIES] = {"queries", "more than", "look-ups of names",
		offsetof(struct plan, net_queries), 1},
	[LIMIT_IDLE] = {"idle", "nothing moved for", "seconds", offsetof(struct plan, net_idle_ms),
		1000},
	[LIMIT_TIME] = {"time", "more than", "seconds for one request",
		offsetof(struct plan, net_time_ms), 1000},
};
_Static_assert(array_size(rows) == LIMIT_COUNT, "a row for every limit");

void limits_init(struct limits *ret, const struct plan *p)
{
	*ret = (struct limits){0};
	for (size_t i = LIMIT_NONE + 1; i < LIMIT_COUNT; i++)
		ret->max[i] = *(const uint64_t *)(const void *)((const char *)p + rows[i].offset);
}

uint64_t limits_left(const struct limits *l, enum limit which)
{
	if (l->max[which] == 0)
		return UINT64_MAX;
	return l->used[which] < l->max[which] ? l->max[which] - l->used[which] : 0;
}

bool limits_hold(const struct limits *l, enum limit which, uint64_t n)
{
	return l->max[which] == 0 || n <= l->max[which];
}

bool limits_take(struct limits *l, enum limit which, uint64_t n)
{
	if (n > limits_left(l, which))
		return false;
	l->used[which] += n;
	return true;
}

uint64_t limits_deadline(const struct limits *l, enum limit which, uint64_t now)
{
	uint64_t ms = l->max[which];

	return ms == 0 || ms > UINT64_MAX - now ? 0 : now + ms;
}

const char *limits_key(enum limit which)
{
	return rows[which].key;
}

void limits_why(const struct limits *l, enum limit which, char out[LIMIT_WHY])
{
	uint64_t n = l->max[which] / rows[which].unit;

	snprintf(out, LIMIT_WHY, "%s %llu %s ([network] %s)", rows[which].before,
		(unsigned long long)n, rows[which].after, rows[which].key);
}
