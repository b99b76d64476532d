/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/statement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "plan/plan.h"
#include "sample.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* The golden statement, around the digests of the manifest and of the plan. */
static const char *const golden[] = {
	"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"buildDefinition\":{"
	"\"buildType\":\"https://cupel.example/buildtypes/run/v1\","
	"\"externalParameters\":{\"command\":[\"make\",\"-j2\"],\"directory\":\"/build\","
	"\"environment\":[\"HOME=/home/build\",\"TZ=UTC\"]},"
	"\"internalParameters\":{\"arch\":\"x86_64\",\"ids\":\"single\","
	"\"isolation\":[\"cgroup\",\"ipc\",\"mnt\",\"net\",\"pid\",\"user\",\"uts\"],"
	"\"limits\":{\"graceMs\":\"250\",\"logBytes\":\"4096\",\"openFiles\":\"1024\","
	"\"outputBytes\":\"1073741824\",\"outputDepth\":\"32\",\"outputFiles\":\"5000\","
	"\"processes\":\"100\",\"scratchBytes\":\"1048576\",\"scratchInodes\":\"1000\","
	"\"timeoutMs\":\"0\"},\"networkMode\":\"none\",\"rootfs\":\"read-only\","
	"\"sourceDateEpoch\":\"1700000000\",\"workspace\":\"copy\"},"
	"\"resolvedDependencies\":[{\"annotations\":{\"cupel_captured\":\"before\"},"
	"\"digest\":{\"sha256\":\"" B64 "\"},\"name\":\"source\",\"uri\":\"file:///build\"},"
	"{\"annotations\":{\"cupel_kind\":\"host\"},\"digest\":{\"sha256\":\"" A64 "\"},"
	"\"name\":\"image\",\"uri\":\"pkg:generic/host-usr\"},"
	"{\"name\":\"g++\",\"uri\":\"pkg:deb/debian/g%2B%2B@4%3A12.2.0-3?arch=amd64"
	"&distro=bookworm\"},{\"name\":\"libssl3\",\"uri\":\"pkg:deb/debian/libssl3@3.0.22-1~"
	"deb12u2?arch=amd64&distro=bookworm\"}]},"
	"\"runDetails\":{\"builder\":{\"builderDependencies\":[{\"digest\":{\"sha256\":\"" B64
	"\"},\"name\":\"seccomp\",\"uri\":\"https://cupel.example/profiles/seccomp/build/v1\"}],"
	"\"id\":\"" SAMPLE_ID "\",\"version\":{\"cupel\":\"0.1.0\",\"linux\":\"6.1.0\","
	"\"openssl\":\"3.0.0\"}},\"byproducts\":[{\"annotations\":{\"cupel_bytes\":61},"
	"\"digest\":{\"sha256\":\"" A64 "\"},\"mediaType\":\"text/plain; charset=utf-8\","
	"\"name\":\"log\"},{\"digest\":{\"sha256\":\"",
	"\"},\"mediaType\":\"text/plain; charset=utf-8\",\"name\":\"outputs\"},"
	"{\"digest\":{\"sha256\":\"",
	"\"},\"mediaType\":\"application/json\",\"name\":\"plan\"},"
	"{\"content\":"
	"\"eyJmaWxlcyI6MCwibW91bnRzIjowLCJuYW1lc3BhY2VzIjowLCJwcm9jZXNzZXMiOjB9\","
	"\"mediaType\":\"application/json\",\"name\":\"teardown\"}],"
	"\"metadata\":{\"finishedOn\":\"2023-11-14T22:14:20.456Z\","
	"\"invocationId\":\"urn:uuid:018bcfe5-687b-76f7-b8f9-fafbfcfdfeff\","
	"\"startedOn\":\"2023-11-14T22:13:20.123Z\"}}},"
	"\"predicateType\":\"https://slsa.dev/provenance/v1\","
	"\"subject\":[{\"digest\":{\"sha256\":\"" SAMPLE_HELLO_SHA256 "\"},\"name\":\"bin/hello\"},"
	"{\"digest\":{\"sha256\":"
	"\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},"
	"\"name\":\"note one\"}]}"};

static void plan_digest(const struct plan *p, char hex[65])
{
	_cleanup_(buf_deinit) struct buf json = BUF_INIT;
	struct sign_record r;

	plan_to_json(p, &json);
	r = sample_record(json.data);
	memcpy(hex, r.outputs_sha256, 65);
}

static void test_golden(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT, expected = BUF_INIT;
	char plan[65];
	struct error e;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	plan_digest(in.plan, plan);
	buf_printf(&expected, "%s%s%s%s%s", golden[0], in.record.outputs_sha256, golden[1], plan,
		golden[2]);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	assert_string_equal(out.data, expected.data);
}

/* A sorting, compact writer says the same bytes: keys are sorted, nothing is blank. */
static void test_is_canonical(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e;
	json_t *root;
	char *sorted;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	root = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	sorted = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(out.data, sorted);
	free(sorted);
	json_decref(root);
}

static void refuses(struct statement_input *in, const char *because)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e = {0};

	assert_int_equal(statement_build(in, &out, &e), -1);
	if (strstr(e.what, because) == NULL)
		fail_msg("refused because '%s', not because '%s'", e.what, because);
}

static void refuses_manifest(const char *manifest, const char *because)
{
	_cleanup_(sample_input_deinit) struct statement_input in;

	sample_input(&in, manifest, SAMPLE_PACKAGES);
	refuses(&in, because);
}

static void test_refuses_manifests(void **state)
{
	(void)state;
	refuses_manifest("", "no output file");
	refuses_manifest("dir 0755 a\n", "no output file");
	refuses_manifest("file 0644 0 " A64 " - b\nfile 0644 0 " A64 " - a\n", "not sorted");
	refuses_manifest("file 0644 0 " A64 " - a\nfile 0644 0 " A64 " - a\n", "not sorted");
	refuses_manifest("file 0644 0 " A64 " - a%0Ab\n", "cannot be written");
	refuses_manifest("file 0644 0 " A64 " - a%FFb\n", "cannot be written");
	refuses_manifest("file 0644 0 short - a\n", "malformed line");
	refuses_manifest("file 0644 0 " A64 " - a", "cut");
}

static void test_refuses_records(void **state)
{
	static const struct {
		size_t offset;
		char value;
		const char *because;
	} cases[] = {
		{offsetof(struct sign_record, log_sha256), 'A', "digest of the record"},
		{offsetof(struct sign_record, source_sha256), 'g', "digest of the record"},
		{offsetof(struct sign_record, source_sha256) + 64, 'a', "digest of the record"},
		{offsetof(struct sign_record, outputs_sha256), '\0', "digest of the record"},
		{offsetof(struct sign_record, workspace_when), 'x', "when the workspace"},
		{offsetof(struct sign_record, started_ms) + 7, 1, "ended before it began"},
		{offsetof(struct sign_record, finished_ms) + 7, 1, "ended before it began"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(sample_input_deinit) struct statement_input in;

		sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
		((char *)&in.record)[cases[i].offset] = cases[i].value;
		refuses(&in, cases[i].because);
	}
}

static void test_refuses_what_does_not_agree(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	in.outputs[5] = '1';
	refuses(&in, "another digest");
	in.outputs[5] = '7';
	in.builder_id = "https://ci.example.com/cupel/isolated";
	refuses(&in, "names the builder");
	in.builder_id = SAMPLE_ID;
	in.packages[3] = '\0';
	refuses(&in, "NUL");
}

static void test_refuses_what_remains(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(struct sign_destroyed); i += sizeof(uint32_t)) {
		_cleanup_(sample_input_deinit) struct statement_input in;

		sample_input(&in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
		((unsigned char *)&in.destroyed)[i] = 1;
		refuses(&in, "not gone");
	}
}

static void many_files(struct buf *out, int count, bool sums)
{
	if (sums)
		buf_puts(out, "file 0644 1 " B64 " - SHA256SUMS\n");
	for (int i = 0; i < count; i++)
		buf_printf(out, "file 0644 0 " A64 " - f%05d\n", i);
}

static size_t count_subjects(const char *manifest, const char **ret_first)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	const char *at;
	size_t count = 0;
	struct error e;

	sample_input(&in, manifest, SAMPLE_PACKAGES);
	assert_int_equal(statement_build(&in, &out, &e), 0);
	at = strstr(out.data, "\"subject\":");
	assert_non_null(at);
	*ret_first = strstr(at, "\"name\":\"SHA256SUMS\"") != NULL ? "SHA256SUMS" : "";
	for (; (at = strstr(at, "\"digest\"")) != NULL; at++)
		count++;
	return count;
}

static void test_many_files_need_sums(void **state)
{
	_cleanup_(buf_deinit) struct buf few = BUF_INIT, many = BUF_INIT, bare = BUF_INIT;
	const char *first;

	(void)state;
	many_files(&few, 999, true);
	many_files(&many, 1000, true);
	many_files(&bare, 1001, false);
	assert_int_equal(count_subjects(few.data, &first), 1000);
	assert_int_equal(count_subjects(many.data, &first), 1);
	assert_string_equal(first, "SHA256SUMS");
	refuses_manifest(bare.data, "SHA256SUMS");
}

static void test_refuses_packages(void **state)
{
	static const char *const lists[] = {"", "debian bookworm\n", "os debian\n",
		"os debian bookworm", "os debian bookworm\na 1\n", "os debian bookworm\na 1 b c\n",
		"os debian bookworm\na  b\n", "os debian bookworm\n\xc3\xa4 1 all\n",
		"os debian bookworm\n\n"};

	(void)state;
	for (size_t i = 0; i < array_size(lists); i++) {
		_cleanup_(sample_input_deinit) struct statement_input in;

		sample_input(&in, SAMPLE_MANIFEST, lists[i]);
		refuses(&in, "package list");
	}
}

/* A version that tries to add a qualifier of its own stays a version. */
static void test_purl_is_encoded(void **state)
{
	_cleanup_(sample_input_deinit) struct statement_input in;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;
	struct error e;

	(void)state;
	sample_input(&in, SAMPLE_MANIFEST, "os debian -\na 1?arch=x&y=%#/@ all\n");
	assert_int_equal(statement_build(&in, &out, &e), 0);
	assert_non_null(
		strstr(out.data, "\"pkg:deb/debian/a@1%3Farch%3Dx%26y%3D%25%23%2F%40?arch=all\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_is_canonical),
		cmocka_unit_test(test_refuses_manifests),
		cmocka_unit_test(test_refuses_records),
		cmocka_unit_test(test_refuses_what_does_not_agree),
		cmocka_unit_test(test_refuses_what_remains),
		cmocka_unit_test(test_many_files_need_sums),
		cmocka_unit_test(test_refuses_packages),
		cmocka_unit_test(test_purl_is_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
