/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "attest/report.h"
#include "attest/verify.h"

struct json_t;

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
/* The statement in it, text; good[i] tells whether trusted key i has signed it. */
void judge_payload(
	const struct judgement *j, const char *text, size_t n, const bool *good, struct report *r);
/* Parts of it, each adding its checks. root is the statement. */
void judge_subjects(const struct judgement *j, const struct json_t *root, struct report *r);
void judge_provenance(const struct judgement *j, const struct json_t *predicate, struct report *r);
void judge_policy(const struct judgement *j, const struct json_t *predicate, struct report *r);
void judge_network(const struct judgement *j, const struct json_t *predicate, struct report *r);

/* NULL when the digest set is well-formed, else what is wrong with it. */
const char *digest_set_problem(const struct json_t *digest);
/* True when the set holds a digest that is fit to identify bytes. */
bool digest_set_is_secure(const struct json_t *digest);

/* The only element with this name, or NULL. */
const struct json_t *descriptor_named(const struct json_t *list, const char *name);
/*
 * Where a dependency was downloaded from: what it says, or a URI that is such a
 * place itself. A package with a digest was fetched from somewhere, so one that
 * does not say from where is not below any registry; a package without one is a
 * part of the image. NULL: it was not downloaded.
 */
const char *descriptor_location(const struct json_t *descriptor, size_t *ret_n);
