/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;

enum gunzip { GUNZIP_WHOLE, GUNZIP_CUT, GUNZIP_MALFORMED };

/*
 * What one gzip member (RFC 1952) of n bytes holds, appended to out, but no more than
 * limit bytes: then, and when the input ends before it does, it is cut. Malformed also
 * when anything follows it.
 */
enum gunzip gunzip(const void *bytes, size_t n, size_t limit, struct buf *out);
