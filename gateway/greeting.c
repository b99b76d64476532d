/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in a task of cupel-gateway, at the start of a tunnel. A server may
 * choose its certificate by the second ClientHello as well as by the first, so a build
 * could name one host to us and then another that shares its address. Whether a second one
 * is due only the server's first record tells: it is in the clear, and the server is not
 * the build's. Without that no server takes another ClientHello that can be seen.
 */
#include "gateway/greeting.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "gateway/client.h"
#include "gateway/hello.h"
#include "gateway/task.h"

enum { HEADER = 5, PIECE = 4096, BETWEEN_MAX = 16 };
enum { CHANGE_CIPHER_SPEC = 20, HANDSHAKE = 22, EARLY_DATA = 23 };

/* At least n bytes that stay where they are. Their number, or -1. */
static ssize_t peek(struct watch *w, unsigned char *bytes, size_t n, size_t room)
{
	const uint64_t deadline = task_now() + CLIENT_HEAD_MS;

	for (;;) {
		bool over = w->over;
		ssize_t got = recv(w->fd, bytes, room, MSG_PEEK);

		if (got >= (ssize_t)n)
			return got;
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) || over)
			return -1;
		if (task_wait(w, EPOLLIN, deadline) < 0)
			return -1;
	}
}

static int put(struct watch *w, const unsigned char *bytes, size_t n)
{
	const uint64_t deadline = task_now() + CLIENT_HEAD_MS;

	while (n > 0) {
		ssize_t done = send(w->fd, bytes, n, MSG_NOSIGNAL);

		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		} else if (errno != EINTR &&
			   (errno != EAGAIN || task_wait(w, EPOLLOUT, deadline) < 0)) {
			return -1;
		}
	}
	return 0;
}

/* Exactly so many bytes. */
static int pass(struct watch *from, struct watch *to, size_t n, uint64_t *count)
{
	unsigned char bytes[PIECE];

	while (n > 0) {
		size_t room = n < sizeof(bytes) ? n : sizeof(bytes);
		ssize_t got = peek(from, bytes, 1, room);

		if (got <= 0 || recv(from->fd, bytes, (size_t)got, 0) != got ||
			put(to, bytes, (size_t)got) < 0)
			return -1;
		*count += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static size_t record_size(const unsigned char header[HEADER])
{
	return HEADER + ((size_t)header[3] << 8 | header[4]);
}

static enum greeting pass_first(struct client *c, struct watch *upstream, uint64_t *up)
{
	unsigned char *bytes = malloc(HELLO_MAX);
	ssize_t n = bytes == NULL ? -1 : peek(&c->stream.watch, bytes, 1, HELLO_MAX);
	size_t size = n <= 0 ? 0 : hello_size(bytes, (size_t)n);

	free(bytes);
	if (n > 0 && size == 0)
		return GREETING_REFUSED;
	return size == 0 || pass(&c->stream.watch, upstream, size, up) < 0 ? GREETING_BROKEN
									   : GREETING_OVER;
}

/* Whether the server asks for another ClientHello: 1, 0, or -1 when that cannot be told. */
static int wants_another(struct watch *upstream, size_t *ret_size)
{
	unsigned char bytes[HELLO_SERVER_LEAST];

	if (peek(upstream, bytes, 1, sizeof(bytes)) < 0)
		return -1;
	if (bytes[0] != HANDSHAKE)
		return 0;
	if (peek(upstream, bytes, sizeof(bytes), sizeof(bytes)) < 0 ||
		record_size(bytes) < sizeof(bytes))
		return -1;
	*ret_size = record_size(bytes);
	return hello_is_retry(bytes);
}

/* What a client may have sent before it knew, up to its second ClientHello. 0 or -1. */
static int pass_between(struct client *c, struct watch *upstream, uint64_t *up)
{
	unsigned char header[HEADER];

	for (int i = 0; i < BETWEEN_MAX; i++) {
		if (peek(&c->stream.watch, header, HEADER, HEADER) < 0)
			return -1;
		if (header[0] != CHANGE_CIPHER_SPEC && header[0] != EARLY_DATA)
			return 0;
		if (pass(&c->stream.watch, upstream, record_size(header), up) < 0)
			return -1;
	}
	return -1;
}

static enum greeting judge_second(struct client *c, const char **why)
{
	struct hello hello = {.server_name = ""};

	switch (client_peek_hello(c, task_now() + CLIENT_HEAD_MS, &hello)) {
	case HELLO_DONE:
		*why = "the second ClientHello is not for the same server";
		return client_judge_hello(c, &hello) == NULL ? GREETING_OVER : GREETING_REFUSED;
	case HELLO_NOT_TLS:
	case HELLO_MALFORMED:
		*why = "the second ClientHello is malformed";
		return GREETING_REFUSED;
	case HELLO_MORE:
	default:
		return GREETING_BROKEN;
	}
}

enum greeting greeting_pass(
	struct client *c, struct watch *upstream, uint64_t *up, uint64_t *down, const char **why)
{
	size_t size = 0;
	enum greeting first;
	int another;

	*why = "the ClientHello ends in the middle of a record";
	first = pass_first(c, upstream, up);
	if (first != GREETING_OVER)
		return first;
	*why = "the registry does not answer the ClientHello";
	another = wants_another(upstream, &size);
	if (another <= 0)
		return another == 0 ? GREETING_OVER : GREETING_BROKEN;
	*why = "the client sends no second ClientHello";
	if (pass(upstream, &c->stream.watch, size, down) < 0 || pass_between(c, upstream, up) < 0)
		return GREETING_BROKEN;
	return judge_second(c, why);
}
