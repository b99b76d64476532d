/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, before it connects to an address that looks
 * public. The kernel's own table decides, and not a list of interfaces: it knows addresses
 * that came later, and whole networks that are delivered here. One request and one answer
 * over a netlink socket that is opened before the gateway is confined; the kernel answers
 * while the request is sent, so nothing waits. What cannot be told is not connected to.
 */
#include "gateway/route.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"

static const char unknown[] = "unknown to the kernel";

static struct {
	int socket;
	uint32_t sequence;
} route = {.socket = -1};

struct question {
	struct nlmsghdr header;
	struct rtmsg what;
	struct rtattr attribute;
	uint8_t address[16];
};

int route_open(struct error *e)
{
	route.socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	return route.socket < 0 ? error_set(e, errno, "cannot ask the kernel for routes") : 0;
}

static int ask(int family, const void *address, size_t n)
{
	size_t size = NLMSG_LENGTH(sizeof(struct rtmsg)) + RTA_LENGTH(n);
	struct question q = {
		.header = {.nlmsg_len = (uint32_t)size,
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = ++route.sequence},
		.what = {.rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)(n * 8)},
		.attribute = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = RTA_DST},
	};

	memcpy(q.address, address, n);
	return send(route.socket, &q, size, 0) == (ssize_t)size ? 0 : -1;
}

/* What connect(2) would say, too. */
static const char *judge_error(int error)
{
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EACCES:
	case EINVAL:
		return NULL;
	default:
		return unknown;
	}
}

static const char *judge_type(unsigned int type)
{
	switch (type) {
	case RTN_UNICAST:
		return NULL;
	case RTN_LOCAL:
		return "this machine's own";
	default:
		return "broadcast";
	}
}

static const char *judge_answer(void)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} answer;
	ssize_t n;

	/* One that nobody took before is not the answer to this. */
	do
		n = recv(route.socket, &answer, sizeof(answer), MSG_DONTWAIT);
	while (n >= (ssize_t)sizeof(answer.header) && answer.header.nlmsg_seq != route.sequence);
	if (n >= (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)) &&
		answer.header.nlmsg_type == NLMSG_ERROR)
		return judge_error(-((struct nlmsgerr *)NLMSG_DATA(&answer.header))->error);
	if (n >= (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) &&
		answer.header.nlmsg_type == RTM_NEWROUTE)
		return judge_type(((struct rtmsg *)NLMSG_DATA(&answer.header))->rtm_type);
	return unknown;
}

const char *route_not_outside(const struct sockaddr_storage *address)
{
	const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
	int asked;

	if (address->ss_family == AF_INET)
		asked = ask(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, 4);
	else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six))
		asked = ask(AF_INET, &six->s6_addr[12], 4);
	else if (address->ss_family == AF_INET6)
		asked = ask(AF_INET6, six, 16);
	else
		return unknown;
	return asked < 0 ? unknown : judge_answer();
}
