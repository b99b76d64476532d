/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

/*
 * What a verification found: every check with what was expected and what was
 * found, failed ones as well as good ones. Strings are copied and may be
 * hostile; printing makes them harmless.
 */
struct check {
	const char *name;   /* static */
	const char *source; /* where `found` stands; static */
	bool ok;
	char *expected, *found; /* owned, cut to a line's length */
};

enum verdict { VERDICT_GOOD, VERDICT_BAD, VERDICT_UNDECIDED, VERDICT_COUNT };

struct report {
	struct check *checks;
	size_t count;
	bool failed;	     /* any check did */
	bool undecided;	     /* it needs something that we do not judge */
	bool unrelated;	     /* it speaks about other files */
	struct buf summary;  /* one sentence: what was proven, and by whom; or why not */
	struct buf document; /* the attestation's file name */
};
#define REPORT_INIT                                                                                \
	{                                                                                          \
		.checks = NULL, .summary = BUF_INIT, .document = BUF_INIT                          \
	}

void report_deinit(struct report *r); /* also for _cleanup_ */
/* Adds a check and returns ok. expected and found may be NULL (nothing to show). */
bool report_check(struct report *r, const char *name, bool ok, const char *source,
	const char *expected, const char *found);
enum verdict report_verdict(const struct report *r);
const char *report_verdict_name(enum verdict v);
/* Number of checks that passed: the report that came further is the better explanation. */
size_t report_passed(const struct report *r);

/* One line a check, then the verdict with the summary. */
void report_print_text(const struct report *r, const char *file, FILE *out);
/* {"file","verdict","attestation","checks":[…],"summary"} and a line end. */
void report_print_json(const struct report *r, const char *file, FILE *out);
/* Hostile text for a terminal: no controls, no invisible or reordering characters. */
void report_put_harmless(struct buf *out, const char *s, size_t n);
