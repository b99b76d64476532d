/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: outputs/dest.c must never write through a link that it made itself. */
#include "outputs/dest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "tree.h"

static const struct dest_look look = {
	.mode = 0555, .mtime = {.tv_sec = 1000}, .uid = (uid_t)-1, .gid = (gid_t)-1};

static void make_file(struct dest *d, const char *path)
{
	struct error e;
	int fd = dest_create(d, path, 0644, &e);

	assert_return_code(fd, errno);
	assert_int_equal(dest_finish(fd, path, &look, &e), 0);
	close(fd);
}

/* A directory that ends up read-only, and whose time is not that of its last file. */
static void test_looks(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	_cleanup_(dest_deinit) struct dest d = {0};
	struct error e;
	struct stat st;

	(void)state;
	assert_int_equal(dest_begin(&d, t.fd, &e), 0);
	assert_int_equal(dest_mkdir(&d, "a", &look, &e), 0);
	assert_int_equal(dest_mkdir(&d, "a/b", &look, &e), 0);
	make_file(&d, "a/b/f");
	make_file(&d, "a/g");
	assert_int_equal(dest_symlink(&d, "l", "a", &look, &e), 0);
	assert_int_equal(dest_end(&d, &e), 0);
	assert_return_code(fstatat(t.fd, "a/b", &st, 0), errno);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_return_code(fstatat(t.fd, "a", &st, 0), errno);
	assert_int_equal(st.st_mtim.tv_sec, 1000);
	assert_return_code(fstatat(t.fd, "l", &st, AT_SYMLINK_NOFOLLOW), errno);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(st.st_mtim.tv_sec, 1000);
}

static void test_own_link_is_not_followed(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new(), outside = tree_new();
	_cleanup_(dest_deinit) struct dest d = {0};
	struct error e;

	(void)state;
	assert_int_equal(dest_begin(&d, t.fd, &e), 0);
	assert_int_equal(dest_symlink(&d, "d", outside.path, &look, &e), 0);
	assert_int_equal(dest_create(&d, "d/f", 0644, &e), -1);
	assert_int_equal(dest_mkdir(&d, "d", &look, &e), -1);
	assert_int_equal(dest_create(&d, "d", 0644, &e), -1);
	assert_int_equal(e.errnum, EEXIST);
	assert_false(tree_has(outside.fd, "f"));
}

static void test_clamp(void **state)
{
	struct timespec t = dest_clamp((struct timespec){5, 7}, 10);

	(void)state;
	assert_int_equal(t.tv_sec, 5);
	assert_int_equal(t.tv_nsec, 7);
	t = dest_clamp((struct timespec){10, 7}, 10);
	assert_int_equal(t.tv_sec, 10);
	assert_int_equal(t.tv_nsec, 0);
	t = dest_clamp((struct timespec){11, 7}, 10);
	assert_int_equal(t.tv_sec, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_own_link_is_not_followed),
		cmocka_unit_test(test_clamp),
	};

	return cmocka_run_group_tests_name("dest", tests, NULL, NULL);
}
