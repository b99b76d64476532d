/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify before it confines itself, with its
 * caller's privileges. Opens files without reading them; what lies in a
 * directory may be anybody's, so only regular files are taken, links are not
 * followed and nothing blocks. A wrong find costs nothing but a failed check:
 * only a signature makes an attestation count.
 */
#include "attest/verify-find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

static const char *const endings[] = {".intoto.jsonl", ".sigstore.json"};

void search_deinit(struct search *s)
{
	fd_closep(&s->target.fd);
	for (size_t i = 0; i < s->count; i++) {
		fd_closep(&s->candidates[i].fd);
		free(s->candidates[i].path);
		free(s->candidates[i].relative);
	}
	s->count = 0;
}

static bool ends_with(const char *s, const char *ending)
{
	size_t n = strlen(s), m = strlen(ending);

	return n > m && strcmp(s + n - m, ending) == 0;
}

/* Takes fd; path and relative are copied. */
static void add(struct search *s, int *fd, const char *path, const char *relative, bool close)
{
	struct candidate *c;

	if (s->count == CANDIDATES_MAX) {
		fd_closep(fd);
		return;
	}
	c = &s->candidates[s->count++];
	*c = (struct candidate){.fd = take_fd(fd),
		.path = strdup(path),
		.relative = relative == NULL ? NULL : strdup(relative),
		.lines = ends_with(path, ".jsonl"),
		.close = close};
}

static int open_regular(int dirfd, const char *name)
{
	_cleanup_(fd_closep) int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return take_fd(&fd);
}

static int is_attestation(const struct dirent *entry)
{
	for (size_t i = 0; i < array_size(endings); i++)
		if (entry->d_name[0] != '.' && ends_with(entry->d_name, endings[i]))
			return 1;
	return 0;
}

/* All attestations in one directory; its path is only for people. */
static void add_directory(struct search *s, int dirfd, const char *path, const char *relative)
{
	struct dirent **entries = NULL;
	int count = scandirat(dirfd, ".", &entries, is_attestation, alphasort);

	for (int i = 0; i < count; i++) {
		int fd = open_regular(dirfd, entries[i]->d_name);
		char full[PATH_MAX + 256];

		snprintf(full, sizeof(full), "%s/%s", path, entries[i]->d_name);
		if (fd >= 0)
			add(s, &fd, full, relative, false);
		free(entries[i]);
	}
	free(entries);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) < 0 || fstat(b, &y) < 0 ||
	       (x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* The last `levels` names of an absolute directory path, then name. */
static void relative_name(
	const char *directory, int levels, const char *name, char *out, size_t size)
{
	const char *start = directory + strlen(directory);

	while (levels > 0 && start > directory)
		if (*--start == '/')
			levels--;
	snprintf(out, size, "%s%s%s", *start == '/' ? start + 1 : start, *start != '\0' ? "/" : "",
		name);
}

static void add_parents(struct search *s, int dirfd, const char *name)
{
	_cleanup_(fd_closep) int here = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	char link[64], directory[PATH_MAX], shown[PATH_MAX], relative[PATH_MAX + NAME_MAX + 2];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, directory, sizeof(directory) - 1);
	directory[n < 0 ? 0 : n] = '\0';
	memcpy(shown, directory, sizeof(shown));
	for (int level = 0; here >= 0 && level <= FIND_PARENTS; level++) {
		_cleanup_(fd_closep) int above =
			openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char *slash = strrchr(shown, '/');

		relative_name(directory, level, name, relative, sizeof(relative));
		add_directory(s, here, shown, relative);
		if (above < 0 || same_file(here, above))
			return;
		if (slash != NULL)
			*slash = '\0';
		fd_closep(&here);
		here = take_fd(&above);
	}
}

/* FILE.intoto.jsonl and FILE.sigstore.json. */
static void add_own(struct search *s, int dirfd, const char *path, const char *name)
{
	char beside[NAME_MAX + 32], shown[PATH_MAX];

	for (size_t i = 0; i < array_size(endings); i++) {
		int fd;

		snprintf(beside, sizeof(beside), "%s%s", name, endings[i]);
		snprintf(shown, sizeof(shown), "%s%s", path, endings[i]);
		fd = open_regular(dirfd, beside);
		if (fd >= 0)
			add(s, &fd, shown, name, true);
	}
}

static int add_named(struct search *s, const char *path, const char *name, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(e, errno, "cannot open the attestation '%s'", path);
	add(s, &fd, path, name, true);
	return 0;
}

static int open_target(const char *path, struct target *t, struct error *e)
{
	struct stat st;

	t->path = path;
	t->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (t->fd < 0)
		return error_set(e, errno, "cannot open '%s'", path);
	if (fstat(t->fd, &st) < 0)
		return error_set(e, errno, "cannot look at '%s'", path);
	t->is_directory = S_ISDIR(st.st_mode);
	if (!t->is_directory && !S_ISREG(st.st_mode))
		return error_set(e, 0, "'%s' is neither a file nor a directory", path);
	return 0;
}

static int find_all(struct search *s, const char *path, struct error *e)
{
	_cleanup_(cleanup_freep) char *copy = strdup(path);
	_cleanup_(fd_closep) int dirfd = -1;
	char *slash = copy == NULL ? NULL : strrchr(copy, '/');
	const char *name = slash == NULL ? path : path + (slash - copy) + 1;

	if (copy == NULL || strlen(name) > NAME_MAX || strlen(path) >= PATH_MAX)
		return error_set(e, ENAMETOOLONG, "cannot look beside '%s'", path);
	if (slash != NULL)
		slash[1] = '\0';
	dirfd = open(slash == NULL ? "." : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return error_set(e, errno, "cannot look beside '%s'", path);
	add_own(s, dirfd, path, name);
	if (s->count == 0)
		add_parents(s, dirfd, name);
	return 0;
}

int search_open(
	const char *path, const struct verify_policy *policy, struct search *ret, struct error *e)
{
	const char *slash = strrchr(path, '/');

	if (open_target(path, &ret->target, e) < 0)
		return -1;
	if (policy->attestation != NULL)
		return add_named(ret, policy->attestation, slash == NULL ? path : slash + 1, e);
	if (ret->target.is_directory) {
		add_directory(ret, ret->target.fd, path, NULL);
		return 0;
	}
	return find_all(ret, path, e);
}
