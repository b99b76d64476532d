/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct conf_places;
struct error;

/* A file credentials.d/NAME.ini, open and not read: see cupel.credential(5). */
struct credential_file {
	char name[50];
	char file[512]; /* as messages call it */
	int fd;
};

struct credential_files {
	struct credential_file *all;
	size_t count;
};

void credential_files_deinit(struct credential_files *f); /* also for _cleanup_ */
/*
 * Opens credentials.d/ *.ini of /etc/cupel and of user_config_dir (may be NULL); a user's
 * takes the place of an administrator's with its name. Each has to be a regular file of
 * its level's owner that nobody else can read. The administrator's are left out
 * when the caller may not read them: they are for root's builds. 0, or -1 with *e filled.
 */
int credential_files_open(
	struct credential_files *ret, const char *user_config_dir, struct error *e);
/* The same with other places, for tests. */
int credential_files_open_from(struct credential_files *ret, const struct conf_places *places,
	const char *user_config_dir, struct error *e);
/* Takes fd over, in the place of one with that name. 0, or -1 with *e filled. */
int credential_files_put(
	struct credential_files *f, const char *name, const char *file, int fd, struct error *e);
