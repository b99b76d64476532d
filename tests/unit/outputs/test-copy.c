/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: outputs/copy.c and outputs/pool.c: the same bytes, the
 * same holes, the right digest; and an error when the file is another one.
 */
#include "outputs/copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/items.h"
#include "outputs/pool.h"
#include "tree.h"

static const struct dest_look look = {
	.mode = 0644, .mtime = {.tv_sec = 1000}, .uid = (uid_t)-1, .gid = (gid_t)-1};

static struct item *add(struct items *items, int dirfd, const char *path)
{
	struct error e;
	struct item *item;
	struct stat st;

	assert_return_code(fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW), errno);
	item = items_add(items, MANIFEST_FILE, path, &st, &e);
	assert_non_null(item);
	return item;
}

static struct copy_job job_for(int from_dir, int to_dir, struct item *item)
{
	struct error e = {0};
	struct copy_job job = {.item = item, .look = look};

	job.from_fd = copy_open(from_dir, item->path, item, &e);
	assert_return_code(job.from_fd, errno);
	job.to_fd = openat(to_dir, item->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_return_code(job.to_fd, errno);
	return job;
}

static void check_copy(int from_dir, int to_dir, const char *path)
{
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	_cleanup_(copier_deinit) struct copier c = {0};
	_cleanup_(cleanup_freep) char *before = tree_read(from_dir, path), *after = NULL;
	struct item *item = add(&items, from_dir, path);
	struct copy_job job = job_for(from_dir, to_dir, item);
	char got[65], expected[65];
	struct error e = {0};
	struct stat st;

	assert_int_equal(copier_init(&c, true, &e), 0);
	assert_int_equal(copy_run(&c, &job, &e), 0);
	after = tree_read(to_dir, path);
	assert_return_code(fstatat(to_dir, path, &st, 0), errno);
	assert_int_equal(st.st_size, item->size);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_true((uint64_t)st.st_blocks <= item->blocks);
	assert_memory_equal(before, after, item->size);
	digest_hex(before, item->size, expected);
	encode_hex(item->sha256, 32, got);
	assert_string_equal(got, expected);
}

static void write_at(int dirfd, const char *path, off_t at, const char *text)
{
	int fd = openat(dirfd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_return_code(fd, errno);
	assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
	close(fd);
}

static void test_contents(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	char *big = malloc(COPY_BUFFER_SIZE * 2 + 2);

	(void)state;
	memset(big, 'x', COPY_BUFFER_SIZE * 2 + 1);
	big[COPY_BUFFER_SIZE * 2 + 1] = '\0';
	tree_file(from.fd, "empty", "", 0644);
	tree_file(from.fd, "small", "abc", 0644);
	tree_file(from.fd, "big", big, 0644);
	write_at(from.fd, "hole-first", 1 << 20, "x");
	write_at(from.fd, "hole-last", 0, "x");
	write_at(from.fd, "hole-between", 0, "x");
	write_at(from.fd, "hole-between", 3 << 20, "y");
	write_at(from.fd, "only-hole", 0, "");
	for (size_t i = 0; i < 2; i++) {
		int fd = openat(from.fd, i == 0 ? "hole-last" : "only-hole", O_WRONLY | O_CLOEXEC);

		assert_return_code(ftruncate(fd, 2 << 20), errno);
		close(fd);
	}
	static const char *const names[] = {
		"empty", "small", "big", "hole-first", "hole-last", "hole-between", "only-hole"};
	for (size_t i = 0; i < array_size(names); i++)
		check_copy(from.fd, to.fd, names[i]);
	free(big);
}

/* What may happen between the walk and the opening. */
static void test_swapped_before_opening(void **state)
{
	static const char *const swaps[] = {
		"rm -f f; echo other > f",
		"rm -f f; mkfifo f",
		"rm -f f; ln -s /etc/passwd f",
		"rm -f f; ln -s g f",
		"rm -f f; ln g f",
		"rm -f f; mkdir f",
		"rm -f f",
		"echo longer >> f",
	};

	(void)state;
	for (size_t i = 0; i < array_size(swaps); i++) {
		_cleanup_(tree_free) struct tree t = tree_new();
		_cleanup_(items_deinit) struct items items = ITEMS_INIT;
		struct item *item;
		struct error e = {0};

		tree_file(t.fd, "f", "f", 0644);
		tree_file(t.fd, "g", "f", 0644);
		item = add(&items, t.fd, "f");
		tree_script(&t, swaps[i]);
		assert_int_equal(copy_open(t.fd, "f", item, &e), -1);
		if (strcmp(e.what, "'f' changed while it was read") != 0)
			fail_msg("%s: %s", swaps[i], e.what);
	}
}

static void change_open_file(const char *path, off_t size)
{
	_cleanup_(tree_free) struct tree to = tree_new();
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	_cleanup_(copier_deinit) struct copier c = {0};
	struct error e = {0};
	struct item *item;
	struct copy_job job;

	item = add(&items, AT_FDCWD, path);
	job = (struct copy_job){.item = item, .look = look};
	job.from_fd = open(path, O_RDWR | O_CLOEXEC);
	job.to_fd = openat(to.fd, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_return_code(ftruncate(job.from_fd, size), errno);
	assert_int_equal(copier_init(&c, false, &e), 0);
	assert_int_equal(copy_run(&c, &job, &e), -1);
	assert_non_null(strstr(e.what, "changed while it was read"));
}

static void test_changed_while_read(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/f", t.path);
	tree_file(t.fd, "f", "0123456789", 0644);
	change_open_file(path, 5);
	tree_file(t.fd, "f", "0123456789", 0644);
	change_open_file(path, 20);
}

/* Enough for every thread and a full queue; and with threads it must be the same. */
static void pool_of(int cpus, int files, bool fail)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	struct pool *p = calloc(1, sizeof(*p));
	struct error e = {0};
	int result = 0;
	char name[32];

	assert_int_equal(pool_init(p, cpus, false, &e), 0);
	assert_int_equal(pool_expect(p, (uint64_t)files, 1 << 30, &e), 0);
	for (int i = 0; i < files && result == 0; i++) {
		struct copy_job job;

		snprintf(name, sizeof(name), "%d", i);
		tree_file(from.fd, name, name, 0644);
		job = job_for(from.fd, to.fd, add(&items, from.fd, name));
		if (fail && i == files / 2)
			tree_file(from.fd, name, "longer than it was", 0644);
		result = pool_submit(p, &job, &e);
	}
	if (pool_finish(p, &e) < 0)
		result = -1;
	assert_int_equal(result, fail ? -1 : 0);
	for (size_t i = 0; i < items.count && !fail; i++) {
		char expected[65], got[65];

		digest_hex(items.list[i]->path, strlen(items.list[i]->path), expected);
		encode_hex(items.list[i]->sha256, 32, got);
		assert_string_equal(got, expected);
	}
	pool_deinit(p);
	free(p);
}

static void test_pool(void **state)
{
	(void)state;
	pool_of(1, 10, false);
	pool_of(4, 500, false);
	pool_of(1, 10, true);
	pool_of(4, 500, true);
}

/* Dropped with jobs in the queue: no descriptor and no thread stays. */
static void test_pool_dropped(void **state)
{
	_cleanup_(tree_free) struct tree from = tree_new(), to = tree_new();
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	struct pool *p = calloc(1, sizeof(*p));
	int before = dup(0), after;
	struct error e = {0};
	char name[32];

	(void)state;
	close(before);
	assert_int_equal(pool_init(p, 3, false, &e), 0);
	assert_int_equal(pool_expect(p, 1000, 1000, &e), 0);
	for (int i = 0; i < 60; i++) {
		struct copy_job job;

		snprintf(name, sizeof(name), "%d", i);
		tree_file(from.fd, name, name, 0644);
		job = job_for(from.fd, to.fd, add(&items, from.fd, name));
		assert_int_equal(pool_submit(p, &job, &e), 0);
	}
	pool_deinit(p);
	free(p);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_swapped_before_opening),
		cmocka_unit_test(test_changed_while_read),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pool_dropped),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
