/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strict reading and harmless printing of text that a stranger wrote. */

/* RFC 3629: true when the n bytes are well-formed UTF-8 (NUL allowed inside). */
bool text_is_utf8(const char *s, size_t n);
/* True when any byte is a C0 control, DEL, or the UTF-8 form of a C1 control. */
bool text_has_control(const char *s, size_t n);
/*
 * Copies n bytes to out (size bytes, always terminated, cut if need be) with
 * every control character, escape and ill-formed byte shown as \xNN.
 */
void text_escape(const char *s, size_t n, char *out, size_t size);

/* Whole-string parsers: no sign, no blanks, no trailing bytes. Return 0 or -1. */
int text_to_u64(const char *s, uint64_t *ret);
/* "90", "90s", "15m", "2h", "250ms" to milliseconds; a bare number is seconds. */
int text_to_duration_ms(const char *s, uint64_t *ret_ms);
/* "512", "64K", "10M", "2G", with powers of 1024 and an optional "iB", to bytes. */
int text_to_bytes(const char *s, uint64_t *ret);
/* "yes|true|on|1", "no|false|off|0". */
int text_to_bool(const char *s, bool *ret);
