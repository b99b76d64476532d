/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined. One attestation against
 * one file: form, signatures, statement, subject, predicate, policy, in this
 * order, and each check is told whatever came of it. What follows a failed
 * signature is shown to explain, never to rescue: one failed check is enough
 * for "bad".
 */
#include "attest/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "attest/dsse.h"
#include "attest/statement.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/strict-json.h"

static bool check_payload_type(const struct envelope *v, struct report *r)
{
	/* The second is in-toto's newer spelling for one kind of predicate. */
	bool known =
		strict_json_is(v->type, v->type_size, DSSE_PAYLOAD_TYPE) ||
		strict_json_is(v->type, v->type_size, "application/vnd.in-toto.provenance+json");

	return report_check(r, "payload type", known, "payloadType", DSSE_PAYLOAD_TYPE, v->type);
}

/* Distinct keys among the good ones that may speak for this builder. */
static size_t count_vouchers(
	const struct judgement *j, const bool *good, const char *id, size_t n, struct buf *names)
{
	const struct trust *t = j->trust;
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		if (!good[i] || !trust_may_vouch(&t->keys[i], id, n))
			continue;
		if (names->size > 0 && strstr(names->data, t->keys[i].key.keyid) != NULL)
			continue;
		buf_printf(names, "%s%s", names->size > 0 ? ", " : "", t->keys[i].key.keyid);
		count++;
	}
	return count;
}

static void check_signatures(
	const struct judgement *j, const struct envelope *v, bool *good, struct report *r)
{
	_cleanup_(buf_deinit) struct buf found = BUF_INIT;
	size_t count = 0;

	envelope_verify(v, j->trust, good);
	for (size_t i = 0; i < j->trust->count; i++) {
		if (!good[i])
			continue;
		buf_printf(&found, "%s%s", count > 0 ? ", " : "", j->trust->keys[i].key.keyid);
		count++;
	}
	if (j->trust->count == 0)
		r->undecided = true;
	if (count == 0)
		buf_puts(&found, j->trust->count == 0
					 ? "there is no trusted key: name one with --key"
					 : "no signature by a trusted key");
	report_check(r, "signature", count > 0, "signatures", "a signature by a trusted key",
		found.data);
}

static const char *builder_id(const json_t *predicate, size_t *ret_n)
{
	const json_t *details = strict_json_get(predicate, "runDetails");

	return strict_json_text(strict_json_get(details, "builder"), "id", ret_n);
}

static void check_vouchers(const struct judgement *j, const json_t *predicate, const bool *good,
	struct report *r, struct buf *names)
{
	size_t n = 0, count;
	const char *id = builder_id(predicate, &n);
	char expected[96];

	count = count_vouchers(j, good, id, n, names);
	snprintf(expected, sizeof(expected), "%llu key%s that may vouch for this builder",
		(unsigned long long)j->policy->threshold, j->policy->threshold == 1 ? "" : "s");
	report_check(r, "signer", count >= j->policy->threshold, "signatures", expected,
		count == 0 ? "none" : names->data);
}

static bool check_text(const json_t *object, const char *name, const char *key, const char *wanted,
	struct report *r)
{
	size_t n = 0;
	const char *found = strict_json_text(object, key, &n);

	return report_check(r, name, strict_json_is(found, n, wanted), key, wanted,
		found == NULL ? "nothing" : found);
}

static void summarise(const struct judgement *j, const json_t *predicate, const struct buf *names,
	struct report *r)
{
	size_t n = 0;
	const char *id = builder_id(predicate, &n);
	size_t first = 0;

	while (first + 1 < r->count && r->checks[first].ok)
		first++;
	if (r->failed) {
		buf_printf(&r->summary, "the attestation does not prove anything about '%s' (%s)",
			j->target->path, r->checks[first].name);
		return;
	}
	buf_printf(&r->summary, "'%s' is what builder '%s' says that it built; signed by %s",
		j->target->path, id == NULL ? "(none)" : id, names->data);
	if (id != NULL && key_id_is_local(id, n))
		buf_puts(&r->summary,
			" (a developer's own machine: proves who built it, not that the build was "
			"isolated from that developer)");
}

static void judge_statement(
	const struct judgement *j, const json_t *root, const bool *good, struct report *r)
{
	_cleanup_(buf_deinit) struct buf names = BUF_INIT;
	const json_t *predicate = strict_json_get(root, "predicate");
	const char *wanted = j->policy->predicate_type;

	check_text(root, "statement", "_type", STATEMENT_TYPE, r);
	check_text(root, "predicate type", "predicateType", wanted, r);
	judge_subjects(j, root, r);
	if (report_check(r, "predicate", json_is_object(predicate), "predicate", "an object",
		    json_is_object(predicate) ? "an object" : "something else") &&
		strcmp(wanted, STATEMENT_PROVENANCE) == 0) {
		judge_provenance(j, predicate, r);
		judge_policy(j, predicate, r);
		judge_network(j, predicate, r);
	}
	check_vouchers(j, predicate, good, r, &names);
	summarise(j, predicate, &names, r);
}

void judge_payload(
	const struct judgement *j, const char *text, size_t n, const bool *good, struct report *r)
{
	_cleanup_(strict_json_freep) json_t *root = NULL;
	struct error why;

	root = strict_json_parse(text, n, &why);
	if (root == NULL) {
		report_check(r, "statement", false, "payload", STATEMENT_TYPE, why.what);
		buf_puts(&r->summary, "what was signed is no statement");
		return;
	}
	judge_statement(j, root, good, r);
}

void judge_document(const struct judgement *j, const char *text, size_t n, struct report *r)
{
	_cleanup_(envelope_deinit) struct envelope v = ENVELOPE_INIT;
	_cleanup_(cleanup_freep) bool *good = NULL;

	if (envelope_open(text, n, &v, r) < 0) {
		buf_printf(&r->summary, "this is no attestation that can be judged here (%s)",
			r->checks[r->count - 1].found);
		return;
	}
	good = calloc(j->trust->count + 1, sizeof(*good));
	if (good == NULL)
		return;
	check_payload_type(&v, r);
	check_signatures(j, &v, good, r);
	judge_payload(j, (const char *)v.payload, v.payload_size, good, r);
}
