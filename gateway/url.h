/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The path and query of a request, brought into the one form in which rules are
 * compared, requests recorded and sent upstream.
 */
enum { URL_MAX = 8192 };

/*
 * Normalises an origin-form target into out ("/a/b%20c?query"): each segment is
 * percent-decoded once and encoded again in one way (RFC 3986: unreserved, ':' and '@'
 * stand for themselves, sub-delims stay as they were written, since "%2B" and "+" are two
 * files for some servers; upper case hex digits). Refused, with *why: "." and ".."
 * segments (also when they were encoded, or go on with ';'), empty segments but the last,
 * '%' without two digits, encoded '/' (but one after a scope, "/@scope%2Fname", which is
 * how npm asks and which stays encoded), '\\', NUL and other controls, ill-formed UTF-8,
 * a decoded '%' that is followed by two hex digits (double encoding), '#', '\\', bytes
 * above 0x7e in the raw target, more than URL_MAX bytes. The query is kept as it is but
 * for hex digits' case, and checked for the same bytes and encoded controls. 0 or -1.
 */
int url_normalise(const char *target, size_t n, char out[URL_MAX + 1], const char **why);
/*
 * Whether the path of a normalised target (its query does not count) matches: a
 * pattern without '*' that ends in '/' is a prefix; else it is a glob in which '*'
 * matches any bytes of one segment and "**" any bytes. No pattern matches "".
 */
bool url_path_matches(const char *pattern, const char *target);
/*
 * Splits "http[s]://host[:port][/path]" into its parts, host in lower case. 0 or -1 with
 * *why. path gets "/" when there is none. User information and fragments are refused.
 */
struct url {
	bool tls;
	char host[254];
	unsigned short port;
	char path[URL_MAX + 1]; /* as it is written, with its query */
};
int url_split(const char *text, size_t n, struct url *ret, const char **why);
/*
 * A copy of a normalised target with what may be a credential replaced: the values of
 * query parameters whose name contains token, key, secret, sig, password, auth or
 * credential (ASCII case does not count) become "REDACTED".
 */
void url_redact(const char *target, char out[URL_MAX + 1]);
