/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel registry learn`, with its caller's privileges. A build runs
 * twice at most, in the same sandbox as any other, and nothing of it is kept or attested.
 * What it needs is told by cupel-gateway, which is confined and has seen the bytes of
 * strangers: so a name must be a registry's and begin with "learned-", whatever it is, and
 * a text must be read by the reader of registries' files before it is printed or written.
 * Files are only ever written with names that no other registry has.
 */
#include "runner/learn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "conf/registry.h"
#include "runner/build.h"
#include "runner/detect.h"

enum { LEARNED_MAX = 8 << 20, REGISTRIES_MAX = 256 };

static const char prefix[] = "learned-";

struct lesson {
	struct registries registries;
	bool other_files; /* some are there that say something else */
};

/* Lines of text, as harmless as those of a file that somebody wrote. */
static bool is_text(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((*c < ' ' && *c != '\n') || *c > '~')
			return false;
	return true;
}

static int read_registry(const char *name, const char *text, struct registry *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("registry", text, strlen(text));

	if (fd < 0)
		return error_set(e, errno, "cannot read a registry back");
	if (!registry_name_holds(name) || strncmp(name, prefix, strlen(prefix)) != 0)
		return error_set(e, 0, "it has no name of a registry");
	return registry_read(fd, name, name, CONF_LEVEL_USER, ret, e);
}

/* 0, or -1 with *e filled; one that no file can say is passed over, and said to be. */
static int take_registry(struct lesson *l, const char *name, const char *text,
	const struct learn_options *o, struct error *e)
{
	const struct buf file = {.data = (char *)(uintptr_t)text, .size = strlen(text)};
	struct registry *r = &l->registries.all[l->registries.count];
	struct error bad = {0};
	int written;

	if (read_registry(name, text, r, &bad) < 0) {
		registry_deinit(r);
		*r = (struct registry){0};
		error_wrap(&bad, "one registry is left out");
		error_print("cupel", &bad);
		return 0;
	}
	printf("%s; registries.d/%s.ini:\n%s", l->registries.count++ > 0 ? "\n" : "", name, text);
	if (!o->write)
		return 0;
	written = detect_write(name, &file, o->force, e);
	l->other_files = l->other_files || written > 0;
	return written < 0 ? -1 : 0;
}

/* The next text, or NULL at the end. */
static char *next_text(char **at, const char *end)
{
	char *text = *at;
	char *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return text;
}

static int take_all(
	struct lesson *l, char *at, const char *end, const struct learn_options *o, struct error *e)
{
	char *name, *text;

	while ((name = next_text(&at, end)) != NULL) {
		text = next_text(&at, end);
		if (text == NULL || !is_text(text) || l->registries.count == REGISTRIES_MAX)
			return error_set(e, EBADMSG, "malformed answer of cupel-gateway");
		if (name[0] == '\0')
			fputs(text, stdout);
		else if (take_registry(l, name, text, o, e) < 0)
			return -1;
	}
	if (l->registries.count == 0)
		fputs("; the build fetched nothing\n", stdout);
	return 0;
}

static int take_lesson(
	const struct build *b, struct lesson *l, const struct learn_options *o, struct error *e)
{
	_cleanup_(cleanup_freep) char *bytes = NULL;
	size_t n;

	if (b->learned_fd < 0)
		return error_set(e, 0, "the build did not come so far that it taught anything");
	l->registries.all = calloc(REGISTRIES_MAX, sizeof(*l->registries.all));
	if (l->registries.all == NULL || fd_read_all(b->learned_fd, LEARNED_MAX, &bytes, &n) < 0)
		return error_set(e, errno, "cannot read what was learned");
	return take_all(l, bytes, bytes + n, o, e);
}

static int enforce(struct build *b, struct run_options *run, const struct lesson *l)
{
	int code;

	run->learn = run->learn_private = false;
	run->registries = &l->registries;
	fflush(stdout);
	code = run_build(b, run);
	build_deinit(b);
	fprintf(stderr, code == 0 ? "cupel: with these registries alone it passes\n"
				  : "cupel: with these registries alone it does not pass\n");
	return code;
}

int learn_run(struct run_options *run, const struct learn_options *o)
{
	static struct build b; /* its buffers are too large for a stack */
	_cleanup_(registries_deinit) struct registries to_free = {0};
	struct lesson l = {.other_files = false};
	struct error e = {0};
	int code, learned;

	run->learn = run->discard = run->quiet = true;
	run->status_fd = run->passphrase_fd = -1;
	code = run_build(&b, run);
	learned = b.learned_fd < 0 && code != 0 ? 1 : take_lesson(&b, &l, o, &e);
	build_deinit(&b);
	to_free = l.registries;
	if (learned < 0) {
		error_print("cupel", &e);
		return error_exit_code(e.kind);
	}
	if (code == 0 && o->enforce)
		code = enforce(&b, run, &l);
	return code == 0 && l.other_files ? 1 : code;
}
