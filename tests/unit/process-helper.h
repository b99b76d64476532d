/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* What the helper tells about itself. */
struct process_report {
	uint32_t fds; /* open descriptors */
	uint32_t variables;
	uint32_t null; /* standard input and output are /dev/null */
	uint32_t pid;
};
