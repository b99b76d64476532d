/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel registry`, with the privileges of whoever calls it. Reads
 * the trusted registries exactly as a build does, and prints them; what it detects is
 * in registry-detect.c. Nothing here reaches the network.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "conf/registry.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/detect.h"
#include "runner/learn.h"
#include "runner/paths.h"

enum registry_option {
	REGISTRY_JSON,
	REGISTRY_WRITE,
	REGISTRY_FORCE,
	REGISTRY_ROOT,
	REGISTRY_ENFORCE,
	REGISTRY_PRIVATE,
	REGISTRY_DIRECTORY,
	REGISTRY_ENV,
	REGISTRY_TIMEOUT,
	REGISTRY_HELP,
	REGISTRY_OPTION_COUNT
};

static const struct option_spec specs[REGISTRY_OPTION_COUNT] = {
	[REGISTRY_JSON] = {0, "json", NULL, "list: print one JSON array"},
	[REGISTRY_WRITE] = {0, "write", NULL, "detect, learn: write the files, too"},
	[REGISTRY_FORCE] = {'f', "force", NULL,
		"detect, learn: replace files that say something else"},
	[REGISTRY_ROOT] = {0, "root", "DIR", "detect: the machine's files are those below DIR"},
	[REGISTRY_ENFORCE] = {0, "enforce", NULL,
		"learn: run it once more, with nothing but what was learned"},
	[REGISTRY_PRIVATE] = {0, "private", NULL, "learn: from addresses that are not public, too"},
	[REGISTRY_DIRECTORY] = {'C', "directory", "DIR", "learn: in this workspace"},
	[REGISTRY_ENV] = {'e', "env", "NAME=VALUE", "learn: set a variable for the build"},
	[REGISTRY_TIMEOUT] = {'t', "timeout", "DURATION", "learn: stop the build after 90s, 15m"},
	[REGISTRY_HELP] = {'h', "help", NULL, "print this"},
};

enum { OPERANDS_MAX = 64 };

/* What the command line says; the first operand is the verb. */
struct words {
	struct detect_options detect;
	struct run_options run;
	bool enforce, json, help;
	char *operands[OPERANDS_MAX];
	int count;
};

static int set_option(void *context, size_t option, const char *value, struct error *e)
{
	struct words *w = context;
	struct run_options *o = &w->run;

	switch ((enum registry_option)option) {
	case REGISTRY_JSON:
		w->json = true;
		break;
	case REGISTRY_WRITE:
		w->detect.write = true;
		break;
	case REGISTRY_FORCE:
		w->detect.force = true;
		break;
	case REGISTRY_ROOT:
		w->detect.root = value;
		break;
	case REGISTRY_ENFORCE:
		w->enforce = true;
		break;
	case REGISTRY_PRIVATE:
		o->learn_private = true;
		break;
	case REGISTRY_DIRECTORY:
		o->directory = value;
		break;
	case REGISTRY_ENV:
		return run_options_set(o, "build", "environment", value, e);
	case REGISTRY_TIMEOUT:
		return run_options_set(o, "build", "timeout", value, e);
	case REGISTRY_HELP:
		w->help = true;
		break;
	case REGISTRY_OPTION_COUNT:
		break;
	}
	return 0;
}

/* Behind the verb `learn` are its options, and then a command with its own. */
static int read_command(int argc, char **argv, struct words *w, struct error *e)
{
	int first = options_parse(&command_registry, argc, argv, set_option, w, e);

	if (first < 0)
		return -1;
	w->run.command = argv + first;
	w->run.command_count = argc - first;
	if (w->run.command_count > 0 || w->help)
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "there is no command to learn from");
	return error_hint(e, "for example: cupel registry learn -- make");
}

/* Options may stand before and behind the operands. */
static int read_words(int argc, char **argv, struct words *w, struct error *e)
{
	for (int at = 0;;) {
		int step = options_parse(&command_registry, argc - at, argv + at, set_option, w, e);

		if (step < 0)
			return -1;
		at += step;
		if (at >= argc)
			return 0;
		if (w->count == OPERANDS_MAX)
			return error_set_kind(e, ERROR_USAGE, E2BIG, "too many arguments");
		w->operands[w->count++] = argv[at];
		if (w->count == 1 && strcmp(argv[at], "learn") == 0)
			return read_command(argc - at, argv + at, w, e);
	}
}

static int load(struct registries *ret, struct error *e)
{
	char user[4096];

	paths_config(user, sizeof(user));
	return registries_load(ret, user[0] != '\0' ? user : NULL, e);
}

static void join(const struct registry_texts *texts, struct buf *out)
{
	for (size_t i = 0; i < texts->count; i++)
		buf_printf(out, "%s%s", i > 0 ? "," : "", texts->items[i].text);
	if (texts->count == 0)
		buf_puts(out, "-");
}

static void list_text(const struct registries *all, struct buf *out)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct registry *r = &all->all[i];
		_cleanup_(buf_deinit) struct buf methods = BUF_INIT;

		join(&r->methods, &methods);
		for (size_t k = 0; k < r->urls.count && buf_ok(&methods); k++)
			buf_printf(out, "%-12s %-8s %-7s %-10s %s  %s:%u\n", r->name,
				registry_is_standard(r) ? "standard" : "by-name",
				registry_mode_name(r, k), methods.data, r->urls.items[k].text,
				r->file, r->urls.items[k].line);
	}
}

static void put_texts(struct json *j, const char *key, const struct registry_texts *texts)
{
	json_array_begin(j, key);
	for (size_t i = 0; i < texts->count; i++)
		json_string(j, NULL, texts->items[i].text);
	json_array_end(j);
}

static void put_registry(struct json *j, const struct registry *r)
{
	json_object_begin(j, NULL);
	json_string(j, "name", r->name);
	json_string(j, "description", r->description != NULL ? r->description : "");
	json_bool(j, "standard", registry_is_standard(r));
	json_bool(j, "private", r->private_addresses);
	json_array_begin(j, "urls");
	for (size_t i = 0; i < r->urls.count; i++) {
		json_object_begin(j, NULL);
		json_string(j, "url", r->urls.items[i].text);
		json_string(j, "mode", registry_mode_name(r, i));
		json_u64(j, "line", r->urls.items[i].line);
		json_object_end(j);
	}
	json_array_end(j);
	put_texts(j, "methods", &r->methods);
	put_texts(j, "paths", &r->paths);
	put_texts(j, "posts", &r->posts);
	json_string(j, "from", r->file);
	json_object_end(j);
}

static void list_json(const struct registries *all, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_array_begin(&j, NULL);
	for (size_t i = 0; i < all->count; i++)
		put_registry(&j, &all->all[i]);
	json_array_end(&j);
	buf_puts(out, "\n");
}

static int print(const struct buf *text, struct error *e)
{
	if (!buf_ok(text))
		return error_set(e, ENOMEM, "cannot print the registries");
	fputs(text->data, stdout);
	return 0;
}

static int list(struct words *w, struct error *e)
{
	_cleanup_(registries_deinit) struct registries all = {0};
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	if (load(&all, e) < 0)
		return -1;
	if (all.count == 0 && !w->json) {
		fputs("cupel: there are no registries; 'cupel registry detect' finds some\n",
			stderr);
		return 0;
	}
	if (w->json)
		list_json(&all, &text);
	else
		list_text(&all, &text);
	return print(&text, e);
}

static int show(struct words *w, struct error *e)
{
	_cleanup_(registries_deinit) struct registries all = {0};
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	const struct registry *r;

	if (load(&all, e) < 0)
		return -1;
	r = registries_find(&all, w->operands[1]);
	if (r == NULL) {
		error_set(e, 0, "there is no registry '%s'", w->operands[1]);
		return error_hint(e, "'cupel registry list' shows those that there are");
	}
	for (size_t i = 0; i < r->urls.count; i++) {
		registry_print_rule(r, i, &text);
		buf_puts(&text, "\n");
	}
	return print(&text, e);
}

static int detect(struct words *w, struct error *e)
{
	w->detect.names = w->operands + 1;
	w->detect.count = w->count - 1;
	return detect_run(&w->detect, e);
}

static int learn(struct words *w, struct error *e)
{
	(void)e;
	return learn_run(
		&w->run, &(struct learn_options){w->detect.write, w->detect.force, w->enforce});
}

static const struct {
	const char *verb;
	int min, max; /* operands, the verb among them */
	int (*run)(struct words *w, struct error *e);
} verbs[] = {
	{"list", 1, 1, list},
	{"show", 2, 2, show},
	{"detect", 1, OPERANDS_MAX, detect},
	{"learn", 1, 1, learn},
};

static int run(struct words *w, struct error *e)
{
	for (size_t i = 0; i < array_size(verbs); i++)
		if (w->count >= verbs[i].min && w->count <= verbs[i].max &&
			strcmp(w->operands[0], verbs[i].verb) == 0)
			return verbs[i].run(w, e);
	error_set_kind(e, ERROR_USAGE, 0, "it is not said what to do with the registries");
	return error_hint(
		e, "'cupel registry list', 'show NAME', 'detect [NAME…]' or 'learn COMMAND'");
}

static int registry_main(int argc, char **argv)
{
	static struct words w;
	struct error e = {0};
	int result = read_words(argc, argv, &w, &e);

	if (result == 0 && w.help)
		return command_print_help(&command_registry);
	if (result == 0)
		result = run(&w, &e);
	if (result >= 0)
		return result;
	error_print("cupel", &e);
	return e.kind == ERROR_USAGE ? 2 : 1;
}

const struct command_spec command_registry = {"registry",
	"list | show NAME | detect [NAME…] | learn [--] COMMAND [ARGUMENT…]",
	"Lists the trusted registries, or finds out which ones this machine or a build uses.",
	specs, REGISTRY_OPTION_COUNT, registry_main};
