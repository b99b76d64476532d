/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: rules as the runner writes them, lines that are almost such, and
 * requests that must not get by: other places, methods, paths, and "git push".
 */
#include "tests/unit/base/helper.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/rule.h"
#include "plan/builder.h"

#define NPM "name=npm url=https://npm.example:443/ mode=inspect "
#define END "private=no from=npm.ini:2"

static int read_lines(const char *const *lines, uint32_t count, struct rules *r, struct error *e)
{
	static const char *const command[] = {"true"};
	_cleanup_(plan_builder_deinit) struct plan_builder b;
	_cleanup_(fd_closep) int fd = -1;
	const struct plan *p;

	plan_builder_init(&b);
	b.head.command = plan_add_list(&b, command, 1);
	b.head.cupel = b.head.name = b.head.directory = b.head.hostname = b.head.image_digest =
		b.head.builder_id = b.head.replay = b.head.seccomp = b.head.seccomp_digest =
			b.head.range = b.head.range6 = plan_add_string(&b, "/");
	b.head.environment = b.head.outputs = plan_add_list(&b, NULL, 0);
	b.head.registries = plan_add_list(&b, lines, count);
	fd = plan_seal(&b, e);
	if (fd < 0)
		fail_msg("%s", e->what);
	p = plan_map(fd, e);
	assert_non_null(p);
	return rules_read(p, r, e);
}

static void read_all(const char *const *lines, uint32_t count, struct rules *r)
{
	struct error e = {0};

	if (read_lines(lines, count, r, &e) < 0)
		fail_msg("%s", e.what);
	assert_int_equal(r->count, count);
}

static void test_read(void **state)
{
	static const char *const lines[] = {
		"name=npm url=https://npm.example:443/ mode=inspect method=GET method=HEAD path=/ "
		"path=/@a/ post=/-/npm/v1/security/advisories/bulk private=no from=r/npm.ini:2",
		"name=b url=http://10.0.0.1:8080/x/y/ mode=http private=yes from=b:1",
		"name=c url=https://c.example:443/ mode=tunnel private=no from=c:1",
	};
	_cleanup_(rules_deinit) struct rules r = {0};
	const struct rule *n;

	(void)state;
	read_all(lines, 3, &r);
	n = &r.rules[0];
	assert_string_equal(n->name, "npm");
	assert_string_equal(n->host, "npm.example");
	assert_string_equal(n->path, "/");
	assert_string_equal(n->from, "r/npm.ini:2");
	assert_true(n->tls && n->port == 443 && n->mode == RULE_INSPECT && !n->private_addresses);
	assert_true(n->method_count == 2 && n->path_count == 2 && n->post_count == 1);
	assert_string_equal(n->methods[1], "HEAD");
	assert_string_equal(n->paths[1], "/@a/");
	assert_string_equal(n->posts[0], "/-/npm/v1/security/advisories/bulk");
	n = &r.rules[1];
	assert_string_equal(n->host, "10.0.0.1");
	assert_string_equal(n->path, "/x/y/");
	assert_true(!n->tls && n->port == 8080 && n->mode == RULE_HTTP && n->private_addresses);
	assert_true(n->method_count == 0 && n->path_count == 0 && n->post_count == 0);
	assert_int_equal(r.rules[2].mode, RULE_TUNNEL);
	assert_ptr_equal(rules_find(&r, "10.0.0.1", 8080), n);
	assert_null(rules_find(&r, "10.0.0.1", 80));
	assert_null(rules_find(&r, "example", 443));
	assert_null(rules_find(&r, "x.npm.example", 443));
}

static void test_read_locked(void **state)
{
	static const char *const lines[] = {
		NPM "path=/ post=/p digest=lock unlocked=/x/ unlocked=/*/y " END,
		"name=b url=https://b.example:443/ mode=inspect " END,
	};
	_cleanup_(rules_deinit) struct rules r = {0};
	const struct rule *n;

	(void)state;
	read_all(lines, 2, &r);
	n = &r.rules[0];
	assert_true(n->locked);
	assert_int_equal(n->unlocked_count, 2);
	assert_true(rule_unlocks(n, "/x/1?y"));
	assert_true(rule_unlocks(n, "/a/y"));
	assert_false(rule_unlocks(n, "/x"));
	assert_false(rule_unlocks(n, "/a/b/y"));
	assert_false(r.rules[1].locked);
	assert_false(rule_unlocks(&r.rules[1], "/"));
}

static void test_read_none(void **state)
{
	_cleanup_(rules_deinit) struct rules r = {0};

	(void)state;
	read_all(NULL, 0, &r);
	assert_null(rules_find(&r, "a", 443));
}

static const char *const malformed[] = {
	"",
	" ",
	"name=npm",
	NPM,
	NPM "private=no",
	NPM END " ",
	NPM " " END,
	" " NPM END,
	NPM END " x=y",
	NPM END " from=b:1",
	NPM "private=no private=no from=a:1",
	NPM "private=maybe from=a:1",
	NPM "private=no from=",
	NPM "color=red " END,
	NPM "path " END,
	NPM "path=/a\tb " END,
	NPM "method= " END,
	NPM "method=get " END,
	NPM "method=GET,HEAD " END,
	NPM "path=/ method=GET " END, /* out of order */
	NPM "post=/a path=/ " END,
	NPM "path= " END,
	NPM "path=a/ " END,
	NPM "path=/a/../b " END,
	NPM "path=/a//b " END,
	NPM "path=/%61/ " END, /* could never match */
	NPM "path=/a%2f " END,
	NPM "path=/a?b=c " END,
	NPM "path=/%c3%bc " END,
	NPM "post=x " END,
	NPM "digest=record " END, /* what is not said */
	NPM "digest=lock digest=lock " END,
	NPM "digest= " END,
	NPM "unlocked=/a/ " END,
	NPM "unlocked=/a/ digest=lock " END,
	NPM "digest=lock unlocked=a " END,
	NPM "digest=lock path=/ " END,
	"name=npm url=https://npm.example:443/ mode=tunnel digest=lock " END,
	"name= url=https://npm.example:443/ mode=inspect " END,
	"url=https://npm.example:443/ name=npm mode=inspect " END,
	"name=npm mode=inspect url=https://npm.example:443/ " END,
	"name=npm url=https://npm.example:443/ mode=INSPECT " END,
	"name=npm url=https://npm.example:443/ mode=raw " END,
	"name=npm url=https://npm.example:443/ mode=http " END,
	"name=npm url=http://npm.example:80/ mode=inspect " END,
	"name=npm url=http://npm.example:80/ mode=tunnel " END,
	"name=npm url=http://npm.example:80/ mode=raw " END,
	"name=npm url=https://npm.example:443/ mode=raw " END,
	"name=npm url=tcp://npm.example:22/ mode=tunnel " END,
	"name=npm url=tcp://npm.example:22/ mode=http " END,
	"name=npm url=tcp://npm.example:22/x/ mode=raw " END,
	"name=npm url=tcp://npm.example:22 mode=raw " END,
	"name=npm url=tcp://npm.example:022/ mode=raw " END,
	"name=npm url=tcp://npm.example:65536/ mode=raw " END,
	"name=npm url=tcp://npm.example:-1/ mode=raw " END,
	"name=npm url=tcp://npm.example/ mode=raw " END,
	"name=npm url=tcp://NPM.example:22/ mode=raw " END,
	"name=npm url=tcp://a@npm.example:22/ mode=raw " END,
	"name=npm url=https://npm.example/ mode=inspect " END,
	"name=npm url=https://npm.example/a:443/ mode=inspect " END,
	"name=npm url=https://npm.example:443 mode=inspect " END,
	"name=npm url=https://npm.example:443/a mode=inspect " END,
	"name=npm url=https://npm.example:443/a/../ mode=inspect " END,
	"name=npm url=https://npm.example:443/?a/ mode=inspect " END,
	"name=npm url=https://npm.example:443?a/ mode=inspect " END,
	"name=npm url=https://NPM.example:443/ mode=inspect " END,
	"name=npm url=https://npm.example.:443/ mode=inspect " END,
	"name=npm url=https://u@npm.example:443/ mode=inspect " END,
	"name=npm url=https://*.example:443/ mode=inspect " END,
	"name=npm url=HTTPS://npm.example:443/ mode=inspect " END,
	NPM END "\n",
	NPM "private=no from=\xff",
};

static void test_malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(malformed); i++) {
		const char *lines[] = {NPM END, malformed[i]};
		struct rules r = {0};
		struct error e = {0};

		if (read_lines(lines, 2, &r, &e) != -1)
			fail_msg("taken: %s", malformed[i]);
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_true(e.what[0] != '\0' && r.rules == NULL);
	}
}

/* One more of each than there is room for. */
static void check_too_many(const char *field, size_t max)
{
	char line[4096];
	const char *lines[] = {line};
	struct rules r = {0};
	struct error e = {0};

	for (size_t count = max; count <= max + 1; count++) {
		size_t size = strlen(NPM);

		memcpy(line, NPM, size);
		for (size_t i = 0; i < count; i++) {
			memcpy(line + size, field, strlen(field));
			size += strlen(field);
		}
		memcpy(line + size, END, sizeof(END));
		assert_int_equal(read_lines(lines, 1, &r, &e), count == max ? 0 : -1);
		if (count == max)
			rules_deinit(&r);
	}
}

static void test_too_many(void **state)
{
	const char *lines[RULES_MAX + 1];
	struct rules r = {0};
	struct error e = {0};

	(void)state;
	check_too_many("method=GET ", RULE_METHODS);
	check_too_many("path=/a ", RULE_PATTERNS);
	check_too_many("post=/a ", RULE_PATTERNS);
	for (size_t i = 0; i <= RULES_MAX; i++)
		lines[i] = NPM END;
	assert_int_equal(read_lines(lines, RULES_MAX + 1, &r, &e), -1);
	read_all(lines, RULES_MAX, &r);
	rules_deinit(&r);
}

static void test_disagreement(void **state)
{
	static const char *const lines[] = {
		NPM END, "name=b url=https://npm.example:443/ mode=tunnel private=no from=b:1"};
	static const char *const fine[] = {
		NPM END, "name=b url=https://npm.example:444/ mode=tunnel private=no from=b:1"};
	struct rules r = {0};
	struct error e = {0};

	(void)state;
	assert_int_equal(read_lines(lines, 2, &r, &e), -1);
	assert_non_null(strstr(e.what, "'npm' and 'b' have different modes"));
	read_all(fine, 2, &r);
	rules_deinit(&r);
}

static const char *const rule_lines[] = {
	/* 0 */ "name=npm url=https://npm.example:443/ mode=inspect "
		"post=/-/npm/v1/security/advisories/bulk private=no from=a:1",
	/* 1 */ "name=below url=https://b.example:443/debian/ mode=inspect private=no from=b:1",
	/* 2 */
	"name=git url=https://git.example:443/ mode=inspect path=/org/ "
	"post=/org/**/git-upload-pack private=no from=c:1",
	/* 3 */
	"name=all url=https://all.example:443/ mode=inspect method=GET method=PUT "
	"method=POST method=CONNECT method=TRACE method=DELETE post=/** private=no "
	"from=d:1",
	/* 4 */
	"name=two url=https://git.example:443/ mode=inspect method=OPTIONS path=/other/* "
	"private=no from=e:1",
};

static const struct {
	const char *host;
	unsigned short port;
	const char *method, *target;
	int rule; /* -1: refused */
	const char *why;
	int nearest;
} requests[] = {
	{"npm.example", 443, "GET", "/left-pad", 0, NULL, 0},
	{"npm.example", 443, "HEAD", "/@a%2Fb?c", 0, NULL, 0},
	{"npm.example", 443, "POST", "/-/npm/v1/security/advisories/bulk", 0, NULL, 0},
	{"npm.example", 443, "POST", "/-/npm/v1/security/advisories/bulk/x", -1,
		"POST is not allowed for this path", 0},
	{"npm.example", 443, "POST", "/x?/-/npm/v1/security/advisories/bulk", -1,
		"POST is not allowed for this path", 0},
	{"npm.example", 443, "PUT", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "PATCH", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "DELETE", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "CONNECT", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "TRACE", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "OPTIONS", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "get", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 443, "", "/left-pad", -1, "no rule allows this method", 0},
	{"npm.example", 80, "GET", "/", -1, "no rule is for this port of the host", 0},
	{"example", 443, "GET", "/", -1, "no rule is for this host", -1},
	{"xnpm.example", 443, "GET", "/", -1, "no rule is for this host", -1},
	{"npm.example.evil", 443, "GET", "/", -1, "no rule is for this host", -1},
	{"", 443, "GET", "/", -1, "no rule is for this host", -1},
	{"b.example", 443, "GET", "/debian/x", 1, NULL, 1},
	{"b.example", 443, "GET", "/debian", -1, "no rule allows this path", 1},
	{"b.example", 443, "GET", "/other?/debian/", -1, "no rule allows this path", 1},
	{"git.example", 443, "GET", "/org/a/info/refs?service=git-upload-pack", 2, NULL, 2},
	{"git.example", 443, "POST", "/org/a/git-upload-pack", 2, NULL, 2},
	{"git.example", 443, "POST", "/evil/a/git-upload-pack", -1,
		"POST is not allowed for this path", 2},
	{"git.example", 443, "GET", "/evil/a", -1, "no rule allows this path", 2},
	{"git.example", 443, "OPTIONS", "/other/a", 4, NULL, 4},
	{"git.example", 443, "GET", "/other/a", -1, "no rule allows this method", 4},
	{"all.example", 443, "PUT", "/a", 3, NULL, 3},
	{"all.example", 443, "DELETE", "/a", 3, NULL, 3},
	{"all.example", 443, "POST", "/a", 3, NULL, 3},
	{"all.example", 443, "HEAD", "/a", -1, "no rule allows this method", 3},
	{"all.example", 443, "CONNECT", "/a", -1, "no rule allows this method", 3},
	{"all.example", 443, "TRACE", "/a", -1, "no rule allows this method", 3},
	/* pushing, in all its spellings, also where POST is allowed everywhere */
	{"all.example", 443, "POST", "/a/git-receive-pack", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/a/git-receive-pack/", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/a/git-receive-pack;x", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/a/git-receive-pack%3Bx", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/a/git-receive-pack?x", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/a/GIT-Receive-Pack", -1, "git push is refused", 3},
	{"all.example", 443, "POST", "/@a%2Fgit-receive-pack", -1, "git push is refused", 3},
	{"all.example", 443, "GET", "/a/info/refs?service=git-receive-pack", -1,
		"git push is refused", 3},
	{"all.example", 443, "GET", "/a/info/refs?x&service=git-receive-pack&y", -1,
		"git push is refused", 3},
	{"all.example", 443, "GET", "/a/info/refs?s%65rvice%3Dgit%2Dreceive%2dpack", -1,
		"git push is refused", 3},
	{"all.example", 443, "GET", "/a/info/refs?SERVICE=git-receive-pack", -1,
		"git push is refused", 3},
	{"all.example", 443, "GET", "/a/info/refs?service=git-receive-pac", 3, NULL, 3},
	{"all.example", 443, "GET", "/a/git-receive-packs", 3, NULL, 3},
	{"all.example", 443, "GET", "/a?%", 3, NULL, 3},
};

static void test_allow(void **state)
{
	_cleanup_(rules_deinit) struct rules r = {0};

	(void)state;
	read_all(rule_lines, array_size(rule_lines), &r);
	for (size_t i = 0; i < array_size(requests); i++) {
		const struct rule *nearest = NULL, *found;
		const char *why = NULL;

		found = rules_allow(&r, requests[i].host, requests[i].port, requests[i].method,
			requests[i].target, &why, &nearest);
		if ((found == NULL ? -1 : found - r.rules) != requests[i].rule)
			fail_msg("%zu: %s %s: %s", i, requests[i].method, requests[i].target, why);
		if (found != NULL)
			continue;
		if (strcmp(why, requests[i].why) != 0)
			fail_msg("%zu: %s: %s", i, requests[i].target, why);
		assert_int_equal(nearest == NULL ? -1 : nearest - r.rules, requests[i].nearest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_none),
		cmocka_unit_test(test_read_locked),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_disagreement),
		cmocka_unit_test(test_allow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
