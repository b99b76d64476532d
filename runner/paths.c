/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: finds the caller's directories from his own environment,
 * in the runner with his privileges. The environment is the caller's, not the
 * build's, and decides nothing but where his own files lie.
 */
#include "runner/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

static int find(const char *variable, const char *below_home, char *out, size_t size)
{
	const char *base = getenv(variable), *home = getenv("HOME");
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(out, size, "%s/cupel", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/%s/cupel", home, below_home);
	else
		n = -1;
	if (n < 0 || (size_t)n >= size) {
		out[0] = '\0';
		return -1;
	}
	return 0;
}

/* Like mkdir -p, for us alone. */
static int make_path(char *path)
{
	if (access(path, F_OK) == 0)
		return 0;
	for (char *at = path + 1;; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST && (was == '\0' || errno != EROFS))
			return -1;
		*at = was;
		if (was == '\0')
			return 0;
	}
}

void paths_home(char *out, size_t size)
{
	const char *home = getenv("HOME");

	snprintf(out, size, "%s", home != NULL && home[0] == '/' ? home : "");
}

void paths_config(char *out, size_t size)
{
	(void)find("XDG_CONFIG_HOME", ".config", out, size);
}

void paths_data_place(char *out, size_t size)
{
	(void)find("XDG_DATA_HOME", ".local/share", out, size);
}

int paths_data(char *out, size_t size, struct error *e)
{
	if (find("XDG_DATA_HOME", ".local/share", out, size) < 0) {
		error_set(e, 0, "there is no home directory for the developer key");
		return error_hint(e, "set HOME, or 'key' in section [sign], or use --no-attest");
	}
	if (make_path(out) < 0) {
		error_set(e, errno, "cannot make '%s'", out);
		return error_hint(e, "set XDG_DATA_HOME, or use --no-attest");
	}
	return 0;
}

int paths_store(char *out, size_t size, bool make, struct error *e)
{
	char data[4096];

	if (geteuid() == 0 && getenv("XDG_DATA_HOME") == NULL)
		snprintf(data, sizeof(data), "/var/lib/cupel");
	else if (find("XDG_DATA_HOME", ".local/share", data, sizeof(data)) < 0)
		return error_set(e, 0, "there is no home directory for the content store");
	if (snprintf(out, size, "%s/store", data) >= (int)size)
		return error_set(e, ENAMETOOLONG, "the path of the content store is too long");
	if (make && make_path(out) < 0)
		return error_set(e, errno, "cannot make '%s'", out);
	return 0;
}

void paths_cache(char *out, size_t size)
{
	if (find("XDG_CACHE_HOME", ".cache", out, size) == 0 && make_path(out) < 0)
		out[0] = '\0';
}
