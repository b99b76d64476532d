/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what a registry's file may say, and what becomes of it: the
 * rule lines are compared byte by byte, and read by the gateway's own reader. Each
 * refusal is a file that would allow more than somebody meant.
 */
#include "tests/unit/conf/helper.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "conf/conf.h"
#include "conf/registry-check.h"
#include "conf/registry.h"
#include "gateway/rule.h"
#include "plan/builder.h"

static int read_text(const char *name, const char *text, struct registry *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = file_of(text, strlen(text));

	*e = (struct error){0};
	return registry_read(fd, name, "f", CONF_LEVEL_ADMIN, ret, e);
}

static const struct {
	const char *body; /* from line 2 on */
	const char *rules[3];
} good[] = {
	{"url = https://A.Example\n",
		{"name=n url=https://a.example:443/ mode=inspect method=GET method=HEAD private=no "
		 "from=registries.d/n.ini:2"}},
	{"url = http://a.example:8080/x\ndescription = a text = with more\n",
		{"name=n url=http://a.example:8080/x/ mode=http method=GET method=HEAD private=no "
		 "from=registries.d/n.ini:2"}},
	{"mode = raw\nurl = tcp://A.example:22\nurl = tcp://b.example:9418/\n",
		{"name=n url=tcp://a.example:22/ mode=raw private=no from=registries.d/n.ini:3",
			"name=n url=tcp://b.example:9418/ mode=raw private=no "
			"from=registries.d/n.ini:4"}},
	{"mode = tunnel\nprivate = yes\nurl = https://a.example/\n",
		{"name=n url=https://a.example:443/ mode=tunnel private=yes "
		 "from=registries.d/n.ini:4"}},
	{"mode = http\nurl = http://a.example\n",
		{"name=n url=http://a.example:80/ mode=http method=GET method=HEAD private=no "
		 "from=registries.d/n.ini:3"}},
	{"url = https://a.example/\nmethod = HEAD\npath = /s/\npath = /*/%20x\npost = /**/q\n",
		{"name=n url=https://a.example:443/ mode=inspect method=HEAD path=/s/ path=/*/%20x "
		 "post=/**/q private=no from=registries.d/n.ini:2"}},
	{"url = https://a.example/a/\nurl = https://b.example/\ndigest = lock\nunlocked = /a/i/\n",
		{"name=n url=https://a.example:443/a/ mode=inspect method=GET method=HEAD "
		 "digest=lock unlocked=/a/i/ private=no from=registries.d/n.ini:2",
			"name=n url=https://b.example:443/ mode=inspect method=GET method=HEAD "
			"digest=lock unlocked=/a/i/ private=no from=registries.d/n.ini:3"}},
	/* without a lock there is nothing to unlock, until [network] says that there is */
	{"url = https://a.example/\ndigest = record\nunlocked = /i/\n",
		{"name=n url=https://a.example:443/ mode=inspect method=GET method=HEAD private=no "
		 "from=registries.d/n.ini:2"}},
	/* patterns go to the urls that they are below */
	{"url = https://a.example/a/\nurl = http://b.example/b/\npath = /a/x\npath = /b/*\n"
	 "post = /b/y\n",
		{"name=n url=https://a.example:443/a/ mode=inspect method=GET method=HEAD "
		 "path=/a/x private=no from=registries.d/n.ini:2",
			"name=n url=http://b.example:80/b/ mode=http method=GET method=HEAD "
			"path=/b/* post=/b/y private=no from=registries.d/n.ini:3"}},
};

/* The gateway takes the line, and sees in it what was meant. */
static void check_gateway(const char *line)
{
	_cleanup_(plan_builder_deinit) struct plan_builder b;
	_cleanup_(rules_deinit) struct rules rules = {0};
	static const char *const command[] = {"true"};
	_cleanup_(fd_closep) int fd = -1;
	struct error e = {0};

	plan_builder_init(&b);
	b.head.command = plan_add_list(&b, command, 1);
	b.head.cupel = b.head.name = b.head.directory = b.head.hostname = b.head.image_digest =
		b.head.builder_id = b.head.replay = b.head.seccomp = b.head.seccomp_digest =
			b.head.range = b.head.range6 = plan_add_string(&b, "/");
	b.head.environment = b.head.outputs = plan_add_list(&b, NULL, 0);
	b.head.registries = plan_add_list(&b, &line, 1);
	fd = plan_seal(&b, &e);
	assert_true(fd >= 0);
	assert_int_equal(rules_read(plan_map(fd, &e), &rules, &e), 0);
	assert_int_equal(rules.count, 1);
	assert_string_equal(rules.rules[0].name, "n");
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		_cleanup_(registry_deinit) struct registry r = {0};
		struct error e;
		char text[512];

		snprintf(text, sizeof(text), "[registry]\n%s", good[i].body);
		if (read_text("n", text, &r, &e) < 0)
			fail_msg("%s: %s", text, e.what);
		for (size_t k = 0; k < r.urls.count; k++) {
			_cleanup_(buf_deinit) struct buf line = BUF_INIT;

			registry_print_rule(&r, k, &line);
			assert_string_equal(line.data, good[i].rules[k]);
			check_gateway(line.data);
		}
		assert_null(good[i].rules[r.urls.count]);
	}
}

#define URL "url = https://a.example/\n"
static const struct {
	const char *body, *message;
} bad[] = {
	{"", "f: there is no url"},
	{URL "digest = yes\n", "f:3: 'digest' is neither record nor lock"},
	{URL "digest = lock\nmode = tunnel\n", "f:3: a tunnel cannot be locked"},
	{URL "unlocked = x\n", "f:3: the path does not begin"},
	{"url = https://a.example/a/\nunlocked = /b/\n", "f:3: the pattern is not below"},
	{"urls = https://a.example/\n", "f:2: unknown key 'urls'"},
	{"url = https://a.example/\n[other]\n", "f:3: unknown section [other]"},
	{"url =\n", "f:2: the url does not begin"},
	{"url = a.example\n", "f:2: the url does not begin"},
	{"url = HTTPS://a.example\n", "f:2: the url does not begin"},
	{"url = ftp://a.example/\n", "f:2: the url does not begin"},
	{"url = https://\n", "f:2: the url has no valid host"},
	{"url = https:///x\n", "f:2: the url has no valid host"},
	{"url = https://a..example/\n", "f:2: the url has no valid host"},
	{"url = https://.example/\n", "f:2: the url has no valid host"},
	{"url = https://a.example./\n", "f:2: the url has no valid host"},
	{"url = https://*.example/\n", "f:2: the url has no valid host"},
	{"url = https://a_b.example/\n", "f:2: the url has no valid host"},
	{"url = https://-a.example/\n", "f:2: the url has no valid host"},
	{"url = https://a.example x/\n", "f:2: the url has no valid host"},
	{"url = https://a.example\\b/\n", "f:2: the url has no valid host"},
	{"url = https://\u00e4.example/\n", "f:2: the url has no valid host"},
	{"url = https://10.0.0.1/\n", "f:2: the url's host is an address"},
	{"url = https://0x7f.1/\n", "f:2: the url's host is an address"},
	{"url = https://[::1]/\n", "f:2: the url's host is an address"},
	{"url = https://me:secret@a.example/\n", "f:2: the url has user information"},
	{"url = https://a.example:443@b.example/\n", "f:2: the url has user information"},
	{"url = https://a.example:0/\n", "f:2: the url's port"},
	{"url = https://a.example:65536/\n", "f:2: the url's port"},
	{"url = https://a.example:0443/\n", "f:2: the url's port"},
	{"url = https://a.example:/\n", "f:2: the url's port"},
	{"url = https://a.example:4x/\n", "f:2: the url's port"},
	{"url = https://a.example/?token=secret\n", "f:2: the url has a query"},
	{"url = https://a.example?secret\n", "f:2: the url has a query"},
	{"url = https://a.example/#secret\n", "f:2: the url has a query"},
	{"url = https://a.example/*/\n", "f:2: the url has a '*'"},
	{"url = https://a.example/../\n", "f:2: the path has '.' or '..'"},
	{"url = https://a.example//x\n", "f:2: the path has '//'"},
	{URL "url = https://A.example:443\n", "f:3: the same 'url' is in line 2 already"},
	{URL "mode = socks\n", "f:3: there is no such mode"},
	{URL "mode = inspect\nmode = tunnel\n", "is set a second time"},
	{URL "mode = http\n", "f:2: an https:// url in a registry with mode = http"},
	{"url = tcp://a.example:22\n", "f:2: a tcp:// url in a registry without mode = raw"},
	{"url = tcp://a.example:22\nmode = tunnel\n", "f:2: a tcp:// url"},
	{URL "mode = raw\n", "f:2: a url with another scheme"},
	{"url = tcp://a.example\nmode = raw\n", "f:2: a tcp:// url is not a host and a port"},
	{"url = tcp://a.example:22/x/\nmode = raw\n", "f:2: a tcp:// url is not a host and"},
	{"url = tcp://a.example:0\nmode = raw\n", "f:2: the url's port"},
	{"url = tcp://git@a.example:22\nmode = raw\n", "f:2: the url has user information"},
	{"url = tcp://10.0.0.1:22\nmode = raw\n", "f:2: the url's host is an address"},
	{"url = ssh://a.example:22\nmode = raw\n", "f:2: the url does not begin with"},
	{"url = tcp://a.example:22\nmode = raw\nmethod = GET\n", "f:4: a raw connection has"},
	{"url = http://a.example\nmode = tunnel\n", "f:2: an http:// url"},
	{"url = https://a.example/npm/\nmode = tunnel\n", "f:2: a url with a path"},
	{URL "mode = tunnel\npath = /x/\n", "f:4: a tunnel has neither"},
	{URL "mode = tunnel\nmethod = GET\n", "f:4: a tunnel has neither"},
	{URL "post = /x\nmode = tunnel\n", "f:3: a tunnel has neither"},
	{URL "method = get\n", "f:3: there is no such method"},
	{URL "method = GET HEAD\n", "f:3: there is no such method"},
	{URL "method = *\n", "f:3: there is no such method"},
	{URL "method = POST\n", "f:3: POST cannot be allowed everywhere"},
	{URL "method = PUT\n", "f:3: a method that changes"},
	{URL "method = DELETE\n", "f:3: a method that changes"},
	{URL "method = GET\nmethod = GET\n", "f:4: the same 'method' is in line 3 already"},
	{URL "path = x/\n", "f:3: the path does not begin with '/'"},
	{URL "path = */git-upload-pack\n", "f:3: the path does not begin with '/'"},
	{URL "path =\n", "f:3: the path does not begin with '/'"},
	{URL "path = /a b\n", "f:3: the path has a byte"},
	{URL "path = /a?b\n", "f:3: the path has a byte"},
	{URL "path = /a\\b\n", "f:3: the path has a byte"},
	{URL "path = /\u00e4\n", "f:3: the path has a byte"},
	{URL "path = /%2e%2e/\n", "f:3: the path has an escape"},
	{URL "path = /%2E/\n", "f:3: the path has an escape"},
	{URL "path = /%2F\n", "f:3: the path has an escape"},
	{URL "path = /%5C\n", "f:3: the path has an escape"},
	{URL "path = /%00\n", "f:3: the path has an escape"},
	{URL "path = /%25\n", "f:3: the path has an escape"},
	{URL "path = /%c3%a4\n", "f:3: the path has an escape"},
	{URL "path = /%8F\n", "f:3: the path's escapes are not UTF-8"},
	{URL "path = /%C2%85\n", "f:3: the path's escapes are not UTF-8"},
	{URL "path = /..;x/\n", "f:3: the path has '.' or '..'"},
	{URL "path = /%4\n", "f:3: the path has an escape"},
	{URL "path = /a/../b\n", "f:3: the path has '.' or '..'"},
	{URL "path = /./b\n", "f:3: the path has '.' or '..'"},
	{URL "path = //b\n", "f:3: the path has '//'"},
	{URL "path = /a\npath = /a\n", "f:4: the same 'path' is in line 3 already"},
	{"url = https://a.example/npm/\npath = /@scope/\n", "f:3: the pattern is not below"},
	{"url = https://a.example/npm/\npath = /npm\n", "f:3: the pattern is not below"},
	{"url = https://a.example/npm/\npost = /**/audit\n", "f:3: the pattern is not below"},
	{"url = https://a.example/a/\nurl = https://b.example/b/\npath = /a/x\n",
		"f:3: no 'path' is below this url"},
	{URL "private = true\n", "f:3: 'private' is neither yes nor no"},
	{URL "private = 1\n", "f:3: 'private' is neither yes nor no"},
	{URL "private =\n", "f:3: 'private' is neither yes nor no"},
	{URL "description =\n", "f:3: the description is empty"},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct registry r = {0};
		struct error e;
		char text[512];

		snprintf(text, sizeof(text), "[registry]\n%s", bad[i].body);
		if (read_text("n", text, &r, &e) == 0)
			fail_msg("%s was taken", text);
		if (strstr(e.what, bad[i].message) == NULL)
			fail_msg("%s: %s", text, e.what);
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_true(e.hint[0] != '\0');
		assert_null(strstr(e.what, "secret"));
		assert_null(strstr(e.hint, "secret"));
		assert_null(r.name);
	}
}

static void test_names(void **state)
{
	static const char *const fine[] = {"n", "npm", "a.b-c", "9"};
	static const char *const wrong[] = {"", ".", "..", ".a", "-a", "a/b", "a b", "a_b", "a\n",
		"\u00e4", "12345678901234567890123456789012345678901234567890"};
	struct registry r = {0};
	struct error e;

	(void)state;
	for (size_t i = 0; i < array_size(fine); i++)
		assert_true(registry_name_holds(fine[i]));
	for (size_t i = 0; i < array_size(wrong); i++) {
		assert_false(registry_name_holds(wrong[i]));
		assert_int_equal(read_text(wrong[i], "[registry]\n" URL, &r, &e), -1);
	}
}

static void test_limits(void **state)
{
	static const char *const keys[] = {"path", "post"};

	(void)state;
	for (size_t k = 0; k < array_size(keys); k++)
		for (int count = RULE_PATTERNS; count <= RULE_PATTERNS + 1; count++) {
			_cleanup_(registry_deinit) struct registry r = {0};
			_cleanup_(buf_deinit) struct buf text = BUF_INIT;
			struct error e;

			buf_puts(&text, "[registry]\n" URL);
			for (int i = 0; i < count; i++)
				buf_printf(&text, "%s = /%d\n", keys[k], i);
			assert_int_equal(
				read_text("n", text.data, &r, &e), count > RULE_PATTERNS ? -1 : 0);
		}
	assert_int_equal((int)REGISTRY_PATTERNS_MAX, (int)RULE_PATTERNS);
	assert_int_equal((int)REGISTRY_METHODS_MAX, (int)RULE_METHODS);
	assert_int_equal((int)REGISTRY_RULES_MAX, (int)RULES_MAX);
}

/* The url is the longest that a line can hold. */
static void test_long_url(void **state)
{
	char url[REGISTRY_URL_ROOM * 2], out[REGISTRY_URL_ROOM];

	(void)state;
	for (size_t n = 1; n < sizeof(url) - 20; n++) {
		snprintf(url, sizeof(url), "https://a.example/%0*d", (int)n, 0);
		if (registry_check_url(url, out) == NULL)
			assert_true(strlen(out) < sizeof(out) && out[strlen(out) - 1] == '/');
		else
			assert_true(strlen(url) > 200);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
