/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: finds the registries' files, in the runner with the caller's
 * privileges. Each level's directory and files have to be whose they are said to
 * be, judged on open descriptors (conf/guard.h). One that cannot be read is an
 * error, not left out: what it allows or replaces would change in silence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/guard.h"
#include "conf/load.h"
#include "conf/registry.h"

#define DIRECTORY "registries.d"

/* One place, and what it adds to. */
struct place {
	struct registries *to;
	struct guard guard;
	enum conf_level level;
	const char *dir; /* "/etc/cupel/registries.d" */
	int fd;
};

/* Takes *r over, in the place of one with its name. */
static int put(struct registries *to, struct registry *r, struct error *e)
{
	struct registry *grown;

	for (size_t i = 0; i < to->count; i++) {
		if (strcmp(to->all[i].name, r->name) != 0)
			continue;
		registry_deinit(&to->all[i]);
		to->all[i] = *r;
		return 0;
	}
	grown = reallocarray(to->all, to->count + 1, sizeof(*grown));
	if (grown == NULL) {
		registry_deinit(r);
		return error_set(e, ENOMEM, "cannot read '%s'", DIRECTORY);
	}
	to->all = grown;
	grown[to->count++] = *r;
	return 0;
}

static int read_file(const void *context, const char *base, struct error *e)
{
	const struct place *p = context;
	_cleanup_(fd_closep) int fd = -1;
	char file[4608], name[256];
	struct registry r;
	int absent;

	snprintf(file, sizeof(file), "%s/%s", p->dir, base);
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(base) - strlen(".ini")), base);
	absent = guard_open_file(&p->guard, p->fd, base, file, &fd, e);
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	if (registry_read(fd, name, file, p->level, &r, e) < 0)
		return -1;
	return put(p->to, &r, e);
}

/* Opens parent first: who can rename below it, chooses what is read. */
static int read_place(struct place *p, const char *parent, struct error *e)
{
	_cleanup_(fd_closep) int parent_fd = -1;
	_cleanup_(fd_closep) int fd = -1;
	char dir[4352];
	int absent = guard_open_directory(&p->guard, AT_FDCWD, parent, parent, &parent_fd, e);

	if (absent == 0) {
		snprintf(dir, sizeof(dir), "%s/%s", parent, DIRECTORY);
		absent = guard_open_directory(&p->guard, parent_fd, DIRECTORY, dir, &fd, e);
	}
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	p->dir = dir;
	p->fd = fd;
	return guard_each(p->fd, p->dir, read_file, p, e);
}

static int by_name(const void *a, const void *b)
{
	const struct registry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int registries_load_from(struct registries *ret, const struct conf_places *places,
	const char *user_config_dir, struct error *e)
{
	_cleanup_(registries_deinit) struct registries all = {0};
	struct place vendor = {&all, {.owner = places->owner}, CONF_LEVEL_VENDOR};
	struct place admin = {&all, {.owner = places->owner}, CONF_LEVEL_ADMIN};
	struct place user = {&all, {.user = true}, CONF_LEVEL_USER};

	*ret = (struct registries){0};
	if (read_place(&vendor, places->vendor_dir, e) < 0 ||
		read_place(&admin, places->admin_dir, e) < 0)
		return -1;
	if (user_config_dir != NULL && read_place(&user, user_config_dir, e) < 0)
		return -1;
	if (all.count > 0)
		qsort(all.all, all.count, sizeof(*all.all), by_name);
	*ret = all;
	all = (struct registries){0};
	return 0;
}

int registries_load(struct registries *ret, const char *user_config_dir, struct error *e)
{
	return registries_load_from(ret, &conf_standard_places, user_config_dir, e);
}

void registries_deinit(struct registries *r)
{
	for (size_t i = 0; i < r->count; i++)
		registry_deinit(&r->all[i]);
	free(r->all);
	*r = (struct registries){0};
}

const struct registry *registries_find(const struct registries *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->all[i].name, name) == 0)
			return &r->all[i];
	return NULL;
}
