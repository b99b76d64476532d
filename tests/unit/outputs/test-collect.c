/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the real cupel-collect, started as the runner starts it,
 * over its socket: what it answers, what it refuses, what it may still do.
 */
#include "outputs/collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "tree.h"

struct program {
	pid_t pid;
	int socket;
};

/* Opened before a test gives up the right to come here by its path. */
static int program_fd;

static struct program start(const char *option)
{
	struct program p;
	int pair[2];

	assert_return_code(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), errno);
	p.pid = fork();
	if (p.pid == 0) {
		/* A test that fails must not leave one that hashes for hours. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		char *const argv[] = {
			(char *)(uintptr_t) "cupel-collect", (char *)(uintptr_t)option, NULL};
		char *const none[] = {NULL};

		if (dup2(pair[1], 20) == 20 && dup2(20, MSG_CONTROL_FD) == MSG_CONTROL_FD)
			fexecve(program_fd, argv, none);
		_exit(127);
	}
	close(pair[1]);
	p.socket = pair[0];
	return p;
}

static int finish(struct program *p)
{
	int status = -1;

	close(p->socket);
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct collect_import plain = {
	.clamp_mtime = TREE_SDE, .uid = (uint32_t)-1, .gid = (uint32_t)-1};

static int import(struct program *p, const struct collect_import *what, int from, int to,
	struct collect_done *ret, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	const int fds[] = {from, to};

	assert_int_equal(
		msg_send(p->socket, COLLECT_IMPORT, what, sizeof(*what), fds, to < 0 ? 1 : 2, e),
		0);
	if (msg_expect(p->socket, COLLECT_DONE, &m, e) < 0)
		return -1;
	assert_int_equal(msg_payload(&m, ret, sizeof(*ret)), 0);
	assert_int_equal(m.fd_count, 1);
	return 0;
}

static int export(
	struct program *p, int staging, int out, struct collect_done *ret, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	_cleanup_(fd_closep) int plan = tree_plan_fd(&(struct tree_plan){0});
	_cleanup_(fd_closep) int log = fd_memfd_sealed("log", "hello\n", 6);
	const struct collect_export what = {0};
	const int fds[] = {plan, staging, out, log};

	assert_int_equal(msg_send(p->socket, COLLECT_EXPORT, &what, sizeof(what), fds, 4, e), 0);
	if (msg_expect(p->socket, COLLECT_DONE, &m, e) < 0)
		return -1;
	assert_int_equal(msg_payload(&m, ret, sizeof(*ret)), 0);
	assert_int_equal(m.fd_count, 1);
	return 0;
}

static void test_whole_life(void **state)
{
	_cleanup_(tree_free) struct tree a = tree_new(), b = tree_new(), c = tree_new();
	struct program p = start(NULL);
	struct collect_import hash = plain;
	struct collect_done done, again;
	struct error e = {0};
	struct msg m;

	(void)state;
	tree_script(&a, "mkdir d; echo hello > d/f; ln -s d/f l");
	hash.hash_only = 1;
	assert_int_equal(import(&p, &hash, a.fd, -1, &done, &e), 0);
	assert_int_equal(import(&p, &plain, a.fd, b.fd, &again, &e), 0);
	assert_string_equal(done.sha256, again.sha256);
	assert_int_equal(export(&p, c.fd, b.fd, &done, &e), 0);
	assert_int_equal(done.files, 1);
	assert_int_equal(done.log_bytes, 6);
	tree_script(&c, "test \"$(cat l)\" = hello; test \"$(cat build.log)\" = hello");
	/* Nothing after it. */
	assert_int_equal(msg_recv(p.socket, &m, &e), 0);
	assert_int_equal(m.type, MSG_EOF);
	assert_int_equal(finish(&p), 0);
}

static void test_errors_arrive(void **state)
{
	_cleanup_(tree_free) struct tree a = tree_new(), b = tree_new();
	struct program p = start(NULL);
	struct collect_done done;
	struct error e = {0};

	(void)state;
	tree_script(&a, "mkfifo x");
	assert_int_equal(export(&p, b.fd, a.fd, &done, &e), -1);
	assert_string_equal(e.what, "output 'x' is a named pipe");
	assert_int_equal(e.kind, ERROR_OUTPUT);
	assert_int_equal(finish(&p), 1);
	p = start(NULL);
	assert_int_equal(import(&p, &plain, a.fd, a.fd, &done, &e), 0);
	tree_script(&a, "touch f");
	assert_int_equal(import(&p, &plain, a.fd, a.fd, &done, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
	assert_int_equal(finish(&p), 1);
}

/* The runner is trusted, but what sits at its end might not be it any more. */
static void test_malformed_requests(void **state)
{
	static struct collect_import skips = {.skip_count = 5, .hash_only = 1};
	static struct collect_import unterminated = {.skip_count = 1, .hash_only = 1};
	static struct collect_export lacks = {.has_workspace = 1};
	const struct {
		uint32_t type;
		const void *payload;
		size_t size;
		int fds;
		const char *option, *says;
	} cases[] = {
		{COLLECT_IMPORT, &skips, sizeof(skips), 1, NULL, "malformed"},
		{COLLECT_IMPORT, &unterminated, sizeof(unterminated), 1, NULL, "malformed"},
		{COLLECT_IMPORT, &plain, sizeof(plain), 0, NULL, "unexpected"},
		{COLLECT_IMPORT, &plain, sizeof(plain), 1, NULL, "malformed"},
		{COLLECT_IMPORT, &plain, 4, 2, NULL, "malformed"},
		{COLLECT_EXPORT, &lacks, sizeof(lacks), 4, NULL, "malformed"},
		{COLLECT_EXPORT, &lacks, sizeof(lacks), 5, NULL, "not sealed"},
		{COLLECT_JOIN, NULL, 0, 1, NULL, "unexpected"},
		{COLLECT_JOIN, NULL, 0, 0, "--userns", "unexpected"},
		{COLLECT_JOIN, NULL, 0, 1, "--userns", "cannot join"},
		{COLLECT_IMPORT, &plain, sizeof(plain), 2, "--userns", "unexpected"},
		{COLLECT_DONE, NULL, 0, 0, NULL, "unexpected"},
		{9999, NULL, 0, 0, NULL, "unexpected"},
	};

	(void)state;
	memset(unterminated.skip, 'x', sizeof(unterminated.skip));
	for (size_t i = 0; i < array_size(cases); i++) {
		struct program p = start(cases[i].option);
		_cleanup_(fd_closep) int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		const int fds[] = {fd, fd, fd, fd, fd};
		struct error e = {0};
		struct msg m = {MSG_INIT_FIELDS};

		assert_int_equal(msg_send(p.socket, cases[i].type, cases[i].payload, cases[i].size,
					 fds, cases[i].fds, &e),
			0);
		assert_int_equal(msg_expect(p.socket, COLLECT_DONE, &m, &e), -1);
		if (strstr(e.what, cases[i].says) == NULL)
			fail_msg("case %zu: %s", i, e.what);
		assert_int_equal(finish(&p), 1);
	}
}

static void wait_for_status(pid_t pid, const char *line)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	for (int i = 0; i < 200; i++) {
		_cleanup_(cleanup_freep) char *text = tree_read(AT_FDCWD, path);

		if (strstr(text, line) != NULL)
			return;
		usleep(10000);
	}
	fail_msg("never: %s", line);
}

static void test_root_keeps_two_capabilities(void **state)
{
	struct program p;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	p = start(NULL);
	wait_for_status(p.pid, "CapPrm:\t0000000000000005\nCapEff:\t0000000000000005\n");
	assert_int_equal(finish(&p), 0);
}

/* While it reads a hostile tree: filtered, nothing to gain, CHOWN gone. */
static void test_confined_while_exporting(void **state)
{
	_cleanup_(tree_free) struct tree a = tree_new(), b = tree_new();
	_cleanup_(fd_closep) int plan = tree_plan_fd(&(struct tree_plan){.bytes = 1ULL << 50});
	_cleanup_(fd_closep) int log = fd_memfd_sealed("log", "", 0);
	const struct collect_export what = {0};
	const int fds[] = {plan, b.fd, a.fd, log};
	struct program p = start(NULL);
	struct error e = {0};
	int status;

	(void)state;
	/* Hours of zeros to hash. */
	tree_script(&a, "truncate -s 100T x");
	assert_int_equal(msg_send(p.socket, COLLECT_EXPORT, &what, sizeof(what), fds, 4, &e), 0);
	wait_for_status(p.pid, "NoNewPrivs:\t1\nSeccomp:\t2\n");
	wait_for_status(p.pid,
		geteuid() == 0 ? "CapEff:\t0000000000000004\n" : "CapEff:\t0000000000000000\n");
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	close(p.socket);
	assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
}

/* kill -9 in the middle of an import: its child must not go on alone. */
static void test_killed_while_importing(void **state)
{
	_cleanup_(tree_free) struct tree a = tree_new();
	struct collect_import what = plain;
	struct program p = start(NULL);
	struct error e = {0};
	struct msg m;
	int status;

	(void)state;
	what.hash_only = 1;
	tree_script(&a, "truncate -s 100T x");
	assert_int_equal(msg_send(p.socket, COLLECT_IMPORT, &what, sizeof(what), &a.fd, 1, &e), 0);
	usleep(100000);
	assert_int_equal(kill(p.pid, SIGKILL), 0);
	assert_int_equal(waitpid(p.pid, &status, 0), p.pid);
	alarm(10);
	/* Both have to be gone before this is the end. */
	assert_int_equal(msg_recv(p.socket, &m, &e), 0);
	alarm(0);
	assert_int_equal(m.type, MSG_EOF);
	close(p.socket);
}

static int detached_tmpfs(const char *uid, const char *mode)
{
	_cleanup_(fd_closep) int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "uid", uid, 0) < 0 ||
		fsconfig(fs, FSCONFIG_SET_STRING, "mode", mode, 0) < 0 ||
		fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

/* As the runner holds $OUT: a clone of a mount that never had a path. */
static void test_detached_mounts(void **state)
{
	_cleanup_(fd_closep) int mount = detached_tmpfs("0", "755"), clone = -1, to = -1;
	_cleanup_(tree_free) struct tree c = tree_new();
	struct collect_import what = plain;
	struct collect_done done;
	struct error e = {0};
	struct program p;
	struct stat st;

	(void)state;
	if (mount < 0) {
		print_message("skipped: mounting needs root\n");
		skip();
	}
	clone = open_tree(mount, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	assert_return_code(clone, errno);
	tree_dir(mount, "d", 0755);
	tree_dir(mount, "d/e", 0755);
	tree_file(mount, "d/e/f", "hello\n", 0644);
	/* One that belongs to the build already, and not to whoever fills it. */
	to = detached_tmpfs("1234", "2755");
	p = start(NULL);
	what.uid = 1234;
	if (import(&p, &what, clone, to, &done, &e) < 0)
		fail_msg("%s", e.what);
	assert_int_equal(export(&p, c.fd, clone, &done, &e), 0);
	assert_int_equal(finish(&p), 0);
	assert_true(tree_has(to, "d/e/f"));
	assert_return_code(fstatat(to, "d", &st, 0), errno);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_return_code(fstat(to, &st), errno);
	assert_int_equal(st.st_uid, 1234);
	assert_true(tree_has(c.fd, "d/e/f"));
}

/* A user namespace as the runner makes it: its user is root there. */
static int make_userns(pid_t *ret_pid)
{
	char path[64], map[64];
	int ready[2], fd;
	char byte;

	assert_return_code(pipe2(ready, O_CLOEXEC), errno);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	fd = (int)read(ready[0], &byte, 1);
	close(ready[0]);
	if (fd != 1)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1", geteuid());
	snprintf(path, sizeof(path), "/proc/%d/uid_map", *ret_pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/setgroups", *ret_pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "deny", 4), 4);
	close(fd);
	snprintf(map, sizeof(map), "0 %u 1", getegid());
	snprintf(path, sizeof(path), "/proc/%d/gid_map", *ret_pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", *ret_pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void collect_unreadable(struct program *p, int ns, int *ret, struct error *e)
{
	_cleanup_(tree_free) struct tree a = tree_new(), b = tree_new();
	struct collect_done done;

	tree_script(&a, "echo hello > f; chmod 0 f; mkdir d; echo x > d/g; chmod 0 d");
	if (ns >= 0)
		assert_int_equal(msg_send(p->socket, COLLECT_JOIN, NULL, 0, &ns, 1, e), 0);
	*ret = export(p, b.fd, a.fd, &done, e);
	if (*ret == 0)
		tree_script(&b, "test $(cat f) = hello; test $(cat d/g) = x");
}

static void as_user(void)
{
	struct program p = start(NULL);
	struct error e = {0};
	int ns, ret;
	pid_t pid;

	/* Without the namespace it is an error like any other. */
	collect_unreadable(&p, -1, &ret, &e);
	assert_int_equal(ret, -1);
	assert_int_equal(e.errnum, EACCES);
	finish(&p);
	ns = make_userns(&pid);
	if (ns < 0) {
		print_message("skipped: this machine gives users no namespaces\n");
		return;
	}
	p = start("--userns");
	collect_unreadable(&p, ns, &ret, &e);
	if (ret < 0)
		fail_msg("%s", e.what);
	assert_int_equal(finish(&p), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_join(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) ||
					      setresuid(65534, 65534, 65534)))
			_exit(1);
		/* /proc/self of a process that changed its ids belongs to root else. */
		prctl(PR_SET_DUMPABLE, 1);
		as_user();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_digest(void **state)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	int fd, ends[2], status = -1;
	size_t size;
	pid_t pid;

	(void)state;
	assert_return_code(pipe2(ends, O_CLOEXEC), errno);
	pid = fork();
	if (pid == 0) {
		fd = fd_memfd_sealed("x", "abc", 3);
		dup2(ends[1], 1);
		dup2(fd, 9);
		execl(COLLECT_PROGRAM, "cupel-collect", "digest", "9", NULL);
		_exit(127);
	}
	close(ends[1]);
	assert_return_code(fd_read_all(ends[0], 100, &text, &size), errno);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(
		text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_life),
		cmocka_unit_test(test_errors_arrive),
		cmocka_unit_test(test_malformed_requests),
		cmocka_unit_test(test_root_keeps_two_capabilities),
		cmocka_unit_test(test_confined_while_exporting),
		cmocka_unit_test(test_killed_while_importing),
		cmocka_unit_test(test_detached_mounts),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_digest),
	};

	program_fd = fcntl(open(COLLECT_PROGRAM, O_PATH | O_CLOEXEC), F_DUPFD_CLOEXEC, 30);
	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
