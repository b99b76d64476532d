/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

struct filter_policy;
struct sock_filter;

struct filter_result {
	uint64_t cases;
	uint64_t mismatches;
	unsigned int longest_path; /* in instructions */
	/* The first mismatch. */
	struct seccomp_data data;
	uint32_t expected, found;
};

/* What the rules say about a call, straight from their meaning. */
uint32_t filter_evaluate(const struct filter_policy *policy, const struct seccomp_data *data);

/*
 * Compares a program with its policy: every number that a kernel could have, of
 * this and other ABIs, and for each call with tests all values on both sides of
 * every constant, alone and in combination. With stop, ends at the first
 * mismatch.
 */
void filter_check(const struct filter_policy *policy, const struct sock_filter *code, size_t length,
	int stop, struct filter_result *ret);
