/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pure judgements over the values of a registry, made in the
 * runner. What a rule means is decided here once and for all: a url has one form,
 * and a pattern can only be written as the gateway writes the path of a request,
 * so that no two spellings of one place can disagree. Faults are constant words: a
 * value may hold a credential, and is never repeated.
 */
#include "conf/registry-check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define DIGITS "0123456789"
#define HEX DIGITS "ABCDEF"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
/* What stands for itself in a path, of RFC 3986: unreserved, sub-delims, ':' and '@'. */
#define PLAIN LETTERS DIGITS "-._~!$&'()*+,;=:@"

enum { HOST_MAX = 253, LABEL_MAX = 63 };

enum fault {
	BAD_SCHEME,
	BAD_TCP,
	USER_INFO,
	BAD_HOST,
	ADDRESS,
	BAD_PORT,
	QUERY,
	STAR,
	TOO_LONG,
	RELATIVE,
	BAD_BYTE,
	BAD_ESCAPE,
	NO_TEXT,
	EMPTY_SEGMENT,
	DOT_SEGMENT,
	BAD_METHOD,
	POST,
	PUBLISHES
};

static const struct registry_fault faults[] = {
	[BAD_SCHEME] = {"the url does not begin with 'https://' or 'http://'",
		"write it as 'https://HOST/'"},
	[BAD_TCP] = {"a tcp:// url is not a host and a port alone",
		"write it as 'tcp://HOST:PORT/', with mode = raw"},
	[USER_INFO] = {"the url has user information in it", "take everything up to '@' away: a "
							     "registry's file is no place for a "
							     "credential"},
	[BAD_HOST] = {"the url has no valid host",
		"a host is a name of letters, digits and '-' between dots"},
	[ADDRESS] = {"the url's host is an address", "give the host a name, in /etc/hosts if need "
						     "be: builds reach registries by name"},
	[BAD_PORT] = {"the url's port is not a number from 1 to 65535",
		"write it as 'https://HOST:PORT/', without zeros in front"},
	[QUERY] = {"the url has a query or a fragment", "take everything from '?' or '#' on away"},
	[STAR] = {"the url has a '*' in its path", "patterns are what the key 'path' is for"},
	[TOO_LONG] = {"the path is too long", "shorten it"},
	[RELATIVE] = {"the path does not begin with '/'",
		"write it as requests have it, such as '/simple/' or '/**/info'"},
	[BAD_BYTE] = {"the path has a byte in it that no request's path has",
		"write blanks and bytes that are not ASCII as '%' and two hexadecimal digits"},
	[BAD_ESCAPE] = {"the path has an escape in it that no request's path has",
		"two upper-case hexadecimal digits follow '%'; write letters, digits and "
		"punctuation as themselves"},
	[NO_TEXT] = {"the path's escapes are not UTF-8 text", "escape each byte of a character"},
	[EMPTY_SEGMENT] = {"the path has '//' in it", "write one '/'"},
	[DOT_SEGMENT] = {"the path has '.' or '..' in it", "write the path that is meant"},
	[BAD_METHOD] = {"there is no such method", "it is GET, HEAD or OPTIONS"},
	[POST] = {"POST cannot be allowed everywhere",
		"name the paths that may be posted to with the key 'post'"},
	[PUBLISHES] = {"a method that changes what the registry holds cannot be allowed",
		"builds fetch; publish what they made outside of the sandbox"},
};

static const struct registry_fault *fault(enum fault which)
{
	return &faults[which];
}

/* An escape that stays one when the gateway writes the path in its own form. */
static bool is_escape(const char *s)
{
	const char *high, *low;
	int byte;

	if (s[1] == '\0' || s[2] == '\0')
		return false;
	high = strchr(HEX, s[1]);
	low = strchr(HEX, s[2]);
	if (high == NULL || low == NULL)
		return false;
	byte = (int)((high - HEX) * 16 + (low - HEX));
	return byte >= 0x20 && byte != 0x7f && strchr(PLAIN "/\\%", byte) == NULL;
}

static char decode(const char *s)
{
	return (char)((strchr(HEX, s[1]) - HEX) * 16 + (strchr(HEX, s[2]) - HEX));
}

/* The whole has to be text when it is decoded, as the gateway demands of requests. */
static const struct registry_fault *check_bytes(const char *path)
{
	char bytes[REGISTRY_URL_ROOM];
	size_t n = 0;

	if (strlen(path) >= sizeof(bytes))
		return fault(TOO_LONG);
	for (const char *s = path; *s != '\0'; s++) {
		bytes[n++] = *s;
		if (*s == '%') {
			if (!is_escape(s))
				return fault(BAD_ESCAPE);
			bytes[n - 1] = decode(s);
			s += 2;
		} else if (strchr(PLAIN "/", *s) == NULL) {
			return fault(BAD_BYTE);
		}
	}
	return text_is_utf8(bytes, n) && !text_has_control(bytes, n) ? NULL : fault(NO_TEXT);
}

/* n bytes; what follows ';' is no part of the name for some servers. */
static bool is_dots(const char *s, size_t n)
{
	const char *parameters = memchr(s, ';', n);

	if (parameters != NULL)
		n = (size_t)(parameters - s);
	return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

const struct registry_fault *registry_check_pattern(const char *pattern)
{
	const struct registry_fault *bad;

	if (pattern[0] != '/')
		return fault(RELATIVE);
	bad = check_bytes(pattern);
	if (bad != NULL)
		return bad;
	for (const char *s = pattern + 1; *s != '\0';) {
		size_t n = strcspn(s, "/");

		if (n == 0)
			return fault(EMPTY_SEGMENT);
		if (is_dots(s, n))
			return fault(DOT_SEGMENT);
		s += n + (s[n] == '/');
	}
	return NULL;
}

const struct registry_fault *registry_check_method(const char *method)
{
	static const struct {
		const char *name;
		int fault; /* -1: none */
	} methods[] = {
		{"GET", -1},
		{"HEAD", -1},
		{"OPTIONS", -1},
		{"POST", POST},
		{"PUT", PUBLISHES},
		{"PATCH", PUBLISHES},
		{"DELETE", PUBLISHES},
	};

	for (size_t i = 0; i < array_size(methods); i++)
		if (strcmp(methods[i].name, method) == 0)
			return methods[i].fault < 0 ? NULL : fault((enum fault)methods[i].fault);
	return fault(BAD_METHOD);
}

static bool is_label(const char *s, size_t n)
{
	return n > 0 && n <= LABEL_MAX && s[0] != '-' && s[n - 1] != '-' &&
	       strspn(s, LETTERS DIGITS "-") >= n;
}

/* Host of n bytes; a last label that begins with a digit is read as an address by somebody. */
static const struct registry_fault *check_host(const char *host, size_t n)
{
	size_t label = 0;

	if (n > 0 && host[0] == '[')
		return fault(ADDRESS);
	if (n == 0 || n > HOST_MAX)
		return fault(BAD_HOST);
	for (size_t at = 0; at < n; at += label + 1) {
		label = strcspn(host + at, ".:/?#");
		if (!is_label(host + at, label))
			return fault(BAD_HOST);
	}
	if (host[n - 1] == '.')
		return fault(BAD_HOST);
	return strchr(DIGITS, host[n - label]) != NULL ? fault(ADDRESS) : NULL;
}

/* ":443" or nothing at all, n bytes. */
static const struct registry_fault *check_port(const char *s, size_t n, unsigned int *ret)
{
	unsigned int port = 0;

	if (n == 0)
		return NULL;
	if (n < 2 || n > 6 || s[1] == '0' || strspn(s + 1, DIGITS) != n - 1)
		return fault(BAD_PORT);
	for (size_t i = 1; i < n; i++)
		port = port * 10 + (unsigned int)(s[i] - '0');
	if (port > 65535)
		return fault(BAD_PORT);
	*ret = port;
	return NULL;
}

static void put_lower(char *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] + 'a' - 'A') : s[i];
	out[n] = '\0';
}

static const struct registry_fault *check_url_path(const char *path)
{
	if (strpbrk(path, "?#") != NULL)
		return fault(QUERY);
	if (strchr(path, '*') != NULL)
		return fault(STAR);
	return path[0] == '\0' ? NULL : registry_check_pattern(path);
}

/* A url behind its scheme, in parts. */
struct parts {
	const char *host, *path;
	size_t host_size;
	unsigned int port;
};

static const struct registry_fault *split(const char *start, struct parts *ret)
{
	size_t n = strcspn(start, "/?#");
	const char *colon = start[0] == '[' ? NULL : memchr(start, ':', n);
	const struct registry_fault *bad;

	if (memchr(start, '@', n) != NULL)
		return fault(USER_INFO);
	ret->host = start;
	ret->path = start + n;
	ret->host_size = colon != NULL ? (size_t)(colon - start) : n;
	bad = check_host(start, ret->host_size);
	if (bad == NULL)
		bad = check_port(start + ret->host_size, n - ret->host_size, &ret->port);
	return bad != NULL ? bad : check_url_path(ret->path);
}

/* "HOST:PORT" or "HOST:PORT/": there is no standard port, and nobody sees a path. */
static const struct registry_fault *check_tcp(const char *place, char out[REGISTRY_URL_ROOM])
{
	struct parts parts = {.port = 0};
	const struct registry_fault *bad = split(place, &parts);
	char host[HOST_MAX + 1];
	int size;

	if (bad != NULL)
		return bad;
	if (parts.port == 0 || (parts.path[0] != '\0' && strcmp(parts.path, "/") != 0))
		return fault(BAD_TCP);
	put_lower(host, parts.host, parts.host_size);
	size = snprintf(out, REGISTRY_URL_ROOM, "tcp://%s:%u/", host, parts.port);
	return size < 0 || size >= REGISTRY_URL_ROOM ? fault(TOO_LONG) : NULL;
}

const struct registry_fault *registry_check_url(const char *url, char out[REGISTRY_URL_ROOM])
{
	bool tls = strncmp(url, "https://", 8) == 0;
	struct parts parts = {.port = tls ? 443 : 80};
	const struct registry_fault *bad;
	char host[HOST_MAX + 1];
	size_t n;
	int size;

	if (strncmp(url, "tcp://", 6) == 0)
		return check_tcp(url + 6, out);
	if (!tls && strncmp(url, "http://", 7) != 0)
		return fault(BAD_SCHEME);
	bad = split(url + (tls ? 8 : 7), &parts);
	if (bad != NULL)
		return bad;
	put_lower(host, parts.host, parts.host_size);
	n = strlen(parts.path);
	size = snprintf(out, REGISTRY_URL_ROOM, "http%s://%s:%u%s%s", tls ? "s" : "", host,
		parts.port, parts.path, n == 0 || parts.path[n - 1] != '/' ? "/" : "");
	return size < 0 || size >= REGISTRY_URL_ROOM ? fault(TOO_LONG) : NULL;
}
