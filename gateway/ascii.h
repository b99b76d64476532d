/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What <ctype.h> would say in the C locale, of any byte, whatever the locale. */

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool ascii_is_alnum(char c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* C0 controls and DEL. */
static inline bool ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* 0x21 to 0x7e. */
static inline bool ascii_is_visible(char c)
{
	return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A port of 1 to 65535 written in one way only (no sign, no leading zero), or 0. */
static inline unsigned short ascii_port(const char *s, size_t n)
{
	unsigned int port = 0;

	if (n == 0 || n > 5 || s[0] == '0')
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_digit(s[i]))
			return 0;
		port = port * 10 + (unsigned int)(s[i] - '0');
	}
	return port <= 65535 ? (unsigned short)port : 0;
}
