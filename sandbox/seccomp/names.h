/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What the words in a policy stand for. */

enum { NAMES_UNKNOWN = -1, NAMES_ELSEWHERE = -2 };
/* Number of a call; NAMES_ELSEWHERE when only other architectures have it. */
int names_system_call(const char *name);

/* Position of a call's argument, and how many of its bits the kernel looks at. */
int names_argument(
	const char *call, const char *name, unsigned int *ret_index, unsigned int *ret_bits);

/* "AF_UNIX" and its like; numbers are not names. 0 or -1. */
int names_constant(const char *name, uint64_t *ret);

/* "EPERM" to EPERM, 0 when there is none. */
int names_errno(const char *name);
