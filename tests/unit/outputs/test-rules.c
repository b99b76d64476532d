/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: outputs/rules.c, each rule by what it lets through and what not. */
#include "outputs/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "outputs/items.h"
#include "plan/plan.h"
#include "tree.h"

#define LONG16 "0123456789abcdef"
#define LONG128 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16 LONG16
#define LONG1024 LONG128 LONG128 LONG128 LONG128 LONG128 LONG128 LONG128 LONG128

static const struct {
	const char *path;
	int depth;
	mode_t mode;
	const char *says; /* NULL: allowed */
} entries[] = {
	{"a", 1, S_IFREG | 0644, NULL},
	{"a", 1, S_IFREG | 0, NULL},
	{"a", 1, S_IFDIR | 07777, NULL},
	{"a", 1, S_IFLNK | 0777, NULL},
	{"\xc3\xa4 b\\%'\"", 1, S_IFREG | 0644, NULL},
	{"a", 64, S_IFREG | 0644, NULL},
	{"a", 65, S_IFREG | 0644, "deeper"},
	{"a", 1, S_IFREG | 04755, "setuid"},
	{"a", 1, S_IFREG | 02755, "setuid"},
	{"a", 1, S_IFREG | 01755, "setuid"},
	{"a", 1, S_IFIFO | 0644, "named pipe"},
	{"a", 1, S_IFSOCK | 0644, "socket"},
	{"a", 1, S_IFCHR | 0644, "character device"},
	{"a", 1, S_IFBLK | 0644, "block device"},
	{"a\nb", 1, S_IFREG | 0644, "control character"},
	{"a/\x1b[2J/b", 3, S_IFREG | 0644, "control character"},
	{"a\x7f", 1, S_IFREG | 0644, "control character"},
	{"a\xc2\x85", 1, S_IFREG | 0644, "control character"},
	{"\xff", 1, S_IFREG | 0644, "not UTF-8"},
	{"a\xc3", 1, S_IFREG | 0644, "not UTF-8"},
	{"\xed\xa0\x80", 1, S_IFDIR | 0644, "not UTF-8"},
	{LONG128 LONG128, 1, S_IFREG | 0644, "too long"},
	{LONG128 "/" LONG128, 1, S_IFREG | 0644, NULL},
	{LONG1024 "/a", 2, S_IFREG | 0644, "too long"},
};

static void test_entries(void **state)
{
	const struct plan *plan = tree_plan(&(struct tree_plan){0});

	(void)state;
	for (size_t i = 0; i < array_size(entries); i++) {
		struct stat st = {.st_mode = entries[i].mode};
		struct error e = {0};
		int got = rules_check_entry(plan, entries[i].path, entries[i].depth, &st, &e);

		if (entries[i].says == NULL) {
			assert_int_equal(got, 0);
			continue;
		}
		if (got != -1 || strstr(e.what, entries[i].says) == NULL || e.hint[0] == '\0')
			fail_msg("%zu: %d '%s'", i, got, e.what);
		assert_int_equal(e.kind, ERROR_OUTPUT);
	}
}

static void test_reserved(void **state)
{
	static const char *const bad[] = {"build.log", "demo.intoto.jsonl", "demo.sigstore.json"};
	static const char *const good[] = {"a/build.log", "other.intoto.jsonl", "demo",
		"demo.intoto.jsonl.txt", "a/demo.sigstore.json", "build.log2"};
	const struct plan *plan = tree_plan(&(struct tree_plan){0});
	struct error e;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		assert_int_equal(rules_check_reserved(plan, bad[i], &e), -1);
	for (size_t i = 0; i < array_size(good); i++)
		assert_int_equal(rules_check_reserved(plan, good[i], &e), 0);
}

static const struct {
	const char *path, *target;
	int allowed;
} links[] = {
	{"l", "a", 1},
	{"l", "missing/thing", 1},
	{"l", ".", 1},
	{"l", "./d/../a", 1},
	{"d/l", "../a", 1},
	{"d/l", "..", 1},
	{"d/l", "..///./d", 1},
	{"l", "..a", 1},
	{"l", "...", 1},
	{"l", "/", 0},
	{"l", "/etc/passwd", 0},
	{"l", "..", 0},
	{"l", "../a", 0},
	{"l", "d/../..", 0},
	{"l", "d/../../etc", 0},
	{"d/l", "../..", 0},
	{"d/l", "../../etc/passwd", 0},
	{"l", "missing/../../etc", 0},
	/* up leads to the top: what looks like d/e/up/.. is outside */
	{"l", "d/e/up", 1},
	{"l", "d/e/up/..", 0},
	{"l", "d/e/up/../../../etc/passwd", 0},
	{"l", "d/e/up/d/..", 0},
	{"l", "a\nb", 0},
	{"l", "\xff", 0},
	{"l", LONG1024 "a", 0},
	{"l", LONG1024, 1},
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(links); i++) {
		_cleanup_(items_deinit) struct items items = ITEMS_INIT;
		struct error e = {0};
		struct item *link;
		int got;

		assert_non_null(items_add(&items, MANIFEST_FILE, "a", NULL, &e));
		assert_non_null(items_add(&items, MANIFEST_DIR, "d", NULL, &e));
		assert_non_null(items_add(&items, MANIFEST_DIR, "d/e", NULL, &e));
		link = items_add(&items, MANIFEST_LINK, "d/e/up", NULL, &e);
		link->target = strdup("../..");
		link = items_add(&items, MANIFEST_LINK, links[i].path, NULL, &e);
		link->target = strdup(links[i].target);
		items_sort_by_tree(&items);
		got = rules_check_link(&items, link, &e);
		if ((got == 0) != (links[i].allowed != 0))
			fail_msg("'%s' -> '%s': %d", links[i].path, links[i].target, got);
		if (got < 0)
			assert_true(e.kind == ERROR_OUTPUT && e.hint[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
