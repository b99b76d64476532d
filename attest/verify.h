/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "attest/key.h"

struct error;

struct text_list {
	const char **items; /* the strings are argv's */
	size_t count;
};

/* What the caller wants to be true: the command line of cupel-verify. */
struct verify_policy {
	struct text_list files, keys, signers, trust_dirs, parameters, registries, byproducts;
	struct text_list networks, hosts;
	const char *attestation, *builder_id, *build_type, *predicate_type, *source_commit;
	const char *as_byproduct;
	bool strict_parameters, require_digests, require_inspected, json, help;
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
/* The host in "scheme://host[:port]…", without its port; NULL when it is not plain which. */
const char *verify_url_host(const char *url, size_t *ret_n);

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
