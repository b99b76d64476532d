/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the provenance says of a replay, and by-products that are
 * verified as files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "attest/judge.h"
#include "attest/statement.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/plan.h"
#include "sample.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* The statement of a build that replayed another one, with a record whose digest is B64. */
static void build(struct buf *out)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(fd_closep) int fd = sample_plan_replay(SAMPLE_ID);
	struct error e;

	sample_input_trusted(&in, SAMPLE_FETCHED);
	in.plan = plan_map(fd, &e);
	assert_non_null(in.plan);
	if (statement_build(&in, out, &e) < 0)
		fail_msg("%s", e.what);
}

/* A demand, and the first check that fails of it; "": it is good. */
struct demand {
	const char *network, *as_byproduct, *sha256, *failed;
};

static void expect(const char *statement, const struct demand *d)
{
	const char *networks[] = {d->network};
	const struct verify_policy policy = {.threshold = 1,
		.at_ms = 1700000100000,
		.max_denied = UINT64_MAX,
		.predicate_type = STATEMENT_PROVENANCE,
		.networks = {networks, d->network != NULL ? 1 : 0},
		.as_byproduct = d->as_byproduct};
	struct trusted_key key = {.key = sample_key()};
	const struct trust trust = {&key, 1};
	struct target target = {.path = "x", .fd = -1, .sha256 = SAMPLE_HELLO_SHA256};
	const struct judgement j = {&policy, &trust, &target, "x"};
	_cleanup_(report_deinit) struct report r = REPORT_INIT;
	const bool good = true;
	char failed[256] = "";

	if (d->sha256 != NULL)
		snprintf(target.sha256, sizeof(target.sha256), "%s", d->sha256);
	judge_payload(&j, statement, strlen(statement), &good, &r);
	for (size_t i = r.count; i-- > 0;)
		if (!r.checks[i].ok)
			snprintf(failed, sizeof(failed), "%s: %s", r.checks[i].name,
				r.checks[i].found);
	key_deinit(&key.key);
	if (d->failed[0] == '\0' ? failed[0] != '\0' : strstr(failed, d->failed) == NULL)
		fail_msg("'%s' failed, not '%s'", failed, d->failed);
}

/* The same text, but one name in it is another one. */
static void rename_one(struct buf *text, const char *from, const char *to)
{
	char *at = strstr(text->data, from);

	assert_non_null(at);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(at, to, strlen(to));
}

static void test_replay(void **state)
{
	static const char parameters[] =
		"\"networkMode\":\"replay\",\"onDeny\":\"fail\",\"registries\":[";
	static const char replayed[] =
		"\"uri\":\"pkg:generic/host-usr\"},{\"digest\":{\"sha256\":\"" A64 "\"},"
		"\"mediaType\":\"application/vnd.in-toto+json\",\"name\":\"replayed\"},";
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	build(&out);
	assert_non_null(strstr(out.data, parameters));
	assert_non_null(strstr(out.data, replayed));
	expect(out.data, &(struct demand){.network = "replay", .failed = ""});
	expect(out.data, &(struct demand){.network = "trusted", .failed = "network mode: replay"});
	/* it has the record of a network, or it is not good */
	rename_one(&out, "\"name\":\"network\"", "\"name\":\"notwork\"");
	expect(out.data,
		&(struct demand){.network = "replay", .failed = "no by-product 'network'"});
}

static void test_byproducts(void **state)
{
	static const struct demand demands[] = {
		{NULL, "network", B64, ""},
		{NULL, "log", B64, "by-product: another digest"},
		{NULL, "network", NULL, "by-product: another digest"},
		{NULL, "other", B64, "by-product: no by-product of that name"},
		/* an output is none */
		{NULL, "bin/hello", NULL, "by-product: no by-product of that name"},
	};
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	build(&out);
	for (size_t i = 0; i < array_size(demands); i++)
		expect(out.data, &demands[i]);
	/* two of one name are none */
	rename_one(&out, "\"name\":\"outputs\"", "\"name\":\"network\"");
	expect(out.data, &(struct demand){NULL, "network", B64, "or more than one"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_byproducts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
