/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/locks.h"

struct error;
struct rule;

/*
 * What the project's lock files tie to which URL: for registries whose rule says
 * digest=lock, where nothing is fetched that is not in there, and nothing delivered that is
 * not what it says.
 */
struct lock_entry {
	char *key; /* owned: its lock's name in the one form in which requests are compared */
	struct lock lock;
};
struct lock_set {
	char *text;		    /* owned; the locks point into it */
	struct lock_entry *entries; /* in order of tie and key */
	size_t count;
};

void lock_set_deinit(struct lock_set *s); /* also for _cleanup_ */
/* The list of base/locks.h at text (NUL-terminated; taken over, also on failure). 0 or -1. */
int lock_set_read(char *text, struct lock_set *ret, struct error *e);

/* Alternatives: one of them has to hold for the body of an answer. */
enum { LOCK_MATCHES_MAX = 128 };
struct lock_match {
	size_t count; /* 0: the URL is not in the lock */
	struct {
		enum lock_algorithm algorithm;
		const char *hex; /* NULL: own */
	} items[LOCK_MATCHES_MAX];
	char own[129]; /* what the URL itself says */
};
const char *lock_match_hex(const struct lock_match *m, size_t i);

/*
 * What is expected of `target` (normalised) at the rule's place. A path that ends in
 * "/by-hash/SHA256/DIGEST", as apt asks, says it itself.
 */
void lock_set_find(const struct lock_set *s, const struct rule *rule, const char *target,
	struct lock_match *ret);
bool lock_match_has(const struct lock_match *m, enum lock_algorithm algorithm);
/* Whether one of the locks of this algorithm has this digest. */
bool lock_match_holds(const struct lock_match *m, enum lock_algorithm algorithm, const char *hex);
/* A file name of a project's release: "Name-1.0.tar.gz", "name-1.0-py3-none-any.whl". */
bool lock_is_file_of(const char *file, const char *project);
