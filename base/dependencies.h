/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct error;

/*
 * What a build fetched through the gateway: one line for each URL and digest, each once,
 * in bytewise order of the lines. Fields are separated by one blank, "-" where there is
 * none, all printable ASCII:
 *
 *	URL SHA256 SHA512 SIZE MEDIA-TYPE REGISTRY PURL STATUS END INDEX
 *
 * URL is normalised and redacted, and its host in lower case; digests are of the body as
 * it came from the registry (hexadecimal, lower case), SIZE is decimal, MEDIA-TYPE is
 * type/subtype without parameters, PURL begins with "pkg:". STATUS is the answer's, END
 * "whole", "cut" (the body came to its end or not) or "locked": whole, and what a lock file
 * said before it was delivered. INDEX is the URL of the signed index
 * that PURL was found by. A tunnel that was not inspected has "https://HOST:PORT" as URL,
 * or "tcp://HOST:PORT" when not even its beginning was, REGISTRY and perhaps SIZE. An object that
 *git asked for has "git+", its repository's URL, '@' and its id (40 or 64 hexadecimal digits) as
 *URL, and REGISTRY.
 */
enum { DEPENDENCIES_LINE_MAX = 32768, DEPENDENCIES_FIELDS = 10 }; /* with its LF */

struct dependency {
	const char *url;
	const char *sha256;					   /* NULL: a tunnel, or git's */
	const char *sha512, *media_type, *registry, *purl, *index; /* NULL: there is none */
	const char *git_id; /* the end of url, where dependencies_next() finds it, or NULL */
	bool has_size, cut, locked;
	uint64_t size;
	int status; /* 200 to 599; 0: none */
};

void dependencies_put(struct buf *out, const struct dependency *d);
/* Whether a registry's word for a type may stand in a line: else it is "-". */
bool dependencies_is_media_type(const char *s);
/*
 * Parses the line at *cursor (NUL-terminated text, which is changed in place and must
 * outlive *ret) and moves *cursor behind it. 1 for a dependency, 0 at the end, -1 for a
 * malformed line. Order is the caller's to check: dependencies_compare() is negative for
 * every two neighbours.
 */
int dependencies_next(char **cursor, struct dependency *ret, struct error *e);
int dependencies_compare(const struct dependency *a, const struct dependency *b);
