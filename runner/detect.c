/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the parsers of detect-*.c share, and the file that comes
 * out. Runs with the caller's privileges on files of the machine and of his own. With
 * --root the machine is a directory that a stranger may have filled: it is entered
 * beneath its descriptor only. Credentials that clients keep in their urls are cut off
 * before anything is stored or printed, and whatever else a url has in it must be what
 * a registry's file may say, so nothing read here can add a line to what is written.
 */
#include "runner/detect.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/text.h"
#include "conf/registry-check.h"

/* urls longer than the lines of our own files may be are left out */
enum { FILE_MAX = 1 << 20, URL_LINE_MAX = 180 };

static const char elsewhere[] =
	"; an index may keep its files elsewhere: add a 'url' for that, too\n";

const struct detect_client detect_clients[] = {
	{"debian", "packages of the system, from where apt fetches them", detect_apt},
	{"npm", "npm packages, from where npm fetches them", detect_npm,
		"; what 'npm audit' asks, with the names of all packages in its body:\n",
		"-/npm/v1/security/advisories/bulk"},
	{"pypi", "Python packages, from where pip fetches them", detect_pip, elsewhere},
	{"crates", "Rust packages, from where cargo fetches them", detect_cargo, elsewhere},
	{"go", "Go modules, from where go fetches them", detect_go},
	{"maven", "Maven artifacts, from the mirrors that mvn fetches them from", detect_maven},
};
const size_t detect_client_count = array_size(detect_clients);

const struct detect_client *detect_find_client(const char *name)
{
	for (size_t i = 0; i < detect_client_count; i++)
		if (strcmp(detect_clients[i].name, name) == 0)
			return &detect_clients[i];
	return NULL;
}

void detected_deinit(struct detected *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->urls[i].url);
		free(d->urls[i].from);
	}
	buf_deinit(&d->notes);
	*d = (struct detected){0};
}

static int open_below(const struct detect_world *w, enum detect_place place, const char *path)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

	if (w->fds[place] < 0)
		return -1;
	return place == DETECT_MACHINE && w->is_other
		       ? fd_open_beneath(w->fds[place], path, flags, 0)
		       : openat(w->fds[place], path, flags);
}

char *detect_read(const struct detect_world *w, enum detect_place place, const char *path,
	char from[DETECT_FROM_ROOM])
{
	static const char *const names[] = {
		[DETECT_MACHINE] = "/", [DETECT_HOME] = "~/", [DETECT_CONFIG] = "~/.config/"};
	_Static_assert(array_size(names) == DETECT_PLACE_COUNT, "a name for every place");
	_cleanup_(fd_closep) int fd = open_below(w, place, path);
	char whole[512], *text;
	struct stat st;
	size_t size;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		fd_read_all(fd, FILE_MAX, &text, &size) < 0)
		return NULL;
	snprintf(whole, sizeof(whole), "%s%s", names[place], path);
	text_escape(whole, strlen(whole), from, DETECT_FROM_ROOM);
	return text;
}

/* Takes user, password, query and fragment away; -1 when it is too long to be a url of ours. */
static int strip(const char *url, char *out, size_t size, bool *ret_stripped)
{
	const char *scheme = strstr(url, "://"), *host, *at;
	size_t authority;
	int n;

	*ret_stripped = false;
	if (scheme == NULL)
		return -1;
	host = scheme + 3;
	authority = strcspn(host, "/?#");
	at = memrchr(host, '@', authority);
	if (at != NULL)
		host = at + 1;
	*ret_stripped = at != NULL || strpbrk(host, "?#") != NULL;
	n = snprintf(out, size, "%.*s%.*s", (int)(scheme + 3 - url), url, (int)strcspn(host, "?#"),
		host);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* The port that the scheme implies is left out, as people write urls. */
static void shorten(char *url)
{
	const char *port = strncmp(url, "https:", 6) == 0 ? ":443/" : ":80/";
	char *path = strchr(strstr(url, "://") + 3, '/'), *at = path - strlen(port) + 1;

	if (strncmp(at, port, strlen(port)) == 0)
		memmove(at, path, strlen(path) + 1);
}

static void leave_out(struct detected *d, const char *from, const char *why)
{
	buf_printf(&d->notes, "; left out, from %s: %s\n", from, why);
}

/* Clients take "http://host//debian/", too. */
static void join_slashes(char *url)
{
	const char *path = strstr(url, "://") + 3;
	char *to = url;

	for (const char *s = url; *s != '\0'; s++)
		if (s <= path || s[0] != '/' || to[-1] != '/')
			*to++ = *s;
	*to = '\0';
}

void detect_add(struct detected *d, const char *from, const char *url)
{
	char stripped[URL_LINE_MAX], clean[REGISTRY_URL_ROOM];
	const struct registry_fault *bad;
	bool had_more;

	if (strip(url, stripped, sizeof(stripped), &had_more) < 0) {
		leave_out(d, from, "it is no url, or a very long one");
		return;
	}
	join_slashes(stripped);
	bad = registry_check_url(stripped, clean);
	if (bad != NULL || d->count == DETECT_URLS_MAX) {
		leave_out(d, from, bad != NULL ? bad->what : "there are too many urls");
		return;
	}
	shorten(clean);
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->urls[i].url, clean) == 0)
			return;
	if (had_more)
		buf_printf(&d->notes, "; the credentials or query of a url in %s were taken away\n",
			from);
	d->urls[d->count].url = strdup(clean);
	d->urls[d->count].from = strdup(from);
	if (d->urls[d->count].url != NULL && d->urls[d->count].from != NULL)
		d->count++;
	else
		d->notes.failed = true;
}

/* One address that is not public makes `private = yes` necessary. */
static void print_private(const struct detect_world *w, const struct detected *d, struct buf *out)
{
	bool private_addresses = false;
	char why[128];

	for (size_t i = 0; i < d->count && !w->is_other; i++) {
		if (detect_ask_address(d->urls[i].url, why, sizeof(why)) <= 0)
			continue;
		buf_printf(out, "; yes, because the host of %.80s has the address %s\n",
			d->urls[i].url, why);
		private_addresses = true;
		break;
	}
	if (!private_addresses)
		buf_puts(out, "; yes would allow hosts whose address is not public\n");
	buf_printf(out, "private = %s\n", private_addresses ? "yes" : "no");
}

void detect_print(const struct detect_world *w, const struct detect_client *client,
	const struct detected *d, struct buf *out)
{
	const char *from = "";

	buf_printf(out,
		"; by 'cupel registry detect'; see cupel.registry(5)\n[registry]\n"
		"description = %s\n",
		client->description);
	for (size_t i = 0; i < d->count; i++) {
		if (strcmp(from, d->urls[i].from) != 0)
			buf_printf(out, "; from %s\n", d->urls[i].from);
		from = d->urls[i].from;
		buf_printf(out, "url = %s\n", d->urls[i].url);
	}
	if (d->notes.size > 0)
		buf_puts(out, d->notes.data);
	print_private(w, d, out);
	if (client->advice != NULL)
		buf_puts(out, client->advice);
	if (client->post != NULL)
		buf_printf(out, "; post = %s%s\n", strchr(strstr(d->urls[0].url, "://") + 3, '/'),
			client->post);
	out->failed = out->failed || d->notes.failed;
}
