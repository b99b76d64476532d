/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: helpers of the tests in this folder. They run with the
 * rights of whoever runs the tests, in directories of their own.
 */
#include "tree.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/builder.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		return chmod(path, (st->st_mode & 07777) | 0700);
	return 0;
}

static void remove_tree(const char *path)
{
	nftw(path, open_up, 64, FTW_PHYS);
	nftw(path, remove_one, 64, FTW_PHYS | FTW_DEPTH);
}

/* A test that fails or is skipped jumps over its cleanups: what is left goes at exit. */
static char left[32][64];

static void remove_left(void)
{
	for (size_t i = 0; i < array_size(left); i++)
		if (left[i][0] != '\0')
			remove_tree(left[i]);
}

static void remember(const char *from, const char *to)
{
	static bool registered;

	for (size_t i = 0; i < array_size(left); i++) {
		if (strcmp(left[i], from) == 0) {
			snprintf(left[i], sizeof(left[i]), "%s", to);
			break;
		}
	}
	if (!registered)
		atexit(remove_left);
	registered = true;
}

struct tree tree_new(void)
{
	struct tree t = {.fd = -1};
	const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(t.path, sizeof(t.path), "%s/cupel-test-XXXXXX", top);
	assert_non_null(mkdtemp(t.path));
	assert_return_code(chmod(t.path, 0755), errno);
	t.fd = open(t.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(t.fd, errno);
	remember("", t.path);
	return t;
}

void tree_free(struct tree *t)
{
	fd_closep(&t->fd);
	remove_tree(t->path);
	remember(t->path, "");
}

void tree_dir(int dirfd, const char *path, mode_t mode)
{
	assert_return_code(mkdirat(dirfd, path, 0700), errno);
	assert_return_code(fchmodat(dirfd, path, mode, 0), errno);
}

void tree_file(int dirfd, const char *path, const char *text, mode_t mode)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_return_code(fd, errno);
	assert_return_code(fd_write_all(fd, text, strlen(text)), errno);
	assert_return_code(fchmod(fd, mode), errno);
	close(fd);
}

char *tree_read(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	char *text;
	size_t size;

	assert_return_code(fd, errno);
	assert_return_code(fd_read_all(fd, 1 << 26, &text, &size), errno);
	close(fd);
	return text;
}

bool tree_has(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void tree_script(const struct tree *t, const char *script)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (fchdir(t->fd) == 0)
			execl("/bin/sh", "sh", "-ec", script, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("failed: %s", script);
}

int tree_plan_fd(const struct tree_plan *how)
{
	static const char *const command[] = {"make"};
	struct plan_builder b;
	struct plan_string empty;
	struct error e;
	int fd;

	plan_builder_init(&b);
	empty = plan_add_string(&b, "");
	b.head.cupel = b.head.directory = b.head.hostname = b.head.image_digest = empty;
	b.head.builder_id = b.head.replay = b.head.seccomp = b.head.seccomp_digest = empty;
	b.head.range = b.head.range6 = empty;
	b.head.name = plan_add_string(&b, "demo");
	b.head.command = plan_add_list(&b, command, 1);
	b.head.outputs = plan_add_list(&b, how->outputs, how->count);
	b.head.source_date_epoch = TREE_SDE;
	b.head.output_files = how->files != 0 ? how->files : 10000;
	b.head.output_bytes = how->bytes != 0 ? how->bytes : 1 << 30;
	b.head.output_depth = how->depth != 0 ? how->depth : 64;
	b.head.sha512 = how->sha512;
	fd = plan_seal(&b, &e);
	assert_return_code(fd, errno);
	plan_builder_deinit(&b);
	return fd;
}

const struct plan *tree_plan(const struct tree_plan *how)
{
	int fd = tree_plan_fd(how);
	const struct plan *plan;
	struct error e;

	plan = plan_map(fd, &e);
	assert_non_null(plan);
	close(fd);
	return plan;
}

char *tree_manifest(int fd)
{
	char *text;
	size_t size;

	assert_return_code(fd_read_all(fd, 1 << 26, &text, &size), errno);
	return text;
}
