/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the better of two ways by which the build's connections arrive at
 * the gateway (the other is in network.c). Pid 1 has the kernel hand every connection to
 * the synthetic network over to a listener (nftables' tproxy), by one rule for each family
 * of a table that nobody else knows of, in the fresh network namespace that it owns; so the
 * build can have servers of its own on the registries' ports. The listeners stand at the
 * network's first address, which is nobody's, on port 53, which the resolver has taken from
 * the build anyway. The rules are constants but for the addresses. The build can neither
 * speak to netfilter (its seccomp filter) nor be heard there (its user namespace).
 */
#include "sandbox/tproxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/synthetic.h"
#include "sandbox/netlink.h"

enum { TPROXY_PORT = 53, PRIORITY_MANGLE = -150 };
/* Of the destination's address in the header of each family. */
enum { IPV4_DESTINATION = 16, IPV6_DESTINATION = 24 };

static const char name[] = "cupel"; /* of the table and of its chain */

static void put_message(struct netlink *n, unsigned int type, uint16_t flags)
{
	const struct nfgenmsg fixed = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};

	netlink_message(
		n, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &fixed, sizeof(fixed));
}

/* All that is between both is done, or nothing. */
static void put_bracket(struct netlink *n, uint16_t type)
{
	const struct nfgenmsg fixed = {
		.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

	netlink_message(n, type, 0, &fixed, sizeof(fixed));
}

static void put_table(struct netlink *n)
{
	put_message(n, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_text(n, NFTA_TABLE_NAME, name);
}

static void put_chain(struct netlink *n)
{
	size_t hook;

	put_message(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	netlink_put_text(n, NFTA_CHAIN_TABLE, name);
	netlink_put_text(n, NFTA_CHAIN_NAME, name);
	netlink_put_text(n, NFTA_CHAIN_TYPE, "filter");
	hook = netlink_begin(n, NFTA_CHAIN_HOOK);
	netlink_put_u32(n, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
	netlink_put_u32(n, NFTA_HOOK_PRIORITY, (uint32_t)PRIORITY_MANGLE);
	netlink_end(n, hook);
}

struct expression {
	size_t element, data;
};

static struct expression begin_expression(struct netlink *n, const char *kind)
{
	struct expression x = {.element = netlink_begin(n, NFTA_LIST_ELEM)};

	netlink_put_text(n, NFTA_EXPR_NAME, kind);
	x.data = netlink_begin(n, NFTA_EXPR_DATA);
	return x;
}

static void end_expression(struct netlink *n, struct expression x)
{
	netlink_end(n, x.data);
	netlink_end(n, x.element);
}

static void put_value(struct netlink *n, uint16_t type, const void *value, size_t size)
{
	size_t data = netlink_begin(n, type);

	netlink_put(n, NFTA_DATA_VALUE, value, size);
	netlink_end(n, data);
}

static void put_meta(struct netlink *n, enum nft_meta_keys key)
{
	struct expression x = begin_expression(n, "meta");

	netlink_put_u32(n, NFTA_META_KEY, key);
	netlink_put_u32(n, NFTA_META_DREG, NFT_REG_1);
	end_expression(n, x);
}

static void put_destination(struct netlink *n, const struct synthetic_range *r)
{
	struct expression x = begin_expression(n, "payload");

	netlink_put_u32(n, NFTA_PAYLOAD_DREG, NFT_REG_1);
	netlink_put_u32(n, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	netlink_put_u32(
		n, NFTA_PAYLOAD_OFFSET, r->family == AF_INET ? IPV4_DESTINATION : IPV6_DESTINATION);
	netlink_put_u32(n, NFTA_PAYLOAD_LEN, r->size);
	end_expression(n, x);
}

static void put_compare(struct netlink *n, enum nft_cmp_ops op, const void *value, size_t size)
{
	struct expression x = begin_expression(n, "cmp");

	netlink_put_u32(n, NFTA_CMP_SREG, NFT_REG_1);
	netlink_put_u32(n, NFTA_CMP_OP, op);
	put_value(n, NFTA_CMP_DATA, value, size);
	end_expression(n, x);
}

static void put_immediate(
	struct netlink *n, enum nft_registers where, const void *value, size_t size)
{
	struct expression x = begin_expression(n, "immediate");

	netlink_put_u32(n, NFTA_IMMEDIATE_DREG, where);
	put_value(n, NFTA_IMMEDIATE_DATA, value, size);
	end_expression(n, x);
}

/* To the listener at the range's first address. */
static void put_tproxy(struct netlink *n, const struct synthetic_range *r)
{
	const uint16_t port = htons(TPROXY_PORT);
	struct expression x;

	put_immediate(n, NFT_REG_1, r->net, r->size);
	put_immediate(n, NFT_REG_2, &port, sizeof(port));
	x = begin_expression(n, "tproxy");
	netlink_put_u32(n, NFTA_TPROXY_FAMILY, r->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6);
	netlink_put_u32(n, NFTA_TPROXY_REG_ADDR, NFT_REG_1);
	netlink_put_u32(n, NFTA_TPROXY_REG_PORT, NFT_REG_2);
	end_expression(n, x);
}

/* Of this family, TCP, to this range, not to the build itself: to the listener. */
static void put_rule(struct netlink *n, const struct synthetic_range *r)
{
	const unsigned char family = r->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const unsigned char tcp = IPPROTO_TCP;
	size_t expressions;

	put_message(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	netlink_put_text(n, NFTA_RULE_TABLE, name);
	netlink_put_text(n, NFTA_RULE_CHAIN, name);
	expressions = netlink_begin(n, NFTA_RULE_EXPRESSIONS);
	put_meta(n, NFT_META_NFPROTO);
	put_compare(n, NFT_CMP_EQ, &family, sizeof(family));
	put_meta(n, NFT_META_L4PROTO);
	put_compare(n, NFT_CMP_EQ, &tcp, sizeof(tcp));
	put_destination(n, r);
	/* Where downloads go comes first: each of their packets is done with here. */
	put_compare(n, NFT_CMP_NEQ, r->self, r->size);
	put_compare(n, NFT_CMP_GTE, r->net, r->size);
	put_compare(n, NFT_CMP_LTE, r->last, r->size);
	put_tproxy(n, r);
	netlink_end(n, expressions);
}

static int install_rules(const struct synthetic_range *ranges, size_t count)
{
	_cleanup_(fd_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct netlink n = {.size = 0};

	if (fd < 0)
		return errno;
	put_bracket(&n, NFNL_MSG_BATCH_BEGIN);
	put_table(&n);
	put_chain(&n);
	for (size_t i = 0; i < count; i++)
		put_rule(&n, &ranges[i]);
	put_bracket(&n, NFNL_MSG_BATCH_END);
	return netlink_ask(fd, &n);
}

static int bind_first(int fd, const struct synthetic_range *r)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(TPROXY_PORT)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(TPROXY_PORT)};

	if (r->family == AF_INET) {
		memcpy(&four.sin_addr, r->net, sizeof(four.sin_addr));
		return bind(fd, (const struct sockaddr *)&four, sizeof(four));
	}
	memcpy(&six.sin6_addr, r->net, sizeof(six.sin6_addr));
	return bind(fd, (const struct sockaddr *)&six, sizeof(six));
}

/*
 * The connections inherit SO_REUSEADDR, and need it: each one counts as bound to the port
 * that it was made to, where a server of the build may want to be.
 */
static int listen_first(const struct synthetic_range *r, int backlog)
{
	_cleanup_(fd_closep) int fd =
		socket(r->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const bool four = r->family == AF_INET;
	const int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, four ? IPPROTO_IP : IPPROTO_IPV6,
			four ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof(on)) < 0 ||
		bind_first(fd, r) < 0 || listen(fd, backlog) < 0)
		return -1;
	return take_fd(&fd);
}

int tproxy_listen(const struct synthetic_range *ranges, size_t count, int backlog, int *ret_fds)
{
	int errnum = 0;
	size_t made = 0;

	for (; errnum == 0 && made < count; made++) {
		ret_fds[made] = listen_first(&ranges[made], backlog);
		errnum = ret_fds[made] < 0 ? errno : 0;
	}
	if (errnum == 0)
		errnum = install_rules(ranges, count);
	while (errnum != 0 && made > 0)
		fd_closep(&ret_fds[--made]);
	return errnum;
}
