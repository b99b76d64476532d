/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a task for each connection that the build makes, in cupel-gateway.
 * The address that was connected to tells the name that was looked up before; the name in
 * the ClientHello has to be the same one, and later every Host field, too. A name without
 * a rule is served all the same, because an answer that says why is quicker and clearer
 * than a silence: what is refused is the request, and nothing leaves this machine.
 */
#include "gateway/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/gateway-state.h"
#include "gateway/gateway.h"
#include "gateway/hello.h"
#include "gateway/learn.h"
#include "gateway/record.h"
#include "gateway/refusal.h"

/* Connections beyond the limit that are told so; more of them are closed. */
enum { SURPLUS_MAX = 64 };

enum { STRANGER_MS = 500 };

static struct client *clients;

void client_interrupt_all(void)
{
	for (struct client *c = clients; c != NULL; c = c->next) {
		shutdown(c->stream.fd, SHUT_RDWR);
		if (c->peer_fd >= 0)
			shutdown(c->peer_fd, SHUT_RDWR);
	}
}

void client_abandon_all(void)
{
	for (struct client *c = clients; c != NULL; c = c->next) {
		struct record *r = c->pending;

		if (r == NULL)
			continue;
		/* A tunnel that is open has carried what nobody looked at. */
		if (r->inspected || r->outcome != RECORD_ALLOWED)
			r->outcome = RECORD_FAILED;
		r->host = c->host;
		r->port = c->port;
		r->why = "the build was over before it was";
		record_put(r);
	}
}

static void forget(struct client *c)
{
	struct client **at = &clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	gateway.clients--;
}

void client_refuse(const struct client *c, const char *why)
{
	const struct record r = {.outcome = RECORD_DENIED,
		.started_ms = gateway_wall_ms(),
		.host = c->host,
		.port = c->port,
		.why = why};

	record_put(&r);
}

/* A fatal alert in the clear, as a server sends it that does not know the name (RFC 8446 §6). */
static void alert(struct client *c)
{
	static const unsigned char unrecognized_name[] = {0x15, 3, 3, 0, 2, 2, 112};

	(void)send(c->stream.fd, unrecognized_name, sizeof(unrecognized_name), MSG_NOSIGNAL);
}

/*
 * What was seen before is seen again, and an event may come late: only the peer's end tells that
 * nothing will follow.
 */
enum hello_result client_peek_hello(struct client *c, uint64_t deadline, struct hello *hello)
{
	unsigned char *bytes = malloc(HELLO_MAX);
	enum hello_result result = HELLO_MORE;
	size_t seen = 0;

	while (bytes != NULL && result == HELLO_MORE) {
		bool over = c->stream.watch.over;
		ssize_t n = recv(c->stream.fd, bytes, HELLO_MAX, MSG_PEEK);

		if (n > 0 && (size_t)n > seen) {
			seen = (size_t)n;
			result = hello_parse(bytes, seen, hello);
			continue;
		}
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || over)
			break;
		if (task_wait(&c->stream.watch, EPOLLIN, deadline) < 0)
			break;
	}
	free(bytes);
	return result;
}

const char *client_judge_hello(const struct client *c, const struct hello *hello)
{
	if (hello->encrypted)
		return "the ClientHello is encrypted (ECH)";
	if (hello->server_name[0] == '\0')
		return "the ClientHello names no server";
	if (strcmp(hello->server_name, c->host) != 0)
		return "the ClientHello names another server than was looked up";
	return NULL;
}

static int begin_tls(struct client *c)
{
	SSL *ssl = ca_session(&gateway.ca, c->host);

	c->stream.deadline = task_now() + CLIENT_HEAD_MS;
	if (ssl == NULL)
		return -1;
	c->tls = true;
	return stream_accept_tls(&c->stream, ssl);
}

static void note_failure(const struct client *c)
{
	char why[200], reason[160];
	struct record r = {.outcome = RECORD_FAILED,
		.started_ms = gateway_wall_ms(),
		.host = c->host,
		.port = c->port,
		.why = why};

	if (gateway.learning)
		learn_note_distrust(c->host, c->port);
	stream_why(reason, sizeof(reason));
	snprintf(why, sizeof(why), "no TLS session with the client: %s", reason);
	record_put(&r);
}

static void serve_requests(struct client *c)
{
	while (exchange_run(c))
		;
}

static void serve_tls(struct client *c, const struct rule *rule, const struct hello *hello)
{
	const char *wrong = client_judge_hello(c, hello);

	if (wrong == NULL && rule != NULL && !rule->tls)
		wrong = "the registry's rule says http, and this is TLS";
	if (wrong != NULL) {
		client_refuse(c, wrong);
		alert(c);
	} else if (rule != NULL && rule->mode == RULE_TUNNEL) {
		tunnel_run(c, rule);
	} else if (begin_tls(c) < 0) {
		note_failure(c);
	} else {
		serve_requests(c);
	}
}

/* Whether the connection begins as a request for a path does: letters, a blank, a slash. */
static bool begins_like_http(const struct client *c)
{
	char start[32];
	ssize_t got = recv(c->stream.fd, start, sizeof(start), MSG_PEEK);
	size_t n = got < 0 ? 0 : (size_t)got, i = 0;

	while (i < n && start[i] >= 'A' && start[i] <= 'Z')
		i++;
	return (i == n || start[i] == ' ') && (i + 1 >= n || start[i + 1] == '/');
}

/*
 * A port that no rule is about and where no protocol is usual, not even that the client
 * speaks first. Whoever does, TLS or HTTP, gets an answer as on any other.
 */
static void serve_stranger(struct client *c)
{
	uint64_t deadline = task_now() + STRANGER_MS;
	struct hello hello = {.server_name = ""};
	enum hello_result begun = client_peek_hello(c, deadline, &hello);

	if (begun == HELLO_DONE)
		serve_tls(c, NULL, &hello);
	else if (begun == HELLO_NOT_TLS && begins_like_http(c))
		serve_requests(c);
	else if (begun != HELLO_MORE || task_now() >= deadline)
		client_refuse(c, "no registry's rule is about this port");
}

static void serve(struct client *c)
{
	const struct rule *rule = rules_find(&gateway.rules, c->host, c->port);
	struct hello hello = {.server_name = ""};

	/* Somebody who waits for a server of his own: nothing could have left. */
	if (c->to_itself)
		return;
	if (c->host[0] == '\0') {
		client_refuse(c, "the address belongs to no name that was looked up");
		return;
	}
	if (rule != NULL && rule->mode == RULE_RAW) {
		tunnel_run(c, rule);
		return;
	}
	if (rule == NULL && c->port != 80 && c->port != 443) {
		serve_stranger(c);
		return;
	}
	switch (client_peek_hello(c, task_now() + CLIENT_HEAD_MS, &hello)) {
	case HELLO_DONE:
		serve_tls(c, rule, &hello);
		return;
	case HELLO_NOT_TLS:
		if (rule != NULL && rule->tls)
			client_refuse(c, "the registry's rule says https, and this is not TLS");
		else
			serve_requests(c);
		return;
	case HELLO_MALFORMED:
		client_refuse(c, "the ClientHello is malformed");
		alert(c);
		return;
	case HELLO_MORE:
	default:
		/* Connected and went away: no request, no answer. */
		return;
	}
}

/* The build's own loopback addresses, and the one that its connections come from. */
static bool is_own(const struct names *n, const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	struct in_addr four = ((const struct sockaddr_in *)address)->sin_addr;

	if (address->ss_family == AF_INET6) {
		if (IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ||
			memcmp(&six->sin6_addr, n->range6.self, sizeof(n->range6.self)) == 0)
			return true;
		if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
			return false;
		memcpy(&four, &six->sin6_addr.s6_addr[12], sizeof(four));
	}
	return ntohl(four.s_addr) >> 24 == 127 || memcmp(&four, n->range4.self, sizeof(four)) == 0;
}

static void find_place(struct client *c)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);
	const char *name;

	if (getsockname(c->stream.fd, (struct sockaddr *)&address, &size) < 0)
		return;
	c->port =
		ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
						   : ((struct sockaddr_in6 *)&address)->sin6_port);
	c->to_itself = is_own(&gateway.names, &address);
	name = names_name(&gateway.names, names_from_address(&gateway.names, &address));
	snprintf(c->host, sizeof(c->host), "%s", name != NULL ? name : "");
}

static void run(void *context)
{
	struct client *c = context;

	find_place(c);
	serve(c);
	forget(c);
	stream_close(&c->stream);
	free(c);
}

static void set_nodelay(int fd)
{
	const int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void client_start(int fd)
{
	uint64_t max = gateway.limits.max[LIMIT_CONNECTIONS];
	bool surplus = max != 0 && gateway.clients >= max;
	bool hopeless = surplus && gateway.clients >= max + SURPLUS_MAX;
	struct client *c = hopeless ? NULL : calloc(1, sizeof(*c));

	if (hopeless)
		refusal_note_limit(LIMIT_CONNECTIONS, NULL, 0);
	if (c == NULL) {
		fd_closep(&fd);
		return;
	}
	c->surplus = surplus;
	c->peer_fd = -1;
	set_nodelay(fd);
	c->next = clients;
	clients = c;
	gateway.clients++;
	/* From here on the descriptor is the stream's, which closes it. */
	if (stream_open(&c->stream, fd) == 0 && task_spawn(run, c) == 0)
		return;
	forget(c);
	stream_close(&c->stream);
	free(c);
}
