/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the content store in a directory of its own, and somebody of the
 * same user who has changed what is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/store-place.h"
#include "gateway/store.h"

/* SHA-256 of "hello". */
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define HELLO_PATH STORE_OBJECTS "/2c/" HELLO

static int place = -1;

static int make_place(void **state)
{
	char path[] = "/tmp/test-store.XXXXXX", name[32];

	(void)state;
	assert_non_null(mkdtemp(path));
	place = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(place, STORE_TEMPORARY, 0700), 0);
	assert_int_equal(mkdirat(place, STORE_OBJECTS, 0700), 0);
	for (int i = 0; i < STORE_FANS; i++) {
		snprintf(name, sizeof(name), "%s/%02x", STORE_OBJECTS, (unsigned int)i);
		assert_int_equal(mkdirat(place, name, 0700), 0);
	}
	return 0;
}

static void empty(const char *directory)
{
	int fd = openat(place, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(fd, entry->d_name, 0), 0);
	closedir(d);
}

/* An empty store with this quota. */
static void begin(uint64_t quota)
{
	char name[32];
	struct error e = {0};
	int used;

	for (int i = 0; i < STORE_FANS; i++) {
		snprintf(name, sizeof(name), "%s/%02x", STORE_OBJECTS, (unsigned int)i);
		empty(name);
	}
	empty(STORE_TEMPORARY);
	used = openat(place, STORE_USED, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(dprintf(used, "%020d\n", 0), STORE_USED_SIZE);
	close(used);
	assert_int_equal(store_open(place, quota, &e), 0);
}

static int set_up(void **state)
{
	(void)state;
	begin(0);
	return 0;
}

static int remove_place(void **state)
{
	char link[64], path[256] = "", command[300];

	(void)state;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", place);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	assert_memory_equal(path, "/tmp/test-store.", 16);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
	close(place);
	return 0;
}

static bool keep(const char *text, const char *sha256)
{
	struct store_file f;

	store_begin(&f);
	(void)store_append(&f, text, strlen(text));
	return store_commit(&f, sha256);
}

static bool is_there(const char *path, struct stat *ret)
{
	return fstatat(place, path, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

static uint64_t used(void)
{
	_cleanup_(fd_closep) int fd = openat(place, STORE_USED, O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	assert_int_equal(read(fd, text, sizeof(text)), STORE_USED_SIZE);
	return strtoull(text, NULL, 10);
}

/* Behind its back. */
static void replace(const char *path, const char *text)
{
	_cleanup_(fd_closep) int fd = -1;

	assert_int_equal(unlinkat(place, path, 0), 0);
	fd = openat(place, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static void test_what_is_kept_is_found(void **state)
{
	char *text;
	size_t n;
	struct stat st;

	(void)state;
	assert_true(keep("hello", HELLO));
	assert_true(is_there(HELLO_PATH, &st));
	assert_int_equal(st.st_mode, S_IFREG | 0444);
	assert_int_equal(st.st_nlink, 1);
	text = store_get(HELLO, 100, &n);
	assert_string_equal(text, "hello");
	assert_int_equal(n, 5);
	free(text);
	assert_null(store_get(HELLO, 4, &n));
	assert_int_equal(errno, EFBIG);
	assert_int_equal(used(), 5);
}

static void test_twice_is_once(void **state)
{
	struct stat first, second;
	struct store_counts counts;

	(void)state;
	assert_true(keep("hello", HELLO));
	assert_true(is_there(HELLO_PATH, &first));
	assert_int_equal(utimensat(place, HELLO_PATH, (struct timespec[]){{1, 0}, {1, 0}}, 0), 0);
	assert_true(keep("hello", HELLO));
	assert_true(is_there(HELLO_PATH, &second));
	assert_int_equal(first.st_ino, second.st_ino);
	/* counts as used now */
	assert_true(second.st_mtime > 1);
	assert_int_equal(used(), 5);
	store_count(&counts);
	assert_int_equal(counts.kept, 1);
	assert_int_equal(counts.unkept, 0);
}

static void test_put_gives_the_digest(void **state)
{
	char digest[65];
	struct stat st;

	(void)state;
	assert_true(store_put("hello", 5, digest));
	assert_string_equal(digest, HELLO);
	assert_true(is_there(HELLO_PATH, &st));
}

static void test_abandoned_is_gone(void **state)
{
	struct store_file f;
	struct stat st;

	(void)state;
	store_begin(&f);
	assert_int_equal(store_append(&f, "hello", 5), 0);
	store_abandon(&f);
	assert_false(is_there(HELLO_PATH, &st));
	assert_int_equal(used(), 0);
}

static void test_empty_is_not_kept(void **state)
{
	struct store_file f;

	(void)state;
	store_begin(&f);
	assert_false(store_commit(
		&f, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

/* Reads it bit by bit, as it is served: what came before it was found out. */
static ssize_t read_all(char *out, size_t piece)
{
	struct store_object o = STORE_OBJECT_INIT;
	ssize_t n = 0, size = 0;

	assert_int_equal(store_find(HELLO, &o), 0);
	while ((n = store_read(&o, out + size, piece)) > 0)
		size += n;
	store_close(&o);
	out[size] = '\0';
	return n < 0 ? -1 : size;
}

static void test_changed_is_never_whole(void **state)
{
	static const char *const changed[] = {"hellO", "Hello", "hello!", "hell", ""};
	char text[64];
	struct stat st;

	(void)state;
	for (size_t i = 0; i < array_size(changed); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			assert_true(keep("hello", HELLO));
			replace(HELLO_PATH, changed[i]);
			assert_int_equal(read_all(text, piece), -1);
			assert_int_equal(errno, EBADMSG);
			/* something was held back */
			assert_true(strlen(text) < strlen(changed[i]) || changed[i][0] == '\0');
			assert_false(is_there(HELLO_PATH, &st));
		}
}

static void test_one_of_another_size_is_replaced(void **state)
{
	char text[64];

	(void)state;
	assert_true(keep("hello", HELLO));
	replace(HELLO_PATH, "hell");
	assert_true(keep("hello", HELLO));
	assert_int_equal(read_all(text, 3), 5);
	assert_string_equal(text, "hello");
}

static void test_links_are_not_followed(void **state)
{
	struct store_object o = STORE_OBJECT_INIT;

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", place, HELLO_PATH), 0);
	assert_int_equal(store_find(HELLO, &o), -1);
	assert_int_equal(unlinkat(place, HELLO_PATH, 0), 0);
	assert_int_equal(mkfifoat(place, HELLO_PATH, 0600), 0);
	assert_int_equal(store_find(HELLO, &o), -1);
	assert_int_equal(errno, ENOENT);
	/* and what is in the way gives way */
	assert_true(keep("hello", HELLO));
}

static void test_names_are_digests(void **state)
{
	static const char *const names[] = {"", "2c", "../tmp/x",
		"2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824",
		"../../../../../../../../../../../../../../../../etc/passwd000000", HELLO "0"};
	struct store_object o = STORE_OBJECT_INIT;

	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		assert_int_equal(store_find(names[i], &o), -1);
		assert_int_equal(errno, ENOENT);
		assert_false(keep("hello", names[i]));
	}
}

static void test_quota(void **state)
{
	struct store_counts counts;
	char digest[65];

	(void)state;
	begin(12);
	assert_true(keep("hello", HELLO));
	assert_true(store_put("world", 5, digest));
	assert_false(store_put("too much", 8, digest));
	/* nothing more in this build, although there would be room */
	assert_false(store_put("x", 1, digest));
	/* what is there already is there */
	assert_true(keep("hello", HELLO));
	store_count(&counts);
	assert_int_equal(counts.kept, 2);
	assert_int_equal(counts.kept_bytes, 10);
	assert_int_equal(counts.unkept, 2);
	assert_int_equal(counts.error, EDQUOT);
	assert_int_equal(used(), 10);
}

/* What other builds keep counts, too. */
static void test_quota_of_all(void **state)
{
	struct error e = {0};
	char digest[65];

	(void)state;
	begin(12);
	assert_true(store_put("0123456789", 10, digest));
	assert_int_equal(store_open(place, 12, &e), 0);
	assert_false(store_put("0123", 4, digest));
}

static void use_spool(bool committed)
{
	struct store_file f;
	char text[64] = "";

	store_begin_spool(&f);
	assert_int_equal(store_append(&f, "he", 2), 0);
	assert_int_equal(store_append(&f, "llo", 3), 0);
	assert_int_equal(f.size, 5);
	assert_int_equal(store_read_back(&f, 1, text, sizeof(text)), 4);
	assert_string_equal(text, "ello");
	assert_int_equal(store_commit(&f, HELLO), committed);
	assert_int_equal(store_read_back(&f, 0, text, sizeof(text)), 5);
	assert_int_equal(store_read_back(&f, 5, text, sizeof(text)), 0);
	store_abandon(&f);
}

static void test_spool(void **state)
{
	struct stat st;
	char text[64];

	(void)state;
	use_spool(true);
	assert_true(is_there(HELLO_PATH, &st));
	assert_int_equal(read_all(text, 64), 5);
}

static void test_spool_beyond_the_quota(void **state)
{
	(void)state;
	begin(3);
	use_spool(false);
	assert_int_equal(used(), 0);
}

static void test_spool_without_a_store(void **state)
{
	struct error e = {0};
	char digest[65];

	(void)state;
	assert_int_equal(store_open(-1, 0, &e), 0);
	use_spool(false);
	assert_false(store_put("hello", 5, digest));
	assert_string_equal(digest, HELLO);
	assert_int_equal(store_directory(), -1);
}

/* From here on this machine's file systems know no O_TMPFILE. */
static void forbid_nameless(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, O_TMPFILE),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, O_TMPFILE, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
	};
	const struct sock_fprog program = {array_size(code), code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static unsigned int count_files(const char *directory)
{
	int fd = openat(place, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	unsigned int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* The last one: it cannot be taken back. */
static void test_with_temporary_names(void **state)
{
	struct store_file f, g;
	struct stat st;

	(void)state;
	forbid_nameless();
	store_begin(&f);
	store_begin(&g);
	assert_int_equal(store_append(&f, "hello", 5), 0);
	assert_int_equal(store_append(&g, "other", 5), 0);
	assert_int_equal(count_files(STORE_TEMPORARY), 2);
	/* somebody who tidies up sees that they are in use */
	{
		char path[64];
		_cleanup_(fd_closep) int fd = -1;

		snprintf(path, sizeof(path), "%s/%s", STORE_TEMPORARY, f.name);
		fd = openat(place, path, O_RDONLY | O_CLOEXEC);
		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	}
	assert_true(store_commit(&f, HELLO));
	store_abandon(&g);
	assert_int_equal(count_files(STORE_TEMPORARY), 0);
	assert_true(is_there(HELLO_PATH, &st));
	assert_int_equal(st.st_mode, S_IFREG | 0444);
	assert_int_equal(st.st_nlink, 1);
	use_spool(true);
	assert_int_equal(count_files(STORE_TEMPORARY), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(test_what_is_kept_is_found),
		TEST(test_twice_is_once),
		TEST(test_put_gives_the_digest),
		TEST(test_abandoned_is_gone),
		TEST(test_empty_is_not_kept),
		TEST(test_changed_is_never_whole),
		TEST(test_one_of_another_size_is_replaced),
		TEST(test_links_are_not_followed),
		TEST(test_names_are_digests),
		TEST(test_quota),
		TEST(test_quota_of_all),
		TEST(test_spool),
		TEST(test_spool_beyond_the_quota),
		TEST(test_spool_without_a_store),
		TEST(test_with_temporary_names),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
