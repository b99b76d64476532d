/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: writes JSON into a struct buf. Runs in the runner, the
 * signer and the verifier on strings of any origin: every byte that JSON or a
 * terminal would act on is escaped, so a hostile name cannot end its string.
 */
#include "base/json.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

void json_init(struct json *j, struct buf *out)
{
	*j = (struct json){.out = out};
}

static void put_escaped(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char unicode[7] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15], '\0'};

	switch (c) {
	case '"':
		buf_puts(out, "\\\"");
		return;
	case '\\':
		buf_puts(out, "\\\\");
		return;
	case '\n':
		buf_puts(out, "\\n");
		return;
	case '\t':
		buf_puts(out, "\\t");
		return;
	case '\r':
		buf_puts(out, "\\r");
		return;
	default:
		buf_append(out, unicode, 6);
	}
}

/* How many of the n bytes at s stand for themselves, as all of almost every string do. */
static size_t plain_length(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= ' ' && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

static void put_string(struct buf *out, const char *s, size_t n)
{
	size_t start = 0;

	buf_append(out, "\"", 1);
	for (size_t i = plain_length(s, n); i < n; i += plain_length(s + i, n - i)) {
		unsigned char c = (unsigned char)s[i];
		size_t length = 1;

		while (c >= 0x80 && length <= 4 && i + length <= n && !text_is_utf8(s + i, length))
			length++;
		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && length <= 4 &&
			i + length <= n) {
			i += length;
			continue;
		}
		buf_append(out, s + start, i - start);
		if (c >= 0x80)
			buf_puts(out, "\xef\xbf\xbd");
		else
			put_escaped(out, c);
		start = ++i;
	}
	buf_append(out, s + start, n - start);
	buf_append(out, "\"", 1);
}

static void begin_value(struct json *j, const char *key)
{
	if (j->need_comma[j->depth])
		buf_append(j->out, ",", 1);
	j->need_comma[j->depth] = 1;
	if (key != NULL) {
		put_string(j->out, key, strlen(key));
		buf_append(j->out, ":", 1);
	}
}

static void open_level(struct json *j, const char *key, const char *bracket)
{
	begin_value(j, key);
	buf_puts(j->out, bracket);
	if (j->depth + 1 >= (int)sizeof(j->need_comma)) {
		j->out->failed = true;
		return;
	}
	j->need_comma[++j->depth] = 0;
}

static void close_level(struct json *j, const char *bracket)
{
	if (j->depth > 0)
		j->depth--;
	buf_puts(j->out, bracket);
}

void json_object_begin(struct json *j, const char *key)
{
	open_level(j, key, "{");
}

void json_object_end(struct json *j)
{
	close_level(j, "}");
}

void json_array_begin(struct json *j, const char *key)
{
	open_level(j, key, "[");
}

void json_array_end(struct json *j)
{
	close_level(j, "]");
}

void json_string(struct json *j, const char *key, const char *value)
{
	json_string_n(j, key, value, strlen(value));
}

void json_string_n(struct json *j, const char *key, const char *value, size_t n)
{
	begin_value(j, key);
	put_string(j->out, value, n);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	buf_printf(j->out, "%llu", (unsigned long long)value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	buf_printf(j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, int value)
{
	begin_value(j, key);
	buf_puts(j->out, value ? "true" : "false");
}

void json_raw(struct json *j, const char *key, const char *value, size_t n)
{
	begin_value(j, key);
	buf_append(j->out, value, n);
}
