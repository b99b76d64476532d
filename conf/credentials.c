/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: finds the credentials' files, in the runner with the caller's
 * privileges, and judges on open descriptors whose they are and who can read them. Not
 * a byte of one is read here: the descriptors go to cupel-gateway.
 */
#include "conf/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/guard.h"
#include "conf/load.h"
#include "conf/registry.h"

#define DIRECTORY "credentials.d"

struct place {
	struct credential_files *to;
	struct guard guard;
	char dir[400];
	int fd;
};

int credential_files_put(
	struct credential_files *f, const char *name, const char *file, int fd, struct error *e)
{
	_cleanup_(fd_closep) int own = fd;
	struct credential_file *grown, *at = NULL;

	if (!registry_name_holds(name)) {
		error_set_kind(e, ERROR_USAGE, 0, "'%s' is not named as credentials are", file);
		return error_hint(
			e, "it has to be %s, and '.ini'", conf_rule_text(CONF_RULE_REGISTRY));
	}
	for (size_t i = 0; i < f->count && at == NULL; i++)
		if (strcmp(f->all[i].name, name) == 0)
			at = &f->all[i];
	if (at == NULL) {
		grown = reallocarray(f->all, f->count + 1, sizeof(*grown));
		if (grown == NULL)
			return error_set(e, ENOMEM, "cannot open '%s'", file);
		f->all = grown;
		at = &grown[f->count++];
		at->fd = -1;
	}
	fd_closep(&at->fd);
	snprintf(at->name, sizeof(at->name), "%s", name);
	snprintf(at->file, sizeof(at->file), "%s", file);
	at->fd = take_fd(&own);
	return 0;
}

/* What is the administrator's alone is not for the builds of somebody else. */
static bool is_not_ours(const struct place *p, const struct error *e)
{
	return !p->guard.user && e->errnum == EACCES;
}

static int open_file(const void *context, const char *base, struct error *e)
{
	const struct place *p = context;
	_cleanup_(fd_closep) int fd = -1;
	char file[512], name[256];
	int absent;

	snprintf(file, sizeof(file), "%s/%.100s", p->dir, base);
	snprintf(name, sizeof(name), "%.*s", (int)(strlen(base) - strlen(".ini")), base);
	absent = guard_open_secret(&p->guard, p->fd, base, file, &fd, e);
	if (absent < 0 && is_not_ours(p, e))
		return 0;
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	return credential_files_put(p->to, name, file, take_fd(&fd), e);
}

/* Opens parent first: who can rename below it, chooses what is sent. */
static int open_place(struct place *p, const char *parent, struct error *e)
{
	_cleanup_(fd_closep) int parent_fd = -1;
	_cleanup_(fd_closep) int fd = -1;
	int absent = guard_open_directory(&p->guard, AT_FDCWD, parent, parent, &parent_fd, e);

	if (absent == 0) {
		int n = snprintf(p->dir, sizeof(p->dir), "%s/%s", parent, DIRECTORY);

		if (n < 0 || (size_t)n >= sizeof(p->dir))
			return error_set_kind(
				e, ERROR_USAGE, 0, "the path of '%s' is too long", DIRECTORY);
		absent = guard_open_directory(&p->guard, parent_fd, DIRECTORY, p->dir, &fd, e);
	}
	if (absent < 0 && is_not_ours(p, e))
		return 0;
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	p->fd = fd;
	return guard_each(p->fd, p->dir, open_file, p, e);
}

int credential_files_open_from(struct credential_files *ret, const struct conf_places *places,
	const char *user_config_dir, struct error *e)
{
	_cleanup_(credential_files_deinit) struct credential_files all = {0};
	struct place admin = {&all, {.owner = places->owner}, "", -1};
	struct place user = {&all, {.user = true}, "", -1};

	*ret = (struct credential_files){0};
	if (open_place(&admin, places->admin_dir, e) < 0)
		return -1;
	if (user_config_dir != NULL && open_place(&user, user_config_dir, e) < 0)
		return -1;
	*ret = all;
	all = (struct credential_files){0};
	return 0;
}

int credential_files_open(
	struct credential_files *ret, const char *user_config_dir, struct error *e)
{
	return credential_files_open_from(ret, &conf_standard_places, user_config_dir, e);
}

void credential_files_deinit(struct credential_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		fd_closep(&f->all[i].fd);
	free(f->all);
	*f = (struct credential_files){0};
}
