/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in a task of cupel-gateway, on the answer of a proxy that the
 * administrator or the user named. Everything goes through it by CONNECT, so that TLS is
 * between us and the registry as without it; what it answers to that is parsed as strictly
 * as an answer of a registry, and no byte of it reaches the build. It looks names up where
 * we cannot, so of what is private only names can be judged. Its own credential goes to it
 * in the clear, as all that is said to a proxy of this kind does.
 */
#include "gateway/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/ascii.h"
#include "gateway/credentials.h"
#include "gateway/http.h"
#include "gateway/upstream.h"

enum { HEAD_MAX = 8192, ANSWER_MS = 30000 };

static struct {
	char host[NAME_SIZE];
	unsigned short port;
} proxy;

int proxy_set(const char *url, struct error *e)
{
	const char *host = url + strlen("http://"), *colon;

	if (url[0] == '\0')
		return 0;
	colon = strncmp(url, "http://", strlen("http://")) == 0 ? strchr(host, ':') : NULL;
	if (colon == NULL || names_normalise(host, (size_t)(colon - host), proxy.host) < 0)
		return error_set_kind(e, ERROR_USAGE, 0, "the proxy is not 'http://HOST:PORT'");
	proxy.port = ascii_port(colon + 1, strcspn(colon + 1, "/"));
	if (proxy.port == 0)
		return error_set_kind(e, ERROR_USAGE, 0, "the proxy's port is not a number");
	return 0;
}

bool proxy_is_set(void)
{
	return proxy.port != 0;
}

unsigned short proxy_port(void)
{
	return proxy.port;
}

static bool ends_in(const char *host, const char *end)
{
	size_t n = strlen(host), k = strlen(end);

	return n >= k && strcmp(host + n - k, end) == 0;
}

/* A name that nobody outside can own, or an address. */
static bool looks_private(const char *host)
{
	static const char *const ends[] = {".local", ".localhost", ".localdomain", ".internal",
		".intranet", ".private", ".corp", ".home", ".lan", ".home.arpa", ".in-addr.arpa"};
	const char *last = strrchr(host, '.');

	if (last == NULL || ascii_is_digit(last[1]))
		return true;
	for (size_t i = 0; i < array_size(ends); i++)
		if (ends_in(host, ends[i]))
			return true;
	return false;
}

static int send_all(struct watch *w, const char *data, size_t n, uint64_t deadline)
{
	while (n > 0) {
		ssize_t sent = send(w->fd, data, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno != EAGAIN || task_wait(w, EPOLLOUT, deadline) < 0))
			return -1;
		if (sent > 0) {
			data += sent;
			n -= (size_t)sent;
		}
	}
	return 0;
}

static int ask(struct watch *w, const struct place *p, uint64_t deadline)
{
	const struct held *credential = credentials_find_proxy(proxy.host, proxy.port);
	_cleanup_(buf_deinit) struct buf head = BUF_INIT;

	buf_printf(&head, "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n", p->host, p->port, p->host,
		p->port);
	if (credential == NULL)
		buf_puts(&head, "\r\n");
	if (!buf_ok(&head) || send_all(w, head.data, head.size, deadline) < 0)
		return -1;
	return credential == NULL ? 0
				  : send_all(w, credential->line, credential->line_size, deadline);
}

/* So much as there is: what follows the head is the registry's, and is left where it is. */
static ssize_t receive(struct watch *w, char *to, size_t room, int flags, uint64_t deadline)
{
	for (;;) {
		ssize_t n = recv(w->fd, to, room, flags);

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || task_wait(w, EPOLLIN, deadline) < 0)
			return -1;
	}
}

/* The status of the answer; -1 and *why. */
static int hear(struct watch *w, const char **why, uint64_t deadline)
{
	char bytes[HEAD_MAX];
	struct http_head head;
	size_t have = 0;

	*why = "the proxy gives no answer";
	while (have < sizeof(bytes)) {
		ssize_t n = receive(w, bytes + have, sizeof(bytes) - have, MSG_PEEK, deadline);
		int result;

		if (n <= 0)
			return -1;
		result = http_parse_answer(bytes, have + (size_t)n, "CONNECT", 7, &head, why);
		if (result < 0)
			return -1;
		/* What was not the end of the head is of the head. */
		if (receive(w, bytes + have, result > 0 ? (size_t)result - have : (size_t)n, 0,
			    deadline) <= 0)
			return -1;
		if (result > 0)
			return head.status;
		have += (size_t)n;
	}
	*why = "the proxy's answer is too long";
	return -1;
}

static int refuse(char *why, size_t size, const char *what)
{
	snprintf(why, size, "%s", what);
	return -1;
}

static int talk(int fd, const struct place *p, char *why, size_t size)
{
	uint64_t deadline = task_now() + ANSWER_MS;
	const char *reason = "the proxy is gone";
	struct watch w;
	int status = -1;

	if (task_watch(&w, fd) < 0)
		return refuse(why, size, "no memory");
	if (ask(&w, p, deadline) == 0)
		status = hear(&w, &reason, deadline);
	task_unwatch(&w);
	if (status >= 200 && status <= 299)
		return 0;
	if (status == 407)
		return refuse(why, size, "the proxy wants another credential, or one at all (407)");
	if (status < 0)
		snprintf(why, size, "the proxy, asked for '%s': %s", p->host, reason);
	else
		snprintf(why, size, "the proxy, asked for '%s', says %d", p->host, status);
	return -1;
}

int proxy_connect(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size)
{
	const struct place place = {
		.host = proxy.host, .port = proxy.port, .private_addresses = true};
	const struct held *credential = credentials_find_proxy(proxy.host, proxy.port);
	_cleanup_(fd_closep) int fd = -1;
	bool ignored;

	*ret_private = looks_private(p->host);
	if (*ret_private && (p->granted || !p->private_addresses)) {
		snprintf(why, size, "'%s' looks like a name of a private network", p->host);
		return -1;
	}
	if (credential != NULL && credentials_is_over(credential))
		return refuse(why, size, "the credential for the proxy has expired");
	fd = upstream_connect_directly(&place, address, &ignored, why, size);
	snprintf(address, 64, "proxy");
	if (fd < 0 || talk(fd, p, why, size) < 0)
		return -1;
	return take_fd(&fd);
}
