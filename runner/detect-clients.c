/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads where npm, pip, cargo, go and Maven fetch from, out of the
 * machine's and the caller's own files, never a project's. Runs with the caller's
 * privileges. These files hold credentials, too: of each line only the few keys that
 * name a registry are looked at. Nothing is refused here: what is not understood adds
 * nothing, and what is found is judged by detect_add().
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "runner/detect.h"

#define BLANKS " \t\r"

/* Without blanks at its ends. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	for (n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]) != NULL; n--)
		continue;
	s[n] = '\0';
	return s;
}

static char *unquote(char *s)
{
	size_t n = strlen(s);

	if (n < 2 || (s[0] != '"' && s[0] != '\'') || s[n - 1] != s[0])
		return s;
	s[n - 1] = '\0';
	return s + 1;
}

/* Cuts "key = value" in two; false for a line that is none, such as a comment. */
static bool split(char *line, char **key, char **value)
{
	char *equals = strchr(line, '=');

	line = trim(line);
	if (equals == NULL || strchr(";#", line[0]) != NULL)
		return false;
	*equals = '\0';
	*key = trim(line);
	*value = unquote(trim(equals + 1));
	return true;
}

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* What npm's files have said so far; the first says it. */
struct npm {
	struct detected *to;
	bool found;
	char prefix[256]; /* below the machine's root, or "" */
};

static void read_npmrc(
	struct npm *npm, const struct detect_world *w, enum detect_place place, const char *path)
{
	char from[DETECT_FROM_ROOM], *line, *key, *value;
	_cleanup_(cleanup_freep) char *text = detect_read(w, place, path, from);
	char *rest = text;
	bool found_before = npm->found;

	while ((line = strsep(&rest, "\n")) != NULL) {
		/* a variable of the environment may be a credential */
		if (!split(line, &key, &value) || strchr(value, '$') != NULL)
			continue;
		if (strcmp(key, "registry") == 0 && !found_before) {
			detect_add(npm->to, from, value);
			npm->found = true;
		} else if (key[0] == '@' && ends_in(key, ":registry")) {
			detect_add(npm->to, from, value);
		} else if (strcmp(key, "prefix") == 0 && value[0] == '/' &&
			   npm->prefix[0] == '\0') {
			snprintf(npm->prefix, sizeof(npm->prefix), "%s/etc/npmrc", value + 1);
		}
	}
}

void detect_npm(const struct detect_world *w, struct detected *d)
{
	struct npm npm = {.to = d};
	char answer[1024];

	read_npmrc(&npm, w, DETECT_HOME, ".npmrc");
	if (npm.prefix[0] != '\0')
		read_npmrc(&npm, w, DETECT_MACHINE, npm.prefix);
	read_npmrc(&npm, w, DETECT_MACHINE, "usr/local/etc/npmrc");
	read_npmrc(&npm, w, DETECT_MACHINE, "usr/etc/npmrc");
	read_npmrc(&npm, w, DETECT_MACHINE, "etc/npmrc");
	if (npm.found || w->is_other)
		return;
	/* what it does without any configuration is its own */
	detect_ask_npm(answer, sizeof(answer));
	if (answer[0] != '\0')
		detect_add(d, "npm itself", answer);
}

static void add_words(struct detected *d, const char *from, char *text)
{
	char *word;

	while ((word = strsep(&text, BLANKS)) != NULL)
		if (word[0] != '\0')
			detect_add(d, from, word);
}

/* True when the file names an index: files that count less are then not read. */
static bool read_pip(
	const struct detect_world *w, struct detected *d, enum detect_place place, const char *path)
{
	char from[DETECT_FROM_ROOM], *line, *key, *value;
	_cleanup_(cleanup_freep) char *text = detect_read(w, place, path, from);
	char *rest = text;
	bool found = false, in_list = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		bool goes_on = in_list && line[0] != '\0' && strchr(BLANKS, line[0]) != NULL;

		if (goes_on) {
			add_words(d, from, trim(line));
			continue;
		}
		in_list = false;
		if (!split(line, &key, &value))
			continue;
		in_list =
			strcmp(key, "extra-index-url") == 0 || strcmp(key, "extra_index_url") == 0;
		if (strcmp(key, "index-url") == 0 || strcmp(key, "index_url") == 0)
			found = in_list = true;
		if (in_list)
			add_words(d, from, value);
	}
	return found;
}

void detect_pip(const struct detect_world *w, struct detected *d)
{
	static const struct {
		enum detect_place place;
		const char *path;
	} files[] = {{DETECT_CONFIG, "pip/pip.conf"}, {DETECT_HOME, ".pip/pip.conf"},
		{DETECT_MACHINE, "etc/pip.conf"}};

	for (size_t i = 0; i < array_size(files); i++)
		if (read_pip(w, d, files[i].place, files[i].path))
			return;
}

/* A sparse index is plain HTTP; one that is a Git repository is not a registry of this kind. */
static void add_index(struct detected *d, const char *from, const char *value)
{
	if (strncmp(value, "sparse+", 7) == 0)
		detect_add(d, from, value + 7);
}

static void read_cargo(const struct detect_world *w, struct detected *d, const char *path)
{
	char from[DETECT_FROM_ROOM], *line, *key, *value;
	_cleanup_(cleanup_freep) char *text = detect_read(w, DETECT_HOME, path, from);
	char *rest = text;
	bool in_source = false, in_registries = false;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *start = trim(line);

		if (start[0] == '[') {
			in_source = strncmp(start, "[source.", 8) == 0;
			in_registries = strncmp(start, "[registries.", 12) == 0;
		} else if (split(start, &key, &value)) {
			if ((in_source && strcmp(key, "registry") == 0) ||
				(in_registries && strcmp(key, "index") == 0))
				add_index(d, from, value);
		}
	}
}

void detect_cargo(const struct detect_world *w, struct detected *d)
{
	read_cargo(w, d, ".cargo/config.toml");
	read_cargo(w, d, ".cargo/config");
}

void detect_go(const struct detect_world *w, struct detected *d)
{
	char from[DETECT_FROM_ROOM], *line, *key, *value, *word;
	_cleanup_(cleanup_freep) char *text = detect_read(w, DETECT_CONFIG, "go/env", from);
	char *rest = text;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!split(line, &key, &value) || strcmp(key, "GOPROXY") != 0)
			continue;
		while ((word = strsep(&value, ",|")) != NULL)
			if (strncmp(word, "http", 4) == 0)
				detect_add(d, from, word);
	}
}

static void blank_comments(char *text)
{
	char *start = text, *end;

	while ((start = strstr(start, "<!--")) != NULL) {
		end = strstr(start, "-->");
		end = end == NULL ? start + strlen(start) : end + 3;
		memset(start, ' ', (size_t)(end - start));
	}
}

static void read_settings(
	const struct detect_world *w, struct detected *d, enum detect_place place, const char *path)
{
	char from[DETECT_FROM_ROOM];
	_cleanup_(cleanup_freep) char *text = detect_read(w, place, path, from);
	char *mirrors, *url, *end;

	if (text == NULL)
		return;
	blank_comments(text);
	mirrors = strstr(text, "<mirrors>");
	if (mirrors == NULL)
		return;
	end = strstr(mirrors, "</mirrors>");
	if (end != NULL)
		*end = '\0';
	while ((url = strstr(mirrors, "<url>")) != NULL) {
		url += strlen("<url>");
		end = strchr(url, '<');
		if (end == NULL)
			return;
		*end = '\0';
		if (strchr(url, '&') == NULL)
			detect_add(d, from, trim(url));
		mirrors = end + 1;
	}
}

void detect_maven(const struct detect_world *w, struct detected *d)
{
	read_settings(w, d, DETECT_HOME, ".m2/settings.xml");
	read_settings(w, d, DETECT_MACHINE, "etc/maven/settings.xml");
}
