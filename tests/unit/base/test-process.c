/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: starts process-helper, which lies one folder up, and looks
 * at what it was given and at what is left of it.
 */
#include "tests/unit/base/helper.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "tests/unit/process-helper.h"

static int start(const char *how, struct process *ret, struct error *e)
{
	const char *const argv[] = {"process-helper", how, NULL};

	return process_start("process-helper", argv, ret, e);
}

static void take_report(const struct process *p, struct process_report *ret)
{
	struct msg m;
	struct error e = {0};
	int result = msg_expect(p->socket, MSG_FIRST, &m, &e);

	if (result < 0)
		print_message("%s\n", e.what);
	assert_int_equal(result, 0);
	assert_int_equal(msg_payload(&m, ret, sizeof(*ret)), 0);
}

/* Four descriptors, no environment, whatever we had open and whoever forgot to mark it. */
static void check_start(void)
{
	_cleanup_(fd_closep) int inherited = dup(STDERR_FILENO);
	_cleanup_(process_deinit) struct process p = PROCESS_INIT;
	struct process_report report;
	struct error e;

	assert_int_equal(start("wait", &p, &e), 0);
	take_report(&p, &report);
	assert_int_equal(report.fds, 4);
	assert_int_equal(report.variables, 0);
	assert_int_equal(report.null, 1);
	assert_int_equal(report.pid, p.pid);
	assert_int_equal(process_finish(&p, &e), 0);
	assert_int_equal(kill((pid_t)report.pid, 0), -1);
}

static void test_start(void **state)
{
	int before = count_open_fds();

	(void)state;
	check_start();
	assert_int_equal(count_open_fds(), before);
}

/*
 * The numbers that the child gives away (0, 1, 3) may be those of the program, of
 * the socket or of /dev/null: with every count of open descriptors another one is.
 */
static void test_low_numbers(void **state)
{
	int taken[8];

	(void)state;
	for (size_t count = 0; count < array_size(taken); count++) {
		for (size_t i = 0; i < count; i++)
			taken[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		check_start();
		for (size_t i = 0; i < count; i++)
			fd_closep(&taken[i]);
	}
}

/* In a child, since it closes standard input and output. */
static void test_closed_standard(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct process p = PROCESS_INIT;
		struct process_report report;
		struct error e;
		struct msg m;

		close(0);
		close(1);
		if (start("wait", &p, &e) < 0 || msg_expect(p.socket, MSG_FIRST, &m, &e) < 0 ||
			msg_payload(&m, &report, sizeof(report)) < 0)
			_exit(1);
		_exit(process_finish(&p, &e) < 0 || report.fds != 4 || report.null != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct {
	const char *how, *message;
} failures[] = {
	{"fail", "'process-helper' failed with exit code 7"},
	{"signal", "'process-helper' was killed by signal 9"},
};

static void test_failures(void **state)
{
	int before = count_open_fds();

	(void)state;
	for (size_t i = 0; i < array_size(failures); i++) {
		struct process p = PROCESS_INIT;
		struct error e;
		struct msg m;

		assert_int_equal(start(failures[i].how, &p, &e), 0);
		assert_int_equal(msg_recv(p.socket, &m, &e), 0);
		assert_int_equal(m.type, MSG_EOF);
		assert_int_equal(process_finish(&p, &e), -1);
		assert_string_equal(e.what, failures[i].message);
		/* once is enough */
		assert_int_equal(process_finish(&p, &e), 0);
		process_deinit(&p);
	}
	assert_int_equal(count_open_fds(), before);
}

/* What does not end by itself is killed and reaped. */
static void test_deinit(void **state)
{
	struct process p = PROCESS_INIT;
	struct error e;
	pid_t pid;

	(void)state;
	process_deinit(&p);
	assert_int_equal(start("hang", &p, &e), 0);
	pid = p.pid;
	process_deinit(&p);
	assert_int_equal(p.pid, 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Starts the helper, hands our end of its socket to the test, and dies of SIGKILL. */
static void start_and_die(int socket)
{
	struct process p = PROCESS_INIT;
	struct error e;
	struct msg m;

	if (start("wait", &p, &e) < 0 || msg_expect(p.socket, MSG_FIRST, &m, &e) < 0)
		_exit(1);
	msg_send(socket, MSG_FIRST, NULL, 0, &p.socket, 1, &e);
	_exit(raise(SIGKILL));
}

/*
 * The helper dies with the one that started it. Since the test holds the other end
 * of its socket, only the signal can end it, and its death is the socket's end.
 */
static void test_parent_dies(void **state)
{
	struct error e;
	struct msg m, end;
	int pair[2];
	pid_t pid;

	(void)state;
	assert_int_equal(process_socketpair(pair, &e), 0);
	pid = fork();
	if (pid == 0)
		start_and_die(pair[1]);
	fd_closep(&pair[1]);
	assert_int_equal(msg_expect(pair[0], MSG_FIRST, &m, &e), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	alarm(10);
	assert_int_equal(msg_recv(m.fds[0], &end, &e), 0);
	alarm(0);
	assert_int_equal(end.type, MSG_EOF);
	msg_deinit(&m);
	fd_closep(&pair[0]);
}

static void test_not_there(void **state)
{
	const char *const argv[] = {"no-such-program", NULL};
	int before = count_open_fds();
	struct process p = PROCESS_INIT;
	struct error e;

	(void)state;
	assert_int_equal(process_start("no-such-program", argv, &p, &e), -1);
	assert_string_equal(e.what, "cannot find the program 'no-such-program'");
	assert_true(e.hint[0] != '\0');
	assert_int_equal(p.pid, 0);
	assert_int_equal(count_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_low_numbers),
		cmocka_unit_test(test_closed_standard),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_deinit),
		cmocka_unit_test(test_parent_dies),
		cmocka_unit_test(test_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
