/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the typed configuration: defaults, every type, who may
 * set what, which level holds, and where a value says that it comes from.
 */
#include "tests/unit/conf/helper.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "conf/conf.h"

static void begin(struct conf *c)
{
	struct error e;

	assert_int_equal(conf_init(c, &e), 0);
}

static int read_text(
	struct conf *c, const char *name, const char *text, enum conf_level level, struct error *e)
{
	_cleanup_(fd_closep) int fd = file_of(text, strlen(text));

	*e = (struct error){0};
	return conf_read_file(c, fd, name, level, e);
}

static void must_read(struct conf *c, const char *name, const char *text, enum conf_level level)
{
	struct error e;

	assert_int_equal(read_text(c, name, text, level, &e), 0);
}

static void test_defaults(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	size_t count;

	(void)state;
	begin(&c);
	assert_null(conf_string(&c, CONF_PROJECT_NAME));
	assert_false(conf_is_set(&c, CONF_PROJECT_NAME));
	assert_string_equal(conf_origin(&c, CONF_PROJECT_NAME), "unset");
	assert_string_equal(conf_string(&c, CONF_OUTPUTS_DIRECTORY), "cupel-out");
	assert_string_equal(conf_origin(&c, CONF_OUTPUTS_DIRECTORY), "default");
	assert_int_equal(conf_u64(&c, CONF_BUILD_TIMEOUT), 0);
	assert_int_equal(conf_u64(&c, CONF_BUILD_GRACE), 250);
	assert_false(conf_is_set(&c, CONF_BUILD_SOURCE_DATE_EPOCH));
	assert_int_equal(conf_u64(&c, CONF_WORKSPACE_MODE), CONF_WORKSPACE_AUTO);
	assert_int_equal(conf_u64(&c, CONF_LIMITS_LOG), 256 << 20);
	assert_int_equal(conf_u64(&c, CONF_LIMITS_OUTPUT_SIZE), 8ULL << 30);
	assert_true(conf_bool(&c, CONF_ATTEST_ENABLED));
	assert_false(conf_bool(&c, CONF_BUILD_ASLR));
	conf_list(&c, CONF_OUTPUTS_FILES, &count);
	assert_int_equal(count, 0);
}

static void test_types(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	const char *const *list;
	size_t count;

	(void)state;
	begin(&c);
	must_read(&c, "p",
		"[project]\nname = zlib-1.3\n[build]\ntimeout = 15m\naslr = on\n"
		"source-date-epoch = 1700000000\nenvironment = A=1\nenvironment = B=x y\n"
		"[workspace]\nmode = overlay\n[limits]\nscratch = 2G\n[outputs]\n"
		"files = *.tar.gz\nfiles = build/lib*.so\ndirectory = out/x\n",
		CONF_LEVEL_PROJECT);
	assert_string_equal(conf_string(&c, CONF_PROJECT_NAME), "zlib-1.3");
	assert_int_equal(conf_u64(&c, CONF_BUILD_TIMEOUT), 900000);
	assert_true(conf_bool(&c, CONF_BUILD_ASLR));
	assert_int_equal(conf_u64(&c, CONF_BUILD_SOURCE_DATE_EPOCH), 1700000000);
	assert_true(conf_is_set(&c, CONF_BUILD_SOURCE_DATE_EPOCH));
	assert_int_equal(conf_u64(&c, CONF_WORKSPACE_MODE), CONF_WORKSPACE_OVERLAY);
	assert_string_equal(conf_text(&c, CONF_WORKSPACE_MODE, 0), "overlay");
	assert_int_equal(conf_u64(&c, CONF_LIMITS_SCRATCH), 2ULL << 30);
	list = conf_list(&c, CONF_OUTPUTS_FILES, &count);
	assert_int_equal(count, 2);
	assert_string_equal(list[0], "*.tar.gz");
	assert_string_equal(list[1], "build/lib*.so");
	assert_string_equal(conf_text(&c, CONF_BUILD_ENVIRONMENT, 1), "B=x y");
	assert_null(conf_text(&c, CONF_BUILD_ENVIRONMENT, 2));
	assert_string_equal(conf_origin(&c, CONF_OUTPUTS_FILES), "p:15");
}

static const struct {
	enum conf_level level;
	const char *text, *message;
	enum error_kind kind;
	const char *hint;
} bad[] = {
	{CONF_LEVEL_PROJECT, "[builds]\n", "c:1: unknown section [builds]", ERROR_USAGE,
		"did you mean '[build]'?"},
	{CONF_LEVEL_PROJECT, "[zzzzzz]\n", "c:1: unknown section [zzzzzz]", ERROR_USAGE,
		"cupel.ini(5) lists all sections"},
	{CONF_LEVEL_PROJECT, "[build]\ntiemout = 3\n", "c:2: unknown key 'tiemout' in [build]",
		ERROR_USAGE, "did you mean 'timeout'?"},
	{CONF_LEVEL_PROJECT, "[build]\nsource_date_epoch = 3\n",
		"c:2: unknown key 'source_date_epoch' in [build]", ERROR_USAGE,
		"did you mean 'source-date-epoch'?"},
	{CONF_LEVEL_PROJECT, "[limits]\ntimeout = 3\n", "c:2: unknown key 'timeout' in [limits]",
		ERROR_USAGE, "'timeout' belongs to [build]"},
	{CONF_LEVEL_PROJECT, "[build]\nzzzzzzzzz = 3\n", "c:2: unknown key 'zzzzzzzzz' in [build]",
		ERROR_USAGE, "cupel.ini(5) lists all keys"},
	{CONF_LEVEL_PROJECT, "[build]\ntimeout = 5x\n", "c:2: [build] timeout cannot be '5x'",
		ERROR_USAGE, "it is a duration such as 90s, 15m, 2h or 250ms"},
	{CONF_LEVEL_PROJECT, "[build]\ntimeout = -1\n", "c:2: [build] timeout cannot be '-1'",
		ERROR_USAGE, "it is a duration"},
	{CONF_LEVEL_PROJECT, "[build]\naslr = maybe\n", "c:2: [build] aslr cannot be 'maybe'",
		ERROR_USAGE, "it is yes or no"},
	{CONF_LEVEL_PROJECT, "[build]\ngrace = 2h\n", "c:2: [build] grace cannot be '2h'",
		ERROR_USAGE, "it has to be at most 60s"},
	{CONF_LEVEL_PROJECT, "[build]\ntimeout =\n", "c:2: [build] timeout has no value",
		ERROR_USAGE, "leave the line out"},
	{CONF_LEVEL_PROJECT, "[build]\nenvironment = 1A=b\n",
		"c:2: [build] environment cannot be '1A=b'", ERROR_USAGE, "it has to be 'NAME="},
	{CONF_LEVEL_PROJECT, "[build]\nenvironment = A\n", "c:2: [build] environment cannot be 'A'",
		ERROR_USAGE, "it has to be 'NAME="},
	{CONF_LEVEL_PROJECT, "[workspace]\nmode = bind\n", "c:2: [workspace] mode cannot be 'bind'",
		ERROR_USAGE, "it is one of auto|copy|overlay"},
	{CONF_LEVEL_PROJECT, "[workspace]\nmode = auto|copy\n", "c:2: [workspace] mode cannot be",
		ERROR_USAGE, "it is one of auto|copy|overlay"},
	{CONF_LEVEL_PROJECT, "[limits]\nlog = 18446744073709551616\n",
		"c:2: [limits] log cannot be '18446744073709551616'", ERROR_USAGE, "it is a size"},
	{CONF_LEVEL_PROJECT, "[limits]\nlog = 16777216T\n", "c:2: [limits] log cannot be",
		ERROR_USAGE, "it is a size"},
	{CONF_LEVEL_PROJECT, "[limits]\nopen-files = 0\n", "c:2: [limits] open-files cannot be '0'",
		ERROR_USAGE, "it has to be at least 1"},
	{CONF_LEVEL_PROJECT, "[limits]\noutput-depth = 257\n",
		"c:2: [limits] output-depth cannot be '257'", ERROR_USAGE,
		"it has to be from 1 to"},
	{CONF_LEVEL_PROJECT, "[project]\nname = ../x\n", "c:2: [project] name cannot be '../x'",
		ERROR_USAGE, "it has to be at most 64"},
	{CONF_LEVEL_PROJECT, "[project]\nname = -x\n", "c:2: [project] name cannot be '-x'",
		ERROR_USAGE, "it has to be at most 64"},
	{CONF_LEVEL_PROJECT, "[outputs]\nfiles = ../../etc/passwd\n",
		"c:2: [outputs] files cannot be '../../etc/passwd'", ERROR_USAGE,
		"it has to be a pat"},
	{CONF_LEVEL_PROJECT, "[outputs]\nfiles = /etc/passwd\n",
		"c:2: [outputs] files cannot be '/etc/passwd'", ERROR_USAGE,
		"it has to be a pattern"},
	{CONF_LEVEL_PROJECT, "[outputs]\ndirectory = ../x\n",
		"c:2: [outputs] directory cannot be '../x'", ERROR_USAGE,
		"it has to be in a project"},
	{CONF_LEVEL_PROJECT, "[outputs]\ndirectory = /etc/x\n",
		"c:2: [outputs] directory cannot be '/etc/x'", ERROR_USAGE,
		"it has to be in a proj"},
	{CONF_LEVEL_PROJECT, "[outputs]\ndirectory = a/.git/hooks\n",
		"c:2: [outputs] directory cannot be 'a/.git/hooks'", ERROR_USAGE,
		"it has to be in a"},
	{CONF_LEVEL_PROJECT, "[outputs]\ndirectory = a//b\n",
		"c:2: [outputs] directory cannot be 'a//b'", ERROR_USAGE,
		"it has to be in a project"},
	{CONF_LEVEL_PROJECT, "[attest]\nenabled = no\n",
		"c:2: [attest] enabled: a project cannot switch this off", ERROR_POLICY,
		"use '--no-a"},
	{CONF_LEVEL_PROJECT, "[sign]\nkey = /k\n",
		"c:2: [sign] key can only be set by the user or the administrator", ERROR_POLICY,
		"set it in ~/.config/cupel/cupel.ini or on the command line"},
	{CONF_LEVEL_PROJECT, "[sign]\nbuilder-id = https://a.b/c\n",
		"c:2: [sign] builder-id can only be set by the administrator", ERROR_POLICY,
		"set it in /etc/cupel/cupel.ini"},
	{CONF_LEVEL_USER, "[sign]\nbuilder-id = https://a.b/c\n",
		"c:2: [sign] builder-id can only be set by the administrator", ERROR_POLICY,
		"set it in /etc/cupel/cupel.ini"},
	{CONF_LEVEL_USER, "[sign]\nkey = k.pem\n", "c:2: [sign] key cannot be 'k.pem'", ERROR_USAGE,
		"it has to be an absolute path"},
	{CONF_LEVEL_ADMIN, "[sign]\nbuilder-id = foo bar\n",
		"c:2: [sign] builder-id cannot be 'foo bar'", ERROR_USAGE, "it has to be a URI"},
	{CONF_LEVEL_PROJECT, "[build]\ntimeout = 1\ntimeout = 2\n",
		"c:3: [build] timeout is set a second time (first in line 2)", ERROR_USAGE,
		"keep one"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		_cleanup_(conf_deinit) struct conf c;
		struct error e;

		begin(&c);
		assert_int_equal(read_text(&c, "c", bad[i].text, bad[i].level, &e), -1);
		assert_starts_with(e.what, bad[i].message);
		assert_starts_with(e.hint, bad[i].hint);
		assert_int_equal(e.kind, bad[i].kind);
	}
}

/* Each level overrides the one before it, and the origin follows. */
static void test_precedence(void **state)
{
	static const struct {
		enum conf_level level;
		const char *name, *text, *origin;
		uint64_t value;
	} steps[] = {
		{CONF_LEVEL_VENDOR, "v.ini", "[build]\ngrace = 1s\n", "v.ini:2", 1000},
		{CONF_LEVEL_ADMIN, "a.ini", "\n[build]\ngrace = 2s\n", "a.ini:3", 2000},
		{CONF_LEVEL_ADMIN, "b.ini", "[build]\ngrace = 3s\n", "b.ini:2", 3000},
		{CONF_LEVEL_USER, "u.ini", "[build]\n\ngrace = 4s\n", "u.ini:3", 4000},
		{CONF_LEVEL_PROJECT, "cupel.ini", "[build]\ngrace = 5s\n", "cupel.ini:2", 5000},
	};
	_cleanup_(conf_deinit) struct conf c;
	struct error e;

	(void)state;
	begin(&c);
	for (size_t i = 0; i < array_size(steps); i++) {
		must_read(&c, steps[i].name, steps[i].text, steps[i].level);
		assert_int_equal(conf_u64(&c, CONF_BUILD_GRACE), steps[i].value);
		assert_string_equal(conf_origin(&c, CONF_BUILD_GRACE), steps[i].origin);
		assert_int_equal(conf_level(&c, CONF_BUILD_GRACE), steps[i].level);
	}
	assert_int_equal(
		conf_set(&c, "build", "grace", "6s", CONF_LEVEL_COMMAND_LINE, "command line", &e),
		0);
	assert_int_equal(conf_u64(&c, CONF_BUILD_GRACE), 6000);
	assert_string_equal(conf_origin(&c, CONF_BUILD_GRACE), "command line");
	/* and in whichever order they come */
	must_read(&c, "late.ini", "[build]\ngrace = 7s\n", CONF_LEVEL_PROJECT);
	assert_int_equal(conf_u64(&c, CONF_BUILD_GRACE), 6000);
	assert_string_equal(conf_origin(&c, CONF_BUILD_GRACE), "command line");
}

static void test_lists(void **state)
{
	_cleanup_(conf_deinit) struct conf c;
	struct error e;
	size_t count;

	(void)state;
	begin(&c);
	must_read(&c, "u", "[outputs]\nfiles = a\nfiles = b\n", CONF_LEVEL_USER);
	must_read(&c, "p", "[outputs]\nfiles = c\n[project]\nname = x\n[outputs]\nfiles = d\n",
		CONF_LEVEL_PROJECT);
	conf_list(&c, CONF_OUTPUTS_FILES, &count);
	assert_int_equal(count, 2);
	assert_string_equal(conf_text(&c, CONF_OUTPUTS_FILES, 0), "c");
	assert_string_equal(conf_origin(&c, CONF_OUTPUTS_FILES), "p:6");
	for (int i = 0; i < 2; i++)
		assert_int_equal(conf_set(&c, "outputs", "files", "e", CONF_LEVEL_COMMAND_LINE,
					 "command line", &e),
			0);
	conf_list(&c, CONF_OUTPUTS_FILES, &count);
	assert_int_equal(count, 2);
	assert_string_equal(conf_text(&c, CONF_OUTPUTS_FILES, 1), "e");
	assert_int_equal(
		conf_set(&c, "outputs", "files", "", CONF_LEVEL_COMMAND_LINE, "command line", &e),
		0);
	conf_list(&c, CONF_OUTPUTS_FILES, &count);
	assert_int_equal(count, 0);
}

/* A project stays below what the administrator says, whatever the user says. */
static void test_ceiling(void **state)
{
	static const struct {
		const char *text;
		int result;
	} rows[] = {
		{"[limits]\nprocesses = 100\n", 0}, {"[limits]\nprocesses = 99\n", 0},
		{"[limits]\nprocesses = 101\n", -1}, {"[build]\ntimeout = 1h\n", 0},
		{"[build]\ntimeout = 61m\n", -1}, {"[build]\ntimeout = 0\n", -1}, /* none at all */
		{"[limits]\nlog = 1T\n", 0}, /* of which the administrator says nothing */
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(conf_deinit) struct conf c;
		struct error e;

		begin(&c);
		must_read(&c, "a", "[limits]\nprocesses = 100\n[build]\ntimeout = 1h\n",
			CONF_LEVEL_ADMIN);
		must_read(&c, "u", "[limits]\nprocesses = 500\n", CONF_LEVEL_USER);
		assert_int_equal(
			read_text(&c, "c", rows[i].text, CONF_LEVEL_PROJECT, &e), rows[i].result);
		if (rows[i].result < 0) {
			assert_int_equal(e.kind, ERROR_POLICY);
			assert_non_null(strstr(e.what, "is more than the administrator allows"));
		}
	}
}

static void test_command_line(void **state)
{
	static const struct {
		const char *section, *key, *value;
		int result;
	} rows[] = {
		{"attest", "enabled", "no", 0},
		{"sign", "key", "relative.pem", 0},
		{"sign", "builder-id", "https://a.b/c", -1},
		{"outputs", "directory", "/tmp/out", 0},
		{"outputs", "directory", "", -1},
		{"outputs", "directory", "a\nb", -1},
		{"outputs", "directory", "a\xff", -1},
		{"outputs", "nothing", "a", -1},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		_cleanup_(conf_deinit) struct conf c;
		struct error e = {0};

		begin(&c);
		assert_int_equal(conf_set(&c, rows[i].section, rows[i].key, rows[i].value,
					 CONF_LEVEL_COMMAND_LINE, "command line", &e),
			rows[i].result);
		if (rows[i].result < 0)
			assert_starts_with(e.what, "command line: ");
		/* a refused value changes nothing */
		if (rows[i].result < 0)
			assert_string_equal(conf_string(&c, CONF_OUTPUTS_DIRECTORY), "cupel-out");
	}
}

static void test_table(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	for (int i = 0; i < CONF_ID_COUNT; i++) {
		const struct conf_key *k = &conf_keys[i];

		assert_int_equal(conf_keys_find(k->section, k->key), i);
		assert_true((k->type == CONF_ENUM) == (k->choices != NULL));
		assert_true(k->text[0] != '\0' && k->text[strlen(k->text) - 1] != '.');
	}
	assert_int_equal(conf_keys_find("build", "nothing"), -1);
	assert_null(conf_keys_suggest("sign", "log"));
	conf_keys_print_mdoc(&out);
	assert_non_null(strstr(out.data,
		".Ss Section [limits] of the file\n.Bl -tag -width Ds\n.It Ic scratch = Ar"));
	out.size = 0;
	conf_keys_print_names(&out);
	assert_non_null(strstr(out.data, "\nsign.builder-id\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_ceiling),
		cmocka_unit_test(test_command_line),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
