/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: tasks of cupel-gateway that answer the build's look-ups out of
 * dns.c, over sockets that pid 1 made inside the build's namespace. Nothing is asked
 * anywhere else, so a name that is looked up tells nobody anything.
 */
#include "gateway/dns-server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "gateway/dns.h"
#include "gateway/gateway-state.h"
#include "gateway/refusal.h"
#include "gateway/stream.h"
#include "gateway/upstream.h"

enum { DNS_IDLE_MS = 10000, STREAMS_MAX = 256, DNS_PORT = 53 };

/* One look-up, as long as the build has any left. */
static size_t answer(const unsigned char *query, size_t n, unsigned char *reply, size_t max)
{
	if (limits_take(&gateway.limits, LIMIT_QUERIES, 1))
		return dns_answer(query, n, &gateway.names, reply, max);
	refusal_note_limit(LIMIT_QUERIES, NULL, DNS_PORT);
	return dns_answer(query, n, NULL, reply, max);
}

static void warm_up(void *context)
{
	(void)context;
	/* A failure is told to whoever needs it. */
	(void)ca_warm_up(&gateway.ca);
	(void)upstream_warm_up();
}

/* A connection follows, and its client prepares, too: what TLS needs is made meanwhile. */
static void expect_connections(void)
{
	static bool expected;

	if (!expected)
		(void)task_spawn(warm_up, NULL);
	expected = true;
}

static void answer_datagrams(void *context)
{
	struct watch *w = context;
	unsigned char query[DNS_MESSAGE_MAX], reply[DNS_MESSAGE_MAX];

	for (;;) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(
			w->fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		size_t length;

		task_breathe();
		if (n < 0 && errno == EAGAIN) {
			task_wait(w, EPOLLIN, 0);
			continue;
		}
		if (n < 0)
			continue;
		length = answer(query, (size_t)n, reply, DNS_UDP_MAX);
		/* A datagram that does not fit is lost, as datagrams are. */
		if (length > 0)
			(void)sendto(w->fd, reply, length, MSG_DONTWAIT | MSG_NOSIGNAL,
				(struct sockaddr *)&from, size);
		expect_connections();
	}
}

int dns_serve_datagrams(int fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w != NULL && task_watch(w, fd) == 0 && task_spawn(answer_datagrams, w) == 0)
		return 0;
	free(w);
	return -1;
}

/* One query; false at the end of the connection. */
static bool answer_one(struct stream *s)
{
	unsigned char reply[2 + DNS_MESSAGE_MAX];
	const unsigned char *bytes;
	size_t n, wanted, length;

	s->deadline = task_now() + DNS_IDLE_MS;
	for (;;) {
		bytes = (const unsigned char *)stream_data(s, &n);
		wanted = n < 2 ? 2 : 2 + ((size_t)bytes[0] << 8 | bytes[1]);
		if (n >= 2 && n >= wanted)
			break;
		if (stream_fill(s) <= 0)
			return false;
	}
	length = answer(bytes + 2, wanted - 2, reply + 2, DNS_MESSAGE_MAX);
	stream_use(s, wanted);
	if (length == 0)
		return false;
	reply[0] = (unsigned char)(length >> 8);
	reply[1] = (unsigned char)length;
	return stream_write(s, reply, length + 2) == 0;
}

static unsigned int streams;

static void answer_stream(void *context)
{
	struct stream *s = context;

	while (answer_one(s))
		;
	stream_close(s);
	free(s);
	streams--;
}

void dns_serve_stream(int fd)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (s == NULL || streams >= STREAMS_MAX) {
		fd_closep(&fd);
		free(s);
		return;
	}
	streams++;
	if (stream_open(s, fd) == 0 && task_spawn(answer_stream, s) == 0)
		return;
	streams--;
	stream_close(s);
	free(s);
}
