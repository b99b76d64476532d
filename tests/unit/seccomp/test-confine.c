/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each test forks a child that confines itself as our
 * programs do and then tries what it must not be able to do, or holds still
 * while its parent, of the same uid, tries to get at it. Where an attack could
 * fail for another reason, an unconfined child shows that it works. As root the
 * children become uid 65534 first: root's capabilities would pass every check.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/fd.h"
#include "seccomp-collect.h"
#include "seccomp-sign.h"

enum { NOBODY = 65534, SKIPPED = 77 };

/* Lets everything through, so that only Landlock can be what refuses. */
static const struct sock_filter allow_all[] = {BPF_STMT(BPF_RET | BPF_K, 0x7fff0000)};

/* In a child: ends it with the line at which a claim did not hold. */
#define claim(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(STDERR_FILENO, "line %d: %s: errno %d\n", __LINE__, #condition,    \
				errno);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static int landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

static bool fails_with(long result, int errnum)
{
	return result == -1 && errno == errnum;
}

/* setuid(2) makes a process undumpable by itself: undone, or tests would prove nothing. */
static void become_nobody(void)
{
	if (geteuid() == 0) {
		claim(setgroups(0, NULL) == 0);
		claim(setresgid(NOBODY, NOBODY, NOBODY) == 0);
		claim(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	}
	claim(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

static void run_child(void (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

/* An open directory with "file" and "sub" in it, which uid 65534 may write. */
static int tree_fd;

static int make_tree(void **state)
{
	char name[] = "/tmp/test-confine-XXXXXX";
	_cleanup_(fd_closep) int file = -1;

	(void)state;
	if (mkdtemp(name) == NULL)
		return -1;
	tree_fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fchmod(tree_fd, 0777) < 0 || mkdirat(tree_fd, "sub", 0777) < 0 ||
		fchmodat(tree_fd, "sub", 0777, 0) < 0)
		return -1;
	file = openat(tree_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
	return file < 0 ? -1 : fchmod(file, 0666);
}

static int remove_tree(void **state)
{
	static const char *const names[] = {"sub/new", "file", "new"};
	char link[64], name[256] = "";

	(void)state;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", tree_fd);
	if (readlink(link, name, sizeof(name) - 1) <= 0)
		return -1;
	for (size_t i = 0; i < array_size(names); i++)
		unlinkat(tree_fd, names[i], 0);
	unlinkat(tree_fd, "sub", AT_REMOVEDIR);
	close(tree_fd);
	return rmdir(name);
}

static void confine_with(const struct sock_filter *filter, size_t length,
	const struct confine_path *paths, size_t count)
{
	struct error e = {0};
	struct confine what = {filter, length, paths, count};

	if (confine_self(&what, &e) < 0) {
		dprintf(STDERR_FILENO, "%s\n", e.what);
		_exit(1);
	}
}

static void read_only_body(void)
{
	struct confine_path path = {tree_fd, CONFINE_READ};
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int socket_fd, abi = landlock_abi();

	if (abi < 1)
		_exit(SKIPPED);
	become_nobody();
	claim(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
	confine_with(allow_all, array_size(allow_all), &path, 1);
	claim(openat(tree_fd, "file", O_RDONLY | O_CLOEXEC) >= 0);
	claim(openat(tree_fd, "sub", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
	claim(fails_with(open("/etc/passwd", O_RDONLY | O_CLOEXEC), EACCES));
	claim(fails_with(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES));
	claim(fails_with(openat(tree_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), EACCES));
	claim(fails_with(openat(tree_fd, "file", O_WRONLY | O_CLOEXEC), EACCES));
	claim(fails_with(openat(tree_fd, "new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), EACCES));
	claim(fails_with(mkdirat(tree_fd, "new", 0700), EACCES));
	claim(fails_with(unlinkat(tree_fd, "file", 0), EACCES));
	claim(fails_with(execl("/bin/true", "true", NULL), EACCES));
	if (abi < 3)
		return;
	claim(fchdir(tree_fd) == 0 && fails_with(truncate("file", 0), EACCES));
	if (abi < 4)
		return;
	socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	claim(socket_fd >= 0);
	claim(fails_with(connect(socket_fd, (struct sockaddr *)&address, sizeof(address)), EACCES));
	claim(fails_with(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), EACCES));
}

static void test_only_the_given_path_can_be_read(void **state)
{
	(void)state;
	run_child(read_only_body);
}

static void write_body(void)
{
	struct confine_path path = {tree_fd, CONFINE_WRITE};

	if (landlock_abi() < 3)
		_exit(SKIPPED);
	become_nobody();
	claim(chdir("/tmp") == 0);
	confine_with(allow_all, array_size(allow_all), &path, 1);
	claim(openat(tree_fd, "file", O_WRONLY | O_TRUNC | O_CLOEXEC) >= 0);
	claim(openat(tree_fd, "new", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600) >= 0);
	claim(renameat(tree_fd, "new", tree_fd, "sub/new") == 0);
	claim(symlinkat("file", tree_fd, "new") == 0);
	claim(unlinkat(tree_fd, "new", 0) == 0);
	claim(fails_with(mknodat(tree_fd, "new", S_IFIFO | 0600, 0), EACCES));
	claim(fails_with(mkdirat(AT_FDCWD, "test-confine-outside", 0700), EACCES));
	claim(fails_with(openat(tree_fd, "..", O_RDONLY | O_CLOEXEC), EACCES));
}

static void test_only_the_given_path_can_be_written(void **state)
{
	(void)state;
	run_child(write_body);
}

/* A path may be a file; nothing but the file is then accessible. */
static void file_path_body(void)
{
	struct confine_path path = {openat(tree_fd, "file", O_PATH | O_CLOEXEC), CONFINE_READ};

	if (landlock_abi() < 1)
		_exit(SKIPPED);
	become_nobody();
	confine_with(allow_all, array_size(allow_all), &path, 1);
	claim(openat(tree_fd, "file", O_RDONLY | O_CLOEXEC) >= 0);
	claim(fails_with(openat(tree_fd, "sub", O_RDONLY | O_CLOEXEC), EACCES));
}

static void test_a_path_may_be_a_file(void **state)
{
	(void)state;
	run_child(file_path_body);
}

static void signer_body(void)
{
	struct rlimit core = {1, 1};
	int pair[2];
	pid_t pid;

	become_nobody();
	claim(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	claim(getrlimit(RLIMIT_CORE, &core) == 0);
	confine_with(seccomp_sign, SECCOMP_SIGN_LENGTH, NULL, 0);
	claim(fails_with(socket(AF_UNIX, SOCK_STREAM, 0), EPERM));
	claim(fails_with(socket(AF_INET, SOCK_STREAM, 0), EPERM));
	claim(fails_with(open("/etc/passwd", O_RDONLY | O_CLOEXEC), EPERM));
	claim(fails_with(execl("/bin/true", "true", NULL), EPERM));
	claim(fails_with(ptrace(PTRACE_TRACEME, 0, NULL, NULL), EPERM));
	claim(fails_with(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), EPERM));
	claim(fails_with(kill(getppid(), 0), EPERM));
	pid = fork();
	claim(pid == -1 && errno == EPERM);
	/* What a signer does need. */
	claim(send(pair[0], "x", 1, 0) == -1 && errno == EPERM);
	claim(sendmsg(pair[0], &(struct msghdr){0}, MSG_NOSIGNAL) == 0);
	free(malloc(1 << 20));
}

static void test_a_signer_can_only_sign(void **state)
{
	(void)state;
	run_child(signer_body);
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

static void collector_body(void)
{
	pthread_t threads[4];
	int numbers[4] = {0};
	pid_t pid;

	become_nobody();
	confine_with(seccomp_collect, SECCOMP_COLLECT_LENGTH, NULL, 0);
	for (int i = 0; i < 4; i++)
		claim(pthread_create(&threads[i], NULL, add_one, &numbers[i]) == 0);
	for (int i = 0; i < 4; i++)
		claim(pthread_join(threads[i], NULL) == 0 && numbers[i] == 1);
	pid = fork();
	claim(pid == -1 && errno == EPERM);
	pid = vfork();
	claim(pid == -1 && errno == EPERM);
}

static void test_a_collector_has_threads_but_no_children(void **state)
{
	(void)state;
	run_child(collector_body);
}

/*
 * What another process of the same uid can do to a child of it: a set of bits.
 * The child says when it is ready, and ends when the socket is closed.
 */
enum { CAN_TRACE = 1, CAN_READ_MEMORY = 2, CAN_OPEN_MEMORY = 4, CAN_DUMP_CORE = 8 };

static char secret[64];

static void hold_still(bool confined, int ready)
{
	char c;

	memcpy(secret, "the key", 8);
	if (confined)
		confine_with(seccomp_sign, SECCOMP_SIGN_LENGTH, NULL, 0);
	claim(write(ready, "r", 1) == 1);
	(void)!read(ready, &c, 1);
	_exit(0);
}

static int probe(pid_t pid)
{
	char path[64], got[sizeof(secret)];
	struct rlimit core;
	int can = 0;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0)
		can |= CAN_TRACE;
	if (syscall(SYS_process_vm_readv, pid, &(struct iovec){got, sizeof(got)}, 1UL,
		    &(struct iovec){secret, sizeof(secret)}, 1UL, 0UL) > 0)
		can |= CAN_READ_MEMORY;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
		can |= CAN_OPEN_MEMORY;
	claim(prlimit(pid, RLIMIT_CORE, NULL, &core) == 0);
	if (core.rlim_cur != 0 || core.rlim_max != 0)
		can |= CAN_DUMP_CORE;
	return can;
}

static void probe_both_body(void)
{
	const struct rlimit some = {4096, 4096};
	const int all = CAN_TRACE | CAN_READ_MEMORY | CAN_OPEN_MEMORY | CAN_DUMP_CORE;

	become_nobody();
	claim(setrlimit(RLIMIT_CORE, &some) == 0);
	for (int confined = 0; confined <= 1; confined++) {
		int pair[2], can;
		char c;
		pid_t pid;

		claim(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
		pid = fork();
		claim(pid >= 0);
		if (pid == 0) {
			close(pair[0]);
			hold_still(confined, pair[1]);
		}
		close(pair[1]);
		claim(read(pair[0], &c, 1) == 1);
		can = probe(pid);
		close(pair[0]);
		claim(kill(pid, SIGKILL) == 0);
		claim(waitpid(pid, NULL, 0) == pid);
		claim(can == (confined ? 0 : all));
	}
}

static void test_nobody_can_look_into_a_confined_process(void **state)
{
	(void)state;
	run_child(probe_both_body);
}

/* An abstract socket that is listened on outside of the domain. */
static int listen_abstract(struct sockaddr_un *address, socklen_t *size)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)snprintf(
				    address->sun_path + 1, 32, "test-confine-%d", getpid()));
	claim(fd >= 0 && bind(fd, (struct sockaddr *)address, *size) == 0 && listen(fd, 4) == 0);
	return fd;
}

static void scopes_body(void)
{
	struct sockaddr_un address;
	struct error e = {0};
	socklen_t size;
	int pair[2], outside, inside;

	become_nobody();
	outside = listen_abstract(&address, &size);
	claim(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	inside = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	claim(inside >= 0 && connect(inside, (struct sockaddr *)&address, size) == 0);
	claim(kill(getppid(), 0) == 0 || errno == EPERM);
	if (landlock_abi() < 6) {
		claim(confine_scopes(&e) == 0);
		_exit(SKIPPED);
	}
	claim(fails_with(confine_scopes(&e), EPERM));
	claim(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	claim(confine_scopes(&e) == 1);
	inside = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	claim(inside >= 0);
	claim(fails_with(connect(inside, (struct sockaddr *)&address, size), EPERM));
	claim(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
	claim(fails_with(kill(getppid(), 0), EPERM));
	close(outside);
}

static void nested_scopes_body(void)
{
	/* The parent has the same uid, so that only the scope can refuse a signal to it. */
	pid_t pid;
	int status = 0;

	become_nobody();
	pid = fork();
	if (pid == 0) {
		claim(kill(getppid(), 0) == 0);
		scopes_body();
		_exit(0);
	}
	claim(waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	_exit(1);
}

static void test_scopes_end_at_the_domain(void **state)
{
	(void)state;
	run_child(nested_scopes_body);
}

static void bad_filter_body(void)
{
	static const struct sock_filter no_return[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};
	struct confine what = {no_return, 1, NULL, 0};
	struct confine_path path = {-1, CONFINE_READ};
	struct error e = {0};

	become_nobody();
	claim(confine_self(&what, &e) == -1 && strstr(e.what, "system call filter") != NULL);
	what.filter_length = 1 << 20;
	claim(confine_self(&what, &e) == -1);
	what = (struct confine){allow_all, 1, &path, 1};
	claim(landlock_abi() < 1 || confine_self(&what, &e) == -1);
}

static void test_failing_to_confine_is_an_error(void **state)
{
	(void)state;
	run_child(bad_filter_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_only_the_given_path_can_be_read, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(
			test_only_the_given_path_can_be_written, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_a_path_may_be_a_file, make_tree, remove_tree),
		cmocka_unit_test(test_a_signer_can_only_sign),
		cmocka_unit_test(test_a_collector_has_threads_but_no_children),
		cmocka_unit_test(test_nobody_can_look_into_a_confined_process),
		cmocka_unit_test(test_scopes_end_at_the_domain),
		cmocka_unit_test(test_failing_to_confine_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
