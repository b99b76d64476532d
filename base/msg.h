/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/*
 * Messages between the runner and its programs: one SEQPACKET message each,
 * a type, a payload of at most MSG_PAYLOAD_MAX bytes, at most MSG_FDS_MAX file
 * descriptors. Which types a program takes, and in which state, is in the
 * header of its folder (sandbox/init.h, outputs/collect.h, attest/sign.h).
 */
enum { MSG_PAYLOAD_MAX = 2048, MSG_FDS_MAX = 32 };
enum {
	MSG_EOF = 0,   /* never sent: the peer is gone */
	MSG_ERROR = 1, /* payload: struct error */
	MSG_FIRST = 16 /* the first type that a folder may use for its own */
};
/* Where a program that the runner starts finds its end of the socket. */
enum { MSG_CONTROL_FD = 3 };

struct msg {
	uint32_t type;
	uint32_t size; /* of the payload */
	int fd_count;
	int fds[MSG_FDS_MAX]; /* owned by the receiver: msg_deinit() closes what is left */
	union {
		unsigned char payload[MSG_PAYLOAD_MAX];
		uint64_t align;
	};
};
/* Enough for an empty message: msg_deinit() looks no further than fd_count. */
#define MSG_INIT_FIELDS .type = 0, .size = 0, .fd_count = 0

void msg_deinit(struct msg *m); /* also for _cleanup_ */
/* Takes fd number i out of the message, or -1 when there is none. */
int msg_take_fd(struct msg *m, int i);
/* Copies the payload to out when its size is exactly n. 0 or -1. */
int msg_payload(const struct msg *m, void *out, size_t n);

/* fds are not closed. Never raises SIGPIPE. 0 or -1. */
int msg_send(int socket, uint32_t type, const void *payload, size_t n, const int *fds, int fd_count,
	struct error *e);
/* Waits for one message (EINTR restarts). The peer's end gives type MSG_EOF. 0 or -1. */
int msg_recv(int socket, struct msg *ret, struct error *e);
/*
 * The same, and whatever is not `type` becomes an error: the peer's own
 * (MSG_ERROR), "ended unexpectedly" (MSG_EOF), or "unexpected message".
 */
int msg_expect(int socket, uint32_t type, struct msg *ret, struct error *e);
/* Sends *error as MSG_ERROR; failures are ignored, the peer will see EOF. */
void msg_send_error(int socket, const struct error *error);
