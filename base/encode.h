/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;

/* Lower-case hexadecimal; out holds 2 * n + 1 bytes. */
void encode_hex(const void *data, size_t n, char *out);
/* Exactly 2 * n lower-case digits, nothing behind them. 0 or -1. */
int decode_hex(const char *text, void *out, size_t n);
/* RFC 4648 §4 (standard alphabet); pad tells whether '=' is written. */
void encode_base64(const void *data, size_t n, int pad, struct buf *out);
/*
 * RFC 4648 §4 and §5 (standard or URL-safe, not mixed), padded or not as DSSE
 * allows, canonical (unused bits zero), no blanks. Caller frees *ret. 0 or -1.
 */
int decode_base64(const char *text, size_t n, unsigned char **ret, size_t *ret_size);
