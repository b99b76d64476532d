/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

#include "attest/sign.h"

struct buf;
struct error;
struct json;
struct plan;

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define STATEMENT_PROVENANCE "https://slsa.dev/provenance/v1"
#define STATEMENT_BUILD_TYPE "https://cupel.example/buildtypes/run/v1"
/* More output files than this: the file SHA256SUMS stands for all of them. */
enum { STATEMENT_SUBJECT_MAX = 1000 };
/* Larger than this it could be signed, and nobody would read it (strict-json.h). */
enum { STATEMENT_SIZE_MAX = 23 << 20 };

/* All that a statement is made of; nothing else enters it. */
struct statement_input {
	const struct plan *plan;
	const char *builder_id;
	struct sign_record record;
	struct sign_destroyed destroyed;
	char *outputs; /* the outputs' tree manifest, NUL-terminated; changed while it is read */
	size_t outputs_size;
	char *packages; /* as packages_put() takes it; changed while it is read */
	size_t packages_size;
	/* Of the gateway; nothing when the plan's network is none. */
	char *dependencies; /* as fetched_put() takes it; changed while it is read */
	size_t dependencies_size;
	char network_sha256[65];		       /* digest of its log */
	const char *machine, *linux_release, *openssl; /* of this host */
	unsigned char random[16];		       /* makes the invocation unique */
};

/*
 * Checks that the inputs agree with one another and are fit to be signed.
 * 0, or -1 with *e filled: then nothing may be signed.
 */
int statement_check(const struct statement_input *in, struct error *e);

/*
 * The in-toto Statement v1 with SLSA provenance v1, canonical JSON (sorted keys,
 * no blanks). 0, or -1 with *e filled.
 */
int statement_build(struct statement_input *in, struct buf *out, struct error *e);

/* The predicate alone (provenance.c). */
int provenance_put(struct json *j, struct statement_input *in, struct error *e);
