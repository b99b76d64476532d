/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: package-lock.json, as npm since version 7 writes it, in cupel-lock,
 * confined. What counts is `packages`: each with where it is fetched from (`resolved`) and
 * what it is (`integrity`, as W3C's SRI). A tarball is tied to its URL and, because npm asks
 * the configured registry for what a lock file calls the public one's, also to its path.
 * SHA-1 locks nothing.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/strict-json.h"
#include "locks/reading.h"

struct package {
	const char *key;			    /* "node_modules/a/node_modules/@scope/b" */
	const char *name;			    /* "@scope/b" */
	const char *version, *resolved, *integrity; /* NULL: none */
};

/* A text without NUL; NULL when there is none. 0 or -1. */
static int get_text(const json_t *object, const char *key, const char **ret)
{
	const json_t *value = json_object_get(object, key);

	*ret = json_string_value(value);
	if (value == NULL || json_is_null(value))
		return 0;
	return *ret != NULL && strlen(*ret) == json_string_length(value) ? 0 : -1;
}

static const char *name_of(const char *key)
{
	static const char folder[] = "node_modules/";
	const char *found = key;

	for (const char *at = key; (at = strstr(at, folder)) != NULL; at += sizeof(folder) - 1)
		found = at + sizeof(folder) - 1;
	return found;
}

static bool is_http(const char *url)
{
	return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* The path of its tarball below any registry: "NAME/-/FILE.tgz". False: it has another one. */
static bool find_path(const struct package *p, char *out, size_t size)
{
	char middle[300];
	const char *at, *base = strrchr(p->name, '/');
	int n;

	base = base != NULL ? base + 1 : p->name;
	if (p->resolved == NULL) {
		n = snprintf(out, size, "%s/-/%s-%s.tgz", p->name, base, p->version);
		return n > 0 && (size_t)n < size;
	}
	n = snprintf(middle, sizeof(middle), "/%s/-/", p->name);
	at = n > 0 && (size_t)n < sizeof(middle) ? strstr(p->resolved, middle) : NULL;
	if (at == NULL || strchr(at + n, '/') != NULL || strpbrk(p->resolved, "?#") != NULL)
		return false;
	n = snprintf(out, size, "%s", at + 1);
	return n > 0 && (size_t)n < size;
}

static int put_ties(const struct package *p, const char *digest, size_t n,
	enum lock_algorithm algorithm, struct reading *r, struct error *e)
{
	char path[LOCKS_NAME_MAX + 1];
	const struct lock url = {.tie = LOCK_URL, .name = p->resolved, .algorithm = algorithm};
	const struct lock below = {.tie = LOCK_BELOW, .name = path, .algorithm = algorithm};

	if (p->resolved != NULL && reading_put_base64(r, url, digest, n, e) < 0)
		return -1;
	return find_path(p, path, sizeof(path)) ? reading_put_base64(r, below, digest, n, e) : 0;
}

/* One "algorithm-base64" of an integrity, n bytes; 1 when it was put, 0 when it does not count. */
static int put_integrity(
	const struct package *p, const char *word, size_t n, struct reading *r, struct error *e)
{
	static const struct {
		const char *prefix;
		enum lock_algorithm algorithm;
	} known[] = {{"sha512-", LOCK_SHA512}, {"sha256-", LOCK_SHA256}};

	for (size_t i = 0; i < array_size(known); i++) {
		size_t size = strlen(known[i].prefix);

		if (n < size || strncmp(word, known[i].prefix, size) != 0)
			continue;
		/* options, which nobody defines */
		n = strcspn(word, "? ") < n ? strcspn(word, "? ") : n;
		return put_ties(p, word + size, n - size, known[i].algorithm, r, e) < 0 ? -1 : 1;
	}
	return 0;
}

/* Several are alternatives, of which npm, too, takes the strongest algorithm's alone. */
static int put_all(const struct package *p, struct reading *r, struct error *e)
{
	bool has_sha512 = strstr(p->integrity, "sha512-") != NULL;
	bool any = false;

	for (const char *word = p->integrity; *word != '\0';) {
		size_t n = strcspn(word, " ");
		int put = has_sha512 && strncmp(word, "sha512-", 7) != 0
				  ? 0
				  : put_integrity(p, word, n, r, e);

		if (put < 0)
			return -1;
		any = any || put > 0;
		word += n + strspn(word + n, " ");
	}
	if (!any)
		reading_leave_out(r, p->key, strlen(p->key), "no SHA-512 or SHA-256");
	return 0;
}

static int put_package(
	const struct package *p, const json_t *value, struct reading *r, struct error *e)
{
	if (json_is_true(json_object_get(value, "link")) ||
		json_is_true(json_object_get(value, "inBundle")) ||
		strstr(p->key, "node_modules/") == NULL)
		return 0; /* a place in the workspace, or in another package's tarball */
	if (p->resolved != NULL && !is_http(p->resolved))
		reading_leave_out(r, p->key, strlen(p->key), "not from a registry");
	else if (p->integrity == NULL)
		reading_leave_out(r, p->key, strlen(p->key), "no integrity");
	else if (p->resolved == NULL && p->version == NULL)
		reading_leave_out(r, p->key, strlen(p->key), "no version");
	else
		return put_all(p, r, e);
	return 0;
}

static int read_package(const char *key, const json_t *value, struct reading *r, struct error *e)
{
	struct package p = {.key = key};
	const char *name;

	if (!json_is_object(value) || get_text(value, "version", &p.version) < 0 ||
		get_text(value, "resolved", &p.resolved) < 0 ||
		get_text(value, "integrity", &p.integrity) < 0 ||
		get_text(value, "name", &name) < 0)
		return error_set_kind(
			e, ERROR_USAGE, 0, "packages: '%.100s' is not as npm writes it", key);
	p.name = name != NULL ? name : name_of(key);
	return put_package(&p, value, r, e);
}

int npm_read(char *text, size_t n, struct reading *r, struct error *e)
{
	_cleanup_(strict_json_freep) json_t *root = strict_json_load(text, n, e);
	const json_t *version = json_object_get(root, "lockfileVersion");
	json_t *packages = json_object_get(root, "packages");
	json_t *value;
	const char *key;

	if (root == NULL)
		return error_kind(e, ERROR_USAGE);
	if (!json_is_integer(version) || json_integer_value(version) < 2 ||
		json_integer_value(version) > 3 || !json_is_object(packages)) {
		error_set_kind(e, ERROR_USAGE, 0, "not a lock file of version 2 or 3");
		return error_hint(e, "'npm install --package-lock-only' of npm 7 or newer writes "
				     "one");
	}
	json_object_foreach(packages, key, value)
	{
		if (read_package(key, value, r, e) < 0)
			return -1;
	}
	return 0;
}
