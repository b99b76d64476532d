/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the build's side of the gateway, made by pid 1 with the
 * capabilities of a fresh network namespace, before anybody else is in it. That
 * namespace has nothing but lo. Every address of the synthetic network becomes
 * local there, so that a connection to any of them arrives at a listener of ours,
 * which learns from getsockname(2) where it was meant to go; to all others there
 * is no route. Where the kernel can, only what goes to these addresses arrives there
 * (tproxy.c); else the listeners take the registries' ports, at every address. The listeners are
 * handed to the gateway outside and closed here: a descriptor crosses the border, no packet does.
 * The build is in a user namespace that does not own this one, so it can change none of it. The
 * only input is the runner's list of ports and the kernel's acknowledgements.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/synthetic.h"
#include "sandbox/netlink.h"
#include "sandbox/state.h"
#include "sandbox/tproxy.h"

enum { BACKLOG = 1024, DNS_PORT = 53, RANGES = 2 };

/* The ranges that the kernel has a family for. */
struct ranges {
	struct synthetic_range ranges[RANGES];
	size_t count;
};

/*
 * The address of our own makes getaddrinfo(3) with AI_ADDRCONFIG believe that
 * there is a network; it is also the source of every connection, which otherwise
 * would be its destination and could meet itself.
 */
static int add_address(int netlink, unsigned int lo, const struct synthetic_range *r)
{
	struct netlink n = {.size = 0};
	const struct ifaddrmsg address = {.ifa_family = r->family,
		.ifa_prefixlen = (unsigned char)(r->size * 8),
		.ifa_flags = IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = lo};

	netlink_message(
		&n, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &address, sizeof(address));
	netlink_put(&n, IFA_LOCAL, r->self, r->size);
	netlink_put(&n, IFA_ADDRESS, r->self, r->size);
	return netlink_ask(netlink, &n);
}

static int add_route(int netlink, unsigned int lo, const struct synthetic_range *r)
{
	struct netlink n = {.size = 0};
	const struct rtmsg route = {.rtm_family = r->family,
		.rtm_dst_len = r->bits,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL};

	netlink_message(
		&n, RTM_NEWROUTE, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &route, sizeof(route));
	netlink_put(&n, RTA_DST, r->net, r->size);
	netlink_put(&n, RTA_PREFSRC, r->self, r->size);
	netlink_put(&n, RTA_OIF, &lo, sizeof(lo));
	return netlink_ask(netlink, &n);
}

/* A kernel without IPv6 does not know the family; one that has it turned off refuses. */
static bool is_absent(const struct synthetic_range *r, int errnum)
{
	return r->family == AF_INET6 &&
	       (errnum == EOPNOTSUPP || errnum == EAFNOSUPPORT || errnum == EACCES);
}

/* 1: the range is there, 0: the kernel has no such family. */
static int make_synthetic(
	int netlink, unsigned int lo, const struct synthetic_range *r, struct error *e)
{
	char net[INET6_ADDRSTRLEN];
	int errnum = add_address(netlink, lo, r);

	if (is_absent(r, errnum))
		return 0;
	if (errnum == 0)
		errnum = add_route(netlink, lo, r);
	if (errnum == 0)
		return 1;
	inet_ntop(r->family, r->net, net, sizeof(net));
	return error_set(e, errnum, "cannot make %s/%u local", net, (unsigned int)r->bits);
}

static int read_range(int family, const char *text, struct synthetic_range *ret, struct error *e)
{
	const char *why = synthetic_parse(family, text, ret);

	return why == NULL ? 0 : error_set(e, 0, "cannot use the range '%s': %s", text, why);
}

/* IPv4's, and IPv6's where there is IPv6. */
static int make_network(const struct plan *p, struct ranges *ret, struct error *e)
{
	_cleanup_(fd_closep) int netlink =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int lo = if_nametoindex("lo");
	struct synthetic_range ranges[RANGES];

	if (netlink < 0)
		return error_set(e, errno, "cannot talk to the kernel about routes");
	if (lo == 0)
		return error_set(e, errno, "cannot find the loopback interface");
	if (read_range(AF_INET, plan_string(p, p->range), &ranges[0], e) < 0 ||
		read_range(AF_INET6, plan_string(p, p->range6), &ranges[1], e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(ranges); i++) {
		int present = make_synthetic(netlink, lo, &ranges[i], e);

		if (present < 0)
			return -1;
		if (present > 0)
			ret->ranges[ret->count++] = ranges[i];
	}
	return 0;
}

struct place {
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
	socklen_t size;
};

/* Of UDP no address is reused: another socket could then take our place. */
static int listen_at(const struct place *p, int type, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		socket(p->address.any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1, off = 0;

	if (fd < 0 ||
		(p->address.any.sa_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
		(type == SOCK_STREAM &&
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
		bind(fd, &p->address.any, p->size) < 0 ||
		(type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return error_set(e, errno, "cannot listen on port %u of the build's network",
			(unsigned int)ntohs(p->address.four.sin_port));
	return take_fd(&fd);
}

static struct place dns_place(void)
{
	return (struct place){.address.four = {.sin_family = AF_INET,
				      .sin_port = htons(DNS_PORT),
				      .sin_addr = {htonl(INADDR_LOOPBACK)}},
		.size = sizeof(struct sockaddr_in)};
}

/* One socket takes both families, where there are two. */
static struct place wildcard_place(bool ipv6, uint16_t port)
{
	if (ipv6)
		return (struct place){.address.six = {.sin6_family = AF_INET6,
					      .sin6_port = htons(port),
					      .sin6_addr = IN6ADDR_ANY_INIT},
			.size = sizeof(struct sockaddr_in6)};
	return (struct place){.address.four = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr = {htonl(INADDR_ANY)}},
		.size = sizeof(struct sockaddr_in)};
}

static int put_listener(struct msg *m, const struct place *p, int type, struct error *e)
{
	int fd = listen_at(p, type, e);

	if (fd < 0)
		return -1;
	m->fds[m->fd_count++] = fd;
	return 0;
}

/* A kernel without nftables: every port that a registry has is taken from the build. */
static int listen_to_ports(
	const struct init_start *start, bool ipv6, struct msg *m, struct error *e)
{
	for (uint32_t i = 0; i < start->port_count; i++) {
		const struct place wildcard = wildcard_place(ipv6, start->ports[i]);

		if (put_listener(m, &wildcard, SOCK_STREAM, e) < 0)
			return -1;
	}
	return 0;
}

/* Into m, which closes whatever is in it at its end. */
static int listen_all(const struct init_start *start, const struct ranges *r, struct msg *m,
	struct init_listening *listening, struct error *e)
{
	const struct place dns = dns_place();
	int fds[RANGES], errnum;

	if (put_listener(m, &dns, SOCK_DGRAM, e) < 0 || put_listener(m, &dns, SOCK_STREAM, e) < 0)
		return -1;
	errnum = tproxy_listen(r->ranges, r->count, BACKLOG, fds);
	listening->errnum = (uint32_t)errnum;
	if (errnum != 0)
		return listen_to_ports(start, r->count == RANGES, m, e);
	for (size_t i = 0; i < r->count; i++)
		m->fds[m->fd_count++] = fds[i];
	return 0;
}

int sandbox_network(struct sandbox *s, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct init_listening listening = {.errnum = 0};
	struct ranges ranges = {.count = 0};

	if (s->plan->network == PLAN_NETWORK_NONE)
		return 0;
	if (s->start.port_count > INIT_PORTS_MAX)
		return error_set(e, EBADMSG, "too many ports to listen on");
	if (make_network(s->plan, &ranges, e) < 0 ||
		listen_all(&s->start, &ranges, &m, &listening, e) < 0)
		return -1;
	return msg_send(
		s->control, INIT_LISTENING, &listening, sizeof(listening), m.fds, m.fd_count, e);
}
