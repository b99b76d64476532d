/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

struct error;
struct filter_policy;

struct filter_program {
	struct sock_filter code[BPF_MAXINSNS];
	size_t length; /* in instructions */
};

/*
 * The policy as a BPF program for seccomp(2): first the ABI, then a balanced
 * tree over ranges of numbers with the same answer, then the tests of the calls
 * whose arguments matter. 0, or -1 with *e filled.
 */
int filter_compile(const struct filter_policy *policy, struct filter_program *ret, struct error *e);
