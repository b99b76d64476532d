/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/keys.h"

struct error;

/*
 * The whole configuration: a typed value for each key, and where it comes from.
 * Of two values the one from the later level holds (enum conf_level); a list is
 * replaced as a whole by the next file that sets it, and on the command line
 * its elements add up.
 */
struct conf_value {
	uint64_t number; /* of every type but string and list */
	char **items;	 /* texts as written: one, or a list's elements */
	size_t count;
	char *origin; /* of the value, of a list's last element */
	bool set;     /* by its default or by anybody */
	enum conf_level level;
	unsigned int source; /* of the list: elements of another source are replaced */
	bool has_ceiling;    /* an administrator's file set it for projects, too: */
	uint64_t ceiling;    /* a number or an enum's choice */
	char **among;	     /* a list's elements */
	size_t among_count;
	unsigned int among_source;
};

struct conf {
	struct conf_value values[CONF_ID_COUNT];
	unsigned int sources; /* files read so far */
};

/* Values of keys with choices, in the order of those. */
enum conf_workspace_mode { CONF_WORKSPACE_AUTO, CONF_WORKSPACE_COPY, CONF_WORKSPACE_OVERLAY };
enum conf_network_mode { CONF_NETWORK_NONE, CONF_NETWORK_TRUSTED };
enum conf_digest { CONF_DIGEST_LOCK, CONF_DIGEST_RECORD };
enum conf_on_deny { CONF_ON_DENY_FAIL, CONF_ON_DENY_CONTINUE };

/* Gives every key its default. 0, or -1 with *e filled (out of memory). */
int conf_init(struct conf *c, struct error *e);
void conf_deinit(struct conf *c); /* also for _cleanup_; takes a zeroed struct too */

/*
 * Sets one key, strictly checked. origin begins every message ("cupel.ini:3",
 * "command line") and is kept for conf_origin(). ERROR_USAGE for an unknown key
 * or a bad value, ERROR_POLICY for a level that may not set the key or not to
 * this value; both with a hint. On failure nothing has changed.
 */
int conf_set(struct conf *c, const char *section, const char *key, const char *value,
	enum conf_level level, const char *origin, struct error *e);
/* Sets what an open ini file says; name is what messages call it. */
int conf_read_file(
	struct conf *c, int fd, const char *name, enum conf_level level, struct error *e);

/*
 * Getters. Asking for a key of another type is a bug of ours (assert). Strings
 * live as long as the conf and its value do.
 */
/* NULL when nobody set it and it has no default. */
const char *conf_string(const struct conf *c, enum conf_id id);
/* A duration in milliseconds, bytes, a number, or the position of an enum's choice. */
uint64_t conf_u64(const struct conf *c, enum conf_id id);
bool conf_bool(const struct conf *c, enum conf_id id);
const char *const *conf_list(const struct conf *c, enum conf_id id, size_t *ret_count);

/* For every type: whether anybody or a default set it; text of element i as written, or NULL. */
bool conf_is_set(const struct conf *c, enum conf_id id);
const char *conf_text(const struct conf *c, enum conf_id id, size_t i);
/* "FILE:LINE", "default", "command line"; "unset" when conf_is_set() is false. */
const char *conf_origin(const struct conf *c, enum conf_id id);
enum conf_level conf_level(const struct conf *c, enum conf_id id);
