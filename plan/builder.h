/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"
#include "plan/plan.h"

/* Puts a plan together: set the numbers in `head`, add the strings, seal it. */
struct plan_builder {
	struct plan head;
	struct buf strings;
};

void plan_builder_init(struct plan_builder *b);
void plan_builder_deinit(struct plan_builder *b); /* also for _cleanup_ */
struct plan_string plan_add_string(struct plan_builder *b, const char *s);
/* items has count strings; they are copied. */
struct plan_list plan_add_list(struct plan_builder *b, const char *const *items, uint32_t count);
/* The plan as a sealed memfd, which plan_map() takes. fd, or -1 with *e filled. */
int plan_seal(struct plan_builder *b, struct error *e);
