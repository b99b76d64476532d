/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/types.h>

struct conf;
struct error;

/*
 * Reads all files in the order of their levels; those that do not exist are left
 * out:
 *	/usr/lib/cupel/cupel.ini
 *	/etc/cupel/cupel.ini, /etc/cupel/cupel.ini.d/ *.ini in bytewise order
 *	USER_CONFIG_DIR/cupel.ini
 *	cupel.ini in project_dirfd
 * The first two kinds, and the directories they lie in, have to be root's and
 * not writable by anybody else; the user's has to be the user's own or root's.
 * project_dirfd may be -1, user_config_dir NULL. 0, or -1 with *e filled.
 */
int conf_load(struct conf *c, int project_dirfd, const char *user_config_dir, struct error *e);

/* The same with other places, for tests. */
struct conf_places {
	const char *vendor_dir, *admin_dir;
	uid_t owner; /* who has to own the files there */
};
extern const struct conf_places conf_standard_places;
int conf_load_from(struct conf *c, const struct conf_places *places, int project_dirfd,
	const char *user_config_dir, struct error *e);
