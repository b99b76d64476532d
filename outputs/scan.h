/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/needle.h"

struct error;
struct items;

/* Reads the needles of a sealed memfd. 0, or -1 with *e filled. */
int scan_read(int fd, struct needles *ret, struct error *e);
/*
 * Looks for them in what is copied next, and in the names of what will be. needles may be
 * NULL. 0, or -1 with *e filled, ERROR_POLICY, when one is there: `where` is "output 'x'".
 */
int scan_bytes(const struct needles *needles, struct needle_stream *stream, const void *data,
	size_t n, const char *where, struct error *e);
int scan_zeros(const struct needles *needles, struct needle_stream *stream, uint64_t n,
	const char *where, struct error *e);
int scan_names(const struct needles *needles, const struct items *items, struct error *e);
