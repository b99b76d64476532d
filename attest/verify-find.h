/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "attest/judge.h"

/* A file that may hold an attestation of a target. */
struct candidate {
	int fd;		/* owned */
	char *path;	/* owned; for people */
	char *relative; /* owned; what the attestation would call the target, or NULL */
	bool lines;	/* JSONL: attestations of other things may stand beside */
	bool close;	/* named by the caller or after the target: it is about the target */
};

enum { CANDIDATES_MAX = 64, FIND_PARENTS = 8 };
struct search {
	struct target target;
	struct candidate candidates[CANDIDATES_MAX];
	size_t count;
	char problem[512]; /* why there is nothing to judge, or empty */
};

/*
 * Opens path and whatever may be an attestation of it: the policy's, else
 * FILE.intoto.jsonl and FILE.sigstore.json, else all files with these endings in
 * its directory and in up to FIND_PARENTS directories above; the nearest first.
 * None found is no error. -1 with *e filled when the target or the policy's
 * attestation cannot be opened.
 */
int search_open(
	const char *path, const struct verify_policy *policy, struct search *ret, struct error *e);
void search_deinit(struct search *s); /* also for _cleanup_ */
