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

/* STREAM_ROOM bytes in records, each of which adds at most 256 bytes (RFC 8446, 5.2). */
enum { BURST = STREAM_ROOM + (STREAM_ROOM / 16384 + 1) * 256 };

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

/* What was decrypted or came with it: no call gives more than one record. */
static size_t read_pending(struct stream *s, char *to, size_t room)
{
	size_t done = 0, n;

	/* Whatever stops this, an end or a failure, also meets the next call. */
	while (done < room && SSL_has_pending(s->ssl) == 1 &&
		SSL_read_ex(s->ssl, to + done, room - done, &n) == 1)
		done += n;
	return done;
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
			return (ssize_t)(n + read_pending(s, to + n, room - n));
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

/* What the records of one write left in the buffer before the socket. */
static int flush_tls(struct stream *s)
{
	BIO *out = SSL_get_wbio(s->ssl);

	for (;;) {
		errno = 0;
		if (BIO_flush(out) == 1)
			return 0;
		if (!BIO_should_retry(out)) {
			errno = errno == 0 ? ECONNRESET : errno;
			return -1;
		}
		if (task_wait(&s->watch, EPOLLOUT, s->deadline) < 0)
			return -1;
	}
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
			return flush_tls(s);
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

void stream_tune(SSL_CTX *context)
{
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, BURST);
	(void)SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
						"TLS_CHACHA20_POLY1305_SHA256");
}

/*
 * A record has 16 KiB, and each would be a call of its own, and for the peer a wake-up:
 * what one write makes is sent as a whole. Whatever comes is read in pieces as large.
 */
static int attach(SSL *ssl, int fd)
{
	BIO *socket = BIO_new_socket(fd, BIO_NOCLOSE), *buffer = BIO_new(BIO_f_buffer());

	if (socket == NULL || buffer == NULL || BIO_set_write_buffer_size(buffer, BURST) != 1) {
		BIO_free(socket);
		BIO_free(buffer);
		return -1;
	}
	/* Both ways own it. */
	BIO_up_ref(socket);
	SSL_set_bio(ssl, socket, BIO_push(buffer, socket));
	return 0;
}

static int handshake(struct stream *s, SSL *ssl, int (*step)(SSL *ssl))
{
	s->ssl = ssl;
	if (attach(ssl, s->fd) < 0) {
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
