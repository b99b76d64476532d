/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the one wire between the runner and the programs that it
 * starts. Both ends are ours, but the peer may have been taken over by what it
 * parses, so a receiver trusts nothing: sizes are checked by the kernel
 * (SEQPACKET, MSG_TRUNC) and here, surplus descriptors are closed, received
 * ones are close-on-exec.
 */
#include "base/msg.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/fd.h"

struct header {
	uint32_t type;
	uint32_t size;
};

union control {
	char bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	struct cmsghdr align;
};

void msg_deinit(struct msg *m)
{
	for (int i = 0; i < m->fd_count; i++)
		fd_closep(&m->fds[i]);
	m->fd_count = 0;
}

int msg_take_fd(struct msg *m, int i)
{
	return i < m->fd_count ? take_fd(&m->fds[i]) : -1;
}

int msg_payload(const struct msg *m, void *out, size_t n)
{
	if (m->size != n)
		return -1;
	memcpy(out, m->payload, n);
	return 0;
}

int msg_send(int socket, uint32_t type, const void *payload, size_t n, const int *fds, int fd_count,
	struct error *e)
{
	struct header header = {.type = type, .size = (uint32_t)n};
	struct iovec parts[] = {{&header, sizeof(header)}, {(void *)(uintptr_t)payload, n}};
	union control control;
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = n > 0 ? 2 : 1};

	if (n > MSG_PAYLOAD_MAX || fd_count > MSG_FDS_MAX)
		return error_set(e, EMSGSIZE, "cannot send message %u", type);
	if (fd_count > 0) {
		struct cmsghdr *head;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
		memcpy(CMSG_DATA(head), fds, sizeof(int) * (size_t)fd_count);
	}
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return error_set(e, errno, "cannot send message %u", type);
	return 0;
}

static void take_control(struct msghdr *message, struct msg *ret)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
		head = CMSG_NXTHDR(message, head)) {
		size_t count;

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(fd));
			if (ret->fd_count < MSG_FDS_MAX)
				ret->fds[ret->fd_count++] = fd;
			else
				fd_closep(&fd);
		}
	}
}

int msg_recv(int socket, struct msg *ret, struct error *e)
{
	struct header header = {0};
	struct iovec parts[] = {{&header, sizeof(header)}, {ret->payload, sizeof(ret->payload)}};
	union control control;
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n;

	ret->type = MSG_EOF;
	ret->size = 0;
	ret->fd_count = 0;
	do {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
		/* A peer that ended with messages unread is reported before its last words. */
	} while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return error_set(e, errno, "cannot receive a message");
	if (n <= 0)
		return 0;
	take_control(&message, ret);
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || (size_t)n < sizeof(header) ||
		(size_t)n - sizeof(header) != header.size) {
		msg_deinit(ret);
		return error_set(e, EBADMSG, "received a malformed message");
	}
	ret->type = header.type;
	ret->size = header.size;
	return 0;
}

/* What a peer sent as its error: strings that it may have left unterminated. */
static int error_from(const struct msg *m, struct error *e)
{
	if (msg_payload(m, e, sizeof(*e)) < 0)
		return error_set(e, EBADMSG, "received a malformed error");
	e->what[sizeof(e->what) - 1] = '\0';
	e->hint[sizeof(e->hint) - 1] = '\0';
	if (e->kind >= ERROR_KIND_COUNT)
		e->kind = ERROR_HOST;
	return -1;
}

int msg_expect(int socket, uint32_t type, struct msg *ret, struct error *e)
{
	if (msg_recv(socket, ret, e) < 0)
		return -1;
	if (ret->type == type)
		return 0;
	msg_deinit(ret);
	if (ret->type == MSG_ERROR)
		return error_from(ret, e);
	if (ret->type == MSG_EOF)
		return error_set(e, 0, "it ended unexpectedly");
	return error_set(e, EBADMSG, "unexpected message %u instead of %u", ret->type, type);
}

void msg_send_error(int socket, const struct error *error)
{
	struct error ignored;

	(void)msg_send(socket, MSG_ERROR, error, sizeof(*error), NULL, 0, &ignored);
}
