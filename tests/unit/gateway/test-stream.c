/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: both ends of a TLS connection as two tasks of one loop, over a
 * socket pair. What counts is that bursts lose nothing, and that an end that nobody
 * announced is never taken for one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "gateway/ca.h"
#include "gateway/stream.h"
#include "gateway/task.h"

enum { PIECES = 40, PIECE = STREAM_ROOM - 1000 };

static struct ca ca;
static SSL_CTX *client;

/* How the server ends, and what the client saw of it. */
static struct {
	int fds[2];
	size_t pieces;
	bool goodbye;
	size_t seen, wrong;
	ssize_t last;
	int error;
	bool ended;
} talk;

static unsigned char at(size_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static void serve(void *context)
{
	static char piece[PIECE];
	struct stream s;
	size_t sent = 0;

	(void)context;
	assert_int_equal(stream_open(&s, talk.fds[0]), 0);
	assert_int_equal(stream_accept_tls(&s, ca_session(&ca, "registry.test")), 0);
	for (size_t i = 0; i < talk.pieces; i++) {
		for (size_t j = 0; j < PIECE; j++)
			piece[j] = (char)at(sent++);
		assert_int_equal(stream_write(&s, piece, PIECE), 0);
	}
	s.broken = !talk.goodbye;
	stream_close(&s);
}

static void look(const struct stream *s)
{
	size_t n;
	const char *data = stream_data(s, &n);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)data[i] != at(talk.seen++))
			talk.wrong++;
}

static void ask(void *context)
{
	struct stream s;

	(void)context;
	assert_int_equal(stream_open(&s, talk.fds[1]), 0);
	assert_int_equal(stream_connect_tls(&s, SSL_new(client)), 0);
	while ((talk.last = stream_fill(&s)) > 0) {
		assert_true(s.end <= STREAM_ROOM);
		look(&s);
		stream_use(&s, s.end - s.start);
	}
	talk.error = errno;
	talk.ended = s.ended;
	stream_close(&s);
}

static void run(size_t pieces, bool goodbye)
{
	struct error e = {0};

	memset(&talk, 0, sizeof(talk));
	talk.pieces = pieces;
	talk.goodbye = goodbye;
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, talk.fds), 0);
	assert_int_equal(task_spawn(serve, NULL), 0);
	assert_int_equal(task_spawn(ask, NULL), 0);
	task_loop_stop();
	assert_int_equal(task_loop_run(&e), 0);
	assert_int_equal(talk.seen, pieces * PIECE);
	assert_int_equal(talk.wrong, 0);
}

static void test_an_end(void **state)
{
	(void)state;
	for (size_t pieces = 0; pieces < PIECES; pieces += 13) {
		run(pieces, true);
		assert_int_equal(talk.last, 0);
		assert_true(talk.ended);
	}
}

static void test_no_end(void **state)
{
	(void)state;
	for (size_t pieces = 0; pieces < PIECES; pieces += 13) {
		run(pieces, false);
		assert_int_equal(talk.last, -1);
		assert_int_equal(talk.error, EPROTO);
		assert_false(talk.ended);
	}
}

static void fill_to_the_brim(void *context)
{
	struct stream s;

	(void)context;
	assert_int_equal(stream_open(&s, talk.fds[1]), 0);
	assert_int_equal(stream_connect_tls(&s, SSL_new(client)), 0);
	while ((talk.last = stream_fill(&s)) > 0)
		talk.seen = s.end;
	talk.error = errno;
	stream_close(&s);
}

static void serve_more(void *context)
{
	static char bytes[STREAM_ROOM + 1];
	struct stream s;

	(void)context;
	assert_int_equal(stream_open(&s, talk.fds[0]), 0);
	assert_int_equal(stream_accept_tls(&s, ca_session(&ca, "registry.test")), 0);
	(void)stream_write(&s, bytes, sizeof(bytes));
	stream_close(&s);
}

static void test_no_more_than_fits(void **state)
{
	struct error e = {0};

	(void)state;
	memset(&talk, 0, sizeof(talk));
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, talk.fds), 0);
	assert_int_equal(task_spawn(serve_more, NULL), 0);
	assert_int_equal(task_spawn(fill_to_the_brim, NULL), 0);
	assert_int_equal(task_loop_run(&e), 0);
	assert_int_equal(talk.last, -1);
	assert_int_equal(talk.error, ENOBUFS);
	assert_int_equal(talk.seen, STREAM_ROOM);
}

static int set_up(void **state)
{
	struct error e = {0};

	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as the gateway does */
	client = SSL_CTX_new(TLS_client_method());
	if (client == NULL || ca_init(&ca, 3600, &e) < 0)
		return -1;
	stream_tune(client);
	return task_loop_open(&e);
}

static int tear_down(void **state)
{
	(void)state;
	SSL_CTX_free(client);
	ca_deinit(&ca);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_end),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
