/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the gateway fetched, from the signer's statement to the
 * verifier's judgement. Everything that must be refused is one case in a table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "attest/dsse.h"
#include "attest/judge.h"
#include "attest/statement.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/plan.h"
#include "sample.h"

#define URL "https://reg.example/"
#define OID "cccccccccccccccccccccccccccccccccccccccc"
#define OBJECT "git+https://reg.example/a.git@" OID " - - - - git - - - -\n"
#define LINE(name) URL name " " SAMPLE_HELLO_SHA256 " - 1 - npm - 200 whole -\n"

/* The statement of a trusted build; tunnel tells whether it went through one. */
static void build(bool tunnel, struct buf *out)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	struct error e;

	sample_input_trusted(&in, tunnel ? SAMPLE_FETCHED SAMPLE_TUNNEL : SAMPLE_FETCHED);
	if (statement_build(&in, out, &e) < 0)
		fail_msg("%s", e.what);
}

static void contains(const struct buf *text, const char *part)
{
	if (strstr(text->data, part) == NULL)
		fail_msg("'%s' is not in %s", part, text->data);
}

static void test_statement(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	json_t *root;
	char *sorted;

	(void)state;
	build(true, &out);
	contains(&out,
		"\"networkMode\":\"trusted\",\"onDeny\":\"fail\",\"registries\":[\"name=npm url="
		"https://reg.example:443/ mode=inspect method=GET private=no from=npm.ini:2\","
		"\"name=git url=https://tunnel.example:443/ mode=tunnel private=no "
		"from=git.ini:1\"],\"rootfs\"");
	contains(&out,
		"{\"annotations\":{\"cupel_registry\":\"deb\",\"cupel_size\":\"10\"},\"digest\":"
		"{\"sha256\":\"" SAMPLE_HELLO_SHA256 "\"},\"downloadLocation\":"
		"\"http://deb.example/pool/a.deb\",\"uri\":\"http://deb.example/pool/a.deb\"},"
		"{\"annotations\":{\"cupel_registry\":\"npm\",\"cupel_size\":\"2487\"},\"digest\":"
		"{\"sha256\":\"" SAMPLE_HELLO_SHA256 "\",\"sha512\":\"" SAMPLE_SHA512 "\"},"
		"\"downloadLocation\":\"https://reg.example/-/a-1.tgz\",\"mediaType\":"
		"\"application/gzip\",\"uri\":\"pkg:npm/a@1\"},"
		"{\"annotations\":{\"cupel_inspected\":false,\"cupel_registry\":\"git\"},"
		"\"downloadLocation\":\"https://tunnel.example:443\",\"uri\":"
		"\"https://tunnel.example:443\"}]},\"runDetails\"");
	contains(&out, "\"name\":\"log\"},{\"annotations\":{\"cupel_allowed\":5,\"cupel_denied\":0,"
		       "\"cupel_failed\":1,\"cupel_uninspected\":1},\"digest\":{\"sha256\":\"bbbb");
	contains(&out, "\"mediaType\":\"application/x-ndjson\",\"name\":\"network\"},");
	root = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	sorted = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(out.data, sorted);
	free(sorted);
	json_decref(root);
}

/* What is less than it seems says so, and what git asked for is named by git's own digest. */
static void test_honest(void **state)
{
	static const char text[] =
		OBJECT "http://deb.example/pool/a.deb " SAMPLE_HELLO_SHA256
		       " - 10 - deb pkg:deb/debian/a@1 200 cut http://deb.example/InRelease\n" URL
		       "a " SAMPLE_HELLO_SHA256 " - 1 - npm - 206 whole -\n" URL
		       "b " SAMPLE_HELLO_SHA256 " - 1 - npm - 404 whole -\n";
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e;

	(void)state;
	sample_input_trusted(&in, text);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	contains(&out, "{\"annotations\":{\"cupel_registry\":\"git\"},\"digest\":{\"gitCommit\":"
		       "\"" OID "\"},\"uri\":\"git+https://reg.example/a.git@" OID "\"}");
	contains(&out, "{\"annotations\":{\"cupel_complete\":false,\"cupel_index\":"
		       "\"http://deb.example/InRelease\",\"cupel_registry\":\"deb\",");
	contains(&out, "{\"annotations\":{\"cupel_complete\":false,\"cupel_registry\":\"npm\","
		       "\"cupel_size\":\"1\",\"cupel_status\":\"206\"}");
	contains(&out, "{\"annotations\":{\"cupel_registry\":\"npm\",\"cupel_size\":\"1\","
		       "\"cupel_status\":\"404\"}");
}

static void refuses(struct statement_input *in, const char *because, enum error_kind kind)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e = {0};

	if (statement_build(in, &out, &e) == 0)
		fail_msg("signed, although '%s'", because);
	if (strstr(e.what, because) == NULL || strstr(e.what, "refusing to sign") == NULL)
		fail_msg("refused because '%s', not because '%s'", e.what, because);
	if (kind != ERROR_KIND_COUNT)
		assert_int_equal(e.kind, kind);
}

static void test_refuses_dependencies(void **state)
{
	static const struct {
		const char *text, *because;
	} cases[] = {
		{LINE("b") LINE("a"), "not sorted"},
		{LINE("a") LINE("a"), "twice"},
		/* The same thing, as if it were another. */
		{LINE("a") URL "a " SAMPLE_HELLO_SHA256 " - 2 - - - 200 whole -\n", "twice"},
		{URL "a short - 1 - - - 200 whole -\n", "malformed"},
		{LINE("a") "x", "cut"},
		{LINE("1") LINE("2") LINE("3") LINE("4") LINE("5") LINE("6") LINE("7"), "counted"},
		{"https://a.example:443 - - - - - - - - -\nhttps://b.example:443 - - - - - - - - "
		 "-\n",
			"more tunnels"},
		{OBJECT, "without what they came in"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(sample_input_deinit) struct statement_input in;

		sample_input_trusted(&in, cases[i].text);
		refuses(&in, cases[i].because, ERROR_KIND_COUNT);
	}
}

/* Whatever was let through to learn from it is trusted by nobody. */
static void test_refuses_learning(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(fd_closep) int fd = sample_plan_learn(SAMPLE_ID);
	struct error e;

	(void)state;
	sample_input_trusted(&in, SAMPLE_FETCHED);
	in.plan = plan_map(fd, &e);
	assert_non_null(in.plan);
	refuses(&in, "a build that learns is not attested", ERROR_KIND_COUNT);
}

static void test_refuses_counts(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
		const char *because;
		enum error_kind kind;
	} cases[] = {
		{offsetof(struct sign_record, requests_uninspected), 6, "more tunnels",
			ERROR_OUTPUT},
		{offsetof(struct sign_record, requests_allowed), UINT64_C(1) << 53, "absurd",
			ERROR_OUTPUT},
		{offsetof(struct sign_record, requests_failed), UINT64_MAX, "absurd", ERROR_OUTPUT},
		{offsetof(struct sign_record, requests_denied), 1, "1 requests were denied",
			ERROR_POLICY},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(sample_input_deinit) struct statement_input in;

		sample_input_trusted(&in, SAMPLE_FETCHED);
		memcpy((char *)&in.record + cases[i].offset, &cases[i].value, sizeof(uint64_t));
		refuses(&in, cases[i].because, cases[i].kind);
	}
}

/* Denied requests are no reason when the plan says that they are only recorded. */
static void test_on_deny_continue(void **state)
{
	_cleanup_(fd_closep) int fd = sample_plan_trusted(SAMPLE_ID, PLAN_ON_DENY_CONTINUE);
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e;

	(void)state;
	sample_input_trusted(&in, SAMPLE_FETCHED);
	in.plan = plan_map(fd, &e);
	in.record.requests_denied = 3;
	assert_int_equal(statement_build(&in, &out, &e), 0);
	contains(&out, "\"onDeny\":\"continue\"");
	contains(&out, "\"cupel_denied\":3");
}

/* A record without network, a network without record. */
static void test_refuses_what_does_not_agree(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input none, trusted;

	(void)state;
	sample_input(&none, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	none.record.requests_failed = 1;
	refuses(&none, "without network", ERROR_OUTPUT);
	none.record.requests_failed = 0;
	none.dependencies = strdup("");
	refuses(&none, "without network", ERROR_OUTPUT);
	sample_input_trusted(&trusted, SAMPLE_FETCHED);
	trusted.dependencies[3] = '\0';
	refuses(&trusted, "NUL", ERROR_OUTPUT);
	trusted.network_sha256[0] = '\0';
	refuses(&trusted, "no record of the network", ERROR_OUTPUT);
	memset(trusted.network_sha256, 'b', 64);
	cleanup_freep(&trusted.dependencies);
	trusted.dependencies = NULL;
	refuses(&trusted, "no record of the network", ERROR_OUTPUT);
}

/* What no verifier would read is not signed. */
static void test_refuses_what_is_too_large(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	char path[4001];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, URL "%04d%s " SAMPLE_HELLO_SHA256 " - 1 - - - 200 whole -\n", i,
			path);
	sample_input_trusted(&in, text.data);
	in.record.requests_allowed = 3000;
	refuses(&in, "larger than", ERROR_OUTPUT);
}

struct demand {
	const char *network, *host, *registry;
	bool inspected;
};

/* How the checks of one (unsigned) statement ended: "" when they are good, else the failed. */
static void judge(const char *statement, const struct demand *d, char failed[256])
{
	const char *networks[] = {d->network, "other"}, *hosts[] = {"deb.example", d->host},
		   *registries[] = {d->registry};
	const struct verify_policy policy = {.threshold = 1,
		.at_ms = 1700000100000,
		.max_denied = UINT64_MAX,
		.predicate_type = STATEMENT_PROVENANCE,
		.networks = {networks, d->network != NULL ? 2 : 0},
		.hosts = {hosts, d->host != NULL ? 2 : 0},
		.registries = {registries, d->registry != NULL ? 1 : 0},
		.require_inspected = d->inspected};
	struct trusted_key key = {.key = sample_key()};
	const struct trust trust = {&key, 1};
	struct target target = {.path = "bin/hello", .fd = -1, .sha256 = SAMPLE_HELLO_SHA256};
	const struct judgement j = {&policy, &trust, &target, "bin/hello"};
	_cleanup_(report_deinit) struct report r = REPORT_INIT;
	const bool good = true;

	judge_payload(&j, statement, strlen(statement), &good, &r);
	failed[0] = '\0';
	for (size_t i = r.count; i-- > 0;)
		if (!r.checks[i].ok)
			snprintf(failed, 256, "%s: %s", r.checks[i].name, r.checks[i].found);
	assert_int_equal(report_verdict(&r), failed[0] == '\0' ? VERDICT_GOOD : VERDICT_BAD);
	key_deinit(&key.key);
}

static void replace(const char *text, const char *from, const char *to, struct buf *out)
{
	const char *at = strstr(text, from);

	if (at == NULL)
		fail_msg("'%s' is not in %s", from, text);
	buf_append(out, text, (size_t)(at - text));
	buf_puts(out, to);
	buf_puts(out, at + strlen(from));
}

static void expect(const char *statement, const struct demand *d, const char *wanted)
{
	char failed[256];

	judge(statement, d, failed);
	if (wanted[0] == '\0' ? failed[0] != '\0' : strstr(failed, wanted) == NULL)
		fail_msg("'%s' failed, not '%s'", failed, wanted);
}

static void test_demands(void **state)
{
	static const struct {
		bool tunnel;
		struct demand demand;
		const char *failed;
	} cases[] = {
		{true, {0}, ""},
		{false, {.network = "trusted"}, ""},
		{false, {.network = "other"}, "network mode: trusted"},
		{false, {.network = "none"}, "network mode: trusted"},
		{false, {.network = "trust"}, "network mode: trusted"},
		{false, {.inspected = true}, ""},
		{true, {.inspected = true}, "inspected: https://tunnel.example:443, not inspected"},
		{false, {.host = "reg.example"}, ""},
		{false, {.host = "REG.example"}, ""},
		{false, {.host = "eg.example"}, "download hosts: https://reg.example/-/a-1.tgz"},
		{false, {.host = "reg.example.org"}, "download hosts: https://reg.example/"},
		{true, {.host = "reg.example"}, "download hosts: https://tunnel.example:443"},
		{false, {.registry = "https://reg.example"}, "registries: http://deb.example/"},
	};
	_cleanup_(buf_deinit) struct buf with = BUF_INIT, without = BUF_INIT;

	(void)state;
	build(true, &with);
	build(false, &without);
	for (size_t i = 0; i < array_size(cases); i++)
		expect(cases[i].tunnel ? with.data : without.data, &cases[i].demand,
			cases[i].failed);
}

/* A build without network meets every demand on downloads; who says nothing, none. */
static void test_demands_without_network(void **state)
{
	const struct demand all = {.network = "none", .host = "reg.example", .inspected = true};
	_cleanup_(buf_deinit) struct buf out = BUF_INIT, silent = BUF_INIT;
	_cleanup_(sample_input_deinit) struct statement_input in;
	struct error e;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	expect(out.data, &all, "");
	replace(out.data, "\"networkMode\":\"none\",", "", &silent);
	expect(silent.data, &(struct demand){0}, "");
	expect(silent.data, &(struct demand){.network = "none"}, "network mode: nothing");
	expect(silent.data, &(struct demand){.inspected = true}, "inspected: no count");
}

/* Statements that do not agree with themselves, or hide what is demanded. */
static void test_contradictions(void **state)
{
	static const struct {
		const char *from, *to;
		struct demand demand;
		const char *failed;
	} cases[] = {
		{"\"networkMode\":\"trusted\"", "\"networkMode\":\"none\"", {0},
			"network record: http://deb.example/pool/a.deb"},
		{"\"networkMode\":\"trusted\"", "\"networkMode\":[\"none\"]", {0},
			"network record: something else"},
		{"\"name\":\"network\"", "\"name\":\"net\"", {0}, "no by-product 'network'"},
		{"\"name\":\"outputs\"", "\"name\":\"network\"", {0}, "no by-product 'network'"},
		{"\"cupel_uninspected\":0},\"digest\":",
			"\"cupel_uninspected\":0},\"content\":\"AA==\",\"x\":", {0},
			"network record: a by-product 'network' without digest"},
		{"\"cupel_denied\":0,", "", {0}, "without its counts"},
		{"\"cupel_allowed\":5", "\"cupel_allowed\":\"5\"", {0}, "without its counts"},
		{"\"cupel_failed\":1", "\"cupel_failed\":-1", {0}, "without its counts"},
		{"\"cupel_uninspected\":0", "\"cupel_uninspected\":2", {.inspected = true},
			"inspected: 2"},
		{"\"digest\":{\"sha256\":\"" SAMPLE_HELLO_SHA256 "\"},\"downloadLocation\"",
			"\"downloadLocation\"", {.inspected = true},
			"inspected: http://deb.example/pool/a.deb, without digest"},
		{"\"cupel_registry\":\"deb\"", "\"cupel_inspected\":\"true\"", {.inspected = true},
			"not inspected"},
	};
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	build(false, &out);
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(buf_deinit) struct buf forged = BUF_INIT;

		replace(out.data, cases[i].from, cases[i].to, &forged);
		expect(forged.data, &cases[i].demand, cases[i].failed);
	}
}

static void test_none_with_traces(void **state)
{
	static const struct {
		const char *from, *to, *failed;
	} cases[] = {
		{"\"uri\":\"pkg:deb",
			"\"downloadLocation\":\"https://a.example/a\",\"uri\":\"pkg:deb",
			"network record: https://a.example/a"},
		{"\"uri\":\"pkg:deb",
			"\"annotations\":{\"cupel_inspected\":false},\"uri\":\"pkg:deb",
			"network record: a dependency through a tunnel"},
		{"\"name\":\"outputs\"", "\"name\":\"network\"",
			"network record: a by-product 'network'"},
		{"\"byproducts\":[",
			"\"byproducts\":[{\"uri\":\"a:b\",\"name\":\"network\"},"
			"{\"uri\":\"a:b\",\"name\":\"network\"},",
			"network record: a by-product 'network'"},
	};
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	_cleanup_(sample_input_deinit) struct statement_input in;
	struct error e;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(buf_deinit) struct buf forged = BUF_INIT;

		replace(out.data, cases[i].from, cases[i].to, &forged);
		expect(forged.data, &(struct demand){0}, cases[i].failed);
	}
}

static void test_hosts(void **state)
{
	static const struct {
		const char *url, *host;
	} cases[] = {
		{"https://a.example/b", "a.example"},
		{"https://a.example", "a.example"},
		{"https://a.example:443", "a.example"},
		{"git+https://a.example?b", "a.example"},
		{"https://[::1]:80/", "[::1]"},
		{"https://a.example@evil.example/", NULL},
		{"https://a.example:x@evil.example/", NULL},
		{"https://a.example\\.evil.example/", NULL},
		{"https://a.example%2eevil.example/", NULL},
		{"https://a.example\xd0\xb0/", NULL},
		{"https:/a.example/", NULL},
		{"https:///a.example/", NULL},
		{"https://[::1/", NULL},
		{"https://[", NULL},
		{"https:", NULL},
		{"https", NULL},
		{"pkg:npm/a@1", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(cleanup_freep) char *url = strdup(cases[i].url);
		size_t n = 0;
		const char *host = verify_url_host(url, &n);

		if ((host == NULL) != (cases[i].host == NULL))
			fail_msg("the host of '%s'", cases[i].url);
		if (host != NULL)
			assert_true(
				n == strlen(cases[i].host) && memcmp(host, cases[i].host, n) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statement),
		cmocka_unit_test(test_honest),
		cmocka_unit_test(test_refuses_dependencies),
		cmocka_unit_test(test_refuses_learning),
		cmocka_unit_test(test_refuses_counts),
		cmocka_unit_test(test_on_deny_continue),
		cmocka_unit_test(test_refuses_what_does_not_agree),
		cmocka_unit_test(test_refuses_what_is_too_large),
		cmocka_unit_test(test_demands),
		cmocka_unit_test(test_demands_without_network),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_none_with_traces),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
