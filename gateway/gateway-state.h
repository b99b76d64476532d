/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/ca.h"
#include "gateway/limit.h"
#include "gateway/lock.h"
#include "gateway/names.h"
#include "gateway/rule.h"

/* What all connections of one build share. */
struct gateway {
	struct rules rules;
	struct limits limits;
	bool learning, learns_private; /* see gateway/learn.h */
	struct names names;
	struct ca ca;
	struct lock_set locks;
	int lock_fd;	      /* where cupel-lock answers (base/locks.h), or -1 */
	unsigned int clients; /* connections of the build that are being served */
};
extern struct gateway gateway;

/* Milliseconds since the epoch. */
uint64_t gateway_wall_ms(void);
