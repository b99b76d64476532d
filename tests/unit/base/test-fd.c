/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: descriptors, and above all the one door into hostile
 * trees: a directory with one entry for each way that leads out of it.
 */
#include "tests/unit/base/helper.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

static char root[64];
static int root_fd = -1;

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test-fd-XXXXXX");
	assert_non_null(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	assert_int_equal(mkdirat(root_fd, "dir", 0755), 0);
	assert_int_equal(symlinkat("dir/file", root_fd, "link"), 0);
	assert_int_equal(symlinkat("dir", root_fd, "dir-link"), 0);
	assert_int_equal(symlinkat("/etc/passwd", root_fd, "absolute"), 0);
	assert_int_equal(symlinkat("/proc/self/exe", root_fd, "magic"), 0);
	assert_int_equal(mkfifoat(root_fd, "fifo", 0600), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fd_closep(&root_fd);
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_open_beneath(void **state)
{
	static const struct {
		const char *path;
		int flags, errnum;
	} bad[] = {
		{"..", O_RDONLY, EXDEV},
		{"dir/../..", O_RDONLY, EXDEV},
		{"/etc/passwd", O_RDONLY, EXDEV},
		{"/", O_PATH, EXDEV},
		{"link", O_RDONLY, ELOOP},
		{"dir-link/file", O_RDONLY, ELOOP},
		{"dir-link", O_RDONLY | O_DIRECTORY, ENOTDIR},
		{"absolute", O_RDONLY, ELOOP},
		{"magic", O_RDONLY, ELOOP},
		{"dir-link/new", O_WRONLY | O_CREAT, ELOOP},
		{"missing", O_RDONLY, ENOENT},
		{"", O_RDONLY, ENOENT},
	};
	int fd = fd_open_beneath(root_fd, "dir/file", O_WRONLY | O_CREAT | O_EXCL, 0640);
	struct stat st;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 0700, 0600);
	fd_closep(&fd);
	for (size_t i = 0; i < array_size(bad); i++) {
		errno = 0;
		fd = fd_open_beneath(root_fd, bad[i].path, bad[i].flags, 0600);
		assert_int_equal(fd, -1);
		assert_int_equal(errno, bad[i].errnum);
	}
	/* a mode without O_CREAT would be EINVAL from openat2(2) */
	fd = fd_open_beneath(root_fd, "dir/../dir/file", O_RDONLY, 0640);
	assert_true(fd >= 0);
	fd_closep(&fd);
	/* O_PATH gives the link itself, never what it points to */
	fd = fd_open_beneath(root_fd, "absolute", O_PATH, 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	fd_closep(&fd);
	fd = fd_open_beneath(root_fd, "fifo", O_RDONLY | O_NONBLOCK, 0);
	assert_true(fd >= 0);
	fd_closep(&fd);
}

/* In a child: a mount on "dir" must close the door. Exit code 0, 1 or 77 (cannot mount). */
static int try_mount_point(void)
{
	char path[96];
	int fd;

	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return 77;
	snprintf(path, sizeof(path), "%s/dir", root);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", path, "tmpfs", 0, NULL) < 0)
		return 77;
	/* root_fd still is in the old mount namespace, where nothing was mounted */
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd_open_beneath(fd, "dir", O_RDONLY | O_DIRECTORY, 0) >= 0 || errno != EXDEV)
		return 1;
	return fd_open_beneath(fd, "dir/x", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EXDEV;
}

static void test_mount_point(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(try_mount_point());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: cannot mount here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_ownership(void **state)
{
	int before = count_open_fds(), fd = dup(root_fd), other = fd;

	(void)state;
	errno = EXDEV;
	assert_int_equal(take_fd(&fd), other);
	assert_int_equal(fd, -1);
	fd_closep(&fd);
	fd_closep(&other);
	assert_int_equal(other, -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(count_open_fds(), before);
}

static void test_read_all(void **state)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("x", "0123456789", 10);
	_cleanup_(cleanup_freep) char *text = NULL;
	char part[4];
	size_t size;

	(void)state;
	assert_int_equal(fd_read_full(fd, part, 4), 4);
	assert_int_equal(fd_read_all(fd, 6, &text, &size), 0);
	assert_string_equal(text, "456789");
	assert_int_equal(size, 6);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	errno = 0;
	assert_int_equal(fd_read_all(fd, 9, &text, &size), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
	assert_int_equal(fd_read_full(fd, part, 4), 2);
	assert_int_equal(fd_read_full(fd, part, 4), 0);
}

/* Through a pipe, whose reads and writes are short. */
static void test_pipe(void **state)
{
	static char sent[200000];
	_cleanup_(cleanup_freep) char *got = NULL;
	size_t size;
	int ends[2];
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)('a' + i % 26);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		_exit(fd_write_all(ends[1], sent, sizeof(sent)) < 0);
	fd_closep(&ends[1]);
	assert_int_equal(fd_read_all(ends[0], sizeof(sent), &got, &size), 0);
	fd_closep(&ends[0]);
	assert_int_equal(size, sizeof(sent));
	assert_memory_equal(got, sent, size);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_sealed(void **state)
{
	int before = count_open_fds();
	int fd = fd_memfd_sealed("x", "abc", 3);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(fd, "d", 1), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 9), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	fd_closep(&fd);
	assert_int_equal(count_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_beneath),
		cmocka_unit_test(test_mount_point),
		cmocka_unit_test(test_ownership),
		cmocka_unit_test(test_read_all),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_sealed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
