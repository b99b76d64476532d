/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attest/key.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "plan/plan.h"
#include "sample.h"

static const uint32_t order[] = {SIGN_PLAN, SIGN_RECORD, SIGN_DESTROYED, SIGN_SIGN};

/* A monitor in a process of its own; its exit code is 0 when monitor_run() gave 0. */
static pid_t start(int *ret_socket)
{
	int pair[2];
	struct error e;
	pid_t pid;

	assert_int_equal(process_socketpair(pair, &e), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct monitor m;
		struct key k = sample_key();

		close(pair[0]);
		monitor_init(&m, &k, SAMPLE_ID, "x86_64", "6.1.0");
		if (monitor_run(&m, pair[1], &e) < 0)
			_exit(m.key.pkey == NULL ? 1 : 2);
		_exit(0);
	}
	close(pair[1]);
	*ret_socket = pair[0];
	return pid;
}

static int finish(pid_t pid, int *socket)
{
	int status;

	fd_closep(socket);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void request(int socket, uint32_t type)
{
	static const struct sign_destroyed gone;
	const struct sign_record record = sample_record(SAMPLE_MANIFEST);
	_cleanup_(fd_closep) int plan = sample_plan(SAMPLE_ID);
	_cleanup_(fd_closep) int outputs =
		fd_memfd_sealed("o", SAMPLE_MANIFEST, strlen(SAMPLE_MANIFEST));
	_cleanup_(fd_closep) int packages =
		fd_memfd_sealed("p", SAMPLE_PACKAGES, strlen(SAMPLE_PACKAGES));
	struct error e;

	switch (type) {
	case SIGN_PLAN:
		(void)msg_send(socket, type, NULL, 0, &plan, 1, &e);
		return;
	case SIGN_RECORD:
		(void)msg_send(
			socket, type, &record, sizeof(record), (int[]){outputs, packages}, 2, &e);
		return;
	case SIGN_DESTROYED:
		(void)msg_send(socket, type, &gone, sizeof(gone), NULL, 0, &e);
		return;
	default:
		(void)msg_send(socket, type, NULL, 0, NULL, 0, &e);
	}
}

/* Sends the first `count` requests in order and takes the answers that belong to them. */
static void proceed(int socket, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
		struct error e;

		request(socket, order[i]);
		if (order[i] == SIGN_PLAN)
			assert_int_equal(msg_expect(socket, SIGN_READY, &m, &e), 0);
		if (order[i] == SIGN_SIGN) {
			assert_int_equal(msg_expect(socket, SIGN_DONE, &m, &e), 0);
			assert_int_equal(m.fd_count, 2);
		}
	}
}

static void expect_refusal(pid_t pid, int *socket, const char *because)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct error e = {0};

	/* A monitor that takes the request must come to its end as well, and say nothing. */
	assert_int_equal(shutdown(*socket, SHUT_WR), 0);
	assert_int_equal(msg_expect(*socket, SIGN_DONE, &m, &e), -1);
	if (strstr(e.what, because) == NULL)
		fail_msg("refused because '%s', not because '%s'", e.what, because);
	/* 1: failed, and the key was gone by then. */
	assert_int_equal(finish(pid, socket), 1);
}

static void test_order_signs_once(void **state)
{
	_cleanup_(fd_closep) int socket = -1;
	pid_t pid = start(&socket);

	(void)state;
	proceed(socket, 4);
	assert_int_equal(finish(pid, &socket), 0);
}

/* In every state, every request but the one that is due, and one that nobody knows. */
static void test_out_of_order_is_refused(void **state)
{
	(void)state;
	for (size_t done = 0; done <= array_size(order); done++) {
		for (size_t next = 0; next <= array_size(order); next++) {
			_cleanup_(fd_closep) int socket = -1;
			bool unknown = next == array_size(order);
			pid_t pid;

			if (next == done && !unknown)
				continue;
			pid = start(&socket);
			proceed(socket, done);
			request(socket, unknown ? 99 : order[next]);
			expect_refusal(pid, &socket, unknown ? "unknown" : "out of order");
		}
	}
}

static void test_second_sign_is_refused(void **state)
{
	_cleanup_(fd_closep) int socket = -1;
	pid_t pid = start(&socket);

	(void)state;
	proceed(socket, 4);
	request(socket, SIGN_SIGN);
	expect_refusal(pid, &socket, "out of order");
}

static void test_remains_are_refused(void **state)
{
	const struct sign_destroyed left = {.mounts = 1};
	_cleanup_(fd_closep) int socket = -1;
	pid_t pid = start(&socket);
	struct error e;

	(void)state;
	proceed(socket, 2);
	assert_int_equal(msg_send(socket, SIGN_DESTROYED, &left, sizeof(left), NULL, 0, &e), 0);
	request(socket, SIGN_SIGN);
	expect_refusal(pid, &socket, "not gone");
}

static void test_malformed_is_refused(void **state)
{
	const uint32_t rest = 0;
	_cleanup_(fd_closep) int socket = -1;
	pid_t pid = start(&socket);
	struct error e;

	(void)state;
	proceed(socket, 2);
	assert_int_equal(msg_send(socket, SIGN_DESTROYED, &rest, sizeof(rest), NULL, 0, &e), 0);
	expect_refusal(pid, &socket, "malformed");
	pid = start(&socket);
	assert_int_equal(msg_send(socket, SIGN_PLAN, NULL, 0, NULL, 0, &e), 0);
	expect_refusal(pid, &socket, "malformed");
}

/* A plan that can still be changed is none. */
static void test_unsealed_plan_is_refused(void **state)
{
	_cleanup_(fd_closep) int socket = -1, fd = -1;
	pid_t pid = start(&socket);
	FILE *file = tmpfile();
	struct error e;

	(void)state;
	assert_non_null(file);
	assert_int_equal(msg_send(socket, SIGN_PLAN, NULL, 0, (int[]){fileno(file)}, 1, &e), 0);
	expect_refusal(pid, &socket, "not sealed");
	fclose(file);
}

/* A record with so many descriptors, after a plan with or without network. */
static void send_record(int socket, bool network, int log, int fd_count)
{
	const struct sign_record record = sample_record(SAMPLE_MANIFEST);
	_cleanup_(fd_closep) int plan = network ? sample_plan_trusted(SAMPLE_ID, PLAN_ON_DENY_FAIL)
						: sample_plan(SAMPLE_ID);
	_cleanup_(fd_closep) int outputs =
		fd_memfd_sealed("o", SAMPLE_MANIFEST, strlen(SAMPLE_MANIFEST));
	_cleanup_(fd_closep) int packages =
		fd_memfd_sealed("p", SAMPLE_PACKAGES, strlen(SAMPLE_PACKAGES));
	_cleanup_(fd_closep) int dependencies = fd_memfd_sealed("d", "", 0);
	const int fds[] = {outputs, packages, log, dependencies, dependencies};
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct error e;

	assert_int_equal(msg_send(socket, SIGN_PLAN, NULL, 0, &plan, 1, &e), 0);
	assert_int_equal(msg_expect(socket, SIGN_READY, &m, &e), 0);
	assert_int_equal(
		msg_send(socket, SIGN_RECORD, &record, sizeof(record), fds, fd_count, &e), 0);
}

/* Exactly the descriptors that the plan's network asks for. */
static void test_network_fds(void **state)
{
	_cleanup_(fd_closep) int log = fd_memfd_sealed("l", SAMPLE_LOG, strlen(SAMPLE_LOG));

	(void)state;
	for (int network = 0; network < 2; network++) {
		for (int count = 0; count <= 5; count++) {
			_cleanup_(fd_closep) int socket = -1;
			pid_t pid = start(&socket);

			send_record(socket, network, log, count);
			if (count != (network ? 4 : 2)) {
				expect_refusal(pid, &socket, "malformed");
				continue;
			}
			request(socket, SIGN_DESTROYED);
			request(socket, SIGN_SIGN);
			{
				_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
				struct error e;

				assert_int_equal(msg_expect(socket, SIGN_DONE, &m, &e), 0);
			}
			assert_int_equal(finish(pid, &socket), 0);
		}
	}
}

/* A byte more than fits is refused, whatever is in it; so is what has no beginning. */
static void test_network_log(void **state)
{
	_cleanup_(fd_closep) int log = memfd_create("l", MFD_CLOEXEC), socket = -1;
	int ends[2];
	pid_t pid = start(&socket);

	(void)state;
	assert_int_equal(ftruncate(log, (256 << 20) + 1), 0);
	send_record(socket, true, log, 4);
	expect_refusal(pid, &socket, "cannot read the network's log");
	pid = start(&socket);
	assert_int_equal(pipe(ends), 0);
	send_record(socket, true, ends[0], 4);
	expect_refusal(pid, &socket, "cannot read the network's log");
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(ftruncate(log, 256 << 20), 0);
	pid = start(&socket);
	send_record(socket, true, log, 4);
	request(socket, SIGN_DESTROYED);
	assert_int_equal(finish(pid, &socket), 0);
}

/* The runner may go at any time: a failed build needs no signature. */
static void test_end_is_no_error(void **state)
{
	(void)state;
	for (size_t done = 0; done <= 4; done++) {
		_cleanup_(fd_closep) int socket = -1;
		pid_t pid = start(&socket);

		proceed(socket, done);
		assert_int_equal(finish(pid, &socket), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_signs_once),
		cmocka_unit_test(test_out_of_order_is_refused),
		cmocka_unit_test(test_second_sign_is_refused),
		cmocka_unit_test(test_remains_are_refused),
		cmocka_unit_test(test_malformed_is_refused),
		cmocka_unit_test(test_unsealed_plan_is_refused),
		cmocka_unit_test(test_network_fds),
		cmocka_unit_test(test_network_log),
		cmocka_unit_test(test_end_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
