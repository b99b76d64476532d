/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what was asked for, as files of registries: exact while it is little,
 * a directory when it is much, and nothing of what could say more than it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/learn.h"
#include "gateway/rule.h"

static const struct rules none;

/* As the gateway does it: judged, then told what became of it. */
static bool ask(const char *host, unsigned short port, const char *method, const char *target)
{
	const char *why = NULL;
	bool tls = port != 80;
	const struct rule *rule = learn_allow(&none, false, host, port, tls, method, target, &why);
	const struct learned l = {host, port, tls, method, target, rule == NULL, false, true};

	assert_true((rule == NULL) == (why != NULL));
	learn_note(&l);
	return rule != NULL;
}

static void get(const char *host, const char *target)
{
	assert_true(ask(host, 443, "GET", target));
}

/* The text of the file of that name, or NULL. */
static const char *file(const struct buf *all, const char *name)
{
	const char *at = all->data, *end = all->data + all->size;

	while (at < end) {
		const char *text = at + strlen(at) + 1;

		if (strcmp(at, name) == 0)
			return text;
		at = text + strlen(text) + 1;
	}
	return NULL;
}

static void check(const char *name, const char *wanted)
{
	_cleanup_(buf_deinit) struct buf all = BUF_INIT;
	const char *text;

	learn_print(&all);
	assert_true(buf_ok(&all));
	text = file(&all, name);
	assert_non_null(text);
	assert_string_equal(text, wanted);
}

#define TOP "; by 'cupel registry learn'; see cupel.registry(5)\n[registry]\n"

static void test_few(void **state)
{
	(void)state;
	get("few.test", "/a/b?query=1");
	get("few.test", "/a/c/");
	get("few.test", "/a/b?other");
	check("learned-few.test", TOP "url = https://few.test:443/a/\npath = /a/b\n"
				      "path = /a/c/*\nprivate = no\n");
	assert_true(ask("few.test", 80, "HEAD", "/"));
	check("learned-few.test-80", TOP "url = http://few.test:80/\npath = /*\nprivate = no\n");
}

static void test_many(void **state)
{
	char path[32];

	(void)state;
	for (int i = 0; i < 9; i++) {
		snprintf(path, sizeof(path), "/pool/main/%d.deb", i);
		get("many.test", path);
	}
	check("learned-many.test",
		TOP "url = https://many.test:443/pool/main/\n"
		    "; more than a few paths, so all that is below\nprivate = no\n");
	get("many.test", "/pool/x");
	check("learned-many.test",
		TOP "url = https://many.test:443/pool/\n"
		    "; more than a few paths, so all that is below\nprivate = no\n");
}

static void test_git(void **state)
{
	(void)state;
	get("git.test", "/r.git/info/refs?service=git-upload-pack");
	assert_true(ask("git.test", 443, "POST", "/r.git/git-upload-pack"));
	assert_false(ask("git.test", 443, "POST", "/r.git/git-receive-pack"));
	assert_false(ask("git.test", 443, "GET", "/r.git/info/refs?service=git-receive-pack"));
	assert_false(ask("git.test", 443, "POST", "/other"));
	check("learned-git.test",
		TOP "url = https://git.test:443/r.git/\npath = /r.git/info/refs\n"
		    "post = /r.git/git-upload-pack\nprivate = no\n"
		    "; refused: POST /r.git/git-receive-pack\n"
		    ";   post = /r.git/git-receive-pack would allow it, with what is in its body\n"
		    "; refused: GET /r.git/info/refs\n; refused: POST /other\n"
		    ";   post = /other would allow it, with what is in its body\n");
	assert_true(ask("post.test", 443, "POST", "/r/git-upload-pack"));
	check("learned-post.test", TOP "url = https://post.test:443/r/\n"
				       "post = /r/git-upload-pack\npath = /r/git-upload-pack\n"
				       "private = no\n");
}

/* None of these is as the gateway would hand it over; it must not matter. */
static void test_hostile(void **state)
{
	static const char *const targets[] = {"/a\n[registry]\nurl = https://evil.test/",
		"/a\rurl = https://evil.test/", "/a;b", "/a#b", "/*", "/**", "/a*b", "/[registry]",
		"/a b", "/\"", "/a\x7f", "/a\xff", "/a\tb", "/{x}"};

	(void)state;
	for (size_t i = 0; i < array_size(targets); i++) {
		const struct learned l = {
			"evil.test", 443, true, "GET", targets[i], i % 2 == 1, false, true};

		learn_note(&l);
	}
	check("learned-evil.test",
		TOP "url = https://evil.test:443/\n"
		    "; more than a few paths, so all that is below\nprivate = no\n"
		    "; refused: more than is shown here\n");
}

static void test_methods(void **state)
{
	static const char *const methods[] = {"#", "*", "|", "`", "^"};
	const struct learned options = {"words.test", 443, true, "OPTIONS", "/x", true};

	(void)state;
	get("words.test", "/x");
	learn_note(&options);
	for (size_t i = 0; i < array_size(methods); i++) {
		const struct learned l = {"words.test", 443, true, methods[i], "/x", true};

		learn_note(&l);
	}
	check("learned-words.test", TOP "url = https://words.test:443/\npath = /x\nprivate = no\n"
					"; refused: OPTIONS /x\n"
					";   method = OPTIONS would allow it, beside GET and HEAD\n"
					"; refused: more than is shown here\n");
}

static void test_hosts(void **state)
{
	static const char *const hosts[] = {"-bad.test", "un_der.test", "bad.test\nurl", "[x]", "",
		"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.test"};
	_cleanup_(buf_deinit) struct buf all = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < array_size(hosts); i++) {
		const struct learned l = {hosts[i], 443, true, "GET", "/x", false, false, true};

		learn_note(&l);
		learn_note_distrust(hosts[i], 443);
	}
	learn_print(&all);
	for (size_t i = 0; i < array_size(hosts); i++)
		assert_null(hosts[i][0] == '\0'
				    ? NULL
				    : memmem(all.data, all.size, hosts[i], strlen(hosts[i])));
	assert_non_null(strstr(file(&all, ""), "; a host is left out"));
}

static void test_tunnel(void **state)
{
	const struct rule tunnel = {
		.host = "tunnel.test", .port = 443, .mode = RULE_TUNNEL, .private_addresses = true};
	const struct rule raw = {.host = "raw.test", .port = 9418, .mode = RULE_RAW};

	(void)state;
	learn_note_tunnel(&tunnel);
	check("learned-tunnel.test",
		TOP "url = https://tunnel.test:443/\nmode = tunnel\nprivate = yes\n");
	learn_note_tunnel(&raw);
	check("learned-raw.test-9418",
		TOP "url = tcp://raw.test:9418/\nmode = raw\nprivate = no\n");
}

/* The last: there is no more room afterwards. */
static void test_full(void **state)
{
	_cleanup_(buf_deinit) struct buf all = BUF_INIT;
	char host[32];
	const char *why = NULL;

	(void)state;
	for (int i = 0; i < 300; i++) {
		snprintf(host, sizeof(host), "n%d.test", i);
		(void)ask(host, 443, "GET", "/x");
	}
	assert_null(learn_allow(&none, false, "one-more.test", 443, true, "GET", "/x", &why));
	assert_string_equal(why, "more hosts than can be learned");
	learn_print(&all);
	assert_non_null(strstr(file(&all, ""), "; there were more hosts"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_git),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_tunnel),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
