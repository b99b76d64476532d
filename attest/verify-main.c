/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-verify, which `cupel verify` executes. Reads its
 * caller's keys, opens every file that it will need, gives up all other access,
 * and only then looks at a byte that a stranger wrote. No network. The verdict
 * is the exit code: 0 good, 1 bad, 2 usage, 3 could not decide; of several files
 * the worst.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "attest/judge.h"
#include "attest/verify-find.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/strict-json.h"
#include "seccomp-verify.h"

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_UNDECIDED = 3 };

/* Only the directories that are verified as a whole can be read further. */
static int confine_verifier(const struct search *searches, size_t count, struct error *e)
{
	_cleanup_(cleanup_freep) struct confine_path *paths = calloc(count, sizeof(*paths));
	struct confine confine = {
		.filter = seccomp_verify, .filter_length = SECCOMP_VERIFY_LENGTH, .paths = paths};

	if (paths == NULL)
		return error_set(e, errno, "cannot confine this program");
	for (size_t i = 0; i < count; i++)
		if (searches[i].target.is_directory)
			paths[confine.path_count++] = (struct confine_path){
				.fd = searches[i].target.fd, .access = CONFINE_READ};
	return confine_self(&confine, e);
}

/* Keeps the better explanation of two: a good one, else the related, else the further one. */
static void keep_better(struct report *best, struct report *other)
{
	bool better = best->count == 0;

	if (report_verdict(best) != VERDICT_GOOD && report_verdict(other) == VERDICT_GOOD)
		better = true;
	else if (report_verdict(best) != VERDICT_GOOD && best->unrelated != other->unrelated)
		better = best->unrelated;
	else if (report_verdict(best) != VERDICT_GOOD && report_passed(other) > report_passed(best))
		better = true;
	if (better) {
		struct report old = *best;

		*best = *other;
		*other = old;
	}
}

static void judge_one(const struct judgement *j, const struct candidate *c, const char *text,
	size_t n, struct report *best)
{
	_cleanup_(report_deinit) struct report r = REPORT_INIT;

	buf_puts(&r.document, c->path);
	judge_document(j, text, n, &r);
	keep_better(best, &r);
}

/* JSONL: lines that say nothing about the target do not matter, in whatever order. */
static void judge_lines(const struct judgement *j, const struct candidate *c, const char *text,
	size_t n, struct report *best)
{
	const char *end = text + n;

	while (text < end && report_verdict(best) != VERDICT_GOOD) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t length = stop == NULL ? (size_t)(end - text) : (size_t)(stop - text);

		if (length > 0)
			judge_one(j, c, text, length, best);
		text = stop == NULL ? end : stop + 1;
	}
}

static void judge_candidate(
	const struct judgement *common, const struct candidate *c, struct report *best)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	_cleanup_(report_deinit) struct report failure = REPORT_INIT;
	struct judgement j = *common;
	size_t n;

	j.relative = c->relative;
	if (fd_read_all(c->fd, STRICT_JSON_MAX, &text, &n) < 0) {
		buf_puts(&failure.document, c->path);
		report_check(&failure, "envelope", false, "the file", "a readable attestation",
			strerror(errno));
		buf_puts(&failure.summary, "the attestation cannot be read");
		failure.undecided = errno != EFBIG;
		keep_better(best, &failure);
	} else if (c->lines) {
		judge_lines(&j, c, text, n, best);
	} else {
		judge_one(&j, c, text, n, best);
	}
}

static void judge_target(const struct verify_policy *policy, const struct trust *trust,
	struct search *s, struct report *best)
{
	struct judgement j = {.policy = policy, .trust = trust, .target = &s->target};
	bool close = false;
	struct error why;

	if (s->problem[0] != '\0') {
		buf_puts(&best->summary, s->problem);
		return;
	}
	if (!s->target.is_directory && target_hash(s->target.fd, "sha256", s->target.sha256,
					       sizeof(s->target.sha256), &why) < 0) {
		buf_printf(&best->summary, "'%s' cannot be read", s->target.path);
		return;
	}
	for (size_t i = 0; i < s->count && report_verdict(best) != VERDICT_GOOD; i++) {
		close = close || s->candidates[i].close;
		judge_candidate(&j, &s->candidates[i], best);
	}
	if (s->count > 0 && best->count == 0 && close) {
		report_check(best, "envelope", false, "the file", "a DSSE envelope", "nothing");
		buf_printf(
			&best->summary, "there is no attestation in '%s'", s->candidates[0].path);
	} else if (best->count == 0 || (best->unrelated && !close)) {
		report_deinit(best);
		buf_printf(&best->summary, "no attestation of '%s' was found", s->target.path);
	}
}

static int exit_code(enum verdict verdict)
{
	static const int codes[] = {[VERDICT_GOOD] = EXIT_GOOD,
		[VERDICT_BAD] = EXIT_BAD,
		[VERDICT_UNDECIDED] = EXIT_UNDECIDED};

	return codes[verdict];
}

/* Bad outweighs undecided, which outweighs good. */
static int worse(int a, int b)
{
	if (a == EXIT_BAD || b == EXIT_BAD)
		return EXIT_BAD;
	return a > b ? a : b;
}

static int judge_all(
	const struct verify_policy *policy, const struct trust *trust, struct search *searches)
{
	int code = EXIT_GOOD;

	for (size_t i = 0; i < policy->files.count; i++) {
		_cleanup_(report_deinit) struct report r = REPORT_INIT;

		judge_target(policy, trust, &searches[i], &r);
		if (policy->json)
			report_print_json(&r, policy->files.items[i], stdout);
		else
			report_print_text(&r, policy->files.items[i], stdout);
		code = worse(code, exit_code(report_verdict(&r)));
	}
	return fflush(stdout) == 0 ? code : worse(code, EXIT_UNDECIDED);
}

/* Everything that needs a path, then the confinement. */
static int prepare(const struct verify_policy *policy, struct trust *trust, struct search *searches,
	struct error *e)
{
	if (trust_load(policy, trust, e) < 0)
		return -1;
	for (size_t i = 0; i < policy->files.count; i++)
		if (search_open(policy->files.items[i], policy, &searches[i], e) < 0)
			error_format(e, searches[i].problem, sizeof(searches[i].problem));
	return confine_verifier(searches, policy->files.count, e);
}

static int run(const struct verify_policy *policy, struct error *e)
{
	_cleanup_(trust_deinit) struct trust trust = {0};
	struct search *searches = calloc(policy->files.count, sizeof(*searches));
	int code = EXIT_UNDECIDED;

	if (searches == NULL)
		return error_set(e, errno, "cannot verify");
	for (size_t i = 0; i < policy->files.count; i++)
		searches[i].target.fd = -1;
	/* While /dev/urandom can be opened: a stranger must not foresee the hash tables. */
	json_object_seed(0);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) !=
		1)
		code = error_set(e, 0, "cannot initialise libcrypto");
	else if (prepare(policy, &trust, searches, e) < 0)
		code = -1;
	else
		code = judge_all(policy, &trust, searches);
	for (size_t i = 0; i < policy->files.count; i++)
		search_deinit(&searches[i]);
	free(searches);
	return code;
}

int main(int argc, char *argv[])
{
	_cleanup_(verify_policy_deinit) struct verify_policy policy = {0};
	struct error e = {0};
	int code;

	if (verify_args_parse(argc, argv, &policy, &e) < 0) {
		error_print("cupel", &e);
		return EXIT_USAGE;
	}
	if (policy.help) {
		verify_args_help(stdout);
		return EXIT_GOOD;
	}
	code = run(&policy, &e);
	if (code >= 0)
		return code;
	error_print("cupel", &e);
	return EXIT_UNDECIDED;
}
