/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/socket.h>

struct error;

/*
 * Asks the kernel where it would send what goes to an address: one of this machine's own
 * can look as public as any other. Before the gateway gives up making sockets of this
 * kind. 0, or -1 with *e filled.
 */
int route_open(struct error *e);
/*
 * Why an address is not that of another machine, in static words ("this machine's own",
 * "broadcast", "unknown to the kernel"), or NULL: it is, or nothing can be sent to it at
 * all. An IPv4-mapped address is judged as what it holds.
 */
const char *route_not_outside(const struct sockaddr_storage *address);
