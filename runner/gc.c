/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel gc` finds its caller's content store and replaces itself by
 * cupel-gc, which looks into it. Nothing is made: without a store there is nothing to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/load.h"
#include "runner/commands.h"
#include "runner/paths.h"
#include "runner/store.h"

enum gc_option { GC_STORE, GC_QUOTA, GC_ALL, GC_VERIFY, GC_DRY_RUN, GC_JSON, GC_HELP, GC_OPTIONS };
enum { USAGE = 2, FAILED = 3 };

static const struct option_spec specs[GC_OPTIONS] = {
	[GC_STORE] = {0, "store", NULL, "tidy up the content store (there is nothing else yet)"},
	[GC_QUOTA] = {0, "quota", "BYTES", "what may stay (default: the configured quota)"},
	[GC_ALL] = {0, "all", NULL, "remove everything"},
	[GC_VERIFY] = {0, "verify", NULL, "hash every object, and remove the damaged ones"},
	[GC_DRY_RUN] = {'n', "dry-run", NULL, "remove nothing, say what would be"},
	[GC_JSON] = {0, "json", NULL, "print one JSON object"},
	[GC_HELP] = {'h', "help", NULL, "print this"},
};

struct wish {
	bool set[GC_OPTIONS];
	uint64_t quota;
};

static int set_option(void *context, size_t option, const char *value, struct error *e)
{
	struct wish *w = context;

	w->set[option] = true;
	if (option != GC_QUOTA || text_to_bytes(value, &w->quota) == 0)
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "--quota: '%s' is no size", value);
	return error_hint(e, "for example 512M or 10G; 0 is no limit");
}

static int read_words(int argc, char **argv, struct wish *w, struct error *e)
{
	int first = options_parse(&command_gc, argc, argv, set_option, w, e);

	if (first >= 0 && first < argc)
		return error_set_kind(e, ERROR_USAGE, 0, "'%s' is one too many", argv[first]);
	return first < 0 ? -1 : 0;
}

static int find_quota(struct wish *w, struct error *e)
{
	_cleanup_(conf_deinit) struct conf conf = {.sources = 0};
	char user[4096];

	if (w->set[GC_QUOTA])
		return 0;
	paths_config(user, sizeof(user));
	if (conf_init(&conf, e) < 0 || conf_load(&conf, -1, user[0] != '\0' ? user : NULL, e) < 0)
		return -1;
	w->quota = conf_u64(&conf, CONF_STORE_QUOTA);
	return 0;
}

/* cupel-gc's own words. */
static int become(const struct wish *w)
{
	static char program[] = "cupel-gc", all[] = "all", verify[] = "verify",
		    dry_run[] = "dry-run", json[] = "json";
	char quota[32], *argv[8] = {program, quota};
	size_t n = 2;

	snprintf(quota, sizeof(quota), "%llu", (unsigned long long)w->quota);
	if (w->set[GC_ALL])
		argv[n++] = all;
	if (w->set[GC_VERIFY])
		argv[n++] = verify;
	if (w->set[GC_DRY_RUN])
		argv[n++] = dry_run;
	if (w->set[GC_JSON])
		argv[n++] = json;
	return command_exec(argv, FAILED);
}

static int run(int argc, char **argv, struct error *e)
{
	struct wish w = {.quota = 0};
	_cleanup_(fd_closep) int fd = -1;

	if (read_words(argc, argv, &w, e) < 0)
		return -1;
	if (w.set[GC_HELP])
		return command_print_help(&command_gc);
	if (find_quota(&w, e) < 0)
		return -1;
	fd = store_place_open(false, e);
	if (fd < 0 && e->errnum == ENOENT) {
		fputs("cupel: there is no content store\n", stderr);
		return 0;
	}
	if (fd < 0)
		return -1;
	/* What is left open for the program is this alone; every other one is close-on-exec. */
	if (fd == MSG_CONTROL_FD) {
		int above = fcntl(fd, F_DUPFD_CLOEXEC, MSG_CONTROL_FD + 1);

		close(take_fd(&fd));
		fd = above;
	}
	if (dup2(fd, MSG_CONTROL_FD) < 0)
		return error_set(e, errno, "cannot hand the content store over");
	return become(&w);
}

static int gc_main(int argc, char **argv)
{
	struct error e = {0};
	int code = run(argc, argv, &e);

	if (code >= 0)
		return code;
	error_print("cupel", &e);
	return e.kind == ERROR_USAGE ? USAGE : FAILED;
}

const struct command_spec command_gc = {"gc", "",
	"Removes what builds have kept and is not needed any more.", specs, GC_OPTIONS, gc_main};
