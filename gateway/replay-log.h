/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The record of an earlier build's network, as gateway/record.c wrote it: one flat JSON
 * object a line. Every text points into the line, whose escapes were undone in place;
 * what a line does not say is NULL or 0.
 */
struct replay_entry {
	const char *outcome, *method, *url, *vary, *request_sha256;
	const char *head, *sha256, *sha512, *why;
	uint64_t started_ms, size, status;
	bool inspected;
};

/*
 * Reads one line (n bytes, without its LF), which is changed, strictly: an object of
 * texts, unsigned numbers and booleans with no blanks between them, keys in bytewise order
 * and so none twice, those that are not used here skipped, texts in UTF-8 without controls,
 * digests 64 (128) hexadecimal digits in lower case. 0, or -1 with *why in static words.
 */
int replay_log_read(char *line, size_t n, struct replay_entry *ret, const char **why);
