/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;
struct error;
struct key;

#define DSSE_PAYLOAD_TYPE "application/vnd.in-toto+json"

/* DSSE v1: the bytes that are signed. Lengths count bytes. */
void dsse_pae(
	const char *type, size_t type_size, const void *body, size_t body_size, struct buf *out);

/*
 * Signs an in-toto statement with a P-256 key: one envelope, without a line
 * end, in JSON with sorted keys. 0, or -1 with *e filled.
 */
int dsse_sign(
	const struct key *k, const struct buf *statement, struct buf *envelope, struct error *e);

/* The same envelope in a Sigstore bundle v0.3 whose hint is the keyid. */
void dsse_put_bundle(const char *keyid, const struct buf *envelope, struct buf *out);
