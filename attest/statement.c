/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-sign writes the statement itself, from the sealed
 * plan and from what the runner reported, so that the key never signs bytes
 * that somebody else composed. Digests are compared, strings are checked, and
 * what does not agree is refused. Names of outputs were chosen by the build;
 * the JSON writer escapes them.
 */
#include "attest/statement.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"
#include "base/manifest.h"
#include "base/strict-json.h"
#include "base/text.h"
#include "plan/plan.h"

#define REFUSE(e, ...) error_set_kind(e, ERROR_OUTPUT, 0, "refusing to sign: " __VA_ARGS__)

static int is_digest(const char *text, size_t room)
{
	unsigned char bytes[SHA256_DIGEST_LENGTH];

	return memchr(text, '\0', room) != NULL && decode_hex(text, bytes, sizeof(bytes)) == 0;
}

static int check_record(const struct sign_record *r, struct error *e)
{
	/* The last millisecond of the year 9999: what a timestamp can say. */
	const uint64_t last = 253402300799999;
	const size_t room = sizeof(r->workspace_when);

	if (!is_digest(r->log_sha256, sizeof(r->log_sha256)) ||
		!is_digest(r->source_sha256, sizeof(r->source_sha256)) ||
		!is_digest(r->outputs_sha256, sizeof(r->outputs_sha256)))
		return REFUSE(e, "a digest of the record is malformed");
	if (r->started_ms > r->finished_ms || r->finished_ms > last)
		return REFUSE(e, "the build would have ended before it began");
	if (strncmp(r->workspace_when, "before", room) != 0 &&
		strncmp(r->workspace_when, "during", room) != 0)
		return REFUSE(e, "the record does not say when the workspace was hashed");
	return 0;
}

/* What is not text cannot be written into a statement as it was run. */
static int check_text(const struct plan *p, struct plan_list list, struct error *e)
{
	for (uint32_t i = 0; i < list.count; i++)
		if (!text_is_utf8(plan_item(p, list, i), strlen(plan_item(p, list, i))))
			return REFUSE(e, "the plan holds an argument that is not UTF-8");
	return 0;
}

static int check_plan(const struct statement_input *in, struct error *e)
{
	const struct plan *p = in->plan;
	const char *image = plan_string(p, p->image_digest);
	const char *seccomp = plan_string(p, p->seccomp_digest);
	const char *id = plan_string(p, p->builder_id);

	if (p->attest == 0)
		return REFUSE(e, "the plan says that this build is not attested");
	if (strcmp(id, in->builder_id) != 0)
		return REFUSE(e, "the plan names the builder '%s', this signer is '%s'", id,
			in->builder_id);
	if (!is_digest(image, strlen(image) + 1) || !is_digest(seccomp, strlen(seccomp) + 1))
		return REFUSE(e, "a digest of the plan is malformed");
	if (check_text(p, p->command, e) < 0 || check_text(p, p->registries, e) < 0)
		return -1;
	return check_text(p, p->outputs, e);
}

static int check_counts(const struct statement_input *in, struct error *e)
{
	const struct sign_record *r = &in->record;
	const uint64_t most = (UINT64_C(1) << 53) - 1; /* every reader of JSON counts so far */

	if (r->requests_allowed > most || r->requests_denied > most || r->requests_failed > most)
		return REFUSE(e, "a count of the record is absurd");
	if (r->requests_uninspected > r->requests_allowed)
		return REFUSE(e, "the gateway counted more tunnels than requests");
	if (in->plan->on_deny == PLAN_ON_DENY_FAIL && r->requests_denied > 0)
		return error_set_kind(e, ERROR_POLICY, 0,
			"refusing to sign: %llu requests were denied, and on-deny is 'fail'",
			(unsigned long long)r->requests_denied);
	return 0;
}

static int check_network(const struct statement_input *in, struct error *e)
{
	const struct sign_record *r = &in->record;
	bool counted = r->requests_allowed != 0 || r->requests_denied != 0 ||
		       r->requests_failed != 0 || r->requests_uninspected != 0;

	if (in->plan->network == PLAN_NETWORK_NONE) {
		if (counted || in->dependencies != NULL)
			return REFUSE(e, "a build without network has a record of it");
		return 0;
	}
	if (in->plan->network == PLAN_NETWORK_LEARN)
		return REFUSE(e, "a build that learns is not attested");
	if (in->dependencies == NULL || !is_digest(in->network_sha256, sizeof(in->network_sha256)))
		return REFUSE(e, "there is no record of the network");
	if (strlen(in->dependencies) != in->dependencies_size)
		return REFUSE(e, "a list holds a NUL byte");
	return check_counts(in, e);
}

static int check_destroyed(const struct sign_destroyed *d, struct error *e)
{
	if (d->processes == 0 && d->mounts == 0 && d->namespaces == 0 && d->files == 0)
		return 0;
	return REFUSE(e,
		"the environment is not gone (%u processes, %u mounts, %u namespaces, %u files)",
		d->processes, d->mounts, d->namespaces, d->files);
}

int statement_check(const struct statement_input *in, struct error *e)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	if (check_record(&in->record, e) < 0 || check_plan(in, e) < 0 || check_network(in, e) < 0 ||
		check_destroyed(&in->destroyed, e) < 0)
		return -1;
	SHA256((const unsigned char *)in->outputs, in->outputs_size, digest);
	encode_hex(digest, sizeof(digest), hex);
	if (strcmp(hex, in->record.outputs_sha256) != 0)
		return REFUSE(e, "the outputs' manifest has another digest than was reported");
	if (strlen(in->outputs) != in->outputs_size || strlen(in->packages) != in->packages_size)
		return REFUSE(e, "a list holds a NUL byte");
	return 0;
}

struct subjects {
	struct buf all;	 /* JSON of every file, as an array */
	struct buf sums; /* JSON of SHA256SUMS alone, as an array, or empty */
	struct json j;
	uint64_t count;
	struct buf previous; /* path: the manifest must be sorted, so names are unique */
};

static void subjects_deinit(struct subjects *s)
{
	buf_deinit(&s->all);
	buf_deinit(&s->sums);
	buf_deinit(&s->previous);
}

static void put_subject(struct json *j, const struct manifest_entry *entry)
{
	json_object_begin(j, NULL);
	json_object_begin(j, "digest");
	json_string(j, "sha256", entry->sha256);
	if (strcmp(entry->sha512, "-") != 0)
		json_string(j, "sha512", entry->sha512);
	json_object_end(j);
	json_string(j, "name", entry->path);
	json_object_end(j);
}

static int add_entry(struct subjects *s, const struct manifest_entry *entry, struct error *e)
{
	struct json single;
	size_t n = strlen(entry->path);

	if (n == 0 || !text_is_utf8(entry->path, n) || text_has_control(entry->path, n))
		return REFUSE(e, "an output has a name that cannot be written down");
	if (s->previous.size > 0 && strcmp(s->previous.data, entry->path) >= 0)
		return REFUSE(e, "the outputs' manifest is not sorted");
	s->previous.size = 0;
	buf_append(&s->previous, entry->path, n);
	if (entry->type != MANIFEST_FILE)
		return 0;
	put_subject(&s->j, entry);
	s->count++;
	if (strcmp(entry->path, "SHA256SUMS") == 0) {
		json_init(&single, &s->sums);
		json_array_begin(&single, NULL);
		put_subject(&single, entry);
		json_array_end(&single);
	}
	return 0;
}

static int collect_subjects(struct subjects *s, char *manifest, struct error *e)
{
	struct manifest_entry entry;
	char *cursor = manifest;
	int found;

	json_init(&s->j, &s->all);
	json_array_begin(&s->j, NULL);
	while ((found = manifest_next(&cursor, &entry, e)) == 1)
		if (add_entry(s, &entry, e) < 0)
			return -1;
	json_array_end(&s->j);
	if (found < 0)
		return error_wrap(e, "refusing to sign");
	if (s->count == 0) {
		REFUSE(e, "the build left no output file");
		return error_hint(e, "write to $OUT, or name files in [outputs]");
	}
	if (s->count > STATEMENT_SUBJECT_MAX && s->sums.size == 0)
		return REFUSE(e, "more than %d output files, and no SHA256SUMS to stand for them",
			STATEMENT_SUBJECT_MAX);
	if (!buf_ok(&s->all) || !buf_ok(&s->sums) || !buf_ok(&s->previous))
		return error_set(e, 0, "out of memory");
	return 0;
}

int statement_build(struct statement_input *in, struct buf *out, struct error *e)
{
	_cleanup_(subjects_deinit) struct subjects subjects = {.all = BUF_INIT};
	const struct buf *chosen;
	struct json j;

	if (statement_check(in, e) < 0 || collect_subjects(&subjects, in->outputs, e) < 0)
		return -1;
	chosen = subjects.count > STATEMENT_SUBJECT_MAX ? &subjects.sums : &subjects.all;
	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_string(&j, "_type", STATEMENT_TYPE);
	if (provenance_put(&j, in, e) < 0)
		return -1;
	json_string(&j, "predicateType", STATEMENT_PROVENANCE);
	json_raw(&j, "subject", chosen->data, chosen->size);
	json_object_end(&j);
	if (!buf_ok(out))
		return error_set(e, 0, "out of memory");
	/* In base64, with the envelope around it. */
	_Static_assert(STATEMENT_SIZE_MAX / 3 * 4 + 4096 <= STRICT_JSON_MAX, "fit to be read");
	if (out->size > STATEMENT_SIZE_MAX)
		return REFUSE(e, "the statement would be larger than %d bytes", STATEMENT_SIZE_MAX);
	return 0;
}
