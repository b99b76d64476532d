/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "locks/reading.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
/* 32 and 64 zero bytes in base64, and in hexadecimal digits. */
#define ZERO32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ZERO64                                                                                     \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define Z64 "0000000000000000000000000000000000000000000000000000000000000000"
#define Z128 Z64 Z64

/* What a parser makes of a text; `expected` NULL: an error that has `why` in it. */
struct sample {
	const char *text, *expected; /* lines */
	const char *why;	     /* of the error, or of the first that is left out; or NULL */
};
void check_samples(lock_parser *parser, const struct sample *samples, size_t count);
