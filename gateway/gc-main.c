/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-gc, by which `cupel gc` replaces itself: the store's
 * directory is descriptor 3, what is wanted stands on its command line. It gives up all
 * other files before it looks into the store, prints what it did, and its exit code is
 * the verdict: 0 good, 1 something was damaged or could not be removed, 3 failure.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/json.h"
#include "base/msg.h"
#include "base/text.h"
#include "gateway/gc.h"
#include "seccomp-gc.h"

enum { STORE_FD = MSG_CONTROL_FD, EXIT_BAD = 1, EXIT_FAILED = 3 };

static int read_words(int argc, char **argv, struct gc_wish *w, bool *ret_json, struct error *e)
{
	const struct {
		const char *word;
		bool *set;
	} words[] = {{"all", &w->all}, {"dry-run", &w->dry_run}, {"verify", &w->verify},
		{"json", ret_json}};

	if (argc < 2 || text_to_u64(argv[1], &w->quota) < 0)
		return error_set(e, EINVAL, "it is called by 'cupel gc' alone");
	for (int i = 2; i < argc; i++)
		for (size_t k = 0; k < array_size(words); k++)
			if (strcmp(argv[i], words[k].word) == 0)
				*words[k].set = true;
	return 0;
}

static int confine(struct error *e)
{
	const struct confine_path store = {.fd = STORE_FD, .access = CONFINE_FILES};
	const struct confine what = {.filter = seccomp_gc,
		.filter_length = SECCOMP_GC_LENGTH,
		.paths = &store,
		.path_count = 1};

	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return error_set(e, 0, "cannot initialise libcrypto");
	return confine_self(&what, e);
}

static void print_json(const struct gc_done *d, const struct gc_wish *w)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct json j;

	json_init(&j, &text);
	json_object_begin(&j, NULL);
	json_bool(&j, "busy", d->busy);
	json_u64(&j, "bytes", d->bytes);
	json_u64(&j, "damaged", d->damaged);
	json_bool(&j, "dryRun", w->dry_run);
	json_u64(&j, "failed", d->failed);
	json_u64(&j, "objects", d->objects);
	json_u64(&j, "removed", d->removed);
	json_u64(&j, "removedBytes", d->removed_bytes);
	json_u64(&j, "temporaries", d->temporaries);
	json_object_end(&j);
	if (buf_ok(&text))
		puts(text.data);
}

static void print_text(const struct gc_done *d, const struct gc_wish *w)
{
	printf("store: %s%llu objects (%llu bytes) and %llu temporaries; %llu objects (%llu "
	       "bytes) %s\n",
		w->dry_run ? "would remove " : "removed ", (unsigned long long)d->removed,
		(unsigned long long)d->removed_bytes, (unsigned long long)d->temporaries,
		(unsigned long long)d->objects, (unsigned long long)d->bytes,
		w->dry_run ? "would be left" : "are left");
	if (d->damaged > 0)
		printf("store: %llu of them were damaged\n", (unsigned long long)d->damaged);
	if (d->failed > 0)
		printf("store: %llu could not be removed\n", (unsigned long long)d->failed);
	if (d->busy)
		printf("store: a replay is under way: its objects stay\n");
}

static int run(int argc, char **argv, struct error *e)
{
	struct gc_wish wish = {.quota = 0};
	struct gc_done done;
	bool as_json = false;

	if (read_words(argc, argv, &wish, &as_json, e) < 0 || confine(e) < 0 ||
		gc_run(STORE_FD, &wish, &done, e) < 0)
		return -1;
	if (as_json)
		print_json(&done, &wish);
	else
		print_text(&done, &wish);
	if (fflush(stdout) != 0)
		return error_set(e, errno, "cannot write to standard output");
	return done.damaged > 0 || done.failed > 0 ? EXIT_BAD : 0;
}

int main(int argc, char **argv)
{
	struct error e = {0};
	int code = run(argc, argv, &e);

	if (code >= 0)
		return code;
	error_print("cupel", &e);
	return EXIT_FAILED;
}
