/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct seccomp_data;
struct sock_filter;

/*
 * What the kernel would answer to *data with this filter: *ret is a
 * SECCOMP_RET_ value, *ret_steps the number of instructions that were run. -1
 * when the program is malformed or uses an instruction with which the kernel
 * could not fill its bitmap of calls that are always allowed.
 */
int filter_simulate(const struct sock_filter *code, size_t length, const struct seccomp_data *data,
	uint32_t *ret, unsigned int *ret_steps);
