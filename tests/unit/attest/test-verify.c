/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attest/dsse.h"
#include "attest/statement.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "sample.h"

/* One signed statement and everything that it is judged with. */
struct scene {
	struct trusted_key keys[2];
	struct trust trust;
	struct verify_policy policy;
	struct target target;
	struct buf statement, envelope;
};

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct statement_input in;
	struct error e;

	s->keys[0].key = sample_key();
	s->keys[1].key = sample_key();
	s->trust = (struct trust){.keys = s->keys, .count = 1};
	s->policy = (struct verify_policy){.threshold = 1,
		.max_denied = UINT64_MAX,
		.at_ms = 1700000100000,
		.predicate_type = STATEMENT_PROVENANCE};
	s->target = (struct target){
		.path = "bin/hello", .fd = fd_memfd_sealed("hello", SAMPLE_HELLO, 6)};
	memcpy(s->target.sha256, SAMPLE_HELLO_SHA256, 65);
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	assert_int_equal(statement_build(&in, &s->statement, &e), 0);
	assert_int_equal(dsse_sign(&s->keys[0].key, &s->statement, &s->envelope, &e), 0);
	sample_input_deinit(&in);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	key_deinit(&s->keys[0].key);
	key_deinit(&s->keys[1].key);
	fd_closep(&s->target.fd);
	buf_deinit(&s->statement);
	buf_deinit(&s->envelope);
	free(s);
	return 0;
}

/* Of a build with network instead, which may have downloads. */
static void become_trusted(struct scene *s)
{
	struct statement_input in;
	struct error e;

	s->statement.size = 0;
	sample_input_trusted(&in, "");
	assert_int_equal(statement_build(&in, &s->statement, &e), 0);
	sample_input_deinit(&in);
}

static enum verdict judge(struct scene *s, const char *text, size_t n, const char *failed)
{
	const struct judgement j = {.policy = &s->policy,
		.trust = &s->trust,
		.target = &s->target,
		.relative = "bin/hello"};
	_cleanup_(report_deinit) struct report r = REPORT_INIT;
	bool found = false;

	judge_document(&j, text, n, &r);
	for (size_t i = 0; i < r.count; i++)
		found = found || (!r.checks[i].ok && strcmp(r.checks[i].name, failed) == 0);
	if (failed[0] != '\0' && !found) {
		report_print_text(&r, "?", stderr);
		fail_msg("the check '%s' did not fail", failed);
	}
	if (failed[0] == '\0' && report_verdict(&r) != VERDICT_GOOD)
		report_print_text(&r, "?", stderr);
	return report_verdict(&r);
}

/* Signs the statement after replacing one part of it. */
static enum verdict judge_forged(
	struct scene *s, const char *from, const char *to, const char *failed)
{
	_cleanup_(buf_deinit) struct buf forged = BUF_INIT, envelope = BUF_INIT;
	const char *at = strstr(s->statement.data, from);
	struct error e;

	assert_non_null(at);
	buf_append(&forged, s->statement.data, (size_t)(at - s->statement.data));
	buf_puts(&forged, to);
	buf_puts(&forged, at + strlen(from));
	assert_int_equal(dsse_sign(&s->keys[0].key, &forged, &envelope, &e), 0);
	return judge(s, envelope.data, envelope.size, failed);
}

static void test_good(void **state)
{
	struct scene *s = *state;
	_cleanup_(buf_deinit) struct buf bundle = BUF_INIT;

	dsse_put_bundle(s->keys[0].key.keyid, &s->envelope, &bundle);
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, ""), VERDICT_GOOD);
	assert_int_equal(judge(s, bundle.data, bundle.size, ""), VERDICT_GOOD);
}

static enum verdict judge_bundle(
	struct scene *s, const char *from, const char *to, const char *failed)
{
	_cleanup_(buf_deinit) struct buf bundle = BUF_INIT, forged = BUF_INIT;
	const char *at;

	dsse_put_bundle(s->keys[0].key.keyid, &s->envelope, &bundle);
	at = strstr(bundle.data, from);
	assert_non_null(at);
	buf_append(&forged, bundle.data, (size_t)(at - bundle.data));
	buf_puts(&forged, to);
	buf_puts(&forged, at + strlen(from));
	return judge(s, forged.data, forged.size, failed);
}

static void test_bundles(void **state)
{
	static const struct {
		const char *from, *to;
		enum verdict verdict;
	} cases[] = {
		{"bundle.v0.3", "bundle.v0.4", VERDICT_BAD},
		{"\"hint\":\"S", "\"hint\":\"T", VERDICT_BAD},
		{"\"publicKey\":", "\"certificate\":{},\"publicKey\":", VERDICT_BAD},
		{"\"publicKey\":", "\"certificate\":", VERDICT_UNDECIDED},
		{"\"publicKey\":", "\"x\":", VERDICT_BAD},
		{"\"signatures\":[", "\"signatures\":[{\"sig\":\"AA==\"},", VERDICT_BAD},
		{"\"mediaType\":", "\"messageSignature\":{},\"mediaType\":", VERDICT_BAD},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(
			judge_bundle(s, cases[i].from, cases[i].to, "bundle"), cases[i].verdict);
	assert_int_equal(judge_bundle(s, "\"hint\":", "\"x\":", ""), VERDICT_GOOD);
}

/* Cut anywhere, it is bad, and nothing worse happens. */
static void test_truncated(void **state)
{
	struct scene *s = *state;

	for (size_t n = 0; n < s->envelope.size; n += n < 64 ? 1 : 97)
		assert_int_equal(judge(s, s->envelope.data, n, "envelope"), VERDICT_BAD);
}

/* Any changed byte of the payload or the signature makes it bad. */
static void test_flipped(void **state)
{
	struct scene *s = *state;
	_cleanup_(cleanup_freep) char *text = malloc(s->envelope.size);

	assert_non_null(text);
	for (size_t i = 12; i < s->envelope.size; i += 211) {
		memcpy(text, s->envelope.data, s->envelope.size);
		text[i] = text[i] == 'B' ? 'C' : 'B';
		assert_int_equal(judge(s, text, s->envelope.size, ""), VERDICT_BAD);
	}
}

static void test_strangers(void **state)
{
	struct scene *s = *state;

	s->trust.keys = s->keys + 1;
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, "signature"), VERDICT_BAD);
	s->trust.count = 0;
	assert_int_equal(
		judge(s, s->envelope.data, s->envelope.size, "signature"), VERDICT_UNDECIDED);
}

static void test_forged(void **state)
{
	static const struct {
		const char *from, *to, *failed;
	} cases[] = {
		{"Statement/v1", "Statement/v2", "statement"},
		{"provenance/v1", "provenance/v1.1", "predicate type"},
		{SAMPLE_HELLO_SHA256, SAMPLE_HELLO_SHA256 "00", "subject"},
		{SAMPLE_HELLO_SHA256, "5891B5", "subject"},
		{"5891", "5892", "subject"},
		/* Also in a subject that is not ours. */
		{"7852b855\"", "7852b8\"", "subject"},
		{"\"e3b0", "\"E3b0", "subject"},
		{"\"subject\":[", "\"subject\":[{\"name\":\"x\"},", "subject"},
		{"\"name\":\"note one\"", "\"name\":\"bin/hello\"", "subject"},
		{"\"subject\":", "\"Subject\":1,\"subject\":", "statement"},
		{"\"subject\":", "\"subject\":[],\"subject\":", "statement"},
		{"\"id\":", "\"ID\":", "builder"},
		{"\"id\":\"https", "\"id\":\"\\thttps", "builder"},
		{"\"id\":\"https", "\"id\":\"htt\xd1\x80s", "builder"},
		{"\"buildType\":", "\"x\":", "build type"},
		{"\"externalParameters\":", "\"x\":", "parameters"},
		{"\"externalParameters\":{", "\"externalParameters\":null,\"x\":{", "parameters"},
		{"\"uri\":\"pkg:deb", "\"x\":\"pkg:deb", "descriptors"},
		{"2023-11-14T22:14:20.456Z", "2023-11-14T22:14:20.456+00:00", "time"},
		{"2023-11-14T22:14:20.456Z", "2023-11-14T22:12:20.456Z", "time"},
		{"2023-11-14T22:14:20.456Z", "2023-11-14T23:14:20.456Z", "time"},
		{"2023-11-14T22:14:20.456Z", "2023-02-30T22:14:20Z", "time"},
		{"\"predicate\":{", "\"predicate\":[],\"x\":{", "predicate"},
	};
	struct scene *s = *state;

	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(
			judge_forged(s, cases[i].from, cases[i].to, cases[i].failed), VERDICT_BAD);
	/* Unknown fields and unknown algorithms are not our business. */
	assert_int_equal(
		judge_forged(s, "\"subject\":", "\"x_y\":{},\"subject\":", ""), VERDICT_GOOD);
	assert_int_equal(
		judge_forged(s, "{\"sha256\":\"5891", "{\"blake3\":\"?\",\"sha256\":\"5891", ""),
		VERDICT_GOOD);
}

static void test_sha512_alone(void **state)
{
	static const char sha512[] =
		"\"sha512\":\"e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94a"
		"ae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629\"";
	struct scene *s = *state;

	assert_int_equal(judge_forged(s, "\"sha256\":\"" SAMPLE_HELLO_SHA256 "\"", sha512, ""),
		VERDICT_GOOD);
	assert_int_equal(
		judge_forged(s, "\"sha256\":\"" SAMPLE_HELLO_SHA256 "\"",
			"\"sha1\":\"f572d396fae9206628714fb2ce00f72e94f2258f\"", "subject"),
		VERDICT_BAD);
}

/* A developer's key vouches for ".../local" only, whoever trusts it. */
static void test_developer_key(void **state)
{
	struct scene *s = *state;

	s->keys[0].key.developer = true;
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, ""), VERDICT_GOOD);
	assert_int_equal(
		judge_forged(s, SAMPLE_ID, "https://ci.example.com/cupel/isolated", "signer"),
		VERDICT_BAD);
}

static void test_pairs_and_threshold(void **state)
{
	struct scene *s = *state;

	s->keys[0].only_for = SAMPLE_ID;
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, ""), VERDICT_GOOD);
	s->keys[0].only_for = SAMPLE_ID "/v2";
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, "signer"), VERDICT_BAD);
	/* The same key trusted twice is still one key. */
	s->keys[0].only_for = NULL;
	key_deinit(&s->keys[1].key);
	s->keys[1] = s->keys[0];
	s->trust.count = 2;
	s->policy.threshold = 2;
	assert_int_equal(judge(s, s->envelope.data, s->envelope.size, "signer"), VERDICT_BAD);
	s->keys[1] = (struct trusted_key){.key = KEY_INIT};
}

static void test_policy(void **state)
{
	const char *command = "command=[\"make\",\"-j2\"]", *directory = "directory=/build";
	const char *environment = "environment=[\"HOME=/home/build\",\"TZ=UTC\"]";
	const char *all[] = {command, directory, environment}, *wrong[] = {"directory=/buildx"};
	const char *log[] = {"log"}, *network[] = {"network"};
	struct scene *s = *state;
	const struct buf *v = &s->envelope;

	s->policy.parameters = (struct text_list){all, 3};
	s->policy.strict_parameters = true;
	s->policy.byproducts = (struct text_list){log, 1};
	s->policy.builder_id = SAMPLE_ID;
	assert_int_equal(judge(s, v->data, v->size, ""), VERDICT_GOOD);
	s->policy.builder_id = SAMPLE_ID "x";
	assert_int_equal(judge(s, v->data, v->size, "builder"), VERDICT_BAD);
	s->policy.builder_id = NULL;
	s->policy.parameters.count = 1;
	assert_int_equal(judge(s, v->data, v->size, "parameter"), VERDICT_BAD);
	s->policy.parameters = (struct text_list){wrong, 1};
	assert_int_equal(judge(s, v->data, v->size, "parameter"), VERDICT_BAD);
	s->policy.parameters.count = 0;
	s->policy.strict_parameters = false;
	s->policy.byproducts = (struct text_list){network, 1};
	assert_int_equal(judge(s, v->data, v->size, "by-product"), VERDICT_BAD);
	s->policy.byproducts.count = 0;
	s->policy.max_denied = 0;
	assert_int_equal(judge(s, v->data, v->size, "network"), VERDICT_BAD);
	s->policy.max_denied = UINT64_MAX;
	s->policy.require_digests = true;
	assert_int_equal(judge(s, v->data, v->size, "dependencies"), VERDICT_BAD);
	s->policy.require_digests = false;
	s->policy.source_commit = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d";
	assert_int_equal(judge(s, v->data, v->size, "source"), VERDICT_BAD);
	s->policy.source_commit = NULL;
	s->policy.max_age_ms = 39000;
	assert_int_equal(judge(s, v->data, v->size, "age"), VERDICT_BAD);
	s->policy.max_age_ms = 40000;
	assert_int_equal(judge(s, v->data, v->size, ""), VERDICT_GOOD);
}

/* "below" a registry ends at a slash. */
static void test_registries(void **state)
{
	static const struct {
		const char *location;
		bool good;
	} cases[] = {
		{"https://reg.example/a", true},
		{"https://reg.example.evil/a", false},
		{"https://reg.example@evil/a", false},
		{"https://reg.example:444/a", false},
		{"http://reg.example/a", false},
		{"https://reg.example", false},
	};
	const char *registries[] = {"https://reg.example"};
	struct scene *s = *state;
	char to[256];

	become_trusted(s);
	s->policy.registries = (struct text_list){registries, 1};
	for (size_t i = 0; i < array_size(cases); i++) {
		snprintf(to, sizeof(to), "\"downloadLocation\":\"%s\",\"uri\":\"pkg:deb",
			cases[i].location);
		assert_int_equal(
			judge_forged(s, "\"uri\":\"pkg:deb", to, cases[i].good ? "" : "registries"),
			cases[i].good ? VERDICT_GOOD : VERDICT_BAD);
	}
}

static void test_times(void **state)
{
	static const char *const good[] = {
		"2026-11-23T12:00:00Z", "2024-02-29T23:59:59.5Z", "1970-01-01T00:00:00.123456789Z"};
	static const char *const bad[] = {"", "2026-11-23", "2026-11-23T12:00:00",
		"2026-11-23T12:00:00z", "2026-11-23t12:00:00Z", "2026-11-23 12:00:00Z",
		"2026-11-23T12:00:00+00:00", "2026-13-23T12:00:00Z", "2026-11-31T12:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T12:60:00Z", "2026-11-23T12:00:00.Z",
		"2026-11-23T12:00:00.0000000000Z", "2026-11-23T12:00:00ZZ", "2026-11-23T12:00:00.1",
		"+026-11-23T12:00:00Z", "2026-11-23T12:00:00.1aZ", "2023-02-29T12:00:00Z"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < array_size(good); i++)
		assert_int_equal(verify_parse_time(good[i], strlen(good[i]), &ms), 0);
	assert_int_equal(ms, 123);
	assert_int_equal(verify_parse_time("2026-11-23T12:00:00.05Z", 23, &ms), 0);
	assert_int_equal(ms, 1795435200050);
	for (size_t i = 0; i < array_size(bad); i++)
		if (verify_parse_time(bad[i], strlen(bad[i]), &ms) == 0)
			fail_msg("took '%s'", bad[i]);
}

/* What reaches a terminal cannot move, hide or colour anything. */
static void test_print_is_harmless(void **state)
{
	static const char evil[] = "a\x1b[31m\r\n\xe2\x80\xae\xc2\x9b\xef\xbb\xbf";
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	report_put_harmless(&out, evil, strlen(evil));
	assert_string_equal(
		out.data, "a\\x1b[31m\\x0d\\x0a\\xe2\\x80\\xae\\xc2\\x9b\\xef\\xbb\\xbf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bundles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_truncated, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_flipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_strangers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sha512_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_developer_key, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pairs_and_threshold, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_policy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_registries, set_up, tear_down),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_print_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
