/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: messages between our programs, where the peer may be
 * somebody else by now: besides msg_send(), the test writes to the socket by hand
 * what no program of ours would send.
 */
#include "tests/unit/base/helper.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"

static int ends[2];

static int set_up(void **state)
{
	struct error e;

	(void)state;
	return process_socketpair(ends, &e);
}

static int tear_down(void **state)
{
	(void)state;
	fd_closep(&ends[0]);
	fd_closep(&ends[1]);
	return 0;
}

/* Sends raw bytes and n copies of a descriptor. */
static void send_raw(const void *bytes, size_t size, int fd, int n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * (MSG_FDS_MAX + 1))];
		struct cmsghdr align;
	} control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (n > 0) {
		struct cmsghdr *head;

		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n);
		for (int i = 0; i < n; i++)
			memcpy(CMSG_DATA(head) + (size_t)i * sizeof(int), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(ends[0], &message, MSG_NOSIGNAL), size);
}

static void test_round_trip(void **state)
{
	int before = count_open_fds(), fd = fd_memfd_sealed("x", "abc", 3), fds[] = {fd, ends[0]};
	struct msg m;
	struct error e;
	struct stat sent, got;
	char text[4];

	(void)state;
	assert_int_equal(msg_send(ends[0], MSG_FIRST + 3, "hey", 4, fds, 2, &e), 0);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST + 3, &m, &e), 0);
	assert_int_equal(msg_payload(&m, text, sizeof(text)), 0);
	assert_string_equal(text, "hey");
	assert_int_equal(msg_payload(&m, text, 3), -1);
	assert_int_equal(m.fd_count, 2);
	assert_int_equal(fcntl(m.fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &sent), 0);
	assert_int_equal(fstat(m.fds[0], &got), 0);
	assert_true(sent.st_ino == got.st_ino && sent.st_dev == got.st_dev);
	fd_closep(&fd);
	fd = msg_take_fd(&m, 0);
	assert_true(fd >= 0);
	assert_int_equal(msg_take_fd(&m, 0), -1);
	assert_int_equal(msg_take_fd(&m, 2), -1);
	msg_deinit(&m);
	fd_closep(&fd);
	assert_int_equal(count_open_fds(), before);
}

static void test_empty_and_largest(void **state)
{
	static char payload[MSG_PAYLOAD_MAX + 1];
	int fds[MSG_FDS_MAX + 1];
	struct msg m;
	struct error e;

	(void)state;
	for (int i = 0; i <= MSG_FDS_MAX; i++)
		fds[i] = ends[0];
	assert_int_equal(msg_send(ends[0], MSG_FIRST, NULL, 0, NULL, 0, &e), 0);
	assert_int_equal(msg_recv(ends[1], &m, &e), 0);
	assert_int_equal(m.type, MSG_FIRST);
	assert_int_equal(m.size, 0);
	assert_int_equal(
		msg_send(ends[0], MSG_FIRST, payload, MSG_PAYLOAD_MAX, fds, MSG_FDS_MAX, &e), 0);
	assert_int_equal(msg_recv(ends[1], &m, &e), 0);
	assert_int_equal(m.size, MSG_PAYLOAD_MAX);
	assert_int_equal(m.fd_count, MSG_FDS_MAX);
	msg_deinit(&m);
	assert_int_equal(msg_send(ends[0], MSG_FIRST, payload, sizeof(payload), NULL, 0, &e), -1);
	assert_int_equal(msg_send(ends[0], MSG_FIRST, NULL, 0, fds, MSG_FDS_MAX + 1, &e), -1);
	assert_int_equal(e.errnum, EMSGSIZE);
}

/* Malformed: refused, and whatever descriptors came along are closed. */
static void test_malformed(void **state)
{
	static const uint32_t too_short[] = {MSG_FIRST};
	static const uint32_t size_lies[] = {MSG_FIRST, 8, 0};
	static const uint32_t size_hides[] = {MSG_FIRST, 0, 0};
	static const uint32_t too_long[2 + MSG_PAYLOAD_MAX / 4 + 1] = {
		MSG_FIRST, MSG_PAYLOAD_MAX + 4};
	static const uint32_t fine[] = {MSG_FIRST, 0};
	static const struct {
		const uint32_t *bytes;
		size_t size;
		int fds;
	} rows[] = {
		{too_short, sizeof(too_short), 2}, {size_lies, sizeof(size_lies), 2},
		{size_hides, sizeof(size_hides), 2}, {too_long, sizeof(too_long), 2},
		{fine, sizeof(fine), MSG_FDS_MAX + 1}, /* more descriptors than fit: cut */
	};
	int before = count_open_fds();

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct msg m;
		struct error e;

		send_raw(rows[i].bytes, rows[i].size, ends[1], rows[i].fds);
		assert_int_equal(msg_recv(ends[1], &m, &e), -1);
		assert_int_equal(e.errnum, EBADMSG);
		assert_int_equal(m.fd_count, 0);
		assert_int_equal(count_open_fds(), before);
	}
}

static void test_unexpected(void **state)
{
	int before = count_open_fds();
	struct msg m;
	struct error e;

	(void)state;
	assert_int_equal(msg_send(ends[0], MSG_FIRST + 1, NULL, 0, &ends[0], 1, &e), 0);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST, &m, &e), -1);
	assert_string_equal(e.what, "unexpected message 17 instead of 16");
	assert_int_equal(count_open_fds(), before);
}

static void test_end(void **state)
{
	struct msg m;
	struct error e;

	(void)state;
	fd_closep(&ends[0]);
	assert_int_equal(msg_recv(ends[1], &m, &e), 0);
	assert_int_equal(m.type, MSG_EOF);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST, &m, &e), -1);
	assert_string_equal(e.what, "it ended unexpectedly");
	/* no SIGPIPE either */
	assert_int_equal(msg_send(ends[1], MSG_FIRST, NULL, 0, NULL, 0, &e), -1);
	assert_int_equal(e.errnum, EPIPE);
}

static void test_error(void **state)
{
	struct error sent, e;
	struct msg m;

	(void)state;
	error_set_kind(&sent, ERROR_LIMIT, ENOSPC, "what");
	error_hint(&sent, "cure");
	msg_send_error(ends[0], &sent);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST, &m, &e), -1);
	assert_memory_equal(&e, &sent, offsetof(struct error, what));
	assert_string_equal(e.what, "what");
	assert_string_equal(e.hint, "cure");
	/* from a peer that has been taken over: no terminator, no such kind */
	memset(&sent, 0x7a, sizeof(sent));
	msg_send_error(ends[0], &sent);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST, &m, &e), -1);
	assert_int_equal(strlen(e.what), sizeof(e.what) - 1);
	assert_int_equal(strlen(e.hint), sizeof(e.hint) - 1);
	assert_int_equal(e.kind, ERROR_HOST);
	assert_int_equal(msg_send(ends[0], MSG_ERROR, "x", 1, NULL, 0, &e), 0);
	assert_int_equal(msg_expect(ends[1], MSG_FIRST, &m, &e), -1);
	assert_string_equal(e.what, "received a malformed error");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_empty_and_largest),
		TEST(test_malformed),
		TEST(test_unexpected),
		TEST(test_end),
		TEST(test_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
