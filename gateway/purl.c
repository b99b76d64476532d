/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on normalised URLs of requests that were allowed.
 * Each kind of registry is known by the shape of its files' paths, taken apart with
 * regular expressions; a name is a help for readers, and decides nothing. Paths are the
 * build's and the registries' to choose: no pattern refers back, which is why the files of
 * Maven, whose names repeat their directories', are taken apart by hand.
 */
#include "gateway/purl.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/ascii.h"
#include "gateway/names.h"
#include "gateway/url.h"

enum { GROUPS = 5 };

/*
 * Of what comes after the host. $1 to $4 are the groups of the pattern: as they are, or
 * with p as names of PyPI are, with g as those of Go, and with m as groups of Maven.
 */
static const struct shape {
	const char *pattern, *purl;
} shapes[] = {
	{"/(@|%40)([^/@]+)/([^/]+)/-/[^/]+-([0-9]+\\.[0-9]+\\.[^/]*)\\.tgz$",
		"pkg:npm/%40$2/$3@$4"},
	{"/([^/@]+)/-/[^/]+-([0-9]+\\.[0-9]+\\.[^/]*)\\.tgz$", "pkg:npm/$1@$2"},
	{"/ubuntu[^/]*/pool/.*/([a-z0-9][a-z0-9+.%A-F-]+)_([^/_]+)_([a-z0-9-]+)\\.u?deb$",
		"pkg:deb/ubuntu/$1@$2?arch=$3"},
	{"/pool/.*/([a-z0-9][a-z0-9+.%A-F-]+)_([^/_]+)_([a-z0-9-]+)\\.u?deb$",
		"pkg:deb/debian/$1@$2?arch=$3"},
	{"/([A-Za-z0-9._]+)-([0-9][A-Za-z0-9.!+_%]*)(-[0-9][^/-]*)?-[^/-]+-[^/-]+-[^/-]+\\.whl$",
		"pkg:pypi/$p1@$2"},
	{"/packages/.*/([A-Za-z0-9._-]+)-([0-9][A-Za-z0-9.!+%]*)\\.(tar\\.gz|zip)$",
		"pkg:pypi/$p1@$2"},
	{"/crates/([A-Za-z0-9_-]+)/([0-9][^/]*)/download$", "pkg:cargo/$1@$2"},
	{"/crates/[A-Za-z0-9_-]+/([A-Za-z0-9_-]+)-([0-9][^/]*)\\.crate$", "pkg:cargo/$1@$2"},
	/* A module's first name has a dot; what comes before is the proxy's own path. */
	{"^(/[^/.]+)*/([^/.]+\\.[^@]*)/@v/(v[^/]+)\\.(zip|mod)$", "pkg:golang/$g2@$3"},
	{"^/([^@]+)/@v/(v[^/]+)\\.(zip|mod)$", "pkg:golang/$g1@$2"},
};

/* Of Maven: where a repository begins, or else what groups usually begin with. */
static const struct shape maven_groups[] = {
	{"/(maven2?|m2|repository/[^/]+|artifactory/[^/]+)/(.+)$", "$m2"},
	{"/((com|org|net|io|dev|edu)/.+)$", "$m1"},
};

struct text {
	char *at;
	size_t used, size;
};

static bool put(struct text *t, const char *bytes, size_t n)
{
	if (t->used + n >= t->size)
		return false;
	memcpy(t->at + t->used, bytes, n);
	t->used += n;
	t->at[t->used] = '\0';
	return true;
}

/* The Go proxy protocol writes A as !a, and package URLs of Go as a. */
static bool put_byte(struct text *t, char c, char how)
{
	char escaped[4];

	if (how == 'g' && c == '!')
		return true;
	if (how == 'm' && c == '/')
		c = '.';
	if (how == 'p' && (c == '_' || c == '.'))
		c = '-';
	if (how != '\0' && how != 'm')
		c = ascii_lower(c);
	if (strchr("+!$&'()*,;=@", c) == NULL)
		return put(t, &c, 1);
	snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)c);
	return put(t, escaped, 3);
}

static bool put_group(struct text *t, const char *from, size_t n, char how)
{
	for (size_t i = 0; i < n; i++)
		if (!put_byte(t, from[i], how))
			return false;
	return true;
}

static bool fill(const struct shape *s, const char *path, const regmatch_t *groups, struct text *t)
{
	for (const char *c = s->purl; *c != '\0'; c++) {
		const regmatch_t *g;
		char how = '\0';

		if (*c != '$') {
			if (!put(t, c, 1))
				return false;
			continue;
		}
		if (*++c > '9')
			how = *c++;
		g = &groups[*c - '0'];
		if (!put_group(t, path + g->rm_so, (size_t)(g->rm_eo - g->rm_so), how))
			return false;
	}
	return true;
}

/* False when none of the shapes fits. */
static bool fill_first(
	const struct shape *s, regex_t *compiled, size_t count, const char *path, struct text *t)
{
	regmatch_t groups[GROUPS];

	for (size_t i = 0; i < count; i++)
		if (regexec(&compiled[i], path, GROUPS, groups, 0) == 0)
			return fill(&s[i], path, groups, t);
	return false;
}

/* Where "-CLASSIFIER.TYPE" has its last dot, if the type is one of files that are built with. */
static const char *find_type(const char *rest)
{
	static const char *const types[] = {
		".jar", ".pom", ".aar", ".war", ".ear", ".zip", ".tar.gz", ".exe"};
	size_t n = strlen(rest);

	for (size_t i = 0; i < array_size(types); i++) {
		size_t size = strlen(types[i]);

		if (n >= size && strcmp(rest + n - size, types[i]) == 0)
			return rest + n - size;
	}
	return NULL;
}

struct part {
	const char *at;
	size_t size;
};

struct maven {
	struct part artifact, version, classifier;
	const char *type;
	size_t end; /* of the artifact's group in the path */
};

/* The last name of the first *end bytes of path, which then end at the slash before it. */
static bool take_last(const char *path, size_t *end, struct part *ret)
{
	const char *slash = memrchr(path, '/', *end);

	if (slash == NULL)
		return false;
	*ret = (struct part){slash + 1, *end - (size_t)(slash - path) - 1};
	*end = (size_t)(slash - path);
	return ret->size > 0;
}

/* Whether *at begins with the part, which is then skipped. */
static bool skip_part(const char **at, const struct part *p)
{
	if (strncmp(*at, p->at, p->size) != 0)
		return false;
	*at += p->size;
	return true;
}

/* ARTIFACT/VERSION/ARTIFACT-VERSION[-CLASSIFIER].TYPE at the end of the path */
static bool split_maven(const char *path, struct maven *m)
{
	const struct part dash = {"-", 1};
	struct part file;
	const char *at;

	m->end = strlen(path);
	if (!take_last(path, &m->end, &file) || !take_last(path, &m->end, &m->version) ||
		!take_last(path, &m->end, &m->artifact))
		return false;
	at = file.at;
	if (!skip_part(&at, &m->artifact) || !skip_part(&at, &dash) || !skip_part(&at, &m->version))
		return false;
	m->type = find_type(at);
	m->classifier = (struct part){NULL, 0};
	if (m->type == NULL || m->type == at)
		return m->type != NULL;
	if (!skip_part(&at, &dash))
		return false;
	m->classifier = (struct part){at, (size_t)(m->type - at)};
	return true;
}

static bool put_named(struct text *t, const char *before, const struct part *p)
{
	return put(t, before, strlen(before)) && put_group(t, p->at, p->size, '\0');
}

static bool fill_maven(char *path, regex_t *compiled, struct text *t)
{
	struct maven m;
	struct part type;

	if (!split_maven(path, &m))
		return false;
	type = (struct part){m.type + 1, strlen(m.type) - 1};
	path[m.end] = '\0';
	if (!put(t, "pkg:maven/", 10) ||
		!fill_first(maven_groups, compiled, array_size(maven_groups), path, t) ||
		!put_named(t, "/", &m.artifact) || !put_named(t, "@", &m.version))
		return false;
	if (m.classifier.at != NULL && !put_named(t, "?classifier=", &m.classifier))
		return false;
	return strcmp(m.type, ".jar") == 0 ||
	       put_named(t, m.classifier.at != NULL ? "&type=" : "?type=", &type);
}

static bool compile(const struct shape *s, size_t count, regex_t *compiled)
{
	for (size_t i = 0; i < count; i++)
		if (regcomp(&compiled[i], s[i].pattern, REG_EXTENDED) != 0)
			return false;
	return true;
}

bool purl_of(const char *url, char out[PURL_MAX])
{
	static regex_t compiled[array_size(shapes)], compiled_groups[array_size(maven_groups)];
	static bool ready;
	struct text t = {.at = out, .size = PURL_MAX};
	const char *from = strstr(url, "://");
	char path[URL_MAX + 1];

	out[0] = '\0';
	from = from == NULL ? NULL : strchr(from + 3, '/');
	/* A query is the build's to choose, and names nothing. */
	if (from == NULL ||
		snprintf(path, sizeof(path), "%.*s", (int)strcspn(from, "?"), from) > URL_MAX)
		return false;
	ready = ready || (compile(shapes, array_size(shapes), compiled) &&
				 compile(maven_groups, array_size(maven_groups), compiled_groups));
	if (ready && fill_first(shapes, compiled, array_size(shapes), path, &t))
		return true;
	t.used = 0;
	if (ready && fill_maven(path, compiled_groups, &t))
		return true;
	out[0] = '\0';
	return false;
}
