/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: outputs/items.c, its two orders and its sums. */
#include "outputs/items.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/digest.h"
#include "tree.h"

static const char *const by_tree[] = {"a", "a/b", "a/b/c", "a/c", "a-b", "a.b", "ab", "\xff"};
static const char *const by_path[] = {"a", "a-b", "a.b", "a/b", "a/b/c", "a/c", "ab", "\xff"};

static void add_all(struct items *items)
{
	struct error e;

	for (size_t i = array_size(by_path); i-- > 0;)
		assert_non_null(items_add(items, MANIFEST_DIR, by_path[i], NULL, &e));
}

static void test_orders(void **state)
{
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;

	(void)state;
	add_all(&items);
	items_sort_by_tree(&items);
	for (size_t i = 0; i < array_size(by_tree); i++)
		assert_string_equal(items.list[i]->path, by_tree[i]);
	for (size_t i = 0; i < array_size(by_tree); i++)
		assert_ptr_equal(items_find(&items, by_tree[i], strlen(by_tree[i])), items.list[i]);
	assert_null(items_find(&items, "a/bX", 4));
	assert_null(items_find(&items, "", 0));
	assert_string_equal(items_find(&items, "a/bX", 3)->path, "a/b");
	items_sort_by_path(&items);
	for (size_t i = 0; i < array_size(by_path); i++)
		assert_string_equal(items.list[i]->path, by_path[i]);
}

static void test_sum_does_not_wrap(void **state)
{
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	struct stat huge = {.st_size = INT64_MAX};
	struct error e;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_non_null(items_add(&items, MANIFEST_FILE, "x", &huge, &e));
	assert_true(items.bytes == UINT64_MAX);
	assert_int_equal(items.files, 4);
}

static void test_manifest(void **state)
{
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	_cleanup_(cleanup_freep) char *text = NULL;
	_cleanup_(fd_closep) int fd = -1;
	char sha256[65], again[65];
	struct error e;

	(void)state;
	add_all(&items);
	items.list[0]->mode = 0755;
	fd = items_manifest(&items, false, sha256, &e);
	assert_return_code(fd, errno);
	text = tree_manifest(fd);
	assert_string_equal(text, "dir 0000 a\ndir 0000 a-b\ndir 0000 a.b\ndir 0000 a/b\n"
				  "dir 0000 a/b/c\ndir 0000 a/c\ndir 0000 ab\ndir 0755 %FF\n");
	digest_hex(text, strlen(text), again);
	assert_string_equal(sha256, again);
	assert_int_equal(write(fd, "x", 1), -1);
}

static void test_digest_known_answers(void **state)
{
	unsigned char sha256[32], sha512[64];
	char hex[65];
	struct digest d;

	(void)state;
	digest_hex("abc", 3, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	digest_begin(&d, true);
	digest_update(&d, "abc", 3);
	digest_final(&d, sha256, sha512);
	assert_memory_equal(sha512, "\xdd\xaf\x35\xa1\x93\x61\x7a\xba\xcc\x41\x73\x49", 12);
	digest_begin(&d, false);
	digest_update_zeros(&d, 1 << 20);
	digest_final(&d, sha256, NULL);
	assert_memory_equal(sha256, "\x30\xe1\x49\x55\xeb\xf1\x35\x22\x66\xdc\x2f\xf8", 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_sum_does_not_wrap),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_digest_known_answers),
	};

	return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
