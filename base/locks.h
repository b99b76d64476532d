/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/msg.h"

struct buf;
struct error;

/*
 * What a project's lock files say about the files that its build fetches: one line for
 * each digest and what it is tied to, each once, in bytewise order of the lines. Fields
 * are separated by one blank, all printable ASCII:
 *
 *	TIE NAME ALGORITHM HEX
 *
 * Several lines with one tie are alternatives: one of them has to hold.
 */
enum lock_tie {
	LOCK_BELOW, /* NAME is a path (with no '/' in front) directly below a registry's url */
	LOCK_PYPI,  /* NAME is "project==version": files that are called so, in any directory */
	LOCK_URL,   /* NAME is "http[s]://host[:port]/path", with its query */
	LOCK_TIE_COUNT
};
enum lock_algorithm {
	LOCK_H1,     /* of a zip file: golang.org/x/mod's dirhash.Hash1 of what is in it */
	LOCK_H1_MOD, /* the same of a file that is alone, and called go.mod */
	LOCK_SHA256,
	LOCK_SHA512,
	LOCK_ALGORITHM_COUNT
};
enum { LOCKS_NAME_MAX = 4096, LOCKS_MAX = 262144, LOCKS_BYTES_MAX = 64 << 20 };

struct lock {
	enum lock_tie tie;
	enum lock_algorithm algorithm;
	const char *name, *hex;
};

const char *lock_algorithm_name(enum lock_algorithm algorithm);
/* Hexadecimal digits of a digest. */
size_t lock_algorithm_digits(enum lock_algorithm algorithm);
/* Whether it can stand in a line: a name of the form of its tie, a digest of its algorithm. */
bool lock_holds(const struct lock *l);
void locks_put(struct buf *out, const struct lock *l);
/*
 * Sorts the lines at text (NUL-terminated, changed), each once, into out. 0, or -1 with *e:
 * a line that is cut, too many, or without memory.
 */
int locks_sort(char *text, struct buf *out, struct error *e);
/*
 * Parses the line at *cursor (NUL-terminated text, which is changed in place and must outlive
 * *ret) and moves *cursor behind it. 1 for a lock, 0 at the end, -1 for a malformed line.
 * Order is the caller's to check: locks_compare() is negative for every two neighbours.
 */
int locks_next(char **cursor, struct lock *ret, struct error *e);
int locks_compare(const struct lock *a, const struct lock *b);
/* Puts a project's name in the one form that PEP 503 gives it: lower case, '-' for "-_.". */
void lock_put_project(struct buf *out, const char *name, size_t n);

/*
 * What cupel-gateway asks cupel-lock about a body that it holds back, over a socket that
 * the runner gave to both: so that nothing unpacks what a registry sent where the build's
 * authority is. One at a time.
 */
enum {
	LOCKS_HASH = MSG_FIRST + 16, /* fd: a zip file, as a sealed memfd */
	LOCKS_HASHED,		     /* payload: struct locks_hashed; or MSG_ERROR: it is none */
};
struct locks_hashed {
	char h1[65]; /* of LOCK_H1 */
};
