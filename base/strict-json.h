/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct json_t; /* of jansson */

/*
 * JSON as a verifier must read it, so that no two readers can understand it
 * differently: UTF-8 without a byte order mark, no NUL (also not as \u0000), no
 * duplicate keys (after unescaping, and not by case either), nesting of at most
 * STRICT_JSON_DEPTH, an object at the top and nothing behind it.
 * The caller releases the result with strict_json_freep(). NULL with *e filled.
 */
enum { STRICT_JSON_DEPTH = 64, STRICT_JSON_MAX = 32 << 20 };
struct json_t *strict_json_parse(const char *text, size_t n, struct error *e);
/* The same where keys are names of somebody's files, and may differ by case alone. */
struct json_t *strict_json_load(const char *text, size_t n, struct error *e);
void strict_json_freep(struct json_t **j); /* for _cleanup_ */

/* A member, or NULL when it is absent or null (which in-toto makes equal). */
struct json_t *strict_json_get(const struct json_t *object, const char *key);
/* A non-empty string member; its bytes and length. NULL when it is anything else. */
const char *strict_json_text(const struct json_t *object, const char *key, size_t *ret_n);
/* True when the n bytes at s are exactly the string `wanted`. */
bool strict_json_is(const char *s, size_t n, const char *wanted);
