/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway. The list was made of the project's lock files by
 * cupel-lock, which they may have taken over: it is read strictly, and can do no more than
 * name URLs that the administrator's rules allow anyway. URLs of lock files and of requests
 * are brought into one form before they are compared.
 */
#include "gateway/lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "gateway/ascii.h"
#include "gateway/rule.h"
#include "gateway/url.h"

enum { KEY_MAX = 3 * URL_MAX + 300 };

void lock_set_deinit(struct lock_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->entries[i].key);
	free(s->entries);
	free(s->text);
	*s = (struct lock_set){0};
}

/* In the path, what RFC 3986 calls sub-delims, which clients escape or do not. */
static void decode_delimiters(char *target)
{
	const char *from = target;
	char *to = target;

	while (*from != '\0' && *from != '?') {
		int high = *from == '%' ? ascii_hex(from[1]) : -1;
		int low = high >= 0 ? ascii_hex(from[2]) : -1;
		char byte = (char)(high << 4 | low);

		if (low >= 0 && strchr("!$&'()*+,;=", byte) != NULL && byte != '\0') {
			*to++ = byte;
			from += 3;
		} else {
			*to++ = *from++;
		}
	}
	memmove(to, from, strlen(from) + 1);
}

/* As it goes on record, where lock files that are attestations have it from. */
static int normalise(const char *target, char out[URL_MAX + 1])
{
	_cleanup_(cleanup_freep) char *normal = malloc(URL_MAX + 1);
	const char *why;

	if (normal == NULL || url_normalise(target, strlen(target), normal, &why) < 0)
		return -1;
	url_redact(normal, out);
	decode_delimiters(out);
	return 0;
}

static char *key_of_url(const char *name)
{
	_cleanup_(cleanup_freep) struct url *u = malloc(sizeof(*u));
	char target[URL_MAX + 1], key[KEY_MAX];
	const char *why;

	if (u == NULL || url_split(name, strlen(name), u, &why) < 0 ||
		normalise(u->path, target) < 0)
		return NULL;
	snprintf(key, sizeof(key), "%s://%s:%u%s", u->tls ? "https" : "http", u->host, u->port,
		target);
	return strdup(key);
}

static char *key_of_path(const char *name)
{
	char path[LOCKS_NAME_MAX + 2], target[URL_MAX + 1];

	snprintf(path, sizeof(path), "/%s", name);
	return normalise(path, target) < 0 ? NULL : strdup(target + 1);
}

/* NULL for a name that no request could have: that locks nothing. */
static char *key_of(const struct lock *l)
{
	switch (l->tie) {
	case LOCK_BELOW:
		return key_of_path(l->name);
	case LOCK_PYPI:
		return strdup(l->name);
	case LOCK_URL:
		return key_of_url(l->name);
	case LOCK_TIE_COUNT:
		break;
	}
	return NULL;
}

static int compare(enum lock_tie tie, const char *key, const struct lock_entry *e)
{
	if (tie != e->lock.tie)
		return tie < e->lock.tie ? -1 : 1;
	return strcmp(key, e->key);
}

static int compare_entries(const void *a, const void *b)
{
	const struct lock_entry *entry = a;

	return compare(entry->lock.tie, entry->key, b);
}

static int add(struct lock_set *s, const struct lock *l, struct error *e)
{
	char *key = key_of(l);

	if (key == NULL)
		return 0;
	if (s->count % 1024 == 0) {
		struct lock_entry *grown =
			reallocarray(s->entries, s->count + 1024, sizeof(*grown));

		if (grown == NULL) {
			free(key);
			return error_set(e, ENOMEM, "cannot read the list of what is locked");
		}
		s->entries = grown;
	}
	s->entries[s->count++] = (struct lock_entry){key, *l};
	return 0;
}

int lock_set_read(char *text, struct lock_set *ret, struct error *e)
{
	_cleanup_(lock_set_deinit) struct lock_set s = {.text = text};
	struct lock l, previous;
	char *cursor = text;
	int found;

	for (size_t i = 0; (found = locks_next(&cursor, &l, e)) == 1; i++) {
		if (i == LOCKS_MAX || (i > 0 && locks_compare(&previous, &l) >= 0))
			return error_set(e, EBADMSG, "locks: too many, or not sorted");
		if (add(&s, &l, e) < 0)
			return -1;
		previous = l;
	}
	if (found < 0)
		return -1;
	if (s.count > 0)
		qsort(s.entries, s.count, sizeof(*s.entries), compare_entries);
	*ret = s;
	s = (struct lock_set){0};
	return 0;
}

static void match(struct lock_match *m, enum lock_algorithm algorithm, const char *hex)
{
	if (m->count == LOCK_MATCHES_MAX)
		return;
	m->items[m->count].algorithm = algorithm;
	m->items[m->count].hex = hex;
	m->count++;
}

const char *lock_match_hex(const struct lock_match *m, size_t i)
{
	return m->items[i].hex != NULL ? m->items[i].hex : m->own;
}

/* All entries of one tie and key. */
static void find(
	const struct lock_set *s, enum lock_tie tie, const char *key, struct lock_match *ret)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(tie, key, &s->entries[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < s->count && compare(tie, key, &s->entries[low]) == 0; low++)
		match(ret, s->entries[low].lock.algorithm, s->entries[low].lock.hex);
}

static void find_url(const struct lock_set *s, const struct rule *rule, const char *target,
	struct lock_match *ret)
{
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "%s://%s:%u%s", rule->tls ? "https" : "http", rule->host,
		rule->port, target);
	find(s, LOCK_URL, key, ret);
}

/* Directly below the rule's url, or below one of its paths that is a directory. */
static void find_below(const struct lock_set *s, const struct rule *rule, const char *target,
	struct lock_match *ret)
{
	size_t n = strlen(rule->path);

	if (strncmp(target, rule->path, n) == 0)
		find(s, LOCK_BELOW, target + n, ret);
	for (size_t i = 0; i < rule->path_count; i++) {
		const char *path = rule->paths[i];

		n = strlen(path);
		if (path[n - 1] == '/' && strchr(path, '*') == NULL &&
			strcmp(path, rule->path) != 0 && strncmp(target, path, n) == 0)
			find(s, LOCK_BELOW, target + n, ret);
	}
}

/* Behind the project's name at the start of a file's, in whichever of its forms; or NULL. */
static const char *skip_project(const char *file, const char *project, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t separators = strspn(file, "-_.");

		if (project[i] == '-' ? separators == 0 : ascii_lower(*file) != project[i])
			return NULL;
		file += project[i] == '-' ? separators : 1;
	}
	return file;
}

/* A wheel's name says '_' for what is '-' or '+' in its version. */
static const char *skip_version(const char *file, const char *version)
{
	for (; *version != '\0'; version++, file++)
		if (ascii_lower(*file) != *version && !(*version == '+' && *file == '_'))
			return NULL;
	return file;
}

bool lock_is_file_of(const char *file, const char *project)
{
	static const char *const endings[] = {".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"};
	const char *version = strstr(project, "==");
	const char *at = skip_project(file, project, (size_t)(version - project));
	size_t n = strlen(file);

	if (at == NULL || *at != '-')
		return false;
	at = skip_version(at + 1, version + 2);
	if (at == NULL)
		return false;
	for (size_t i = 0; i < array_size(endings); i++)
		if (strcmp(at, endings[i]) == 0)
			return true;
	return *at == '-' && n > 4 && strcmp(file + n - 4, ".whl") == 0;
}

static void find_project(const struct lock_set *s, const char *target, struct lock_match *ret)
{
	const char *file = strrchr(target, '/') + 1;

	if (strchr(target, '?') != NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].lock.tie == LOCK_PYPI &&
			lock_is_file_of(file, s->entries[i].lock.name))
			match(ret, s->entries[i].lock.algorithm, s->entries[i].lock.hex);
}

static void find_by_hash(const char *target, struct lock_match *ret)
{
	static const struct {
		const char *folder;
		enum lock_algorithm algorithm;
	} folders[] = {{"/by-hash/SHA256/", LOCK_SHA256}, {"/by-hash/SHA512/", LOCK_SHA512}};

	/* A query could end so, too, and name any file. */
	for (size_t i = 0; i < array_size(folders) && strchr(target, '?') == NULL; i++) {
		size_t digits = lock_algorithm_digits(folders[i].algorithm);
		size_t size = strlen(folders[i].folder) + digits, n = strlen(target);
		const char *tail = n >= size ? target + n - size : "";

		if (strncmp(tail, folders[i].folder, size - digits) == 0 &&
			strspn(tail + size - digits, "0123456789abcdef") == digits) {
			snprintf(ret->own, sizeof(ret->own), "%s", tail + size - digits);
			match(ret, folders[i].algorithm, NULL);
		}
	}
}

void lock_set_find(const struct lock_set *s, const struct rule *rule, const char *target,
	struct lock_match *ret)
{
	char form[URL_MAX + 1];

	ret->count = 0;
	if (normalise(target, form) < 0)
		return;
	find_url(s, rule, form, ret);
	find_below(s, rule, form, ret);
	find_project(s, form, ret);
	find_by_hash(form, ret);
	/* Not all of them: then none, rather than some. */
	if (ret->count == LOCK_MATCHES_MAX)
		ret->count = 0;
}

bool lock_match_has(const struct lock_match *m, enum lock_algorithm algorithm)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].algorithm == algorithm)
			return true;
	return false;
}

bool lock_match_holds(const struct lock_match *m, enum lock_algorithm algorithm, const char *hex)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].algorithm == algorithm && strcmp(lock_match_hex(m, i), hex) == 0)
			return true;
	return false;
}
