/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/needle.h"

enum {
	CREDENTIAL_FILE_MAX = 8192,
	CREDENTIAL_SECRET_MAX = 4096,
	CREDENTIAL_SECRET_MIN = NEEDLE_WINDOW,
	CREDENTIAL_METHODS = 4
};

enum credential_kind {
	CREDENTIAL_BEARER,
	CREDENTIAL_BASIC,
	CREDENTIAL_HEADER,
	CREDENTIAL_PROXY, /* for the proxy in front of every registry */
	CREDENTIAL_KIND_COUNT
};

/* What cupel.credential(5) describes. Texts point into the file's own bytes. */
struct credential {
	enum credential_kind kind;
	const char *registry, *host, *path; /* path is normalised and ends in '/' */
	bool tls;
	unsigned short port;
	const char *methods[CREDENTIAL_METHODS]; /* GET and HEAD when the file names none */
	size_t method_count;
	const char *header, *token, *user, *password;
	uint64_t expires; /* seconds since the epoch; from then on it is none */
};

/*
 * Takes the n bytes of a file apart, in place: text[n] is writable, and everything has
 * to stay. 0, or -1 with *why in static words, which hold nothing of the file, and *line
 * (0: the file as a whole).
 */
int credential_parse(
	char *text, size_t n, struct credential *ret, const char **why, unsigned int *line);
/* "2026-12-31" (all of it, in UTC) or RFC 3339. 0, or -1. */
int credential_parse_time(const char *text, uint64_t *ret);
/* What nobody else may know: the token or the password. */
const char *credential_secret(const struct credential *c);
