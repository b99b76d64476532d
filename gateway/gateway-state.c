/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the tasks of one cupel-gateway share. They run one at a time,
 * so there is no lock.
 */
#include "gateway/gateway-state.h"

#include <time.h>

struct gateway gateway = {.lock_fd = -1};

uint64_t gateway_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
