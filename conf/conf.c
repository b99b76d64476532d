/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in the runner with the caller's privileges. Values
 * come from files of four degrees of trust and from the command line; each is
 * checked against the table of keys (who may set it, type, rule) before it
 * replaces what is there, so that later code can use it as it is. What an
 * administrator's file says about a key marked CONF_ONLY_LOWER is remembered
 * as the ceiling for projects, even when the user's own file says more.
 */
#include "conf/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "conf/ini.h"

enum { LIST_MAX = 1024 };

/* One setting on its way in. */
struct setting {
	const struct conf_key *key;
	const char *value;
	const char *origin;
	uint64_t number;
	enum conf_level level;
	unsigned int source;
};

static void clear_texts(char ***items, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		free((*items)[i]);
	free(*items);
	*items = NULL;
	*count = 0;
}

static void clear_items(struct conf_value *v)
{
	clear_texts(&v->items, &v->count);
}

static int add_text(char ***items, size_t *count, const char *value)
{
	_cleanup_(cleanup_freep) char *text = strdup(value);
	char **grown = text == NULL ? NULL : reallocarray(*items, *count + 1, sizeof(*grown));

	if (grown == NULL)
		return -1;
	*items = grown;
	grown[(*count)++] = take_ptr(text);
	return 0;
}

void conf_deinit(struct conf *c)
{
	for (int i = 0; i < CONF_ID_COUNT; i++) {
		clear_items(&c->values[i]);
		clear_texts(&c->values[i].among, &c->values[i].among_count);
		free(c->values[i].origin);
	}
	*c = (struct conf){0};
}

/* The position of word among "a|b|c", or -1. */
static int find_choice(const char *choices, const char *word, uint64_t *ret)
{
	size_t n = strlen(word);

	for (uint64_t i = 0;; i++) {
		size_t size = strcspn(choices, "|");

		if (size == n && memcmp(choices, word, n) == 0) {
			*ret = i;
			return 0;
		}
		if (choices[size] == '\0')
			return -1;
		choices += size + 1;
	}
}

static int parse_bool(const char *text, uint64_t *ret)
{
	bool value;

	if (text_to_bool(text, &value) < 0)
		return -1;
	*ret = value;
	return 0;
}

static int parse(const struct conf_key *key, const char *text, uint64_t *ret)
{
	switch (key->type) {
	case CONF_BOOL:
		return parse_bool(text, ret);
	case CONF_DURATION:
		return text_to_duration_ms(text, ret);
	case CONF_BYTES:
		return text_to_bytes(text, ret);
	case CONF_NUMBER:
		return text_to_u64(text, ret);
	case CONF_ENUM:
		return find_choice(key->choices, text, ret);
	case CONF_STRING:
	case CONF_LIST:
	case CONF_TYPE_COUNT:
		break;
	}
	*ret = 0;
	return 0;
}

static int check_who(const struct setting *s, struct error *e)
{
	static const struct {
		enum conf_level except;
		const char *whom, *hint;
	} rows[] = {
		[CONF_BY_PROJECT] = {CONF_LEVEL_DEFAULT, NULL, NULL},
		[CONF_BY_USER] = {CONF_LEVEL_COMMAND_LINE, "by the user or the administrator",
			"set it in ~/.config/cupel/cupel.ini or on the command line"},
		[CONF_BY_ADMIN] = {CONF_LEVEL_ADMIN, "by the administrator",
			"set it in /etc/cupel/cupel.ini"},
	};
	enum conf_who who = s->key->who;
	enum conf_level last_allowed = who == CONF_BY_ADMIN ? CONF_LEVEL_ADMIN : CONF_LEVEL_USER;

	if (who == CONF_BY_PROJECT || s->level <= last_allowed || s->level == rows[who].except)
		return 0;
	error_set_kind(e, ERROR_POLICY, 0, "%s: [%s] %s can only be set %s", s->origin,
		s->key->section, s->key->key, rows[who].whom);
	return error_hint(e, "%s", rows[who].hint);
}

static int check_value(const struct setting *s, struct error *e)
{
	const struct conf_key *key = s->key;
	struct conf_candidate candidate = {
		.text = s->value, .number = s->number, .level = s->level};

	if (s->value[0] == '\0') {
		error_set_kind(e, ERROR_USAGE, 0, "%s: [%s] %s has no value", s->origin,
			key->section, key->key);
		return error_hint(e, "leave the line out to keep what is there");
	}
	if (!text_is_utf8(s->value, strlen(s->value)) ||
		text_has_control(s->value, strlen(s->value))) {
		error_set_kind(e, ERROR_USAGE, 0, "%s: [%s] %s: the value is not plain UTF-8 text",
			s->origin, key->section, key->key);
		return error_hint(e, "leave control characters out");
	}
	if (conf_rule_holds(key->rule, &candidate))
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "%s: [%s] %s cannot be '%s'", s->origin, key->section,
		key->key, s->value);
	return error_hint(e, "it has to be %s", conf_rule_text(key->rule));
}

static int parse_value(struct setting *s, struct error *e)
{
	const struct conf_key *key = s->key;

	if (s->value[0] == '\0' || parse(key, s->value, &s->number) == 0)
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "%s: [%s] %s cannot be '%s'", s->origin, key->section,
		key->key, s->value);
	if (key->choices != NULL)
		return error_hint(e, "it is one of %s", key->choices);
	return error_hint(e, "it is %s", conf_type_text(key->type));
}

/* A limit where 0 means none is the highest of all. */
static bool exceeds(uint64_t number, uint64_t ceiling)
{
	return ceiling != 0 && (number == 0 || number > ceiling);
}

static bool narrows_yes(const struct conf_value *v, const struct setting *s)
{
	(void)v;
	return s->number != 0;
}

static bool narrows_first(const struct conf_value *v, const struct setting *s)
{
	(void)v;
	return s->number == 0;
}

static bool narrows_lower(const struct conf_value *v, const struct setting *s)
{
	return !v->has_ceiling || !exceeds(s->number, v->ceiling);
}

static bool narrows_choice(const struct conf_value *v, const struct setting *s)
{
	return !v->has_ceiling || s->number <= v->ceiling;
}

static bool narrows_list(const struct conf_value *v, const struct setting *s)
{
	for (size_t i = 0; i < v->among_count; i++)
		if (strcmp(v->among[i], s->value) == 0)
			return true;
	return !v->has_ceiling;
}

static int check_narrow(const struct conf_value *v, const struct setting *s, struct error *e)
{
	static const char more[] = "is more than the administrator allows";
	static const struct {
		bool (*holds)(const struct conf_value *v, const struct setting *s);
		const char *subject, *what, *hint; /* no subject: the value */
	} rows[] = {
		[CONF_ONLY_YES] = {narrows_yes, "a project", "cannot switch this off",
			"use '--no-attest' or ~/.config/cupel/cupel.ini"},
		[CONF_ONLY_FIRST] = {narrows_first, NULL, "is not for a project to set",
			"leave the line out; the administrator can say so in /etc/cupel/cupel.ini"},
		[CONF_ONLY_LOWER] = {narrows_lower, NULL, more,
			"leave the line out, or lower it; see /etc/cupel/cupel.ini"},
		[CONF_NOT_BEYOND] = {narrows_choice, NULL, more,
			"leave the line out; see /etc/cupel/cupel.ini"},
		[CONF_ONLY_AMONG] = {narrows_list, NULL, "is not in the administrator's list",
			"leave the line out, or choose among those in /etc/cupel/cupel.ini"},
	};
	const struct conf_key *key = s->key;

	if (s->level != CONF_LEVEL_PROJECT || key->narrow == CONF_FREE ||
		rows[key->narrow].holds(v, s))
		return 0;
	if (rows[key->narrow].subject != NULL)
		error_set_kind(e, ERROR_POLICY, 0, "%s: [%s] %s: %s %s", s->origin, key->section,
			key->key, rows[key->narrow].subject, rows[key->narrow].what);
	else
		error_set_kind(e, ERROR_POLICY, 0, "%s: [%s] %s: '%s' %s", s->origin, key->section,
			key->key, s->value, rows[key->narrow].what);
	return error_hint(e, "%s", rows[key->narrow].hint);
}

/* Puts the value in place of what is there. */
static int store_single(struct conf_value *v, const struct setting *s)
{
	_cleanup_(cleanup_freep) char **items = malloc(sizeof(*items));
	_cleanup_(cleanup_freep) char *text = strdup(s->value), *origin = strdup(s->origin);

	if (items == NULL || text == NULL || origin == NULL)
		return -1;
	clear_items(v);
	items[0] = take_ptr(text);
	v->items = take_ptr(items);
	v->count = 1;
	free(v->origin);
	v->origin = take_ptr(origin);
	return 0;
}

/* Adds an element, after taking away those of another source; an empty one takes all away. */
static int store_element(struct conf_value *v, const struct setting *s)
{
	bool replaces =
		!v->set || v->source != s->source || v->level != s->level || s->value[0] == '\0';
	_cleanup_(cleanup_freep) char *origin = strdup(s->origin);

	if (origin == NULL)
		return -1;
	if (replaces)
		clear_items(v);
	if (s->value[0] != '\0' && add_text(&v->items, &v->count, s->value) < 0)
		return -1;
	free(v->origin);
	v->origin = take_ptr(origin);
	v->source = s->source;
	return 0;
}

/* Remembers what an administrator's file says, whoever says something else later. */
static int store_ceiling(struct conf_value *v, const struct setting *s)
{
	if (s->key->narrow == CONF_ONLY_AMONG) {
		if (v->among_source != s->source || s->value[0] == '\0')
			clear_texts(&v->among, &v->among_count);
		v->among_source = s->source;
		if (s->value[0] != '\0' && add_text(&v->among, &v->among_count, s->value) < 0)
			return -1;
	}
	v->has_ceiling = true;
	v->ceiling = s->number;
	return 0;
}

static int store(struct conf_value *v, const struct setting *s, struct error *e)
{
	bool is_list = s->key->type == CONF_LIST;

	if (s->level == CONF_LEVEL_ADMIN && store_ceiling(v, s) < 0)
		return error_set(e, ENOMEM, "%s", s->origin);
	/* the command line may have been read before the files */
	if (v->set && v->level > s->level)
		return 0;
	if (is_list && v->count == LIST_MAX && v->source == s->source) {
		error_set_kind(e, ERROR_USAGE, 0, "%s: [%s] %s has more than %d elements",
			s->origin, s->key->section, s->key->key, LIST_MAX);
		return error_hint(e, "a pattern can stand for many files");
	}
	if ((is_list ? store_element(v, s) : store_single(v, s)) < 0)
		return error_set(e, ENOMEM, "%s", s->origin);
	v->number = s->number;
	v->level = s->level;
	v->set = true;
	return 0;
}

static int refuse_section(const char *section, const char *origin, struct error *e)
{
	const char *close = conf_keys_suggest(section, NULL);

	error_set_kind(e, ERROR_USAGE, 0, "%s: unknown section [%s]", origin, section);
	if (close != NULL)
		return error_hint(e, "did you mean '[%s]'?", close);
	return error_hint(e, "cupel.ini(5) lists all sections");
}

static int refuse_key(const char *section, const char *key, const char *origin, struct error *e)
{
	const char *close = conf_keys_suggest(section, key), *other = conf_keys_section_of(key);

	if (!conf_keys_has_section(section))
		return refuse_section(section, origin, e);
	error_set_kind(e, ERROR_USAGE, 0, "%s: unknown key '%s' in [%s]", origin, key, section);
	if (other != NULL)
		return error_hint(e, "'%s' belongs to [%s]", key, other);
	if (close != NULL)
		return error_hint(e, "did you mean '%s'?", close);
	return error_hint(e, "cupel.ini(5) lists all keys");
}

static int apply(struct conf *c, int id, struct setting *s, struct error *e)
{
	struct conf_value *v = &c->values[id];

	s->key = &conf_keys[id];
	if (check_who(s, e) < 0 || parse_value(s, e) < 0)
		return -1;
	if (s->key->type == CONF_LIST && s->value[0] == '\0')
		return store(v, s, e);
	if (check_value(s, e) < 0 || check_narrow(v, s, e) < 0)
		return -1;
	return store(v, s, e);
}

int conf_set(struct conf *c, const char *section, const char *key, const char *value,
	enum conf_level level, const char *origin, struct error *e)
{
	/* 0 is no file's: all elements from the command line belong together */
	struct setting s = {.value = value, .origin = origin, .level = level, .source = 0};
	int id = conf_keys_find(section, key);

	if (id < 0)
		return refuse_key(section, key, origin, e);
	return apply(c, id, &s, e);
}

struct reading {
	struct conf *conf;
	enum conf_level level;
};

static int on_item(void *context, const struct ini_item *item, struct error *e)
{
	struct reading *reading = context;
	char origin[512];
	struct setting s = {.value = item->value,
		.origin = origin,
		.level = reading->level,
		.source = reading->conf->sources};
	int id;

	snprintf(origin, sizeof(origin), "%s:%u", item->file, item->line);
	if (item->key == NULL)
		return conf_keys_has_section(item->section)
			       ? 0
			       : refuse_section(item->section, origin, e);
	id = conf_keys_find(item->section, item->key);
	if (id < 0)
		return refuse_key(item->section, item->key, origin, e);
	if (apply(reading->conf, id, &s, e) < 0)
		return -1;
	return conf_keys[id].type == CONF_LIST ? INI_REPEATABLE : 0;
}

int conf_read_file(struct conf *c, int fd, const char *name, enum conf_level level, struct error *e)
{
	struct reading reading = {.conf = c, .level = level};

	c->sources++;
	return ini_read(fd, name, on_item, &reading, e);
}

int conf_init(struct conf *c, struct error *e)
{
	*c = (struct conf){0};
	for (int i = 0; i < CONF_ID_COUNT; i++) {
		struct setting s = {.value = conf_keys[i].standard,
			.origin = "default",
			.level = CONF_LEVEL_DEFAULT};

		if (s.value != NULL && apply(c, i, &s, e) < 0) {
			conf_deinit(c);
			return -1;
		}
	}
	return 0;
}

const char *conf_string(const struct conf *c, enum conf_id id)
{
	assert(conf_keys[id].type == CONF_STRING);
	return conf_text(c, id, 0);
}

uint64_t conf_u64(const struct conf *c, enum conf_id id)
{
	assert(conf_keys[id].type >= CONF_DURATION && conf_keys[id].type <= CONF_ENUM);
	return c->values[id].number;
}

bool conf_bool(const struct conf *c, enum conf_id id)
{
	assert(conf_keys[id].type == CONF_BOOL);
	return c->values[id].number != 0;
}

const char *const *conf_list(const struct conf *c, enum conf_id id, size_t *ret_count)
{
	assert(conf_keys[id].type == CONF_LIST);
	*ret_count = c->values[id].count;
	return (const char *const *)c->values[id].items;
}

bool conf_is_set(const struct conf *c, enum conf_id id)
{
	return c->values[id].set;
}

const char *conf_text(const struct conf *c, enum conf_id id, size_t i)
{
	return i < c->values[id].count ? c->values[id].items[i] : NULL;
}

const char *conf_origin(const struct conf *c, enum conf_id id)
{
	return c->values[id].set ? c->values[id].origin : "unset";
}

enum conf_level conf_level(const struct conf *c, enum conf_id id)
{
	return c->values[id].level;
}
