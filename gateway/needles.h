/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;
struct ca;

/*
 * Adds the needles (base/needle.h) of a secret of n bytes, at least NEEDLE_WINDOW, as it is
 * and in base64, wherever in other bytes it begins there. name as a needle's.
 */
void needles_put(struct buf *out, const char *name, const void *secret, size_t n);
/* Whether no more of them have room: what is then not looked for must be an error. */
int needles_are_complete(const struct buf *out);
/* Those of the build's authority, as DER and as PEM. 0, or -1 without memory. */
int needles_put_authority(struct buf *out, const struct ca *ca);
void needles_digest(const void *data, size_t n, unsigned char sha256[32]);
