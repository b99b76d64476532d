/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: hexadecimal and base64 as in RFC 4648. The decoders run
 * in the verifier on hostile text, so they are strict: one spelling per value.
 */
#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void encode_hex(const void *data, size_t n, char *out)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = hex_digits[p[i] >> 4];
		out[2 * i + 1] = hex_digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

int decode_hex(const char *text, void *out, size_t n)
{
	unsigned char *p = out;

	if (strlen(text) != 2 * n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *high = strchr(hex_digits, text[2 * i]);
		const char *low = strchr(hex_digits, text[2 * i + 1]);

		if (high == NULL || low == NULL)
			return -1;
		p[i] = (unsigned char)((high - hex_digits) << 4 | (low - hex_digits));
	}
	return 0;
}

/* left (1 to 3) bytes at p as four characters. */
static void put_quad(const unsigned char *p, size_t left, char quad[4])
{
	unsigned int bits = (unsigned int)p[0] << 16;

	if (left > 1)
		bits |= (unsigned int)p[1] << 8;
	if (left > 2)
		bits |= p[2];
	for (int k = 0; k < 4; k++)
		quad[k] = base64_digits[bits >> (18 - 6 * k) & 63];
}

void encode_base64(const void *data, size_t n, int pad, struct buf *out)
{
	const unsigned char *p = data;
	char chunk[1024];
	size_t used = 0;

	for (; n >= 3; n -= 3, p += 3) {
		put_quad(p, 3, chunk + used);
		used += 4;
		if (used == sizeof(chunk)) {
			buf_append(out, chunk, used);
			used = 0;
		}
	}
	buf_append(out, chunk, used);
	if (n == 0)
		return;
	put_quad(p, n, chunk);
	memset(chunk + n + 1, '=', 3 - n);
	buf_append(out, chunk, pad ? 4 : n + 1);
}

/* -1 for no digit; *alphabet collects 1 for +/ and 2 for -_ . */
static int base64_value(char c, int *alphabet)
{
	const char *at;

	if (c == '-' || c == '_') {
		*alphabet |= 2;
		return c == '-' ? 62 : 63;
	}
	if (c == '+' || c == '/')
		*alphabet |= 1;
	at = c == '\0' ? NULL : strchr(base64_digits, c);
	return at == NULL ? -1 : (int)(at - base64_digits);
}

/* Number of digits before the padding, or (size_t)-1 when the padding is wrong. */
static size_t base64_digits_in(const char *text, size_t n)
{
	size_t digits = n;

	while (digits > 0 && text[digits - 1] == '=')
		digits--;
	if (digits != n && (n % 4 != 0 || n - digits > 2))
		return (size_t)-1;
	return digits % 4 == 1 ? (size_t)-1 : digits;
}

int decode_base64(const char *text, size_t n, unsigned char **ret, size_t *ret_size)
{
	size_t digits = base64_digits_in(text, n), size = 0;
	_cleanup_(cleanup_freep) unsigned char *out = NULL;
	unsigned int bits = 0, count = 0;
	int alphabet = 0;

	if (digits == (size_t)-1)
		return -1;
	out = malloc(digits / 4 * 3 + 4);
	if (out == NULL)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		int value = base64_value(text[i], &alphabet);

		if (value < 0)
			return -1;
		bits = bits << 6 | (unsigned int)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out[size++] = (unsigned char)(bits >> count);
			bits &= (1U << count) - 1;
		}
	}
	if (bits != 0 || alphabet == 3)
		return -1;
	out[size] = '\0';
	*ret = take_ptr(out);
	*ret_size = size;
	return 0;
}
