/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/ssl.h>

#include "gateway/task.h"

/*
 * One end of a connection, in the clear or inside TLS, for a task: calls wait until
 * they can go on or the deadline is over. Input is buffered, so that a head can be
 * looked at as a whole.
 */
enum { STREAM_ROOM = 65536 };

struct stream {
	int fd; /* owned */
	struct watch watch;
	SSL *ssl; /* owned, or NULL */
	char *data;
	size_t start, end; /* of what was read and not yet used */
	uint64_t deadline; /* of each wait, task_now(); 0: none */
	bool broken;	   /* closed without a proper end: something was cut short */
	bool ended;	   /* the peer sends nothing more */
};
#define STREAM_INIT ((struct stream){.fd = -1, .watch = {.fd = -1}})

/* Takes a nonblocking socket over. 0, or -1 with errno. */
int stream_open(struct stream *s, int fd);
void stream_close(struct stream *s); /* also for _cleanup_; an open TLS session says goodbye */

/* What was read and not yet used. */
const char *stream_data(const struct stream *s, size_t *ret_size);
void stream_use(struct stream *s, size_t n);
/*
 * Reads more, to what is there already. > 0: bytes read; 0: the peer's end (in TLS only
 * when it said so); -1 with errno: ETIMEDOUT, ENOBUFS (STREAM_ROOM bytes and still not
 * used), EPROTO (TLS), or the socket's.
 */
ssize_t stream_fill(struct stream *s);
/* All of it. 0, or -1 with errno. */
int stream_write(struct stream *s, const void *data, size_t n);

/* How all sessions of a context are carried: big reads, the ciphers that cost least first. */
void stream_tune(SSL_CTX *context);
/* TLS over what is an open stream with nothing buffered. 0, or -1 with errno EPROTO or ETIMEDOUT.
 */
int stream_accept_tls(struct stream *s, SSL *ssl);
int stream_connect_tls(struct stream *s, SSL *ssl);
/* Why the last call failed, for a record: TLS's own words or errno's. */
void stream_why(char *out, size_t size);
