/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks through sockets: on the host's services, on the network, on the kernel's protocols. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "attack.h"

static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM};

/* Every family of the kernel but the four that programs need to talk to each other. */
static enum outcome rare_families(const struct attack *a)
{
	(void)a;
	for (int family = 1; family < 64; family++) {
		if (family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
			family == AF_NETLINK)
			continue;
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
			if (socket(family, types[i] | SOCK_CLOEXEC, 0) >= 0 ||
				errno != EAFNOSUPPORT)
				return escaped("family %d, type %d: %s", family, types[i],
					strerror(errno));
	}
	return blocked("%s", strerror(errno));
}

static enum outcome rare_pairs(const struct attack *a)
{
	int pair[2];

	(void)a;
	for (int family = 2; family < 64; family++)
		if (socketpair(family, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ||
			errno != EAFNOSUPPORT)
			return escaped("family %d: %s", family, strerror(errno));
	return blocked("%s", strerror(errno));
}

static enum outcome internet_protocols(const struct attack *a)
{
	static const struct {
		int type, protocol;
	} sockets[] = {{SOCK_STREAM, 132 /* SCTP */}, {SOCK_STREAM, 256 /* SMC */},
		{SOCK_STREAM, 262 /* MPTCP */}, {SOCK_DGRAM, 115 /* L2TP */},
		{SOCK_DGRAM, 136 /* UDP-Lite */}, {SOCK_DGRAM, IPPROTO_ICMP}, {SOCK_SEQPACKET, 132},
		{SOCK_DCCP, 33}};
	static const int families[] = {AF_INET, AF_INET6};

	(void)a;
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
			if (socket(families[k], sockets[i].type | SOCK_CLOEXEC,
				    sockets[i].protocol) >= 0 ||
				(errno != EPROTONOSUPPORT && !is_refusal(errno)))
				return escaped("type %d, protocol %d: %s", sockets[i].type,
					sockets[i].protocol, strerror(errno));
	return blocked("%s", strerror(errno));
}

static enum outcome raw_sockets(const struct attack *a)
{
	(void)a;
	for (int protocol = 1; protocol < 256; protocol++)
		if (socket(AF_INET, SOCK_RAW, protocol) >= 0 || !is_refusal(errno) ||
			socket(AF_INET6, SOCK_RAW, protocol) >= 0 || !is_refusal(errno))
			return escaped("protocol %d: %s", protocol, strerror(errno));
	return blocked("%s", strerror(errno));
}

static enum outcome netlink_protocols(const struct attack *a)
{
	(void)a;
	for (int protocol = 1; protocol < 32; protocol++)
		if (socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol) >= 0 ||
			errno != EPROTONOSUPPORT)
			return escaped("protocol %d: %s", protocol, strerror(errno));
	return blocked("%s", strerror(errno));
}

/* What was reached can be answered only by somebody: refused means that nobody is there. */
static enum outcome reach(const char *what, int fd, const void *address, size_t size)
{
	if (connect(fd, address, (socklen_t)size) == 0)
		return escaped("%s can be reached", what);
	return blocked("%s: %s", what, strerror(errno));
}

static enum outcome loopback_service(const struct attack *a)
{
	const char *port = told("port");
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

	(void)a;
	if (port == NULL)
		return not_applicable("no port was told");
	address.sin_port = htons((unsigned short)strtoul(port, NULL, 10));
	return reach("the service", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
		sizeof(address));
}

static enum outcome abstract_service(const struct attack *a)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = told("abstract");

	(void)a;
	if (name == NULL)
		return not_applicable("no name was told");
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name);
	return reach("the service", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
		offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
}

/* A socket that somebody on the host listens on, among the files of the workspace. */
static enum outcome workspace_socket(const struct attack *a)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/build/host.sock"};

	(void)a;
	return reach("the service", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), &address,
		sizeof(address));
}

static enum outcome outside_network(const struct attack *a)
{
	static const char *const places[] = {"192.0.2.1", "8.8.8.8", "10.0.0.1", "169.254.169.254",
		"172.17.0.1", "224.0.0.251", "255.255.255.255"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		inet_pton(AF_INET, places[i], &address.sin_addr);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return escaped("there is a way to %s", places[i]);
	}
	return blocked("%s", strerror(errno));
}

static enum outcome interfaces(const struct attack *a)
{
	struct if_nameindex *list = if_nameindex();

	(void)a;
	for (struct if_nameindex *i = list; i != NULL && i->if_index != 0; i++)
		if (strcmp(i->if_name, "lo") != 0)
			return escaped("there is an interface %s", i->if_name);
	return blocked("there is lo alone");
}

static enum outcome change_interface(const struct attack *a)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)a;
	return judge("taking lo down", ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

static enum outcome sockopts(const struct attack *a)
{
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 2;
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int six = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)a;
	if (setsockopt(udp, IPPROTO_UDP, UDP_ENCAP, &one, sizeof(one)) == 0 || errno != ENOPROTOOPT)
		return escaped("UDP_ENCAP: %s", strerror(errno));
	if (setsockopt(tcp, IPPROTO_TCP, TCP_ULP, "tls", 4) == 0 || errno != ENOPROTOOPT)
		return escaped("TCP_ULP: %s", strerror(errno));
	for (int name = 64; name < 128; name++)
		if (setsockopt(tcp, IPPROTO_IP, name, &one, sizeof(one)) == 0 || errno != EPERM ||
			setsockopt(six, IPPROTO_IPV6, name, &one, sizeof(one)) == 0 ||
			errno != EPERM)
			return escaped("netfilter's option %d: %s", name, strerror(errno));
	return blocked("%s", strerror(errno));
}

const struct attack attacks_network[] = {
	{"rare-families", "network", rare_families},
	{"rare-pairs", "network", rare_pairs},
	{"internet-protocols", "network", internet_protocols},
	{"raw-sockets", "network", raw_sockets},
	{"netlink-protocols", "network", netlink_protocols},
	{"loopback-service", "network", loopback_service},
	{"abstract-service", "network", abstract_service},
	{"workspace-socket", "network", workspace_socket},
	{"outside-network", "network", outside_network},
	{"interfaces", "network", interfaces},
	{"change-interface", "network", change_interface},
	{"socket-options", "network", sockopts},
	{.name = NULL},
};
