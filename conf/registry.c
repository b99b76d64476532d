/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads one registry's file, in the runner with the caller's
 * privileges. The file is the vendor's, the administrator's or the user's, but it
 * says what a hostile build may reach, so nothing in it is guessed: what could be
 * read as more than was meant (a path beside the url, a rule that a tunnel cannot
 * keep, a url that would be left without its patterns) is refused, with the line.
 */
#include "conf/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "conf/ini.h"
#include "conf/registry-check.h"

struct reading {
	struct registry *registry;
	unsigned int mode_line; /* 0: not set */
	unsigned int digest_line;
};

typedef int set_fn(struct reading *r, const struct ini_item *item, struct error *e);

static int refuse(
	const char *file, unsigned int line, struct error *e, const char *what, const char *hint)
{
	error_set_kind(e, ERROR_USAGE, 0, "%s:%u: %s", file, line, what);
	return error_hint(e, "%s", hint);
}

static int refuse_item(
	const struct ini_item *item, struct error *e, const char *what, const char *hint)
{
	return refuse(item->file, item->line, e, what, hint);
}

static int add(struct registry_texts *texts, const struct ini_item *item, const char *value,
	size_t max, struct error *e)
{
	struct registry_text *grown;

	for (size_t i = 0; i < texts->count; i++) {
		if (strcmp(texts->items[i].text, value) != 0)
			continue;
		error_set_kind(e, ERROR_USAGE, 0, "%s:%u: the same '%s' is in line %u already",
			item->file, item->line, item->key, texts->items[i].line);
		return error_hint(e, "keep one of the two lines");
	}
	if (texts->count == max) {
		error_set_kind(e, ERROR_USAGE, 0, "%s:%u: there are more than %zu lines of '%s'",
			item->file, item->line, max, item->key);
		return error_hint(e, "make a second registry, or use a wider pattern");
	}
	grown = reallocarray(texts->items, texts->count + 1, sizeof(*grown));
	if (grown == NULL)
		return error_set(e, ENOMEM, "%s:%u", item->file, item->line);
	texts->items = grown;
	grown[texts->count] = (struct registry_text){strdup(value), item->line};
	if (grown[texts->count].text == NULL)
		return error_set(e, ENOMEM, "%s:%u", item->file, item->line);
	texts->count++;
	return INI_REPEATABLE;
}

static int set_url(struct reading *r, const struct ini_item *item, struct error *e)
{
	char url[REGISTRY_URL_ROOM];
	const struct registry_fault *bad = registry_check_url(item->value, url);

	if (bad != NULL)
		return refuse_item(item, e, bad->what, bad->hint);
	return add(&r->registry->urls, item, url, REGISTRY_RULES_MAX, e);
}

static const char *const mode_names[] = {[REGISTRY_INSPECT] = "inspect",
	[REGISTRY_HTTP] = "http",
	[REGISTRY_TUNNEL] = "tunnel",
	[REGISTRY_RAW] = "raw"};
_Static_assert(array_size(mode_names) == REGISTRY_MODE_COUNT, "a name for every mode");

static int set_mode(struct reading *r, const struct ini_item *item, struct error *e)
{
	for (int i = 0; i < REGISTRY_MODE_COUNT; i++) {
		if (strcmp(mode_names[i], item->value) != 0)
			continue;
		r->registry->mode = (enum registry_mode)i;
		r->mode_line = item->line;
		return 0;
	}
	return refuse_item(item, e, "there is no such mode", "it is inspect, http, tunnel or raw");
}

static int set_method(struct reading *r, const struct ini_item *item, struct error *e)
{
	const struct registry_fault *bad = registry_check_method(item->value);

	if (bad != NULL)
		return refuse_item(item, e, bad->what, bad->hint);
	return add(&r->registry->methods, item, item->value, REGISTRY_METHODS_MAX, e);
}

static int add_pattern(struct registry_texts *texts, const struct ini_item *item, struct error *e)
{
	const struct registry_fault *bad = registry_check_pattern(item->value);

	if (bad != NULL)
		return refuse_item(item, e, bad->what, bad->hint);
	return add(texts, item, item->value, REGISTRY_PATTERNS_MAX, e);
}

static int set_path(struct reading *r, const struct ini_item *item, struct error *e)
{
	return add_pattern(&r->registry->paths, item, e);
}

static int set_post(struct reading *r, const struct ini_item *item, struct error *e)
{
	return add_pattern(&r->registry->posts, item, e);
}

static int set_digest(struct reading *r, const struct ini_item *item, struct error *e)
{
	bool lock = strcmp(item->value, "lock") == 0;

	if (!lock && strcmp(item->value, "record") != 0)
		return refuse_item(item, e, "'digest' is neither record nor lock",
			"lock: nothing comes in that no lock file of the project has a digest of");
	r->registry->locked = lock;
	r->digest_line = item->line;
	return 0;
}

static int set_unlocked(struct reading *r, const struct ini_item *item, struct error *e)
{
	return add_pattern(&r->registry->unlocked, item, e);
}

static int set_private(struct reading *r, const struct ini_item *item, struct error *e)
{
	bool yes = strcmp(item->value, "yes") == 0;

	if (!yes && strcmp(item->value, "no") != 0)
		return refuse_item(item, e, "'private' is neither yes nor no",
			"yes: the host may have an address that is not public");
	r->registry->private_addresses = yes;
	return 0;
}

static int set_description(struct reading *r, const struct ini_item *item, struct error *e)
{
	if (item->value[0] == '\0')
		return refuse_item(item, e, "the description is empty", "leave the line out");
	r->registry->description = strdup(item->value);
	return r->registry->description != NULL ? 0 : error_set(e, ENOMEM, "%s", item->file);
}

static const struct {
	const char *key;
	set_fn *set;
} keys[] = {
	{"url", set_url},
	{"mode", set_mode},
	{"method", set_method},
	{"path", set_path},
	{"post", set_post},
	{"digest", set_digest},
	{"unlocked", set_unlocked},
	{"private", set_private},
	{"description", set_description},
};

static int on_item(void *context, const struct ini_item *item, struct error *e)
{
	struct reading *r = context;

	if (strcmp(item->section, "registry") != 0) {
		error_set_kind(e, ERROR_USAGE, 0, "%s:%u: unknown section [%s]", item->file,
			item->line, item->section);
		return error_hint(e, "each registry is a file of its own with one section, "
				     "[registry]");
	}
	if (item->key == NULL)
		return 0;
	for (size_t i = 0; i < array_size(keys); i++)
		if (strcmp(keys[i].key, item->key) == 0)
			return keys[i].set(r, item, e);
	error_set_kind(
		e, ERROR_USAGE, 0, "%s:%u: unknown key '%s'", item->file, item->line, item->key);
	return error_hint(e, "there is url, mode, method, path, post, digest, unlocked, private "
			     "and description");
}

static bool is_tls(const char *url)
{
	return strncmp(url, "https:", 6) == 0;
}

/* The path of a url in its one form. */
static const char *path_of(const char *url)
{
	return strchr(strstr(url, "://") + 3, '/');
}

static bool is_below(const char *pattern, const char *url)
{
	const char *path = path_of(url);

	return strncmp(pattern, path, strlen(path)) == 0;
}

static bool is_tcp(const char *url)
{
	return strncmp(url, "tcp:", 4) == 0;
}

/* Whose bytes pass through. */
static bool is_opaque(const struct registry *g)
{
	return g->mode == REGISTRY_TUNNEL || g->mode == REGISTRY_RAW;
}

static int check_mode(const struct reading *r, const struct registry_text *url, struct error *e)
{
	const char *file = r->registry->file;

	if ((r->registry->mode == REGISTRY_RAW) != is_tcp(url->text))
		return refuse(file, url->line, e,
			is_tcp(url->text)
				? "a tcp:// url in a registry without mode = raw"
				: "a url with another scheme in a registry with mode = raw",
			"raw is for protocols that are neither https nor http, and for them alone");
	if (r->registry->mode == REGISTRY_HTTP && is_tls(url->text))
		return refuse(file, url->line, e, "an https:// url in a registry with mode = http",
			"leave 'mode' out: http is what http:// urls get by themselves");
	if (r->registry->mode != REGISTRY_TUNNEL)
		return 0;
	if (!is_tls(url->text))
		return refuse(file, url->line, e, "an http:// url in a registry with mode = tunnel",
			"there is nothing to tunnel: make it a registry of its own");
	if (strcmp(path_of(url->text), "/") != 0)
		return refuse(file, url->line, e,
			"a url with a path in a registry with mode = tunnel",
			"nobody sees paths in a tunnel: take the path away, or the mode");
	return 0;
}

/* What a tunnel cannot keep must not be promised. */
static int check_tunnel(const struct reading *r, struct error *e)
{
	const struct registry *g = r->registry;
	const struct registry_texts *const lists[] = {&g->methods, &g->paths, &g->posts};

	for (size_t i = 0; i < array_size(lists); i++)
		if (is_opaque(g) && lists[i]->count > 0)
			return refuse(g->file, lists[i]->items[0].line, e,
				g->mode == REGISTRY_RAW
					? "a raw connection has neither methods nor paths"
					: "a tunnel has neither methods nor paths",
				"nobody sees requests in it: take the line away, or the mode");
	return 0;
}

static int check_digest(const struct reading *r, struct error *e)
{
	const struct registry *g = r->registry;

	if (g->locked && g->mode == REGISTRY_TUNNEL)
		return refuse(g->file, r->digest_line, e, "a tunnel cannot be locked",
			"nobody sees what comes through a tunnel: take the line away, or the "
			"mode");
	return 0;
}

/* Patterns are whole paths: one that is below no url was meant in another way. */
static int check_patterns(
	const struct registry *g, const struct registry_texts *patterns, struct error *e)
{
	for (size_t i = 0; i < patterns->count; i++) {
		bool below = false;

		for (size_t k = 0; k < g->urls.count && !below; k++)
			below = is_below(patterns->items[i].text, g->urls.items[k].text);
		if (!below)
			return refuse(g->file, patterns->items[i].line, e,
				"the pattern is not below the path of any url",
				"patterns are whole paths: begin it with the url's own");
	}
	return 0;
}

/* Without patterns of its own a url would allow all that is below it. */
static int check_covered(const struct registry *g, const struct registry_text *url, struct error *e)
{
	for (size_t i = 0; i < g->paths.count; i++)
		if (is_below(g->paths.items[i].text, url->text))
			return 0;
	return g->paths.count == 0 ? 0
				   : refuse(g->file, url->line, e, "no 'path' is below this url",
					     "add one, or make it a registry of its own");
}

static int add_standard_methods(struct registry *g, struct error *e)
{
	static const char *const standard[] = {"GET", "HEAD"};
	const struct ini_item item = {.file = g->file};

	for (size_t i = 0; i < array_size(standard); i++)
		if (add(&g->methods, &item, standard[i], REGISTRY_METHODS_MAX, e) < 0)
			return -1;
	return 0;
}

static int finish(const struct reading *r, struct error *e)
{
	struct registry *g = r->registry;

	if (g->urls.count == 0) {
		error_set_kind(e, ERROR_USAGE, 0, "%s: there is no url", g->file);
		return error_hint(e, "add 'url = https://HOST/' below '[registry]'");
	}
	for (size_t i = 0; i < g->urls.count; i++)
		if (check_mode(r, &g->urls.items[i], e) < 0)
			return -1;
	if (check_tunnel(r, e) < 0 || check_digest(r, e) < 0 ||
		check_patterns(g, &g->paths, e) < 0 || check_patterns(g, &g->posts, e) < 0 ||
		check_patterns(g, &g->unlocked, e) < 0)
		return -1;
	for (size_t i = 0; i < g->urls.count; i++)
		if (check_covered(g, &g->urls.items[i], e) < 0)
			return -1;
	if (is_opaque(g) || g->methods.count > 0)
		return 0;
	return add_standard_methods(g, e);
}

int registry_read(int fd, const char *name, const char *file, enum conf_level level,
	struct registry *ret, struct error *e)
{
	struct registry g = {.name = strdup(name), .file = strdup(file), .level = level};
	struct reading r = {.registry = &g};
	int result;

	if (g.name == NULL || g.file == NULL)
		result = error_set(e, ENOMEM, "cannot read '%s'", file);
	else if (!registry_name_holds(name))
		result = error_set_kind(
			e, ERROR_USAGE, 0, "'%s' is not named as registries are", file),
		error_hint(e, "it has to be %s, and '.ini'", conf_rule_text(CONF_RULE_REGISTRY));
	else
		result = ini_read(fd, file, on_item, &r, e) < 0 ? -1 : finish(&r, e);
	if (result < 0)
		registry_deinit(&g);
	else
		*ret = g;
	return result;
}

static void deinit_texts(struct registry_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->items[i].text);
	free(texts->items);
}

void registry_deinit(struct registry *r)
{
	free(r->name);
	free(r->file);
	free(r->description);
	deinit_texts(&r->urls);
	deinit_texts(&r->methods);
	deinit_texts(&r->paths);
	deinit_texts(&r->posts);
	deinit_texts(&r->unlocked);
	*r = (struct registry){0};
}

bool registry_name_holds(const char *name)
{
	const struct conf_candidate candidate = {.text = name};

	return conf_rule_holds(CONF_RULE_REGISTRY, &candidate);
}

const char *registry_mode_name(const struct registry *r, size_t i)
{
	if (is_opaque(r))
		return mode_names[r->mode];
	return mode_names[is_tls(r->urls.items[i].text) ? REGISTRY_INSPECT : REGISTRY_HTTP];
}

static void print_texts(
	const char *key, const struct registry_texts *texts, const char *below, struct buf *out)
{
	for (size_t i = 0; i < texts->count; i++)
		if (below == NULL || is_below(texts->items[i].text, below))
			buf_printf(out, " %s=%s", key, texts->items[i].text);
}

void registry_print_rule(const struct registry *r, size_t i, struct buf *out)
{
	const struct registry_text *url = &r->urls.items[i];

	buf_printf(out, "name=%s url=%s mode=%s", r->name, url->text, registry_mode_name(r, i));
	print_texts("method", &r->methods, NULL, out);
	print_texts("path", &r->paths, url->text, out);
	print_texts("post", &r->posts, url->text, out);
	if (r->locked) {
		buf_puts(out, " digest=lock");
		print_texts("unlocked", &r->unlocked, url->text, out);
	}
	buf_printf(out, " private=%s from=registries.d/%s.ini:%u",
		r->private_addresses ? "yes" : "no", r->name, url->line);
}
