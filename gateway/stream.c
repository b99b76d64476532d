/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: sockets of cupel-gateway, on bytes that the build or a registry
 * chose; TLS is libcrypto's. A peer that neither sends nor reads is left when the
 * deadline is over. An end without TLS's close_notify is an error, never an end: a body
 * could have been cut.
 */
#include "gateway/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "base/fd.h"

int stream_open(struct stream *s, int fd)
{
	*s = STREAM_INIT;
	s->fd = fd;
	s->data = malloc(STREAM_ROOM);
	if (s->data == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return task_watch(&s->watch, fd);
}

void stream_close(struct stream *s)
{
	const struct linger reset = {.l_onoff = 1};

	if (s->broken)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (s->ssl != NULL) {
		if (!s->broken && SSL_is_init_finished(s->ssl))
			SSL_shutdown(s->ssl);
		ERR_clear_error();
		SSL_free(s->ssl);
	}
	task_unwatch(&s->watch);
	fd_closep(&s->fd);
	free(s->data);
	*s = STREAM_INIT;
}

const char *stream_data(const struct stream *s, size_t *ret_size)
{
	*ret_size = s->end - s->start;
	return s->data + s->start;
}

void stream_use(struct stream *s, size_t n)
{
	s->start += n;
	if (s->start == s->end)
		s->start = s->end = 0;
}

/* What an SSL call that did not go through needs: 0 to try again, -1 with errno. */
static int tls_wait(struct stream *s, int result)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return task_wait(&s->watch, EPOLLIN, s->deadline);
	case SSL_ERROR_WANT_WRITE:
		return task_wait(&s->watch, EPOLLOUT, s->deadline);
	case SSL_ERROR_SYSCALL:
		errno = errno == 0 ? ECONNRESET : errno;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

static ssize_t read_tls(struct stream *s, char *to, size_t room)
{
	for (;;) {
		size_t n;
		int result;

		ERR_clear_error();
		errno = 0;
		result = SSL_read_ex(s->ssl, to, room, &n);
		if (result == 1)
			return (ssize_t)n;
		if (SSL_get_error(s->ssl, result) == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (tls_wait(s, result) < 0)
			return -1;
	}
}

static ssize_t read_clear(struct stream *s, char *to, size_t room)
{
	for (;;) {
		ssize_t n = recv(s->fd, to, room, 0);

		if (n >= 0)
			return n;
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN || task_wait(&s->watch, EPOLLIN, s->deadline) < 0)
			return -1;
	}
}

ssize_t stream_fill(struct stream *s)
{
	ssize_t n;

	task_breathe();
	if (s->deadline != 0 && task_now() > s->deadline) {
		errno = ETIMEDOUT;
		return -1;
	}
	if (s->end == STREAM_ROOM && s->start > 0) {
		memmove(s->data, s->data + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	if (s->end == STREAM_ROOM) {
		errno = ENOBUFS;
		return -1;
	}
	n = s->ssl != NULL ? read_tls(s, s->data + s->end, STREAM_ROOM - s->end)
			   : read_clear(s, s->data + s->end, STREAM_ROOM - s->end);
	if (n > 0)
		s->end += (size_t)n;
	if (n == 0)
		s->ended = true;
	return n;
}

static int write_tls(struct stream *s, const char *data, size_t n)
{
	size_t done;

	/* All or nothing: partial writes are not switched on. */
	for (;;) {
		int result;

		ERR_clear_error();
		errno = 0;
		result = SSL_write_ex(s->ssl, data, n, &done);
		if (result == 1)
			return 0;
		if (tls_wait(s, result) < 0)
			return -1;
	}
}

static int write_clear(struct stream *s, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = send(s->fd, data, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 &&
			(errno != EAGAIN || task_wait(&s->watch, EPOLLOUT, s->deadline) < 0))
			return -1;
		if (done > 0) {
			data += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int stream_write(struct stream *s, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	return s->ssl != NULL ? write_tls(s, data, n) : write_clear(s, data, n);
}

static int handshake(struct stream *s, SSL *ssl, int (*step)(SSL *ssl))
{
	s->ssl = ssl;
	if (SSL_set_fd(ssl, s->fd) != 1) {
		errno = ENOMEM;
		return -1;
	}
	for (;;) {
		int result;

		ERR_clear_error();
		errno = 0;
		result = step(ssl);
		if (result == 1)
			return 0;
		if (tls_wait(s, result) < 0)
			return -1;
	}
}

int stream_accept_tls(struct stream *s, SSL *ssl)
{
	return handshake(s, ssl, SSL_accept);
}

int stream_connect_tls(struct stream *s, SSL *ssl)
{
	return handshake(s, ssl, SSL_connect);
}

void stream_why(char *out, size_t size)
{
	unsigned long code = ERR_peek_last_error();

	if (errno == EPROTO && code != 0)
		snprintf(out, size, "TLS: %s", ERR_reason_error_string(code));
	else
		snprintf(out, size, "%s", strerror(errno));
}
