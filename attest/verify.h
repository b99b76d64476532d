/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attest/key.h"
#include "attest/report.h"

struct error;
struct json_t;

struct text_list {
	const char **items; /* the strings are argv's */
	size_t count;
};

/* What the caller wants to be true: the command line of cupel-verify. */
struct verify_policy {
	struct text_list files, keys, signers, trust_dirs, parameters, registries, byproducts;
	const char *attestation, *builder_id, *build_type, *predicate_type, *source_commit;
	bool strict_parameters, require_digests, json, help;
	uint64_t threshold;
	uint64_t max_age_ms; /* 0: any */
	uint64_t max_denied; /* UINT64_MAX: any */
	int64_t at_ms;	     /* since the epoch */
};

/* 0, or -1 with *e filled (a usage error). */
int verify_args_parse(int argc, char *const argv[], struct verify_policy *ret, struct error *e);
void verify_policy_deinit(struct verify_policy *p); /* also for _cleanup_ */
/* The text of --help. */
void verify_args_help(FILE *out);

/* RFC 3339 in UTC ("…Z"), with or without a fraction. 0 or -1. */
int verify_parse_time(const char *s, size_t n, int64_t *ret_ms);

/* Keys that may sign, each once. */
struct trusted_key {
	struct key key;
	const char *only_for; /* the only builder id that it may vouch for, or NULL */
};
struct trust {
	struct trusted_key *keys;
	size_t count;
};
/* Reads all keys that the policy names. A directory that is not there is empty. */
int trust_load(const struct verify_policy *policy, struct trust *ret, struct error *e);
void trust_deinit(struct trust *t); /* also for _cleanup_ */
/* May this key vouch for what builder `id` (NULL: no builder) says? */
bool trust_may_vouch(const struct trusted_key *k, const char *id, size_t n);

/* The signed envelope, decoded. */
struct signature {
	unsigned char *bytes;
	size_t size;
};
struct envelope {
	struct json_t *root;
	const char *type; /* of the payload */
	size_t type_size;
	unsigned char *payload;
	size_t payload_size;
	struct signature *signatures;
	size_t signature_count;
};
#define ENVELOPE_INIT                                                                              \
	{                                                                                          \
		.root = NULL                                                                       \
	}
void envelope_deinit(struct envelope *v); /* also for _cleanup_ */
/*
 * Takes a DSSE envelope or a Sigstore bundle apart, adding its checks to r.
 * 0, or -1 when there is nothing to go on with.
 */
int envelope_open(const char *text, size_t n, struct envelope *ret, struct report *r);
/* Sets good[i] for every trusted key that made one of the signatures. */
void envelope_verify(const struct envelope *v, const struct trust *t, bool *good);
/* One signature over bytes, DER or raw. Only a proven one is true. */
bool signature_is_good(
	struct evp_pkey_st *key, const struct buf *bytes, const struct signature *sig);

/* The thing that is verified. */
struct target {
	const char *path;
	int fd; /* owned; a file or a directory */
	bool is_directory;
	char sha256[65], sha512[129]; /* of a file, filled when first needed */
};
/* Hashes a target's file. 0, or -1 with *e filled. */
int target_hash(int fd, const char *algorithm, char *hex, size_t size, struct error *e);

/* Everything that one attestation is judged by. */
struct judgement {
	const struct verify_policy *policy;
	const struct trust *trust;
	struct target *target;
	const char *relative; /* how an attestation at its place would name the target */
};
/* One document (not JSONL) against all checks; fills *r, which is REPORT_INIT. */
void judge_document(const struct judgement *j, const char *text, size_t n, struct report *r);
/* Parts of it, each adding its checks. root is the statement. */
void judge_subjects(const struct judgement *j, const struct json_t *root, struct report *r);
void judge_provenance(const struct judgement *j, const struct json_t *predicate, struct report *r);
void judge_policy(const struct judgement *j, const struct json_t *predicate, struct report *r);

/* NULL when the digest set is well-formed, else what is wrong with it. */
const char *digest_set_problem(const struct json_t *digest);
/* True when the set holds a digest that is fit to identify bytes. */
bool digest_set_is_secure(const struct json_t *digest);
