/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: builds the places from which the configuration is loaded
 * in a directory of its own, and attacks them: foreign owners, wide modes, links,
 * FIFOs and directories in place of files.
 */
#include "tests/unit/conf/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "conf/conf.h"
#include "conf/load.h"

/* The places of one test, and what loading from them gave. */
struct world {
	char root[64], vendor[96], admin[96], user[96];
	int project_fd;
	struct conf conf;
	struct error e;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void put(const struct world *w, const char *path, const char *text)
{
	char name[256];
	_cleanup_(fd_closep) int fd = -1;

	snprintf(name, sizeof(name), "%s/%s", w->root, path);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
}

static int set_up(void **state)
{
	static const char *const directories[] = {
		"vendor", "admin", "admin/cupel.ini.d", "user", "project"};
	struct world *w = calloc(1, sizeof(*w));
	char path[128];

	assert_non_null(w);
	snprintf(w->root, sizeof(w->root), "/tmp/test-load-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	for (size_t i = 0; i < array_size(directories); i++) {
		snprintf(path, sizeof(path), "%s/%s", w->root, directories[i]);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(chmod(path, 0755), 0);
	}
	snprintf(w->vendor, sizeof(w->vendor), "%s/vendor", w->root);
	snprintf(w->admin, sizeof(w->admin), "%s/admin", w->root);
	snprintf(w->user, sizeof(w->user), "%s/user", w->root);
	w->project_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(w->project_fd >= 0);
	assert_int_equal(conf_init(&w->conf, &w->e), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	conf_deinit(&w->conf);
	fd_closep(&w->project_fd);
	nftw(w->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static int load(struct world *w)
{
	struct conf_places places = {
		.vendor_dir = w->vendor, .admin_dir = w->admin, .owner = geteuid()};

	w->e = (struct error){0};
	return conf_load_from(&w->conf, &places, w->project_fd, w->user, &w->e);
}

static char *path_of(const struct world *w, const char *path)
{
	static char name[256];

	snprintf(name, sizeof(name), "%s/%s", w->root, path);
	return name;
}

static void test_nothing_there(void **state)
{
	struct world *w = *state;
	struct conf_places places = {"/nonexistent/v", "/nonexistent/a", 0};

	assert_int_equal(load(w), 0);
	assert_int_equal(conf_load_from(&w->conf, &places, -1, NULL, &w->e), 0);
	assert_int_equal(conf_load_from(&w->conf, &places, -1, "/nonexistent/u", &w->e), 0);
}

static void test_order(void **state)
{
	struct world *w = *state;

	put(w, "vendor/cupel.ini", "[build]\ngrace = 1s\ntimeout = 1s\n");
	put(w, "admin/cupel.ini", "[build]\ngrace = 2s\n[sign]\nbuilder-id = https://a/1\n");
	put(w, "admin/cupel.ini.d/20-b.ini", "[sign]\nbuilder-id = https://a/3\n");
	put(w, "admin/cupel.ini.d/10-a.ini", "[sign]\nbuilder-id = https://a/2\n");
	put(w, "admin/cupel.ini.d/.hidden.ini", "[nonsense]\n");
	put(w, "admin/cupel.ini.d/30.ini.bak", "[nonsense]\n");
	put(w, "user/cupel.ini", "[build]\ngrace = 3s\n[sign]\nkey = /k\n");
	put(w, "project/cupel.ini", "[build]\ngrace = 4s\n");
	assert_int_equal(load(w), 0);
	assert_int_equal(conf_u64(&w->conf, CONF_BUILD_TIMEOUT), 1000);
	assert_int_equal(conf_u64(&w->conf, CONF_BUILD_GRACE), 4000);
	assert_string_equal(conf_origin(&w->conf, CONF_BUILD_GRACE), "cupel.ini:2");
	assert_string_equal(conf_string(&w->conf, CONF_SIGN_BUILDER_ID), "https://a/3");
	assert_non_null(strstr(
		conf_origin(&w->conf, CONF_SIGN_BUILDER_ID), "/admin/cupel.ini.d/20-b.ini:2"));
	assert_string_equal(conf_string(&w->conf, CONF_SIGN_KEY), "/k");
}

/* The project's file has the project's rights, whatever it is called from. */
static void test_project_level(void **state)
{
	struct world *w = *state;

	put(w, "project/cupel.ini", "[sign]\n\nbuilder-id = https://evil.example\n");
	assert_int_equal(load(w), -1);
	assert_string_equal(
		w->e.what, "cupel.ini:3: [sign] builder-id can only be set by the administrator");
	assert_int_equal(w->e.kind, ERROR_POLICY);
}

static const struct {
	const char *path;
	mode_t mode;
} wide[] = {
	{"admin/cupel.ini", 0664},
	{"admin/cupel.ini", 0646},
	{"admin", 0777},
	{"admin/cupel.ini.d", 0775},
	{"vendor/cupel.ini", 0666},
};

static void test_writable_by_others(void **state)
{
	struct world *w = *state;

	put(w, "admin/cupel.ini", "[build]\n");
	put(w, "vendor/cupel.ini", "[build]\n");
	assert_int_equal(load(w), 0);
	for (size_t i = 0; i < array_size(wide); i++) {
		struct stat st;

		assert_int_equal(stat(path_of(w, wide[i].path), &st), 0);
		assert_int_equal(chmod(path_of(w, wide[i].path), wide[i].mode), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, wide[i].path));
		assert_non_null(strstr(w->e.what, "can be written by others than its owner"));
		assert_int_equal(w->e.kind, ERROR_POLICY);
		assert_int_equal(chmod(path_of(w, wide[i].path), st.st_mode & 07777), 0);
	}
	assert_int_equal(load(w), 0);
}

static void test_foreign_owner(void **state)
{
	static const char *const paths[] = {
		"admin/cupel.ini", "admin", "admin/cupel.ini.d", "admin/cupel.ini.d/1.ini"};
	struct world *w = *state;

	if (geteuid() != 0) {
		print_message("skipped: only root can give files away\n");
		skip();
	}
	put(w, "admin/cupel.ini", "[build]\n");
	put(w, "admin/cupel.ini.d/1.ini", "[build]\n");
	for (size_t i = 0; i < array_size(paths); i++) {
		assert_int_equal(chown(path_of(w, paths[i]), 65534, 65534), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "belongs to uid 65534, not to root"));
		assert_non_null(strstr(w->e.hint, "chown root:root"));
		assert_int_equal(chown(path_of(w, paths[i]), 0, 0), 0);
	}
	assert_int_equal(load(w), 0);
	put(w, "user/cupel.ini", "[sign]\nkey = /k\n");
	assert_int_equal(chown(path_of(w, "user/cupel.ini"), 65534, 65534), 0);
	assert_int_equal(load(w), -1);
	assert_non_null(strstr(w->e.what, "is not yours alone (it belongs to uid 65534"));
}

static void test_user_writable_by_all(void **state)
{
	struct world *w = *state;

	put(w, "user/cupel.ini", "[sign]\nkey = /k\n");
	assert_int_equal(chmod(path_of(w, "user/cupel.ini"), 0666), 0);
	assert_int_equal(load(w), -1);
	assert_non_null(strstr(w->e.what, "is not yours alone"));
}

/* Neither hangs nor reads through a link, nor takes a directory for a file. */
static void test_not_regular(void **state)
{
	static const char *const paths[] = {"project/cupel.ini", "admin/cupel.ini"};
	struct world *w = *state;

	put(w, "real.ini", "[build]\n");
	for (size_t i = 0; i < array_size(paths); i++) {
		const char *path = path_of(w, paths[i]);

		assert_int_equal(mkfifo(path, 0644), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "is not a regular file"));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0755), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "is not a regular file"));
		assert_int_equal(rmdir(path), 0);
		assert_int_equal(symlink("../real.ini", path), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "is not a regular file"));
		assert_non_null(strstr(w->e.hint, "a symbolic link will not do"));
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(load(w), 0);
}

/* Rules that cannot be read are not passed over. */
static void test_not_a_directory(void **state)
{
	static const char *const paths[] = {"admin/cupel.ini.d", "admin", "vendor"};
	struct world *w = *state;

	assert_int_equal(mkdir(path_of(w, "real"), 0755), 0);
	for (size_t i = 0; i < array_size(paths); i++) {
		const char *path = path_of(w, paths[i]);

		assert_int_equal(rmdir(path), 0);
		assert_int_equal(symlink("real", path), 0);
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "is not a directory"));
		assert_int_equal(unlink(path), 0);
		put(w, paths[i], "");
		assert_int_equal(load(w), -1);
		assert_non_null(strstr(w->e.what, "is not a directory"));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(load(w), 0);
	}
}

/* Many users keep such files in a repository and link to them. */
static void test_user_link(void **state)
{
	struct world *w = *state;

	put(w, "real.ini", "[sign]\nkey = /linked\n");
	assert_int_equal(symlink("../real.ini", path_of(w, "user/cupel.ini")), 0);
	assert_int_equal(load(w), 0);
	assert_string_equal(conf_string(&w->conf, CONF_SIGN_KEY), "/linked");
}

/* The real places: whatever is there, it must not crash; absent files are fine. */
static void test_real_places(void **state)
{
	struct world *w = *state;

	if (access("/etc/cupel", F_OK) == 0)
		skip();
	assert_int_equal(conf_load(&w->conf, -1, NULL, &w->e), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_there),
		TEST(test_order),
		TEST(test_project_level),
		TEST(test_writable_by_others),
		TEST(test_foreign_owner),
		TEST(test_user_writable_by_all),
		TEST(test_not_regular),
		TEST(test_not_a_directory),
		TEST(test_user_link),
		TEST(test_real_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
