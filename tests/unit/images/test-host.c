/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the cache of the host image's identity, in a directory of
 * the test's own, over two files that the test changes. Whether a call was a hit
 * is seen by whether the maker was called. Last, the real program on the real
 * machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "images/host.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static char root[64], cache[96], status[96], os_release[96];
static const struct host_source *source;
static int made;
static const char *made_sha256 = SHA_A, *made_list = "os debian bookworm\na 1 all\n";

static int make_fake(struct host_identity *ret, struct error *e)
{
	(void)e;
	made++;
	memcpy(ret->sha256, made_sha256, sizeof(ret->sha256));
	ret->list_fd = fd_memfd_sealed("list", made_list, strlen(made_list));
	return ret->list_fd < 0 ? -1 : 0;
}

static int make_error(struct host_identity *ret, struct error *e)
{
	(void)ret;
	return error_set(e, 0, "no");
}

static void put(const char *path, const char *text)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* The files are made once: a test has to wait until they are old enough. */
static int set_up_files(void **state)
{
	static struct host_source s = {.make = make_fake};

	(void)state;
	snprintf(root, sizeof(root), "/tmp/test-host-XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(status, sizeof(status), "%s/status", root);
	snprintf(os_release, sizeof(os_release), "%s/os-release", root);
	put(status, "Package: a\n");
	put(os_release, "ID=debian\n");
	s.status = status;
	s.os_release = os_release;
	source = &s;
	return 0;
}

static int tear_down_files(void **state)
{
	(void)state;
	return nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(cache, sizeof(cache), "%s/cache", root);
	made = 0;
	made_sha256 = SHA_A;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	nftw(cache, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* A stamp is kept once the files are at rest; nobody can set a ctime, so the test has to wait. */
static void let_settle(void)
{
	struct stat st;

	assert_int_equal(stat(status, &st), 0);
	while (time(NULL) <= st.st_ctim.tv_sec + 3)
		usleep(100000);
}

/* Asks, compares the list, and tells whether it had to be made. */
static bool was_made(void)
{
	_cleanup_(host_identity_deinit) struct host_identity h = HOST_IDENTITY_INIT;
	_cleanup_(cleanup_freep) char *list = NULL;
	struct error e;
	size_t size;
	int before = made;

	assert_int_equal(images_host_identity_from(source, cache, &h, &e), 0);
	assert_string_equal(h.sha256, made_sha256);
	assert_int_equal(lseek(h.list_fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(h.list_fd, 1 << 20, &list, &size), 0);
	assert_string_equal(list, made_list);
	assert_int_equal(fcntl(h.list_fd, F_GETFD), FD_CLOEXEC);
	return made > before;
}

static char *list_path(const char *sha256)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/host-1-%s", cache, sha256);
	return path;
}

static char *index_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/host-1", cache);
	return path;
}

static void test_hit(void **state)
{
	struct stat st;

	(void)state;
	let_settle();
	assert_true(was_made());
	assert_false(was_made());
	assert_false(was_made());
	assert_int_equal(stat(cache, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(list_path(SHA_A), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* Every change of either file is a miss, and the old list does not stay behind. */
static void test_stale(void **state)
{
	char other[128];

	(void)state;
	let_settle();
	assert_true(was_made());
	/* the same size and modification time: only the change time tells */
	put(status, "Package: b\n");
	let_settle();
	made_sha256 = SHA_B;
	assert_true(was_made());
	assert_false(was_made());
	assert_int_equal(access(list_path(SHA_A), F_OK), -1);
	assert_int_equal(access(list_path(SHA_B), F_OK), 0);
	/* replaced, as dpkg does it */
	snprintf(other, sizeof(other), "%s/other", root);
	put(other, "Package: c\n");
	assert_int_equal(rename(other, status), 0);
	assert_true(was_made());
	assert_int_equal(unlink(os_release), 0);
	assert_true(was_made());
}

/* What changed just now may change again without a trace: never kept. */
static void test_racy(void **state)
{
	(void)state;
	put(status, "Package: b\n");
	assert_true(was_made());
	assert_true(was_made());
	assert_int_equal(access(index_path(), F_OK), -1);
}

static void change_mode(void)
{
	assert_int_equal(chmod(list_path(SHA_A), 0620), 0);
}

static void change_owner(void)
{
	if (geteuid() == 0)
		assert_int_equal(chown(list_path(SHA_A), 65534, 65534), 0);
	else
		assert_int_equal(unlink(list_path(SHA_A)), 0);
}

static void change_index_owner(void)
{
	if (geteuid() == 0)
		assert_int_equal(lchown(index_path(), 65534, 65534), 0);
	else
		assert_int_equal(unlink(index_path()), 0);
}

static void truncate_list(void)
{
	assert_int_equal(truncate(list_path(SHA_A), 5), 0);
}

static void grow_list(void)
{
	assert_int_equal(truncate(list_path(SHA_A), 500), 0);
}

/* To a file that passes for the list in everything else. */
static void replace_by_link(void)
{
	char other[96];

	snprintf(other, sizeof(other), "%s/other-list", root);
	assert_int_equal(rename(list_path(SHA_A), other), 0);
	assert_int_equal(symlink("../other-list", list_path(SHA_A)), 0);
}

static void replace_by_fifo(void)
{
	assert_int_equal(unlink(list_path(SHA_A)), 0);
	assert_int_equal(mkfifo(list_path(SHA_A), 0600), 0);
}

static void remove_list(void)
{
	assert_int_equal(unlink(list_path(SHA_A)), 0);
}

/* Rewrites the index, which only its text can spoil. */
static void spoil_index(const char *(*change)(char *text))
{
	char text[512];
	ssize_t n = readlink(index_path(), text, sizeof(text) - 1);

	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(unlink(index_path()), 0);
	assert_int_equal(symlink(change(text), index_path()), 0);
}

static const char *cut(char *text)
{
	text[strlen(text) - 4] = '\0';
	return text;
}

static const char *other_digit(char *text)
{
	text[0] = text[0] == '1' ? '2' : '1';
	return text;
}

/* "host-1-" and this lead to the status file, given a directory of that name. */
static const char *upwards(char *text)
{
	char *at = strstr(text, SHA_A), path[128];

	snprintf(path, sizeof(path), "%s/host-1-", cache);
	assert_int_equal(mkdir(path, 0700), 0);
	/* as long as a digest; the last number is the size of that file */
	memset(at, '/', 64);
	memcpy(at, "/../..", 6);
	memcpy(at + 64 - 6, "status 11", 10);
	return text;
}

static const char *bad_size(char *text)
{
	text[strlen(text) - 1] = 'x';
	return text;
}

static void cut_index(void)
{
	spoil_index(cut);
}

static void change_stamp(void)
{
	spoil_index(other_digit);
}

static void point_upwards(void)
{
	spoil_index(upwards);
}

static void spoil_size(void)
{
	spoil_index(bad_size);
}

static void index_is_a_file(void)
{
	assert_int_equal(unlink(index_path()), 0);
	put(index_path(), "x");
}

static void (*const damages[])(void) = {
	change_mode,
	change_owner,
	change_index_owner,
	truncate_list,
	grow_list,
	replace_by_link,
	replace_by_fifo,
	remove_list,
	cut_index,
	change_stamp,
	point_upwards,
	spoil_size,
	index_is_a_file,
};

/* A damaged cache is made anew, and is good afterwards. */
static void test_damaged(void **state)
{
	(void)state;
	let_settle();
	assert_true(was_made());
	for (size_t i = 0; i < array_size(damages); i++) {
		assert_false(was_made());
		damages[i]();
		assert_true(was_made());
		assert_false(was_made());
	}
}

static void test_leaves_two_files(void **state)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	(void)state;
	let_settle();
	assert_true(was_made());
	dir = opendir(cache);
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(count, 2);
}

/* No cache, no place for one, no identity. */
static void test_without_cache(void **state)
{
	const struct host_source failing = {status, os_release, make_error};
	_cleanup_(host_identity_deinit) struct host_identity h = HOST_IDENTITY_INIT;
	struct error e;

	(void)state;
	assert_int_equal(images_host_identity_from(source, NULL, &h, &e), 0);
	host_identity_deinit(&h);
	snprintf(cache, sizeof(cache), "%s/not/there", root);
	assert_true(was_made());
	assert_int_equal(images_host_identity_from(&failing, cache, &h, &e), -1);
	assert_string_equal(e.what, "no");
	assert_int_equal(h.list_fd, -1);
}

/* cupel-image itself, over this machine's database. */
static void test_real(void **state)
{
	_cleanup_(host_identity_deinit) struct host_identity h = HOST_IDENTITY_INIT;
	_cleanup_(cleanup_freep) char *list = NULL;
	struct error e = {0};
	size_t size;
	int result;

	(void)state;
	result = images_host_identity(NULL, &h, &e);
	if (result < 0)
		print_message("%s\n", e.what);
	assert_int_equal(result, 0);
	assert_int_equal(strspn(h.sha256, "0123456789abcdef"), 64);
	assert_int_equal(fd_read_all(h.list_fd, 64 << 20, &list, &size), 0);
	assert_memory_equal(list, "os ", 3);
	assert_int_equal(list[size - 1], '\n');
	assert_int_equal(fcntl(h.list_fd, F_GET_SEALS),
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hit),
		TEST(test_damaged),
		TEST(test_leaves_two_files),
		TEST(test_racy),
		TEST(test_stale),
		TEST(test_without_cache),
		TEST(test_real),
	};

	return cmocka_run_group_tests(tests, set_up_files, tear_down_files);
}
