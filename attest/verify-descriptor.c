/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined, on resource descriptors of
 * any form: which one has a name, where one was downloaded from, and which host
 * that is. What can be read in two ways is read in none.
 */
#include "attest/judge.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/strict-json.h"

const json_t *descriptor_named(const json_t *list, const char *name)
{
	const json_t *element, *found = NULL;
	size_t i, n = 0;

	json_array_foreach(list, i, element)
	{
		const char *its = strict_json_text(element, "name", &n);

		if (!strict_json_is(its, n, name))
			continue;
		if (found != NULL)
			return NULL;
		found = element;
	}
	return found;
}

const char *descriptor_location(const json_t *descriptor, size_t *ret_n)
{
	static const char *const places[] = {"https:", "http:", "ftp:"};
	const char *s = strict_json_text(descriptor, "downloadLocation", ret_n);
	bool fetched;

	if (s != NULL)
		return s;
	s = strict_json_text(descriptor, "uri", ret_n);
	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < array_size(places); i++)
		if (strncasecmp(s, places[i], strlen(places[i])) == 0)
			return s;
	fetched = strict_json_get(descriptor, "digest") != NULL &&
		  (strncasecmp(s, "pkg:npm/", 8) == 0 || strncasecmp(s, "pkg:deb/", 8) == 0);
	return fetched ? s : NULL;
}

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const char *verify_url_host(const char *url, size_t *ret_n)
{
	size_t scheme = strspn(url, ALNUM "+-."), n;
	const char *host = url + scheme + 3, *rest;

	if (scheme == 0 || strncmp(url + scheme, "://", 3) != 0)
		return NULL;
	n = *host == '[' ? 1 + strspn(host + 1, ALNUM ":.") : strspn(host, ALNUM "-_.");
	if (*host == '[' && host[n++] != ']')
		return NULL;
	rest = host + n;
	if (*rest == ':')
		rest += 1 + strspn(rest + 1, "0123456789");
	/* User information, escapes, backslashes: whatever else is there, clients disagree on. */
	if (n == 0 || (*rest != '\0' && *rest != '/' && *rest != '?' && *rest != '#'))
		return NULL;
	*ret_n = n;
	return host;
}
