/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "tests/unit/locks/helper.h"

#define STATEMENT(dependencies)                                                                    \
	"{\"predicate\":{\"buildDefinition\":{\"resolvedDependencies\":" dependencies "}}}"
#define D(url, digest) "{\"downloadLocation\":\"" url "\",\"digest\":{\"sha256\":\"" digest "\"}}"

/* The samples' texts are statements here, each in an envelope. */
static void check_statements(const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_(buf_deinit) struct buf envelope = BUF_INIT;
		struct sample wrapped = samples[i];

		buf_puts(&envelope, "{\"payload\":\"");
		encode_base64(samples[i].text, strlen(samples[i].text), 1, &envelope);
		buf_puts(&envelope, "\"}\n");
		wrapped.text = envelope.data;
		check_samples(attestation_read, &wrapped, 1);
	}
}

static void test_statements(void **state)
{
	static const struct sample samples[] = {
		{STATEMENT("[]"), "", NULL},
		{STATEMENT("[" D("https://r.example/a?token=REDACTED", A64) "]"),
			"url https://r.example/a?token=REDACTED sha256 " A64 "\n", NULL},
		/* the source, the image, a tunnel */
		{STATEMENT("[{\"digest\":{\"sha256\":\"" A64 "\"},\"uri\":\"file:///build\"},"
			   "{\"uri\":\"https://h.example:443\"}]"),
			"", NULL},
		{STATEMENT("{}"), NULL, "not the provenance"},
		{"{}", NULL, "not the provenance"},
		{"[]", NULL, "not a JSON object"},
		{STATEMENT("[" D("https://r.example/a", "x") "]"), NULL, "cannot be"},
		{STATEMENT("[" D("https://r.example/a b", A64) "]"), NULL, "cannot be"},
		{STATEMENT("[" D("file:///a", A64) "]"), NULL, "cannot be"},
		{STATEMENT("[" D("https://r.example/a\\u0000b", A64) "]"), NULL, "malformed"},
	};

	(void)state;
	check_statements(samples, array_size(samples));
}

static void test_envelopes(void **state)
{
	static const struct sample samples[] = {
		{"", NULL, "malformed JSON"},
		{"{}", NULL, "not an attestation"},
		{"{\"payload\":\"?\"}", NULL, "not an attestation"},
		{"{\"payload\":\"e30=\",\"payload\":\"e30=\"}", NULL, "malformed JSON"},
		{"{\"payload\":\"e30=\"}\n{\"payload\":\"e30=\"}\n", NULL, "more than one"},
	};

	(void)state;
	check_samples(attestation_read, samples, array_size(samples));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_statements), cmocka_unit_test(test_envelopes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
