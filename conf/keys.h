/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "conf/keys-table.h"
#include "conf/rules.h"

struct buf;

/* How a value is written, and what the getters of conf/conf.h give for it. */
enum conf_type {
	CONF_STRING,
	CONF_LIST, /* the key may be repeated, one element a line; an empty value empties it */
	CONF_BOOL,
	CONF_DURATION, /* milliseconds */
	CONF_BYTES,
	CONF_NUMBER,
	CONF_ENUM, /* the position in `choices` */
	CONF_TYPE_COUNT
};

/* The least trusted who may set a key. Vendor and administrator may set all. */
enum conf_who { CONF_BY_PROJECT, CONF_BY_USER, CONF_BY_ADMIN };

/* What a project may do with a key that it may set. */
enum conf_narrow {
	CONF_FREE,
	CONF_ONLY_LOWER, /* not above what the administrator's files say; 0 is "no limit" */
	CONF_ONLY_YES,
	CONF_ONLY_FIRST, /* nothing but the first of the choices */
	CONF_NOT_BEYOND, /* no choice behind the one that the administrator's files make */
	CONF_ONLY_AMONG	 /* no element that is missing in the administrator's list, if there is one
			  */
};

#define CONF_KEY_ID(id, ...) id,
enum conf_id { CONF_KEYS(CONF_KEY_ID) CONF_ID_COUNT };
#undef CONF_KEY_ID

struct conf_key {
	const char *section, *key;
	enum conf_type type;
	enum conf_who who;
	enum conf_narrow narrow;
	const char *standard;
	enum conf_rule rule;
	const char *choices;
	const char *text;
};
extern const struct conf_key conf_keys[CONF_ID_COUNT];

/* The key's identifier, or -1. */
int conf_keys_find(const char *section, const char *key);
/* A section of that name has keys. */
int conf_keys_has_section(const char *section);
/*
 * The name to propose instead of an unknown one: a section's (key NULL), or a
 * key's in that section; at most two edits away. NULL when nothing is close.
 */
const char *conf_keys_suggest(const char *section, const char *key);
/* Some section that has a key of this name, or NULL. */
const char *conf_keys_section_of(const char *key);
/* The list of keys of cupel.ini(5), as mdoc(7). */
void conf_keys_print_mdoc(struct buf *out);
/* "section.key", one a line, for completion. */
void conf_keys_print_names(struct buf *out);
/* "a duration", for messages and the manual; choices are not in it. */
const char *conf_type_text(enum conf_type type);
