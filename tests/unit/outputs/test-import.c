/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: outputs/import.c: what arrives depends on names, contents and rwx only. */
#include "outputs/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/digest.h"
#include "tree.h"

static const struct collect_import plain = {
	.clamp_mtime = TREE_SDE, .uid = (uint32_t)-1, .gid = (uint32_t)-1};

static const char make_tree[] =
	"mkdir -p d/e; echo hello > d/e/f; chmod 0640 d/e/f; chmod 0500 d/e\n"
	"printf x > setuid; chmod 6711 setuid; ln setuid hard\n"
	"ln -s /etc/passwd d/abs; ln -s ../../.. d/up; ln -s missing dangling\n"
	"touch -h -d @1000 dangling; touch -d @1000.5 old; chmod 0 old; mkfifo d/pipe\n"
	"touch \"$(printf 'new\\nline')\" \"$(printf '\\377')\"; \n"
	"mkdir .git; touch .git/HEAD\n";

#define HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define X "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char manifest[] = "dir 0755 d\n"
			       "link /etc/passwd d/abs\n"
			       "dir 0500 d/e\n"
			       "file 0640 6 " HELLO " - d/e/f\n"
			       "link ../../.. d/up\n"
			       "link missing dangling\n"
			       "file 0711 1 " X " - hard\n"
			       "file 0644 0 " EMPTY " - new%0Aline\n"
			       "file 0000 0 " EMPTY " - old\n"
			       "file 0711 1 " X " - setuid\n"
			       "file 0644 0 " EMPTY " - %FF\n";

static void make(struct tree *t)
{
	umask(022);
	tree_script(t, make_tree);
	umask(0);
}

/* uid 0 reads everything, others only what they may: then "old" cannot be part of it. */
static void readable(const struct tree *t)
{
	if (geteuid() != 0)
		tree_script(t, "chmod 0400 old");
}

static struct stat look_at(const struct tree *t, const char *path)
{
	struct stat st;

	assert_return_code(fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW), errno);
	return st;
}

static void test_copy(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	_cleanup_(cleanup_freep) char *text = NULL, *copied = NULL;
	struct collect_import what = plain;
	struct collect_done done;
	struct error e = {0};
	char sha256[65];
	int fd;

	(void)state;
	make(&from);
	if (geteuid() != 0)
		skip();
	fsetxattr(openat(from.fd, "setuid", O_RDONLY | O_CLOEXEC), "user.x", "x", 1, 0);
	what.skip_count = 1;
	memcpy(what.skip[0], ".git", 5);
	what.uid = 1234;
	what.gid = 4321;
	fd = import_run(&what, from.fd, to.fd, &done, &e);
	assert_return_code(fd, errno);
	text = tree_manifest(fd);
	close(fd);
	assert_string_equal(text, manifest);
	digest_hex(text, strlen(text), sha256);
	assert_string_equal(done.sha256, sha256);
	assert_int_equal(done.files, 6);
	assert_int_equal(done.dirs, 2);
	assert_int_equal(done.links, 3);
	assert_int_equal(done.bytes, 8);
	assert_int_equal(done.skipped, 1);

	assert_false(tree_has(to.fd, ".git"));
	assert_false(tree_has(to.fd, "d/pipe"));
	assert_int_equal(look_at(&to, "setuid").st_mode & 07777, 0711);
	assert_int_equal(look_at(&to, "setuid").st_nlink, 1);
	assert_int_equal(look_at(&to, "d/e").st_mode & 07777, 0500);
	assert_int_equal(look_at(&to, "d/e").st_mtim.tv_sec, TREE_SDE);
	assert_int_equal(look_at(&to, "d").st_mtim.tv_sec, TREE_SDE);
	assert_int_equal(look_at(&to, ".").st_mtim.tv_sec, TREE_SDE);
	assert_int_equal(look_at(&to, "d/abs").st_mtim.tv_sec, TREE_SDE);
	assert_int_equal(look_at(&to, "dangling").st_mtim.tv_sec, 1000);
	assert_int_equal(look_at(&to, "old").st_mtim.tv_sec, 1000);
	assert_int_equal(look_at(&to, "old").st_mtim.tv_nsec, 500000000);
	assert_int_equal(look_at(&to, "old").st_atim.tv_sec, 1000);
	static const char *const given[] = {".", "d", "d/e", "d/e/f", "d/up", "dangling"};
	for (size_t i = 0; i < array_size(given); i++) {
		assert_int_equal(look_at(&to, given[i]).st_uid, 1234);
		assert_int_equal(look_at(&to, given[i]).st_gid, 4321);
	}
	copied = tree_read(to.fd, "d/e/f");
	assert_string_equal(copied, "hello\n");
	assert_int_equal(flistxattr(openat(to.fd, "setuid", O_RDONLY | O_CLOEXEC), NULL, 0), 0);
}

static void test_hash_only_is_the_same(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	struct collect_done hashed, copied, again;
	struct error e = {0};

	(void)state;
	make(&from);
	readable(&from);
	close(import_run(&plain, from.fd, -1, &hashed, &e));
	close(import_run(&plain, from.fd, to.fd, &copied, &e));
	/* And a copy of the copy, whose times and inodes are different. */
	close(import_run(&plain, to.fd, -1, &again, &e));
	assert_string_equal(hashed.sha256, copied.sha256);
	assert_string_equal(hashed.sha256, again.sha256);
	/* Giving a file away would have cleared the bits as well. */
	assert_int_equal(look_at(&to, "setuid").st_mode & 07777, 0711);
	/* Never into something that is there already. */
	assert_int_equal(import_run(&plain, from.fd, to.fd, &copied, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
}

static void test_limits(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	struct collect_import what = plain;
	struct collect_done done;
	struct error e = {0};

	(void)state;
	tree_script(&t, "mkdir d; echo 1 > d/a; echo 2 > d/b; truncate -s 1T huge");
	what.max_bytes = 1000;
	assert_int_equal(import_run(&what, t.fd, -1, &done, &e), -1);
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_string_equal(e.what, "workspace: there is more than 1000 bytes, up to 'huge'");
	tree_script(&t, "rm huge");
	what.max_entries = 2;
	assert_int_equal(import_run(&what, t.fd, -1, &done, &e), -1);
	assert_int_equal(e.kind, ERROR_LIMIT);
	assert_string_equal(e.what, "workspace: there are more than 2 entries");
	what.max_entries = 3;
	assert_return_code(import_run(&what, t.fd, -1, &done, &e), errno);
}

/* As an ordinary user, since root may read everything. */
static int import_unreadable(int fd, const char *what_says)
{
	struct collect_done done;
	struct error e = {0};

	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) < 0 || setuid(65534) < 0))
		return 2;
	if (import_run(&plain, fd, -1, &done, &e) >= 0 || e.errnum != EACCES || e.hint[0] == '\0' ||
		strcmp(e.what, what_says) != 0) {
		print_message("%s (%s)\n", e.what, e.hint);
		return 1;
	}
	return 0;
}

static void test_unreadable(void **state)
{
	static const struct {
		const char *script, *says;
	} cases[] = {
		{"mkdir d; touch d/f; chmod 0 d/f", "workspace: cannot read 'd/f'"},
		{"mkdir d; chmod 0 d", "workspace: cannot open directory 'd'"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(tree_free) struct tree t = tree_new();
		int status = -1;
		pid_t pid;

		tree_script(&t, cases[i].script);
		pid = fork();
		if (pid == 0)
			_exit(import_unreadable(t.fd, cases[i].says));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

static int import_to_full_tmpfs(int fd, const char *point)
{
	struct collect_done done;
	struct error e = {0};
	int to;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", point, "tmpfs", 0, "size=64k") < 0)
		return 77;
	to = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (import_run(&plain, fd, to, &done, &e) >= 0)
		return 1;
	return e.errnum == ENOSPC && e.kind == ERROR_LIMIT && e.hint[0] != '\0' ? 0 : 2;
}

static void test_full(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	int status = -1;
	pid_t pid;

	(void)state;
	tree_script(&from, "head -c 300000 /dev/zero > f");
	pid = fork();
	if (pid == 0)
		_exit(import_to_full_tmpfs(from.fd, to.path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: mounting needs root\n");
		skip();
	}
	assert_int_equal(status, 0);
}

/* Above the threads' thresholds: the same result as file by file. */
static void test_many(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	struct collect_done done;
	struct error e = {0};

	(void)state;
	tree_script(&from, "mkdir $(seq 100); for i in *; do echo $i > $i/f; ln -s f $i/l; done");
	close(import_run(&plain, from.fd, to.fd, &done, &e));
	assert_int_equal(done.files, 100);
	assert_int_equal(done.dirs, 100);
	assert_int_equal(done.links, 100);
	tree_script(&to, "for i in *; do read got < $i/l; test $got = $i; done");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_hash_only_is_the_same),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
