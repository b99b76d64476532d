/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on normalised URLs of requests that were allowed.
 * Each kind of registry is known by the shape of its files' paths, taken apart with
 * regular expressions; a name is a help for readers, and decides nothing.
 */
#include "gateway/purl.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/names.h"
#include "gateway/url.h"

enum { GROUPS = 5 };

/* $1 to $4 are the groups of the pattern. */
static const struct shape {
	const char *pattern, *purl;
} shapes[] = {
	{"/(@|%40)([^/@]+)/([^/]+)/-/[^/]+-([0-9]+\\.[0-9]+\\.[^/]*)\\.tgz$",
		"pkg:npm/%40$2/$3@$4"},
	{"/([^/@]+)/-/[^/]+-([0-9]+\\.[0-9]+\\.[^/]*)\\.tgz$", "pkg:npm/$1@$2"},
	{"/pool/.*/([a-z0-9][a-z0-9+.%A-F-]+)_([^/_]+)_([a-z0-9-]+)\\.u?deb$",
		"pkg:deb/debian/$1@$2?arch=$3"},
	{"/packages/[^?]*/([A-Za-z0-9._]+)-([0-9][A-Za-z0-9.!+%]*)-[^/]*\\.whl$", "pkg:pypi/$1@$2"},
	{"/packages/[^?]*/([A-Za-z0-9._-]+)-([0-9][A-Za-z0-9.!+%]*)\\.(tar\\.gz|zip)$",
		"pkg:pypi/$1@$2"},
	{"/crates/([A-Za-z0-9_-]+)/([0-9][^/]*)/download$", "pkg:cargo/$1@$2"},
	{"/crates/[A-Za-z0-9_-]+/([A-Za-z0-9_-]+)-([0-9][^/]*)\\.crate$", "pkg:cargo/$1@$2"},
	{"^https?://[^/]+/(.+)/@v/(v[^/]+)\\.(zip|mod)$", "pkg:golang/$1@$2"},
};

static bool fill(const struct shape *s, const char *url, const regmatch_t *groups, char *out)
{
	size_t used = 0;

	for (const char *c = s->purl; *c != '\0'; c++) {
		const char *from = c;
		size_t n = 1;

		if (*c == '$') {
			const regmatch_t *g = &groups[*++c - '0'];

			from = url + g->rm_so;
			n = (size_t)(g->rm_eo - g->rm_so);
		}
		if (used + n >= PURL_MAX)
			return false;
		memcpy(out + used, from, n);
		used += n;
	}
	out[used] = '\0';
	return true;
}

bool purl_of(const char *url, char out[PURL_MAX])
{
	static regex_t compiled[array_size(shapes)];
	static bool ready;
	regmatch_t groups[GROUPS];
	char path[URL_MAX + NAME_SIZE + 32];

	/* A query is the build's to choose, and names nothing. */
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(url, "?"), url);
	for (size_t i = 0; !ready && i < array_size(shapes); i++)
		if (regcomp(&compiled[i], shapes[i].pattern, REG_EXTENDED) != 0)
			return false;
	ready = true;
	for (size_t i = 0; i < array_size(shapes); i++)
		if (regexec(&compiled[i], path, GROUPS, groups, 0) == 0 &&
			fill(&shapes[i], path, groups, out))
			return true;
	out[0] = '\0';
	return false;
}
