/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: builds the three registries.d in a directory of its own: which
 * file counts, whose it has to be, and what [network] makes of them. Attacks: foreign
 * owners, wide modes, links, FIFOs, and two registries of which one undoes the other.
 */
#include "tests/unit/conf/helper.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "conf/conf.h"
#include "conf/load.h"
#include "conf/registry.h"

struct world {
	char root[64], vendor[96], admin[96], user[96];
	struct registries all;
	struct conf conf;
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

/* A registry at this url, in "vendor/registries.d/NAME.ini". */
static void put(const struct world *w, const char *path, const char *url)
{
	_cleanup_(fd_closep) int fd =
		open(path_of(w, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char text[256];

	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "[registry]\nurl = %s\n", url);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, 0644), 0);
}

static int set_up(void **state)
{
	static const char *const directories[] = {"vendor", "admin", "user", "vendor/registries.d",
		"admin/registries.d", "user/registries.d"};
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	snprintf(w->root, sizeof(w->root), "/tmp/test-registry-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	for (size_t i = 0; i < array_size(directories); i++) {
		assert_int_equal(mkdir(path_of(w, directories[i]), 0755), 0);
		assert_int_equal(chmod(path_of(w, directories[i]), 0755), 0);
	}
	snprintf(w->vendor, sizeof(w->vendor), "%s/vendor", w->root);
	snprintf(w->admin, sizeof(w->admin), "%s/admin", w->root);
	snprintf(w->user, sizeof(w->user), "%s/user", w->root);
	put(w, "vendor/registries.d/pub.ini", "https://pub.example/");
	put(w, "admin/registries.d/adm.ini", "https://adm.example/");
	put(w, "user/registries.d/usr.ini", "https://usr.example/");
	assert_int_equal(conf_init(&w->conf, &w->e), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	registries_deinit(&w->all);
	conf_deinit(&w->conf);
	nftw(w->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static int load(struct world *w)
{
	const struct conf_places places = {w->vendor, w->admin, geteuid()};

	registries_deinit(&w->all);
	w->e = (struct error){0};
	return registries_load_from(&w->all, &places, w->user, &w->e);
}

/* Loads and chooses; the names of the rules in order, each followed by a blank. */
static const char *chosen(struct world *w, const char *network)
{
	_cleanup_(registry_rules_deinit) struct registry_rules rules = {0};
	_cleanup_(fd_closep) int fd = -1;
	static char names[512];
	char text[256];

	snprintf(text, sizeof(text), "[network]\n%s", network);
	fd = file_of(text, strlen(text));
	conf_deinit(&w->conf);
	assert_int_equal(conf_init(&w->conf, &w->e), 0);
	assert_int_equal(conf_read_file(&w->conf, fd, "c", CONF_LEVEL_PROJECT, &w->e), 0);
	assert_int_equal(load(w), 0);
	if (registry_choose(&w->conf, &w->all, &rules, &w->e) < 0) {
		assert_int_equal(rules.count, 0);
		return NULL;
	}
	names[0] = '\0';
	for (size_t i = 0; i < rules.count; i++) {
		assert_starts_with(rules.lines[i], "name=");
		assert_null(strstr(rules.lines[i], w->root)); /* nothing of where it was found */
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%.*s ",
			(int)strcspn(rules.lines[i] + 5, " "), rules.lines[i] + 5);
	}
	return names;
}

static void test_levels(void **state)
{
	struct world *w = *state;

	put(w, "vendor/registries.d/x.ini", "https://one.example/");
	put(w, "vendor/registries.d/x.ini~", "nonsense");
	put(w, "vendor/registries.d/.x.ini", "nonsense");
	assert_int_equal(load(w), 0);
	assert_int_equal(w->all.count, 4);
	assert_false(registry_is_standard(registries_find(&w->all, "x")));
	put(w, "admin/registries.d/x.ini", "https://two.example/");
	assert_int_equal(load(w), 0);
	assert_true(registry_is_standard(registries_find(&w->all, "x")));
	put(w, "user/registries.d/x.ini", "https://three.example/");
	assert_int_equal(load(w), 0);
	assert_int_equal(w->all.count, 4);
	assert_int_equal(registries_find(&w->all, "x")->urls.count, 1);
	assert_string_equal(
		registries_find(&w->all, "x")->urls.items[0].text, "https://three.example:443/");
}

static void test_choice(void **state)
{
	struct world *w = *state;

	assert_string_equal(chosen(w, ""), "");
	assert_string_equal(chosen(w, "registries = adm\n"), "");
	assert_string_equal(chosen(w, "mode = trusted\n"), "adm usr ");
	assert_string_equal(chosen(w, "mode = trusted\nregistries = usr\nregistries = pub\n"
				      "registries = usr\n"),
		"pub usr ");
	assert_null(chosen(w, "mode = trusted\nregistries = adm\nregistries = nobody\n"));
	assert_string_equal(w->e.what, "c:4: there is no registry 'nobody'");
	assert_null(chosen(w, "mode = trusted\nregistries =\n"));
	assert_non_null(strstr(w->e.what, "there are none"));
	/* one that does not count is still wrong */
	put(w, "vendor/registries.d/y.ini", "https://10.0.0.1/");
	assert_int_equal(load(w), -1);
	assert_non_null(strstr(w->e.what, "vendor/registries.d/y.ini:2: "));
	assert_int_equal(w->all.count, 0);
}

static void test_contradictions(void **state)
{
	struct world *w = *state;

	put(w, "user/registries.d/usr.ini", "https://adm.example/x/");
	assert_string_equal(chosen(w, "mode = trusted\n"), "adm usr ");
	put(w, "user/registries.d/usr.ini", "https://adm.example/\nmode = tunnel");
	assert_null(chosen(w, "mode = trusted\n"));
	assert_non_null(strstr(w->e.what, "usr.ini:2 contradicts "));
	assert_string_equal(chosen(w, "mode = trusted\nregistries = usr\n"), "usr ");
	put(w, "user/registries.d/usr.ini", "https://ADM.example:443/\nprivate = yes");
	assert_null(chosen(w, "mode = trusted\n"));
	put(w, "user/registries.d/usr.ini", "http://adm.example:443/");
	assert_null(chosen(w, "mode = trusted\n"));
}

static void test_modes(void **state)
{
	static const char *const paths[] = {"vendor", "admin", "vendor/registries.d",
		"admin/registries.d", "admin/registries.d/adm.ini", "user/registries.d",
		"user/registries.d/usr.ini"};
	struct world *w = *state;

	for (size_t i = 0; i < array_size(paths); i++) {
		mode_t was = strstr(paths[i], ".ini") != NULL ? 0644 : 0755;

		assert_int_equal(chmod(path_of(w, paths[i]), was | S_IWOTH), 0);
		assert_int_equal(load(w), -1);
		assert_int_equal(w->e.kind, ERROR_POLICY);
		assert_int_equal(chmod(path_of(w, paths[i]), was | S_IWGRP), 0);
		assert_int_equal(load(w), paths[i][0] == 'u' ? 0 : -1);
		assert_int_equal(chmod(path_of(w, paths[i]), was), 0);
		assert_int_equal(load(w), 0);
	}
}

static void test_owners(void **state)
{
	static const char *const paths[] = {"admin", "admin/registries.d",
		"admin/registries.d/adm.ini", "vendor/registries.d/pub.ini", "user",
		"user/registries.d", "user/registries.d/usr.ini"};
	struct world *w = *state;

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < array_size(paths); i++) {
		assert_int_equal(chown(path_of(w, paths[i]), 12345, 0), 0);
		assert_int_equal(load(w), -1);
		assert_int_equal(w->e.kind, ERROR_POLICY);
		assert_int_equal(chown(path_of(w, paths[i]), 0, 0), 0);
		assert_int_equal(load(w), 0);
	}
}

static void test_odd_files(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkfifo(path_of(w, "admin/registries.d/f.ini"), 0644), 0);
	assert_int_equal(load(w), -1);
	assert_int_equal(remove(path_of(w, "admin/registries.d/f.ini")), 0);
	assert_int_equal(
		symlink("../../user/registries.d/usr.ini", path_of(w, "admin/registries.d/l.ini")),
		0);
	assert_int_equal(load(w), -1);
	assert_int_equal(remove(path_of(w, "admin/registries.d/l.ini")), 0);
	assert_int_equal(mkdir(path_of(w, "admin/registries.d/d.ini"), 0755), 0);
	assert_int_equal(load(w), -1);
	assert_int_equal(remove(path_of(w, "admin/registries.d/d.ini")), 0);
	put(w, "admin/registries.d/a_b.ini", "https://a.example/");
	assert_int_equal(load(w), -1);
	assert_non_null(strstr(w->e.what, "is not named as registries are"));
	assert_int_equal(remove(path_of(w, "admin/registries.d/a_b.ini")), 0);
	assert_int_equal(load(w), 0);
	/* a user's link is his own business; a directory that is a link is not root's */
	assert_int_equal(symlink("../admin", path_of(w, "link")), 0);
	snprintf(w->admin, sizeof(w->admin), "%s/link", w->root);
	assert_int_equal(load(w), -1);
}

static void test_absent(void **state)
{
	struct world *w = *state;
	const struct conf_places nowhere = {"/nonexistent/v", "/nonexistent/a", 0};

	assert_int_equal(registries_load_from(&w->all, &nowhere, NULL, &w->e), 0);
	assert_int_equal(w->all.count, 0);
	assert_int_equal(registries_load_from(&w->all, &nowhere, "/nonexistent/user", &w->e), 0);
	assert_int_equal(w->all.count, 0);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(test_levels),
		WITH_WORLD(test_choice),
		WITH_WORLD(test_contradictions),
		WITH_WORLD(test_modes),
		WITH_WORLD(test_owners),
		WITH_WORLD(test_odd_files),
		WITH_WORLD(test_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
