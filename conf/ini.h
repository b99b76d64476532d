/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;

/*
 * A strict reader of ini files. What libinih would cut, guess or skip is an
 * error here, so that a file means what it looks like:
 *
 *	; comment            also '#'; only at the start of a line
 *	[section]            nothing behind it; may be repeated
 *	key = value          starts its line; blanks around key and value do not count
 *
 * The value is every byte between the first '=' and the end of the line, blanks
 * at both ends left out: quotes, '#' and ';' are part of it, save ';' behind a
 * blank, which libinih takes for a comment and which is therefore refused. There
 * are no continuation lines. Files are UTF-8 without control characters (tabs
 * are one), lines end in LF.
 */
enum { INI_LINE_MAX = 190, INI_NAME_MAX = 49, INI_SIZE_MAX = 64 << 10, INI_KEYS_MAX = 512 };

/* One "key = value" of a file; for "[section]" itself key and value are NULL. Valid during the
 * call. */
struct ini_item {
	const char *section, *key, *value;
	const char *file;
	unsigned int line;
};

/* Returned by an ini_item_fn: this key may occur again in this section. */
enum { INI_REPEATABLE = 1 };
/* 0 or INI_REPEATABLE to go on, -1 with *e filled to end the reading. */
typedef int ini_item_fn(void *context, const struct ini_item *item, struct error *e);

/*
 * Reads the open file fd, which messages call `name` ("cupel.ini:12: …"), and
 * gives each item in order. Items before the first bad line have been given when
 * it fails. 0, or -1 with *e filled (ERROR_USAGE, with a hint).
 */
int ini_read(int fd, const char *name, ini_item_fn *item, void *context, struct error *e);
