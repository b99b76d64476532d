/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a hostile project's [network]: it may ask for registries, fewer
 * of them, or none, and never for more than the administrator's files allow.
 */
#include "tests/unit/conf/helper.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "conf/conf.h"

static int read_text(struct conf *c, const char *text, enum conf_level level, struct error *e)
{
	_cleanup_(fd_closep) int fd = file_of(text, strlen(text));

	*e = (struct error){0};
	return conf_read_file(c, fd, "c", level, e);
}

static const struct {
	const char *admin, *project;
	const char *message; /* NULL: it is allowed */
} rows[] = {
	{"", "mode = trusted\n", NULL},
	{"", "mode = none\nregistries = any\nregistries = other\n", NULL},
	{"mode = trusted\n", "mode = trusted\n", NULL},
	{"mode = trusted\n", "mode = none\n", NULL},
	{"mode = none\n", "mode = trusted\n",
		"c:2: [network] mode: 'trusted' is more than the administrator allows"},
	{"", "on-deny = fail\n", NULL},
	{"on-deny = continue\n", "on-deny = fail\n", NULL},
	{"", "on-deny = continue\n",
		"c:2: [network] on-deny: 'continue' is not for a project to set"},
	{"on-deny = continue\n", "on-deny = continue\n", "is not for a project to set"},
	{"registries = a\nregistries = b\n", "registries = b\n", NULL},
	{"registries = a\nregistries = b\n", "registries =\n", NULL},
	{"registries = a\nregistries = b\n", "registries = b\nregistries = c\n",
		"c:3: [network] registries: 'c' is not in the administrator's list"},
	{"registries = a\n", "registries = ab\n", "is not in the administrator's list"},
	{"registries =\n", "registries = a\n", "is not in the administrator's list"},
	{"registries = a\nregistries =\nregistries = b\n", "registries = a\n",
		"is not in the administrator's list"},
	{"", "registries = ../a\n", "c:2: [network] registries cannot be '../a'"},
	{"", "registries = -a\n", "cannot be '-a'"},
	{"", "requests = 5\nbody = 1G\nidle = 0\ntime = 3h\n", NULL},
	{"requests = 5\n", "requests = 4\n", NULL},
	{"requests = 5\n", "requests = 6\n", "'6' is more than the administrator allows"},
	{"requests = 5\n", "requests = 0\n", "'0' is more than the administrator allows"},
	{"connections = 9\n", "connections = 10\n", "'10' is more than the administrator"},
	{"head = 4K\n", "head = 5K\n", "'5K' is more than the administrator allows"},
	{"body = 1G\n", "body = 0\n", "'0' is more than the administrator allows"},
	{"body = 0\n", "body = 1G\n", NULL},
	{"total = 1G\n", "total = 2G\n", "'2G' is more than the administrator allows"},
	{"queries = 7\n", "queries = 8\n", "'8' is more than the administrator allows"},
	{"idle = 1m\n", "idle = 2m\n", "'2m' is more than the administrator allows"},
	{"time = 1m\n", "time = 0\n", "'0' is more than the administrator allows"},
	{"", "connections = 0\n", "c:2: [network] connections cannot be '0'"},
	{"", "connections = 16385\n", "connections cannot be '16385'"},
	{"", "head = 61K\n", "c:2: [network] head cannot be '61K'"},
	{"", "head = 1023\n", "head cannot be '1023'"},
	{"", "learn = yes\n", "[network] learn can only be set by the administrator"},
	{"learn = no\n", "mode = trusted\n", NULL},
	{"", "mode = learn\n", "c:2: [network] mode cannot be 'learn'"},
	{"range = 10.0.0.0/8\nrange6 = fd12::/16\n", "mode = trusted\n", NULL},
	{"", "range = 10.0.0.0/8\n", "c:2: [network] range"},
	{"", "range6 = fd12::/16\n", "c:2: [network] range6"},
	{"", "mode = all\n", "c:2: [network] mode cannot be 'all'"},
};

/* What a synthetic range is, test-synthetic.c has; here, that it is asked. */
static void test_ranges(void **state)
{
	static const char *const bad[] = {"range = 127.0.0.0/8\n", "range = 198.18.0.0\n",
		"range = fd12::/16\n", "range6 = 10.0.0.0/8\n", "range6 = fe80::/64\n",
		"range =\n"};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		_cleanup_(conf_deinit) struct conf c;
		struct error e = {0};
		char text[256];

		snprintf(text, sizeof(text), "[network]\n%s", bad[i]);
		assert_int_equal(conf_init(&c, &e), 0);
		if (read_text(&c, text, CONF_LEVEL_USER, &e) != -1)
			fail_msg("%s was taken", bad[i]);
		assert_non_null(strstr(e.what, "c:2: [network] range"));
		assert_string_equal(conf_string(&c, CONF_NETWORK_RANGE), "198.18.0.0/15");
	}
}

static void test_project(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(conf_deinit) struct conf c;
		struct error e = {0};
		char admin[256], project[256];
		int result;

		snprintf(admin, sizeof(admin), "[network]\n%s", rows[i].admin);
		snprintf(project, sizeof(project), "[network]\n%s", rows[i].project);
		assert_int_equal(conf_init(&c, &e), 0);
		assert_int_equal(read_text(&c, admin, CONF_LEVEL_ADMIN, &e), 0);
		result = read_text(&c, project, CONF_LEVEL_PROJECT, &e);
		assert_int_equal(result, rows[i].message == NULL ? 0 : -1);
		if (result < 0)
			assert_non_null(strstr(e.what, rows[i].message));
		if (result < 0)
			assert_true(e.hint[0] != '\0');
	}
}

/* The user's own file neither is a ceiling nor lifts one. */
static void test_user(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	struct error e = {0};

	(void)state;
	assert_int_equal(conf_init(&c, &e), 0);
	assert_int_equal(
		read_text(&c, "[network]\nmode = none\nregistries = a\n", CONF_LEVEL_ADMIN, &e), 0);
	assert_int_equal(
		read_text(&c, "[network]\nmode = trusted\nregistries = z\non-deny = continue\n",
			CONF_LEVEL_USER, &e),
		0);
	assert_int_equal(conf_u64(&c, CONF_NETWORK_MODE), CONF_NETWORK_TRUSTED);
	assert_int_equal(conf_u64(&c, CONF_NETWORK_ON_DENY), CONF_ON_DENY_CONTINUE);
	assert_string_equal(conf_text(&c, CONF_NETWORK_REGISTRIES, 0), "z");
	assert_int_equal(read_text(&c, "[network]\nmode = trusted\n", CONF_LEVEL_PROJECT, &e), -1);
	assert_int_equal(read_text(&c, "[network]\nregistries = z\n", CONF_LEVEL_PROJECT, &e), -1);
	assert_int_equal(read_text(&c, "[network]\nregistries = a\n", CONF_LEVEL_PROJECT, &e), 0);
}

/* Of two files of the administrator's the later list is the one that counts. */
static void test_two_files(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	struct error e = {0};

	(void)state;
	assert_int_equal(conf_init(&c, &e), 0);
	assert_int_equal(read_text(&c, "[network]\nregistries = a\n", CONF_LEVEL_ADMIN, &e), 0);
	assert_int_equal(read_text(&c, "[network]\nregistries = b\n", CONF_LEVEL_ADMIN, &e), 0);
	assert_int_equal(read_text(&c, "[network]\nregistries = a\n", CONF_LEVEL_PROJECT, &e), -1);
	assert_int_equal(read_text(&c, "[network]\nregistries = b\n", CONF_LEVEL_PROJECT, &e), 0);
}

static void test_defaults(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	struct error e = {0};

	(void)state;
	assert_int_equal(conf_init(&c, &e), 0);
	assert_int_equal(conf_u64(&c, CONF_NETWORK_MODE), CONF_NETWORK_NONE);
	assert_int_equal(conf_u64(&c, CONF_NETWORK_ON_DENY), CONF_ON_DENY_FAIL);
	assert_false(conf_is_set(&c, CONF_NETWORK_REGISTRIES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_project),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_user),
		cmocka_unit_test(test_two_files),
		cmocka_unit_test(test_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
