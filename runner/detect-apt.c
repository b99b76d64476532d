/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads what apt(8) reads: the one-line and the deb822 form of
 * sources. Runs with the caller's privileges. Nothing is refused here: what is not
 * understood adds nothing, and what is found is judged by detect_add().
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "runner/detect.h"

#define PARTS "etc/apt/sources.list.d"
#define BLANKS " \t\r"

static void add_uri(struct detected *d, const char *from, const char *uri)
{
	if (strncmp(uri, "http://", 7) == 0 || strncmp(uri, "https://", 8) == 0)
		detect_add(d, from, uri);
}

/* "deb [ arch=amd64 ] http://host/debian suite main" */
static void read_one_line(struct detected *d, const char *from, char *line)
{
	char *word;

	line[strcspn(line, "#")] = '\0';
	do
		word = strsep(&line, BLANKS);
	while (word != NULL && word[0] == '\0');
	if (word == NULL || line == NULL ||
		(strcmp(word, "deb") != 0 && strcmp(word, "deb-src") != 0))
		return;
	line += strspn(line, BLANKS);
	if (line[0] == '[') {
		line = strchr(line, ']');
		if (line == NULL)
			return;
		line++;
	}
	line += strspn(line, BLANKS);
	line[strcspn(line, BLANKS)] = '\0';
	add_uri(d, from, line);
}

static void read_list(struct detected *d, const char *from, char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL)
		read_one_line(d, from, line);
}

static void add_words(struct detected *d, const char *from, char *text)
{
	char *word;

	while ((word = strsep(&text, BLANKS "\n")) != NULL)
		add_uri(d, from, word);
}

static bool is_off(const char *value)
{
	static const char *const words[] = {"no", "false", "off", "0", "without", "disable"};

	for (size_t i = 0; i < array_size(words); i++)
		if (strncasecmp(value, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* One paragraph: fields, each with lines that begin with a blank. */
static void read_paragraph(struct detected *d, const char *from, char *text)
{
	_cleanup_(buf_deinit) struct buf uris = BUF_INIT;
	bool off = false, in_uris = false;
	char *line;

	while ((line = strsep(&text, "\n")) != NULL) {
		char *colon = strchr(line, ':');

		if (line[0] == '#')
			continue;
		if (isblank((unsigned char)line[0])) {
			if (in_uris)
				buf_printf(&uris, " %s", line);
			continue;
		}
		in_uris = strncasecmp(line, "URIs:", 5) == 0;
		if (in_uris)
			buf_printf(&uris, " %s", colon + 1);
		else if (strncasecmp(line, "Enabled:", 8) == 0)
			off = is_off(colon + 1 + strspn(colon + 1, BLANKS));
	}
	if (!off && uris.size > 0 && buf_ok(&uris))
		add_words(d, from, uris.data);
}

static void read_sources(struct detected *d, const char *from, char *text)
{
	char *start = text, *end;

	while ((end = strstr(start, "\n\n")) != NULL) {
		end[1] = '\0';
		read_paragraph(d, from, start);
		start = end + 2;
	}
	read_paragraph(d, from, start);
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n > m && strcmp(name + n - m, end) == 0;
}

/* As apt does: no other characters, so that copies of editors do not count. */
static int is_part(const struct dirent *entry)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_-.";

	return entry->d_name[0] != '.' && strspn(entry->d_name, letters) == strlen(entry->d_name) &&
	       (ends_in(entry->d_name, ".list") || ends_in(entry->d_name, ".sources"));
}

static void read_part(const struct detect_world *w, struct detected *d, const char *name)
{
	char path[300], from[DETECT_FROM_ROOM];
	_cleanup_(cleanup_freep) char *text = NULL;

	snprintf(path, sizeof(path), PARTS "/%s", name);
	text = detect_read(w, DETECT_MACHINE, path, from);
	if (text == NULL)
		return;
	if (ends_in(name, ".list"))
		read_list(d, from, text);
	else
		read_sources(d, from, text);
}

static void read_parts(const struct detect_world *w, struct detected *d)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	_cleanup_(fd_closep) int fd =
		w->is_other ? fd_open_beneath(w->fds[DETECT_MACHINE], PARTS, flags, 0)
			    : openat(w->fds[DETECT_MACHINE], PARTS, flags);
	struct dirent **entries;
	int count = fd < 0 ? -1 : scandirat(fd, ".", &entries, is_part, alphasort);

	for (int i = 0; i < count; i++) {
		read_part(w, d, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void detect_apt(const struct detect_world *w, struct detected *d)
{
	char from[DETECT_FROM_ROOM];
	_cleanup_(cleanup_freep) char *text =
		detect_read(w, DETECT_MACHINE, "etc/apt/sources.list", from);

	if (text != NULL)
		read_list(d, from, text);
	read_parts(w, d);
}
