/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel registry detect`, with the privileges of whoever calls it:
 * as root it writes the administrator's registries, else the caller's own. What it is
 * about to print has been read back by the reader that will read it later, so that no
 * client's configuration can make a file that says something else. A file appears
 * complete or not at all, and none is replaced unless that was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "conf/registry.h"
#include "runner/detect.h"
#include "runner/paths.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

static void close_world(struct detect_world *w)
{
	for (int i = 0; i < DETECT_PLACE_COUNT; i++)
		fd_closep(&w->fds[i]);
}

static int open_world(struct detect_world *w, const char *root, struct error *e)
{
	char home[4096], config[4096], *end;

	w->is_other = root != NULL;
	w->fds[DETECT_MACHINE] = open(root != NULL ? root : "/", DIRECTORY);
	if (w->fds[DETECT_MACHINE] < 0)
		return error_set_kind(e, ERROR_USAGE, errno, "cannot open '%s'", root);
	paths_home(home, sizeof(home));
	paths_config(config, sizeof(config));
	end = strrchr(config, '/'); /* of ".../cupel" */
	if (end != NULL)
		*end = '\0';
	if (home[0] != '\0')
		w->fds[DETECT_HOME] = open(home, DIRECTORY);
	if (config[0] != '\0')
		w->fds[DETECT_CONFIG] = open(config, DIRECTORY);
	return 0;
}

/* One more component, made when it is missing. */
static int enter(int parent, const char *name, bool is_other, mode_t mode)
{
	bool made = mkdirat(parent, name, mode) == 0;
	int fd = is_other ? fd_open_beneath(parent, name, DIRECTORY, 0)
			  : openat(parent, name, DIRECTORY);

	if (fd >= 0 && made)
		(void)fchmod(fd, mode); /* whatever the umask: others have to read it */
	return fd;
}

/* The directory below start; fd, or -1 with *e filled. */
static int make_directory(int start, const char *path, bool is_other, mode_t mode, struct error *e)
{
	_cleanup_(fd_closep) int fd = fcntl(start, F_DUPFD_CLOEXEC, 3);
	char rest[4200], *at = rest, *name;

	snprintf(rest, sizeof(rest), "%s", path);
	while (fd >= 0 && (name = strsep(&at, "/")) != NULL) {
		int next;

		if (name[0] == '\0')
			continue;
		next = enter(fd, name, is_other, mode);
		fd_closep(&fd);
		fd = next;
	}
	if (fd < 0)
		return error_set(e, errno, "cannot make '%s'", path);
	return take_fd(&fd);
}

/* Where registries of this caller lie. */
static int open_target(const struct detect_world *w, char *shown, size_t size, struct error *e)
{
	_cleanup_(fd_closep) int top = -1;
	char config[4096];

	if (geteuid() == 0) {
		snprintf(shown, size, "/etc/cupel/registries.d");
		return make_directory(w->fds[DETECT_MACHINE], shown, w->is_other, 0755, e);
	}
	paths_config(config, sizeof(config));
	if (config[0] == '\0') {
		error_set(e, 0, "there is no home directory for your registries");
		return error_hint(e, "set HOME");
	}
	snprintf(shown, size, "%s/registries.d", config);
	top = open("/", DIRECTORY);
	return make_directory(top, shown, false, 0700, e);
}

/* What is printed must say what was found, and be a registry. */
static int read_back(const struct detect_client *client, const struct detected *d,
	const struct buf *text, struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("registry", text->data, text->size);
	_cleanup_(registry_deinit) struct registry r = {0};

	if (fd < 0)
		return error_set(e, errno, "cannot read the registry back");
	if (registry_read(fd, client->name, client->name, CONF_LEVEL_USER, &r, e) < 0)
		return error_wrap(e, "what was detected cannot be read back");
	if (r.urls.count != d->count)
		return error_set(
			e, 0, "what was detected for '%s' cannot be read back", client->name);
	return 0;
}

static bool is_same(int dirfd, const char *base, const struct buf *text)
{
	_cleanup_(fd_closep) int fd =
		openat(dirfd, base, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	_cleanup_(cleanup_freep) char *there = NULL;
	size_t size;

	return fd >= 0 && fd_read_all(fd, 64 << 10, &there, &size) == 0 && size == text->size &&
	       memcmp(there, text->data, size) == 0;
}

static int put_temporary(int dirfd, const char *name, const struct buf *text)
{
	_cleanup_(fd_closep) int fd = -1;

	(void)unlinkat(dirfd, name, 0); /* of one that was killed */
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return -1;
	return fd_write_all(fd, text->data, text->size);
}

/* 0, 1 when another file is there, -1 with *e filled. */
static int write_file(int dirfd, const char *dir, const char *name, const struct buf *text,
	bool force, struct error *e)
{
	char base[64], temporary[64];
	int errnum;

	snprintf(base, sizeof(base), "%s.ini", name);
	snprintf(temporary, sizeof(temporary), ".%s.ini.new", name);
	if (is_same(dirfd, base, text)) {
		printf("%s/%s says so already\n", dir, base);
		return 0;
	}
	if (put_temporary(dirfd, temporary, text) == 0 &&
		renameat2(dirfd, temporary, dirfd, base, force ? 0 : RENAME_NOREPLACE) == 0) {
		printf("wrote %s/%s\n", dir, base);
		return 0;
	}
	errnum = errno;
	(void)unlinkat(dirfd, temporary, 0);
	if (errnum != EEXIST)
		return error_set(e, errnum, "cannot write '%s/%s'", dir, base);
	printf("left alone: %s/%s says something else; --force replaces it\n", dir, base);
	return 1;
}

static bool is_wanted(const struct detect_options *o, const char *name)
{
	for (int i = 0; i < o->count; i++)
		if (strcmp(o->names[i], name) == 0)
			return true;
	return o->count == 0;
}

static int check_names(const struct detect_options *o, struct error *e)
{
	for (int i = 0; i < o->count; i++) {
		if (detect_find_client(o->names[i]) != NULL)
			continue;
		error_set_kind(e, ERROR_USAGE, 0, "'%s' cannot be detected", o->names[i]);
		return error_hint(e, "it is debian, npm, pypi, crates, go or maven");
	}
	return 0;
}

/* What a run has come to: where it writes, and how many it has found. */
struct state {
	const struct detect_options *options;
	struct detect_world world;
	int target_fd; /* -1: standard output */
	char target[4200];
	int found;
};

static int handle(struct state *s, const struct detect_client *client, struct error *e)
{
	_cleanup_(detected_deinit) struct detected d = {0};
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	client->find(&s->world, &d);
	if (d.count == 0) {
		if (d.notes.size > 0 || s->options->count > 0)
			fprintf(stderr, "cupel: %s: nothing was found\n%s", client->name,
				d.notes.size > 0 ? d.notes.data : "");
		return 0;
	}
	detect_print(&s->world, client, &d, &text);
	if (!buf_ok(&text))
		return error_set(e, ENOMEM, "cannot print '%s'", client->name);
	if (read_back(client, &d, &text, e) < 0)
		return -1;
	if (s->target_fd >= 0)
		s->found++;
	else
		printf("%s; registries.d/%s.ini:\n%s", s->found++ > 0 ? "\n" : "", client->name,
			text.data);
	return s->target_fd < 0 ? 0
				: write_file(s->target_fd, s->target, client->name, &text,
					  s->options->force, e);
}

static int handle_all(struct state *s, struct error *e)
{
	int result = 0;

	for (size_t i = 0; i < detect_client_count; i++) {
		int one = is_wanted(s->options, detect_clients[i].name)
				  ? handle(s, &detect_clients[i], e)
				  : 0;

		if (one < 0)
			return -1;
		result = one > 0 ? 1 : result;
	}
	if (s->found > 0)
		return result;
	fputs("cupel: no package manager here is configured to fetch from anywhere\n", stderr);
	return 1;
}

int detect_run(const struct detect_options *o, struct error *e)
{
	struct state s = {.options = o, .world.fds = {-1, -1, -1}, .target_fd = -1};
	int result = check_names(o, e) < 0 || open_world(&s.world, o->root, e) < 0 ? -1 : 0;

	if (result == 0 && o->write) {
		s.target_fd = open_target(&s.world, s.target, sizeof(s.target), e);
		result = s.target_fd < 0 ? -1 : 0;
	}
	if (result == 0)
		result = handle_all(&s, e);
	fd_closep(&s.target_fd);
	close_world(&s.world);
	return result;
}

int detect_write(const char *name, const struct buf *text, bool force, struct error *e)
{
	struct detect_world w = {.fds = {-1, -1, -1}};
	_cleanup_(fd_closep) int target_fd = -1;
	char target[4200];
	int result = open_world(&w, NULL, e);

	if (result == 0)
		target_fd = open_target(&w, target, sizeof(target), e);
	if (target_fd >= 0)
		result = write_file(target_fd, target, name, text, force, e);
	close_world(&w);
	return target_fd < 0 ? -1 : result;
}
