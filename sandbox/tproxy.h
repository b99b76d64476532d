/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct synthetic_range;

/*
 * A listener for each of the ranges, one of a family, to which every TCP connection comes
 * that is made to an address of it but the build's own, whatever the port; getsockname(2)
 * tells where it was meant to go. No port is taken in any other place. 0; or an errno,
 * mostly of a kernel that cannot do that, and then nothing of it is left.
 */
int tproxy_listen(const struct synthetic_range *ranges, size_t count, int backlog, int *ret_fds);
