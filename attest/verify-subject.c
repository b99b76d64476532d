/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined. Finds what is verified
 * among the subjects of a statement, by digest alone; a name only helps to
 * explain. For a directory, every subject is opened beneath it, and a name that
 * leads out of it does not open.
 */
#include "attest/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/strict-json.h"

/* NULL when all subjects are well-formed and their names differ. */
static const char *subjects_problem(const json_t *subjects)
{
	_cleanup_(strict_json_freep) json_t *names = json_object();
	const json_t *subject;
	size_t i;

	if (!json_is_array(subjects) || json_array_size(subjects) == 0)
		return "no subject";
	json_array_foreach(subjects, i, subject)
	{
		const char *problem = digest_set_problem(strict_json_get(subject, "digest"));
		const json_t *name = strict_json_get(subject, "name");

		if (problem != NULL)
			return problem;
		if (name == NULL)
			continue;
		if (!json_is_string(name))
			return "a name that is no string";
		if (json_string_length(name) == 0)
			continue;
		if (json_object_get(names, json_string_value(name)) != NULL)
			return "the same name twice";
		if (json_object_set_new(names, json_string_value(name), json_true()) < 0)
			return "a name that cannot be read";
	}
	return NULL;
}

/* The digest of an open file as the subject gives it; NULL when it gives none that we judge. */
static const char *wanted_digest(const json_t *digest, const char **ret_algorithm)
{
	static const char *const judged[] = {"sha256", "sha512"};

	for (size_t i = 0; i < array_size(judged); i++) {
		size_t n;
		const char *value = strict_json_text(digest, judged[i], &n);

		*ret_algorithm = judged[i];
		if (value != NULL)
			return value;
	}
	return NULL;
}

static bool has_digest(const json_t *subject, const char *algorithm, const char *hex)
{
	size_t n = 0;
	const char *value = strict_json_text(strict_json_get(subject, "digest"), algorithm, &n);

	return hex[0] != '\0' && strict_json_is(value, n, hex);
}

/* A subject with this file's digest, or NULL. SHA-512 is computed only when it is needed. */
static const json_t *find_by_digest(struct target *t, const json_t *subjects)
{
	const json_t *subject;
	struct error ignored;
	size_t i;

	json_array_foreach(subjects, i, subject)
	{
		const json_t *digest = strict_json_get(subject, "digest");

		if (has_digest(subject, "sha256", t->sha256))
			return subject;
		if (strict_json_get(digest, "sha512") == NULL)
			continue;
		if (t->sha512[0] == '\0' &&
			target_hash(t->fd, "sha512", t->sha512, sizeof(t->sha512), &ignored) < 0)
			return NULL;
		if (has_digest(subject, "sha512", t->sha512))
			return subject;
	}
	return NULL;
}

static const json_t *find_by_name(const json_t *subjects, const char *name)
{
	const json_t *subject;
	size_t i, n = 0;

	json_array_foreach(subjects, i, subject)
	{
		const char *found = strict_json_text(subject, "name", &n);

		if (name != NULL && strict_json_is(found, n, name))
			return subject;
	}
	return NULL;
}

static void judge_file(const struct judgement *j, const json_t *subjects, struct report *r)
{
	const json_t *subject = find_by_digest(j->target, subjects);
	const char *algorithm, *found = NULL;
	char expected[96];
	size_t n;

	snprintf(expected, sizeof(expected), "sha256 %s", j->target->sha256);
	if (subject != NULL) {
		found = strict_json_text(subject, "name", &n);
		report_check(r, "subject", true, "subject", expected,
			found == NULL ? "a subject without name" : found);
		return;
	}
	subject = find_by_name(subjects, j->relative);
	if (subject != NULL)
		found = wanted_digest(strict_json_get(subject, "digest"), &algorithm);
	r->unrelated = subject == NULL;
	if (found == NULL)
		found = json_array_size(subjects) == 1 &&
					find_by_name(subjects, "SHA256SUMS") != NULL
				? "only SHA256SUMS: verify that file, then use sha256sum -c"
				: "no subject with this digest";
	report_check(r, "subject", false, "subject", expected, found);
}

/*
 * Beneath dirfd, name by name and never through a link: what openat2(2) does
 * elsewhere, but its flags are out of reach for the filter that keeps this
 * program from opening anything for writing.
 */
static int open_beneath(int dirfd, const char *path)
{
	_cleanup_(fd_closep) int here = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
	char name[NAME_MAX + 1];

	while (here >= 0) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';
		int next;

		if (n == 0 || n > NAME_MAX || strncmp(path, "..", n) == 0)
			return -1;
		memcpy(name, path, n);
		name[n] = '\0';
		next = openat(here, name,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				(last ? 0 : O_DIRECTORY));
		if (last)
			return next;
		fd_closep(&here);
		here = next;
		path += n + 1;
	}
	return -1;
}

static bool beneath_matches(
	const struct judgement *j, const json_t *subject, char *hex, size_t size)
{
	size_t n;
	const char *algorithm = "sha256", *name = strict_json_text(subject, "name", &n);
	const char *wanted = wanted_digest(strict_json_get(subject, "digest"), &algorithm);
	_cleanup_(fd_closep) int fd = -1;
	struct error why;
	struct stat st;

	snprintf(hex, size, "no such file");
	if (name == NULL || wanted == NULL)
		return false;
	fd = open_beneath(j->target->fd, name);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	return target_hash(fd, algorithm, hex, size, &why) == 0 && strcmp(hex, wanted) == 0;
}

static void judge_directory(const struct judgement *j, const json_t *subjects, struct report *r)
{
	const json_t *subject;
	char found[160];
	size_t i, good = 0;

	json_array_foreach(subjects, i, subject)
	{
		size_t n;
		const char *name = strict_json_text(subject, "name", &n);

		if (beneath_matches(j, subject, found, sizeof(found)))
			good++;
		else
			report_check(r, "subject", false, "subject",
				name == NULL ? "a subject with a name" : name, found);
	}
	snprintf(found, sizeof(found), "%zu of %zu", good, i);
	report_check(r, "subjects", good == i, "subject", "all files, unchanged", found);
}

/* The file as what was recorded beside the outputs. */
static void judge_byproduct(const struct judgement *j, const json_t *root, struct report *r)
{
	const json_t *details = strict_json_get(strict_json_get(root, "predicate"), "runDetails");
	const json_t *record =
		descriptor_named(strict_json_get(details, "byproducts"), j->policy->as_byproduct);
	bool good = !j->target->is_directory && has_digest(record, "sha256", j->target->sha256);
	char expected[96];

	snprintf(expected, sizeof(expected), "sha256 %s", j->target->sha256);
	report_check(r, "by-product", good, "runDetails.byproducts", expected,
		good		 ? j->policy->as_byproduct
		: record == NULL ? "no by-product of that name, or more than one"
				 : "another digest");
}

void judge_subjects(const struct judgement *j, const json_t *root, struct report *r)
{
	const json_t *subjects = strict_json_get(root, "subject");
	const char *problem = subjects_problem(subjects);

	if (problem != NULL)
		report_check(
			r, "subject", false, "subject", "a list of names and digests", problem);
	else if (j->policy->as_byproduct != NULL)
		judge_byproduct(j, root, r);
	else if (j->target->is_directory)
		judge_directory(j, subjects, r);
	else
		judge_file(j, subjects, r);
}
