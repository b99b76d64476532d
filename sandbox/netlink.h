/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Messages to the kernel over netlink(7), one or more in one datagram, in a buffer
 * that is large enough for all that we ever say.
 */
enum { NETLINK_ROOM = 2048 };
struct netlink {
	size_t size, message; /* of all, and where the last message begins */
	unsigned char bytes[NETLINK_ROOM] __attribute__((aligned(4)));
};

/* Begins a message, with the fixed part that its type has. The request flag is added. */
void netlink_message(
	struct netlink *n, uint16_t type, uint16_t flags, const void *fixed, size_t size);
/* An attribute of the last message. */
void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t size);
void netlink_put_text(struct netlink *n, uint16_t type, const char *text);
/* In network byte order. */
void netlink_put_u32(struct netlink *n, uint16_t type, uint32_t value);
/* An attribute made of those that are put between; netlink_end() takes what begin gave. */
size_t netlink_begin(struct netlink *n, uint16_t type);
void netlink_end(struct netlink *n, size_t begun);

/*
 * Sends it all, at least one message of which has NLM_F_ACK, and reads what the kernel
 * has to say: 0 when it did all of it, or an errno.
 */
int netlink_ask(int fd, const struct netlink *n);
