/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * A JSON writer without blanks (RFC 8259). Strings and integers only, as the
 * canonical subset of RFC 8785 needs; keys are written in the order in which
 * the caller gives them, so a caller that wants canonical bytes gives them
 * sorted. Strings must be UTF-8: ill-formed bytes become U+FFFD.
 * A writer is one struct; commas are its business, not the caller's.
 */
struct json {
	struct buf *out;
	int depth;
	unsigned char need_comma[32]; /* by depth */
};

void json_init(struct json *j, struct buf *out);
/* key may be NULL inside arrays and at the top. */
void json_object_begin(struct json *j, const char *key);
void json_object_end(struct json *j);
void json_array_begin(struct json *j, const char *key);
void json_array_end(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_string_n(struct json *j, const char *key, const char *value, size_t n);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, int value);
/* value is already JSON. */
void json_raw(struct json *j, const char *key, const char *value, size_t n);
