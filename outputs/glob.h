/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Patterns of [outputs]. A path matches component by component: '*' is any run
 * of characters but '/', '?' one character, '[a-z]' one of a set ('[!a-z]': none
 * of it), '\' takes the next character literally, and a component '**' is any
 * number of directories (at the end of a pattern: all that is below). A leading
 * dot is nothing special. A character is a UTF-8 sequence, or a byte that is
 * part of none. Empty and "." components count for nothing; an absolute pattern
 * and ".." match nothing.
 */
enum glob_result {
	GLOB_NO,    /* neither path nor anything below it can match */
	GLOB_BELOW, /* path does not match; something below it might */
	GLOB_YES
};

/* Time is at most the product of both lengths, whatever the pattern. */
enum glob_result glob_match(const char *pattern, const char *path);
