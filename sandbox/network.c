/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the build's side of the gateway, made by pid 1 with the
 * capabilities of a fresh network namespace, before anybody else is in it. That
 * namespace has nothing but lo. Every address of the synthetic network becomes
 * local there, so that a connection to any of them arrives at a listener of ours,
 * which learns from getsockname(2) where it was meant to go; to all others there
 * is no route. The listeners are handed to the gateway outside and closed here:
 * a descriptor crosses the border, no packet does. The build is in a user
 * namespace that does not own this one, so it can change none of it. The only
 * input is the runner's list of ports and the kernel's acknowledgements.
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
#include "sandbox/state.h"

enum { BACKLOG = 1024, DNS_PORT = 53, REQUEST_ROOM = 192 };

/*
 * The address of our own makes getaddrinfo(3) with AI_ADDRCONFIG believe that
 * there is a network; it is also the source of every connection, which otherwise
 * would be its destination and could meet itself.
 */
static const struct family {
	unsigned char family, size, net_bits;
	const char *self, *net;
} families[] = {
	{AF_INET, sizeof(struct in_addr), GATEWAY_NET4_BITS, GATEWAY_SELF4, GATEWAY_NET4},
	{AF_INET6, sizeof(struct in6_addr), GATEWAY_NET6_BITS, GATEWAY_SELF6, GATEWAY_NET6},
};

struct request {
	struct nlmsghdr head;
	unsigned char room[REQUEST_ROOM];
};
struct answer {
	struct nlmsghdr head;
	struct nlmsgerr status;
};

/* Everything of netlink is aligned to four bytes; the room is enough for all that we say. */
static void put(struct request *r, const void *data, size_t n)
{
	memcpy((unsigned char *)r + r->head.nlmsg_len, data, n);
	r->head.nlmsg_len += (uint32_t)NLMSG_ALIGN(n);
}

static void put_attribute(struct request *r, unsigned short type, const void *data, size_t n)
{
	struct rtattr head = {.rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(n)};

	put(r, &head, sizeof(head));
	put(r, data, n);
}

static void put_address(
	struct request *r, unsigned short type, const struct family *f, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	inet_pton(f->family, text, address); /* of a constant */
	put_attribute(r, type, address, f->size);
}

static struct request new_request(unsigned short type)
{
	return (struct request){
		.head = {.nlmsg_len = NLMSG_HDRLEN,
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL}};
}

/* 0, or the errno that the kernel answers with. */
static int ask(int netlink, const struct request *r)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct answer answer;
	ssize_t n;

	if (sendto(netlink, r, r->head.nlmsg_len, 0, (const struct sockaddr *)&kernel,
		    sizeof(kernel)) < 0)
		return errno;
	do {
		n = recv(netlink, &answer, sizeof(answer), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if ((size_t)n < sizeof(answer) || answer.head.nlmsg_type != NLMSG_ERROR)
		return EBADMSG;
	return -answer.status.error;
}

static int add_address(int netlink, unsigned int lo, const struct family *f)
{
	struct request r = new_request(RTM_NEWADDR);
	const struct ifaddrmsg address = {.ifa_family = f->family,
		.ifa_prefixlen = (unsigned char)(f->size * 8),
		.ifa_flags = IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = lo};

	put(&r, &address, sizeof(address));
	put_address(&r, IFA_LOCAL, f, f->self);
	put_address(&r, IFA_ADDRESS, f, f->self);
	return ask(netlink, &r);
}

static int add_route(int netlink, unsigned int lo, const struct family *f)
{
	struct request r = new_request(RTM_NEWROUTE);
	const struct rtmsg route = {.rtm_family = f->family,
		.rtm_dst_len = f->net_bits,
		.rtm_table = RT_TABLE_LOCAL,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL};

	put(&r, &route, sizeof(route));
	put_address(&r, RTA_DST, f, f->net);
	put_address(&r, RTA_PREFSRC, f, f->self);
	put_attribute(&r, RTA_OIF, &lo, sizeof(lo));
	return ask(netlink, &r);
}

/* A kernel without IPv6 does not know the family; one that has it turned off refuses. */
static bool is_absent(const struct family *f, int errnum)
{
	return f->family == AF_INET6 &&
	       (errnum == EOPNOTSUPP || errnum == EAFNOSUPPORT || errnum == EACCES);
}

/* 1: the network is there, 0: the kernel has no such family. */
static int make_synthetic(int netlink, unsigned int lo, const struct family *f, struct error *e)
{
	int errnum = add_address(netlink, lo, f);

	if (is_absent(f, errnum))
		return 0;
	if (errnum != 0)
		return error_set(e, errnum, "cannot give lo the address %s", f->self);
	errnum = add_route(netlink, lo, f);
	if (errnum != 0)
		return error_set(
			e, errnum, "cannot make %s/%u local", f->net, (unsigned int)f->net_bits);
	return 1;
}

/* Whether there is IPv6: 1 or 0, or -1 with *e filled. */
static int make_network(struct error *e)
{
	_cleanup_(fd_closep) int netlink =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int lo = if_nametoindex("lo");
	int present = 0;

	if (netlink < 0)
		return error_set(e, errno, "cannot talk to the kernel about routes");
	if (lo == 0)
		return error_set(e, errno, "cannot find the loopback interface");
	for (size_t i = 0; i < array_size(families); i++) {
		present = make_synthetic(netlink, lo, &families[i], e);
		if (present < 0)
			return -1;
	}
	return present;
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

/* Into m, which closes whatever is in it at its end. */
static int listen_all(const struct init_start *start, bool ipv6, struct msg *m, struct error *e)
{
	const struct place dns = dns_place();

	for (uint32_t i = 0; i < start->port_count + 2; i++) {
		const struct place wildcard = wildcard_place(ipv6, i < 2 ? 0 : start->ports[i - 2]);
		int fd = listen_at(i < 2 ? &dns : &wildcard, i == 0 ? SOCK_DGRAM : SOCK_STREAM, e);

		if (fd < 0)
			return -1;
		m->fds[m->fd_count++] = fd;
	}
	return 0;
}

int sandbox_network(struct sandbox *s, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	int ipv6;

	if (s->plan->network != PLAN_NETWORK_TRUSTED)
		return 0;
	if (s->start.port_count > INIT_PORTS_MAX)
		return error_set(e, EBADMSG, "too many ports to listen on");
	ipv6 = make_network(e);
	if (ipv6 < 0 || listen_all(&s->start, ipv6 == 1, &m, e) < 0)
		return -1;
	return msg_send(s->control, INIT_LISTENING, NULL, 0, m.fds, m.fd_count, e);
}
