/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/locks.h"

struct error;

/* What one lock file is being read into. */
struct reading {
	struct buf lines; /* of base/locks.h, in any order */
	uint64_t count;
	/* What it names without a digest that counts: nothing is locked by that, or allowed. */
	uint32_t left_out;
	char first_left_out[128]; /* what, and why */
};
#define READING_INIT ((struct reading){.lines = BUF_INIT})

void reading_deinit(struct reading *r); /* also for _cleanup_ */

/*
 * One parser for each kind of lock file; text is n bytes and NUL-terminated behind them, and
 * reading_check() has held. 0, or -1 with *e, which says where it is wrong.
 */
typedef int lock_parser(char *text, size_t n, struct reading *r, struct error *e);
lock_parser npm_read;	       /* package-lock.json, npm-shrinkwrap.json */
lock_parser cargo_read;	       /* Cargo.lock */
lock_parser go_read;	       /* go.sum */
lock_parser requirements_read; /* requirements.txt */
lock_parser attestation_read;  /* NAME.intoto.jsonl; its signature is not looked at */

/* UTF-8 text without NUL. 0, or -1 with *e. */
int reading_check(const char *text, size_t n, struct error *e);

/* Adds a line; -1 with *e when its name cannot be one, or there are too many. */
int reading_put(struct reading *r, const struct lock *l, struct error *e);
/* The same with a digest of n bytes of base64. */
int reading_put_base64(
	struct reading *r, struct lock l, const char *text, size_t n, struct error *e);
/* Notes what is left out: its name, which is made harmless, and why. */
void reading_leave_out(struct reading *r, const char *name, size_t n, const char *why);
/* -1 with *e: "line 7: what". */
int reading_fail(struct error *e, unsigned int line, const char *what);
/*
 * Cuts the next line off at *cursor (NUL-terminated), terminates it, counts it in *line. NULL
 * at the end. A carriage return before its end is taken away.
 */
char *reading_next_line(char **cursor, unsigned int *line);
