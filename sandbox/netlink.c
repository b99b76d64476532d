/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: how pid 1 of a build talks to the kernel about the build's fresh
 * network namespace, before anybody else is in it. What is said is made of constants and
 * of the plan; what comes back is the kernel's, which handles a request before sendto(2)
 * returns, so that nothing is ever waited for.
 */
#include "sandbox/netlink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

struct answer {
	struct nlmsghdr head;
	struct nlmsgerr status;
};

/* All of it is aligned to four bytes. */
static void append(struct netlink *n, const void *data, size_t size)
{
	uint32_t length;

	assert(size <= sizeof(n->bytes) - n->size);
	if (size > 0)
		memcpy(n->bytes + n->size, data, size);
	n->size += NLMSG_ALIGN(size);
	length = (uint32_t)(n->size - n->message);
	memcpy(n->bytes + n->message, &length, sizeof(length)); /* nlmsg_len comes first */
}

void netlink_message(
	struct netlink *n, uint16_t type, uint16_t flags, const void *fixed, size_t size)
{
	const struct nlmsghdr head = {.nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = type,
		.nlmsg_flags = flags | NLM_F_REQUEST};

	n->message = n->size;
	append(n, &head, sizeof(head));
	append(n, fixed, size);
}

void netlink_put(struct netlink *n, uint16_t type, const void *data, size_t size)
{
	const struct nlattr head = {.nla_len = (uint16_t)(sizeof(head) + size), .nla_type = type};

	append(n, &head, sizeof(head));
	append(n, data, size);
}

void netlink_put_text(struct netlink *n, uint16_t type, const char *text)
{
	netlink_put(n, type, text, strlen(text) + 1);
}

void netlink_put_u32(struct netlink *n, uint16_t type, uint32_t value)
{
	const uint32_t big = htonl(value);

	netlink_put(n, type, &big, sizeof(big));
}

size_t netlink_begin(struct netlink *n, uint16_t type)
{
	size_t begun = n->size;

	netlink_put(n, type | NLA_F_NESTED, NULL, 0);
	return begun;
}

void netlink_end(struct netlink *n, size_t begun)
{
	uint16_t length = (uint16_t)(n->size - begun);

	memcpy(n->bytes + begun, &length, sizeof(length)); /* nla_len comes first */
}

/* 0 or the first errno of all that there is to read, at least one of which is an answer. */
static int read_answers(int fd)
{
	int result = EBADMSG;

	for (;;) {
		struct answer answer;
		ssize_t n = recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? result : errno;
		if ((size_t)n < sizeof(answer) || answer.head.nlmsg_type != NLMSG_ERROR)
			return EBADMSG;
		if (answer.status.error != 0)
			return -answer.status.error;
		result = 0;
	}
}

int netlink_ask(int fd, const struct netlink *n)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (sendto(fd, n->bytes, n->size, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return errno;
	return read_answers(fd);
}
