/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "conf/rules.h"

struct buf;
struct conf;
struct conf_places;
struct error;

/*
 * The trusted registries, one file `registries.d/NAME.ini` each, described in
 * cupel.registry(5). A project cannot define one, it can only pick names. What the
 * gateway enforces are the rule lines that are made of them, one for each url, in the
 * format of gateway/rule.h.
 */
enum registry_mode {
	REGISTRY_INSPECT,
	REGISTRY_HTTP,
	REGISTRY_TUNNEL,
	REGISTRY_RAW,
	REGISTRY_MODE_COUNT
};
enum {
	REGISTRY_METHODS_MAX = 8,
	REGISTRY_PATTERNS_MAX = 32, /* of one kind; as the gateway's */
	REGISTRY_RULES_MAX = 256    /* of one plan, and of urls in one file */
};

/* Texts of one key that may be repeated, in the order of the file. */
struct registry_texts {
	struct registry_text {
		char *text;
		unsigned int line;
	} * items;
	size_t count;
};

struct registry {
	char *name;
	char *file;	       /* as messages call it; may name the user */
	enum conf_level level; /* vendor, administrator or user */
	enum registry_mode mode;
	bool private_addresses;
	bool locked;		       /* digest = lock */
	char *description;	       /* or NULL */
	struct registry_texts urls;    /* "https://host:443/path/", "tcp://host:22/", lower case */
	struct registry_texts methods; /* GET and HEAD when the file names none; a tunnel: none */
	struct registry_texts paths, posts, unlocked;
};

struct registries {
	struct registry *all; /* in bytewise order of names, each name once */
	size_t count;
};

void registry_deinit(struct registry *r);
void registries_deinit(struct registries *r); /* also for _cleanup_; takes a zeroed struct too */

/*
 * Reads registries.d/ *.ini from /usr/lib/cupel, /etc/cupel and user_config_dir (may be
 * NULL), with the ownership that conf_load() asks for. A later level replaces a
 * registry as a whole. 0, or -1 with *e filled and *ret empty.
 */
int registries_load(struct registries *ret, const char *user_config_dir, struct error *e);
/* The same with other places, for tests. */
int registries_load_from(struct registries *ret, const struct conf_places *places,
	const char *user_config_dir, struct error *e);
/* One open file; name is checked, file is what messages call it. */
int registry_read(int fd, const char *name, const char *file, enum conf_level level,
	struct registry *ret, struct error *e);

/* Letters, digits, '-' and '.', not beginning with '-' or '.'. */
bool registry_name_holds(const char *name);
const struct registry *registries_find(const struct registries *r, const char *name);
/* Whether it is used when nobody picks names: not when it is the vendor's. */
bool registry_is_standard(const struct registry *r);
/* "inspect", "http" or "tunnel", of its url i: http is what a url says by its scheme. */
const char *registry_mode_name(const struct registry *r, size_t i);
/* The rule line of its url i, without a newline. */
void registry_print_rule(const struct registry *r, size_t i, struct buf *out);

/* The rule lines of a plan. */
struct registry_rules {
	char **lines;
	size_t count;
	bool locked; /* one of them is in lock mode */
};
void registry_rules_deinit(struct registry_rules *r); /* also for _cleanup_ */
/*
 * The rules that [network] of the configuration chooses among `all`: none when its mode
 * is none. ERROR_USAGE when a name that was picked is not configured, when nothing is
 * left, or when two registries contradict one another about the same host.
 */
int registry_choose(const struct conf *c, const struct registries *all, struct registry_rules *ret,
	struct error *e);
/* The rules of all that are standard, whatever the configuration picks. Maybe none. */
int registry_take_all(const struct registries *all, struct registry_rules *ret, struct error *e);
/* registries_load() and registry_choose(), the former only when the mode asks for it. */
int registry_rules_load(const struct conf *c, const char *user_config_dir,
	struct registry_rules *ret, struct error *e);
