/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify and cupel-lock, confined, on bytes that a
 * stranger wrote. Nesting is bounded before a parser sees the text, the parser is told
 * to refuse duplicates, and what it leaves open (keys that differ only by case,
 * which some readers take for the same) is checked on its result.
 */
#include "base/strict-json.h"

#include <string.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

/* Deepest nesting in the text; strings are skipped, malformed text is left to the parser. */
static size_t depth_of(const char *text, size_t n)
{
	size_t depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (quoted) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				quoted = false;
		} else if (text[i] == '"') {
			quoted = true;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > deepest)
				deepest = depth;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
		}
	}
	return deepest;
}

/* Lower case as Go's encoding/json folds: also U+017F to s and U+212A to k. */
static void fold_key(const char *key, size_t n, struct buf *out)
{
	out->size = 0;
	for (size_t i = 0; i < n; i++) {
		char c = key[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 'a' - 'A');
		if (n - i >= 2 && memcmp(key + i, "\xc5\xbf", 2) == 0) {
			c = 's';
			i += 1;
		} else if (n - i >= 3 && memcmp(key + i, "\xe2\x84\xaa", 3) == 0) {
			c = 'k';
			i += 2;
		}
		buf_append(out, &c, 1);
	}
}

static bool keys_differ_folded(json_t *object)
{
	_cleanup_(strict_json_freep) json_t *seen = json_object();
	_cleanup_(buf_deinit) struct buf folded = BUF_INIT;
	json_t *value;
	const char *key;

	json_object_foreach(object, key, value)
	{
		fold_key(key, strlen(key), &folded);
		buf_append(&folded, "", 0);
		if (!buf_ok(&folded) || seen == NULL ||
			json_object_get(seen, folded.data) != NULL ||
			json_object_set_new(seen, folded.data, json_true()) < 0)
			return false;
	}
	return true;
}

/* Recursion is bounded by STRICT_JSON_DEPTH. */
static bool tree_differs_folded(json_t *j)
{
	json_t *value;
	const char *key;
	size_t i;

	if (json_is_object(j) && !keys_differ_folded(j))
		return false;
	if (json_is_object(j)) {
		json_object_foreach(j, key, value)
		{
			if (!tree_differs_folded(value))
				return false;
		}
	}
	if (json_is_array(j)) {
		json_array_foreach(j, i, value)
		{
			if (!tree_differs_folded(value))
				return false;
		}
	}
	return true;
}

json_t *strict_json_load(const char *text, size_t n, struct error *e)
{
	_cleanup_(strict_json_freep) json_t *j = NULL;
	json_error_t why;

	if (n > STRICT_JSON_MAX)
		return error_set(e, 0, "longer than %d bytes", STRICT_JSON_MAX), NULL;
	if (memchr(text, '\0', n) != NULL || !text_is_utf8(text, n))
		return error_set(e, 0, "not UTF-8 text"), NULL;
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return error_set(e, 0, "begins with a byte order mark"), NULL;
	if (depth_of(text, n) > STRICT_JSON_DEPTH)
		return error_set(e, 0, "nested deeper than %d", STRICT_JSON_DEPTH), NULL;
	j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	if (j == NULL)
		return error_set(e, 0, "malformed JSON at byte %d: %s", why.position, why.text),
		       NULL;
	if (!json_is_object(j))
		return error_set(e, 0, "not a JSON object"), NULL;
	return take_ptr(j);
}

json_t *strict_json_parse(const char *text, size_t n, struct error *e)
{
	_cleanup_(strict_json_freep) json_t *j = strict_json_load(text, n, e);

	if (j != NULL && !tree_differs_folded(j))
		return error_set(e, 0, "an object has two keys that differ only by case"), NULL;
	return take_ptr(j);
}

void strict_json_freep(json_t **j)
{
	json_decref(*j);
	*j = NULL;
}

json_t *strict_json_get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

const char *strict_json_text(const json_t *object, const char *key, size_t *ret_n)
{
	const json_t *value = strict_json_get(object, key);

	if (!json_is_string(value) || json_string_length(value) == 0)
		return NULL;
	*ret_n = json_string_length(value);
	return json_string_value(value);
}

bool strict_json_is(const char *s, size_t n, const char *wanted)
{
	return s != NULL && n == strlen(wanted) && memcmp(s, wanted, n) == 0;
}
