/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as an attestation, judged down to the policy,
 * and as the statement in one, which a signature would hide from a fuzzer.
 * Nobody is trusted here, so nothing may be good.
 */
#include <assert.h>

#include "attest/judge.h"
#include "attest/statement.h"
#include "base/cleanup.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *words[] = {"https://a.example"};
	const struct verify_policy policy = {.predicate_type = STATEMENT_PROVENANCE,
		.threshold = 1,
		.strict_parameters = true,
		.require_digests = true,
		.require_inspected = true,
		.registries = {words, 1},
		.networks = {words, 1},
		.hosts = {words, 1}};
	const struct trust trust = {0};
	struct target target = {.path = "fuzz", .fd = -1};
	const struct judgement j = {
		.policy = &policy, .trust = &trust, .target = &target, .relative = "fuzz"};
	_cleanup_(report_deinit) struct report envelope = REPORT_INIT, statement = REPORT_INIT;

	judge_document(&j, (const char *)data, size, &envelope);
	judge_payload(&j, (const char *)data, size, NULL, &statement);
	assert(report_verdict(&envelope) != VERDICT_GOOD && envelope.summary.size > 0);
	assert(report_verdict(&statement) != VERDICT_GOOD && statement.summary.size > 0);
	return 0;
}
