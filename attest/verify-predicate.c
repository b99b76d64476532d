/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined. Is a SLSA provenance v1
 * predicate complete and well-formed? Fields that the specification does not
 * know are ignored, except that what we rely on must have its one right form.
 */
#include "attest/judge.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/strict-json.h"

/* Clocks differ; more than this is not a difference of clocks. */
enum { FUTURE_MS = 300000 };

static bool is_plain_uri(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x21 || s[i] > 0x7e)
			return false;
	return n > 0;
}

static bool texts_are_text(const json_t *descriptor)
{
	static const char *const members[] = {
		"content", "downloadLocation", "mediaType", "name", "uri"};

	for (size_t i = 0; i < array_size(members); i++) {
		const json_t *value = strict_json_get(descriptor, members[i]);

		if (value != NULL && !json_is_string(value))
			return false;
	}
	return true;
}

static const char *descriptor_problem(const json_t *descriptor)
{
	const json_t *digest = strict_json_get(descriptor, "digest");
	bool has_digest = json_object_size(digest) > 0;
	size_t n;

	if (!json_is_object(descriptor))
		return "a descriptor that is no object";
	if (!texts_are_text(descriptor))
		return "a descriptor with a member that is no string";
	if (digest != NULL && !json_is_object(digest))
		return "a digest that is no object";
	if (has_digest && digest_set_problem(digest) != NULL)
		return digest_set_problem(digest);
	if (!has_digest && strict_json_text(descriptor, "uri", &n) == NULL &&
		strict_json_text(descriptor, "content", &n) == NULL)
		return "a descriptor without uri, digest and content";
	return NULL;
}

static void check_descriptors(
	const json_t *object, const char *key, const char *source, struct report *r)
{
	const json_t *list = strict_json_get(object, key), *descriptor;
	const char *problem = NULL;
	size_t i;

	if (list == NULL)
		return;
	if (!json_is_array(list))
		problem = "no list";
	json_array_foreach(list, i, descriptor)
	{
		if (problem == NULL)
			problem = descriptor_problem(descriptor);
	}
	report_check(r, "descriptors", problem == NULL, source, "well-formed descriptors",
		problem == NULL ? key : problem);
}

/* False when it is there but malformed; *ret_ms is untouched when it is not there. */
static bool check_time(const json_t *metadata, const char *key, int64_t *ret_ms, struct report *r)
{
	const json_t *value = strict_json_get(metadata, key);
	const char *s = json_string_value(value);

	if (value == NULL)
		return true;
	if (s != NULL && verify_parse_time(s, json_string_length(value), ret_ms) == 0)
		return true;
	return report_check(r, "time", false, key, "RFC 3339 with Z", s == NULL ? "no string" : s);
}

static void check_times(const struct judgement *j, const json_t *details, struct report *r)
{
	const json_t *metadata = strict_json_get(details, "metadata");
	int64_t started = INT64_MIN, finished = INT64_MIN, latest;
	size_t n;
	const char *found = strict_json_text(metadata, "finishedOn", &n);
	bool well_formed;

	if (metadata != NULL && !json_is_object(metadata)) {
		report_check(r, "time", false, "metadata", "an object", "something else");
		return;
	}
	well_formed = check_time(metadata, "startedOn", &started, r);
	if (!check_time(metadata, "finishedOn", &finished, r) || !well_formed)
		return;
	latest = started > finished ? started : finished;
	if (finished != INT64_MIN && started > finished)
		report_check(r, "time", false, "metadata", "start before end", found);
	else if (latest != INT64_MIN)
		report_check(r, "time", latest <= j->policy->at_ms + FUTURE_MS, "metadata",
			"a time in the past", found == NULL ? "a start" : found);
	if (j->policy->max_age_ms > 0)
		report_check(r, "age",
			finished != INT64_MIN &&
				j->policy->at_ms - finished <= (int64_t)j->policy->max_age_ms,
			"metadata.finishedOn", "not older than --max-age",
			found == NULL ? "nothing" : found);
}

static void check_builder(const struct judgement *j, const json_t *details, struct report *r)
{
	size_t n = 0;
	const char *wanted = j->policy->builder_id;
	const char *id = strict_json_text(strict_json_get(details, "builder"), "id", &n);
	bool fine = id != NULL && is_plain_uri(id, n);

	if (fine && wanted != NULL)
		fine = strict_json_is(id, n, wanted);
	report_check(r, "builder", fine, "runDetails.builder.id",
		wanted == NULL ? "a plain URI" : wanted, id == NULL ? "nothing" : id);
}

void judge_provenance(const struct judgement *j, const json_t *predicate, struct report *r)
{
	const json_t *definition = strict_json_get(predicate, "buildDefinition");
	const json_t *details = strict_json_get(predicate, "runDetails");
	const json_t *parameters = strict_json_get(definition, "externalParameters");
	const char *wanted = j->policy->build_type;
	size_t n = 0;
	const char *type = strict_json_text(definition, "buildType", &n);

	check_builder(j, details, r);
	report_check(r, "build type",
		type != NULL && is_plain_uri(type, n) &&
			(wanted == NULL || strict_json_is(type, n, wanted)),
		"buildDefinition.buildType", wanted == NULL ? "a plain URI" : wanted,
		type == NULL ? "nothing" : type);
	report_check(r, "parameters", json_is_object(parameters),
		"buildDefinition.externalParameters", "an object",
		json_is_object(parameters) ? "an object" : "something else");
	check_descriptors(
		definition, "resolvedDependencies", "buildDefinition.resolvedDependencies", r);
	check_descriptors(details, "byproducts", "runDetails.byproducts", r);
	check_descriptors(strict_json_get(details, "builder"), "builderDependencies",
		"runDetails.builder.builderDependencies", r);
	check_times(j, details, r);
}
