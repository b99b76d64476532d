/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * HTTP/1.1 heads (RFC 9110, RFC 9112), strictly: what two parsers could read in two
 * ways is refused. Nothing is copied: fields point into the caller's bytes, which
 * must stay.
 */
enum { HTTP_HEAD_MAX = 65536, HTTP_FIELDS_MAX = 128 };

struct http_text {
	const char *data;
	size_t size;
};
struct http_field {
	struct http_text name, value; /* value without blanks around it */
};
enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH,
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE /* answers only */
};

struct http_head {
	struct http_text method, target; /* of a request */
	struct http_text host;		 /* of a request: its one Host field */
	int status;			 /* of an answer */
	int minor;			 /* HTTP/1.minor: 0 or 1 */
	enum http_framing framing;
	uint64_t length; /* of HTTP_LENGTH */
	bool keep_alive;
	bool expect_continue; /* of a request */
	bool upgrade;	      /* Upgrade, or Connection: upgrade */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
	size_t size; /* bytes of the head, with its empty line */
};

/*
 * Reads a head at the start of n bytes. > 0: its size; 0: not yet complete (and fewer
 * than HTTP_HEAD_MAX bytes); -1: refused, *why says in static words which rule it
 * broke ("bare LF", "two Content-Length fields", …). Refused are: bare LF or CR, NUL and
 * controls, obs-fold, blanks before ':', an empty or non-token name, HTTP versions
 * but 1.0 and 1.1, Content-Length twice, with a sign, a list or more than 18 digits,
 * Content-Length with Transfer-Encoding, any Transfer-Encoding but exactly "chunked"
 * (once, and only in 1.1), a target that is not origin-form beginning with '/' (so
 * absolute-form, authority-form and '*'), a target with bytes outside 0x21 to 0x7e, no
 * or two Host fields, a Host that is not a host with an optional port, two of Location,
 * Range, Content-Range, Authorization or Expect, more than HTTP_FIELDS_MAX fields.
 */
int http_parse_request(const char *bytes, size_t n, struct http_head *ret, const char **why);
/*
 * The same for an answer to `method` (HEAD has no body; 1xx, 204 and 304 have none, nor
 * has a 2xx to CONNECT). Status 100 to 599. 1xx and 204 that announce a body are refused.
 */
int http_parse_answer(const char *bytes, size_t n, const char *method, size_t method_size,
	struct http_head *ret, const char **why);
/* The first field of that name (ASCII case does not count); NULL when there is none. */
const struct http_field *http_find(const struct http_head *h, const char *name);
bool http_is(struct http_text t, const char *s);      /* bytewise */
bool http_is_like(struct http_text t, const char *s); /* ASCII case does not count */

/* A chunked body (RFC 9112 §7.1), read in pieces. Zero it to begin. */
struct http_chunks {
	int state;
	uint64_t left, line;
	bool done; /* the last chunk and its (empty) trailer were read */
};
/*
 * Takes at most n bytes: *used of them, of which the *data_size bytes from *data on are
 * content (none: *data_size == 0). Chunk extensions are dropped; trailers are refused,
 * as are sizes of more than 15 digits and bare LF. 0, or -1 with *why.
 */
int http_chunks_take(struct http_chunks *c, const char *bytes, size_t n, size_t *used,
	const char **data, size_t *data_size, const char **why);
