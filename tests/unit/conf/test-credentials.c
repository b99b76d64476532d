/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: builds the two credentials.d in a directory of its own: which files
 * are opened, whose they have to be, and that none is opened which others can read.
 */
#include "tests/unit/conf/helper.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "conf/credentials.h"
#include "conf/load.h"

struct world {
	char root[64], admin[96], user[96];
	struct credential_files all;
	struct error e;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static char *path_of(const struct world *w, const char *path)
{
	static char name[256];

	snprintf(name, sizeof(name), "%s/%s", w->root, path);
	return name;
}

static void put(const struct world *w, const char *path, mode_t mode)
{
	_cleanup_(fd_closep) int fd =
		open(path_of(w, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, path, strlen(path)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static int set_up(void **state)
{
	static const char *const directories[] = {
		"admin", "user", "admin/credentials.d", "user/credentials.d"};
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->root, sizeof(w->root), "/tmp/test-credential-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	for (size_t i = 0; i < array_size(directories); i++)
		assert_int_equal(mkdir(path_of(w, directories[i]), 0700), 0);
	snprintf(w->admin, sizeof(w->admin), "%s/admin", w->root);
	snprintf(w->user, sizeof(w->user), "%s/user", w->root);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	credential_files_deinit(&w->all);
	nftw(w->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static int load(struct world *w)
{
	const struct conf_places places = {w->root, w->admin, geteuid()};

	credential_files_deinit(&w->all);
	w->e = (struct error){0};
	return credential_files_open_from(&w->all, &places, w->user, &w->e);
}

/* Whose file the one of this name is: what is in it is its own path. */
static void check(struct world *w, const char *name, const char *path)
{
	for (size_t i = 0; i < w->all.count; i++) {
		char text[64] = "";

		if (strcmp(w->all.all[i].name, name) != 0)
			continue;
		assert_true(fd_read_full(w->all.all[i].fd, text, sizeof(text) - 1) > 0);
		assert_string_equal(text, path);
		return;
	}
	fail_msg("there is no '%s'", name);
}

static void test_levels(void **state)
{
	struct world *w = *state;

	assert_int_equal(load(w), 0);
	assert_int_equal(w->all.count, 0);
	put(w, "admin/credentials.d/a.ini", 0600);
	put(w, "admin/credentials.d/both.ini", 0400);
	put(w, "user/credentials.d/both.ini", 0600);
	put(w, "user/credentials.d/both.ini~", 0644);
	assert_int_equal(load(w), 0);
	assert_int_equal(w->all.count, 2);
	check(w, "a", "admin/credentials.d/a.ini");
	check(w, "both", "user/credentials.d/both.ini");
}

static void test_modes(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0610, 0620, 0660, 0644, 0777};
	struct world *w = *state;

	for (size_t i = 0; i < array_size(modes); i++) {
		put(w, "user/credentials.d/x.ini", modes[i]);
		assert_int_equal(load(w), -1);
		assert_int_equal(w->e.kind, ERROR_POLICY);
		assert_int_equal(w->all.count, 0);
	}
	unlink(path_of(w, "user/credentials.d/x.ini"));
	put(w, "admin/credentials.d/x.ini", 0640);
	assert_int_equal(load(w), -1);
}

static void test_kinds(void **state)
{
	struct world *w = *state;

	put(w, "user/secret", 0600);
	assert_int_equal(symlink("../secret", path_of(w, "user/credentials.d/x.ini")), 0);
	assert_int_equal(load(w), -1);
	unlink(path_of(w, "user/credentials.d/x.ini"));
	assert_int_equal(mkfifo(path_of(w, "user/credentials.d/x.ini"), 0600), 0);
	assert_int_equal(load(w), -1);
	unlink(path_of(w, "user/credentials.d/x.ini"));
	assert_int_equal(mkdir(path_of(w, "user/credentials.d/x.ini"), 0700), 0);
	assert_int_equal(load(w), -1);
	rmdir(path_of(w, "user/credentials.d/x.ini"));
	put(w, "user/credentials.d/x y.ini", 0600);
	assert_int_equal(load(w), -1);
}

static void test_owners(void **state)
{
	struct world *w = *state;

	if (geteuid() != 0)
		skip();
	put(w, "user/credentials.d/x.ini", 0600);
	assert_int_equal(chown(path_of(w, "user/credentials.d/x.ini"), 12345, 0), 0);
	assert_int_equal(load(w), -1);
	assert_int_equal(w->e.kind, ERROR_POLICY);
}

/* The administrator's are not there for who may not read them; his own must be readable. */
static void test_unreadable(void **state)
{
	struct world *w = *state;

	if (geteuid() == 0)
		skip();
	put(w, "admin/credentials.d/x.ini", 0);
	assert_int_equal(load(w), 0);
	assert_int_equal(w->all.count, 0);
	put(w, "user/credentials.d/x.ini", 0);
	assert_int_equal(load(w), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owners, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unreadable, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
