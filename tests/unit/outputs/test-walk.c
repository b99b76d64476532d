/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: base/walk.c over trees that are made, and changed, on purpose. */
#include "base/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tree.h"

struct seen {
	struct buf text;
	const char *skip;      /* a directory not to enter */
	const char *swap;      /* a directory that becomes a link when it is visited */
	const char *swap_with; /* what it leads to */
	int root_fd;
};

static int note(void *context, const struct walk_entry *entry, struct error *e)
{
	struct seen *seen = context;

	(void)e;
	buf_printf(&seen->text, "%d:%s:%s ", entry->depth, entry->path, entry->name);
	if (seen->skip != NULL && strcmp(seen->skip, entry->path) == 0)
		return WALK_SKIP;
	if (seen->swap != NULL && strcmp(seen->swap, entry->path) == 0) {
		assert_return_code(renameat(seen->root_fd, seen->swap, seen->root_fd, "moved"), 0);
		assert_return_code(symlinkat(seen->swap_with, seen->root_fd, seen->swap), errno);
	}
	return 0;
}

static void make_tree(int fd)
{
	tree_dir(fd, "a", 0755);
	tree_file(fd, "a/y", "", 0644);
	tree_file(fd, "a/x", "", 0644);
	tree_file(fd, "a.b", "", 0644);
	tree_dir(fd, "\xff", 0755);
	tree_dir(fd, "B", 0755);
	tree_dir(fd, "B/c", 0755);
	assert_return_code(symlinkat("/", fd, "l"), errno);
}

static int walk(int fd, const struct walk_options *options, struct seen *seen, struct error *e)
{
	seen->root_fd = fd;
	return walk_tree(fd, options, note, seen, e);
}

static void test_order_and_links(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	const struct walk_options options = {.max_depth = WALK_DEPTH_MAX};
	struct seen seen = {.text = BUF_INIT};
	struct error e;

	(void)state;
	make_tree(t.fd);
	assert_int_equal(walk(t.fd, &options, &seen, &e), 0);
	/* Twice: the root's descriptor is not used up. */
	buf_deinit(&seen.text);
	assert_int_equal(walk(t.fd, &options, &seen, &e), 0);
	assert_string_equal(
		seen.text.data, "1:B:B 2:B/c:c 1:a:a 2:a/x:x 2:a/y:y 1:a.b:a.b 1:l:l 1:\xff:\xff ");
	buf_deinit(&seen.text);
}

static void test_skip(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	static const char *const skip[] = {"l", "a.b", "x", NULL};
	const struct walk_options options = {.skip = skip, .max_depth = 8};
	struct seen seen = {.text = BUF_INIT, .skip = "B"};
	struct error e;

	(void)state;
	make_tree(t.fd);
	assert_int_equal(walk(t.fd, &options, &seen, &e), 0);
	assert_string_equal(seen.text.data, "1:B:B 1:a:a 2:a/x:x 2:a/y:y 1:\xff:\xff ");
	buf_deinit(&seen.text);
}

static void test_limits(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	struct seen seen = {.text = BUF_INIT};
	struct error e;

	(void)state;
	make_tree(t.fd);
	assert_int_equal(walk(t.fd, &(struct walk_options){.max_depth = 1}, &seen, &e), -1);
	assert_int_equal(e.errnum, ELOOP);
	assert_non_null(strstr(e.what, "B/c"));
	assert_int_equal(
		walk(t.fd, &(struct walk_options){.max_depth = 2, .max_entries = 7}, &seen, &e),
		-1);
	assert_int_equal(e.errnum, EFBIG);
	assert_int_equal(
		walk(t.fd, &(struct walk_options){.max_depth = 2, .max_entries = 8}, &seen, &e), 0);
	buf_deinit(&seen.text);
}

/* The build's last trick: what was a directory is a way out when it is opened. */
static void test_directory_swapped_for_link(void **state)
{
	static const char *const targets[] = {"/", ".", "moved", "../.."};

	(void)state;
	for (size_t i = 0; i < array_size(targets); i++) {
		_cleanup_(tree_free) struct tree t = tree_new();
		const struct walk_options options = {.max_depth = 8};
		struct seen seen = {.text = BUF_INIT, .swap = "a", .swap_with = targets[i]};
		struct error e;

		make_tree(t.fd);
		assert_int_equal(walk(t.fd, &options, &seen, &e), -1);
		assert_string_equal(e.what, "'a' changed while it was read");
		assert_null(strstr(seen.text.data, "2:a/"));
		buf_deinit(&seen.text);
	}
}

/* In a mount namespace of its own, so that nothing stays mounted. */
static int walk_over_mount(const char *path)
{
	const struct walk_options options = {.max_depth = 8};
	struct seen seen = {.text = BUF_INIT};
	char point[128];
	struct error e = {0};
	int fd;

	snprintf(point, sizeof(point), "%s/B", path);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", point, "tmpfs", 0, NULL) < 0)
		return 77;
	/* Anew: a descriptor from before shows the old namespace. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return walk(fd, &options, &seen, &e) < 0 && e.errnum == EXDEV ? 0 : 1;
}

static void test_mount_point(void **state)
{
	_cleanup_(tree_free) struct tree t = tree_new();
	int status = 0;
	pid_t pid;

	(void)state;
	make_tree(t.fd);
	pid = fork();
	if (pid == 0)
		_exit(walk_over_mount(t.path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: mounting needs root\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_links),
		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_directory_swapped_for_link),
		cmocka_unit_test(test_mount_point),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
