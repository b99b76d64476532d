/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pure functions over bytes, used by every program on
 * input of any trust. Parsers take the whole string or nothing; printers never
 * let a byte through that a terminal would act on.
 */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The well-formed sequences of RFC 3629, §4: what the first two bytes may be
 * (which excludes overlong forms and surrogates), and how many there are in all.
 */
static const struct {
	unsigned char first_low, first_high, second_low, second_high;
	size_t length;
} utf8_forms[] = {
	{0x00, 0x7f, 0x00, 0x00, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool has_form(size_t form, const unsigned char *s, size_t n)
{
	size_t length = utf8_forms[form].length;

	if (s[0] < utf8_forms[form].first_low || s[0] > utf8_forms[form].first_high || n < length)
		return false;
	if (length > 1 &&
		(s[1] < utf8_forms[form].second_low || s[1] > utf8_forms[form].second_high))
		return false;
	for (size_t i = 2; i < length; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return false;
	return true;
}

/* Length of the well-formed UTF-8 sequence at s (n bytes left), or 0. */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	for (size_t i = 0; i < sizeof(utf8_forms) / sizeof(utf8_forms[0]); i++)
		if (has_form(i, s, n))
			return utf8_forms[i].length;
	return 0;
}

bool text_is_utf8(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(u + i, n - i);

		if (length == 0)
			return false;
		i += length;
	}
	return true;
}

static bool is_control(const unsigned char *s, size_t length)
{
	if (length == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return length == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

bool text_has_control(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(u + i, n - i);

		if (is_control(u + i, length == 0 ? 1 : length))
			return true;
		i += length == 0 ? 1 : length;
	}
	return false;
}

void text_escape(const char *s, size_t n, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *u = (const unsigned char *)s;
	size_t o = 0;

	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(u + i, n - i);
		bool plain = length > 0 && !is_control(u + i, length);
		size_t step = plain ? length : 1;

		if (o + (plain ? length : 4) + 1 > size)
			break;
		if (plain) {
			memcpy(out + o, u + i, length);
			o += length;
		} else {
			out[o++] = '\\';
			out[o++] = 'x';
			out[o++] = digits[u[i] >> 4];
			out[o++] = digits[u[i] & 15];
		}
		i += step;
	}
	if (size > 0)
		out[o] = '\0';
}

/* Digits from the start of s; *ret_rest points behind them. */
static int parse_digits(const char *s, uint64_t *ret, const char **ret_rest)
{
	uint64_t value = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -1;
	if (p == s)
		return -1;
	*ret = value;
	*ret_rest = p;
	return 0;
}

int text_to_u64(const char *s, uint64_t *ret)
{
	const char *rest;
	uint64_t value;

	if (parse_digits(s, &value, &rest) < 0 || *rest != '\0')
		return -1;
	*ret = value;
	return 0;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

static int parse_with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	const char *rest;
	uint64_t value;

	if (parse_digits(s, &value, &rest) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (strcmp(rest, units[i].suffix) == 0)
			return __builtin_mul_overflow(value, units[i].factor, ret) ? -1 : 0;
	return -1;
}

int text_to_duration_ms(const char *s, uint64_t *ret_ms)
{
	static const struct unit units[] = {
		{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};

	return parse_with_unit(s, units, sizeof(units) / sizeof(units[0]), ret_ms);
}

int text_to_bytes(const char *s, uint64_t *ret)
{
	static const struct unit units[] = {{"", 1}, {"K", 1 << 10}, {"KiB", 1 << 10},
		{"M", 1 << 20}, {"MiB", 1 << 20}, {"G", 1 << 30}, {"GiB", 1 << 30},
		{"T", 1ULL << 40}, {"TiB", 1ULL << 40}};

	return parse_with_unit(s, units, sizeof(units) / sizeof(units[0]), ret);
}

int text_to_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};

	for (size_t i = 0; i < 4; i++) {
		if (strcmp(s, yes[i]) == 0 || strcmp(s, no[i]) == 0) {
			*ret = strcmp(s, yes[i]) == 0;
			return 0;
		}
	}
	return -1;
}
