/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan;

/*
 * What one build may use of the network at most, as its plan says. Each is a key of the
 * section [network] of cupel.ini, which every refusal names.
 */
enum limit {
	LIMIT_NONE,
	LIMIT_CONNECTIONS, /* at one time */
	LIMIT_HEAD,	   /* bytes of one */
	LIMIT_BODY,	   /* bytes of one answer's */
	LIMIT_TOTAL,	   /* bytes of all answers */
	LIMIT_REQUESTS,
	LIMIT_QUERIES,
	LIMIT_IDLE, /* milliseconds */
	LIMIT_TIME, /* milliseconds of one request */
	LIMIT_COUNT
};

struct limits {
	uint64_t max[LIMIT_COUNT]; /* 0: none */
	uint64_t used[LIMIT_COUNT];
};

void limits_init(struct limits *ret, const struct plan *p);
/* Whether n is within the limit, whatever was used of it. */
bool limits_hold(const struct limits *l, enum limit which, uint64_t n);
/* Whether n more is within the limit; then it is used. */
bool limits_take(struct limits *l, enum limit which, uint64_t n);
/* How much more there is; UINT64_MAX without a limit. */
uint64_t limits_left(const struct limits *l, enum limit which);
/* When what begins now has taken too long, or 0: never. Of LIMIT_IDLE and LIMIT_TIME. */
uint64_t limits_deadline(const struct limits *l, enum limit which, uint64_t now);
/* "requests" */
const char *limits_key(enum limit which);
/* "more than 5 requests ([network] requests)" */
enum { LIMIT_WHY = 96 };
void limits_why(const struct limits *l, enum limit which, char out[LIMIT_WHY]);
