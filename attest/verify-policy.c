/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined, on a predicate whose form
 * judge_provenance() has told about (so nothing here relies on it). Compares
 * with what the command line demands; what was not demanded is not judged.
 */
#include "attest/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/strict-json.h"

/* A string compares as it is, anything else as its compact JSON. */
static bool value_is(const json_t *value, const char *wanted, char **ret_found)
{
	if (json_is_string(value)) {
		*ret_found = strdup(json_string_value(value));
		return strict_json_is(json_string_value(value), json_string_length(value), wanted);
	}
	*ret_found = value == NULL
			     ? NULL
			     : json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	return *ret_found != NULL && strcmp(*ret_found, wanted) == 0;
}

static void check_parameter(const json_t *parameters, const char *pair, struct report *r)
{
	const char *equals = strchr(pair, '=');
	_cleanup_(cleanup_freep) char *name = strndup(pair, (size_t)(equals - pair));
	_cleanup_(cleanup_freep) char *found = NULL;
	bool same = name != NULL && value_is(strict_json_get(parameters, name), equals + 1, &found);

	report_check(r, "parameter", same, "buildDefinition.externalParameters", pair,
		found == NULL ? "nothing" : found);
}

static bool is_named(const struct text_list *pairs, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < pairs->count; i++)
		if (strncmp(pairs->items[i], name, n) == 0 && pairs->items[i][n] == '=')
			return true;
	return false;
}

static void check_parameters(
	const struct verify_policy *p, const json_t *parameters, struct report *r)
{
	const json_t *value;
	const char *name;

	for (size_t i = 0; i < p->parameters.count; i++)
		check_parameter(parameters, p->parameters.items[i], r);
	if (!p->strict_parameters)
		return;
	json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
	{
		if (!is_named(&p->parameters, name))
			report_check(r, "parameter", false, "buildDefinition.externalParameters",
				"no other parameter", name);
	}
}

static bool is_below(const struct text_list *registries, const char *url, size_t n)
{
	for (size_t i = 0; i < registries->count; i++) {
		const char *base = registries->items[i];
		size_t size = strlen(base);

		if (size == 0 || n <= size || memcmp(url, base, size) != 0)
			continue;
		/* Below means behind a slash: else "https://a.example" covers a.example.evil. */
		if (base[size - 1] == '/' || url[size] == '/')
			return true;
	}
	return false;
}

static void check_dependencies(
	const struct verify_policy *p, const json_t *dependencies, struct report *r)
{
	const char *no_digest = NULL, *stranger = NULL;
	const json_t *dependency;
	size_t i, n;

	json_array_foreach(dependencies, i, dependency)
	{
		const char *from = descriptor_location(dependency, &n);
		const char *name = strict_json_text(dependency, "name", &(size_t){0});

		if (!digest_set_is_secure(strict_json_get(dependency, "digest")))
			no_digest = name == NULL ? "a dependency without name" : name;
		if (from != NULL && !is_below(&p->registries, from, n))
			stranger = from;
	}
	if (p->require_digests)
		report_check(r, "dependencies", json_is_array(dependencies) && no_digest == NULL,
			"buildDefinition.resolvedDependencies", "a secure digest for each",
			no_digest == NULL ? "digests" : no_digest);
	if (p->registries.count > 0)
		report_check(r, "registries", stranger == NULL,
			"buildDefinition.resolvedDependencies", "only trusted registries",
			stranger == NULL ? "no other" : stranger);
}

static void check_source(
	const struct verify_policy *p, const json_t *dependencies, struct report *r)
{
	const json_t *source = descriptor_named(dependencies, "source");
	size_t n = 0;
	const char *commit = strict_json_text(strict_json_get(source, "digest"), "gitCommit", &n);

	if (p->source_commit != NULL)
		report_check(r, "source", strict_json_is(commit, n, p->source_commit),
			"buildDefinition.resolvedDependencies", p->source_commit,
			commit == NULL ? "nothing" : commit);
}

static void check_byproducts(
	const struct verify_policy *p, const json_t *byproducts, struct report *r)
{
	const json_t *network = descriptor_named(byproducts, "network");
	const json_t *denied =
		strict_json_get(strict_json_get(network, "annotations"), "cupel_denied");
	char expected[64], found[64] = "nothing";
	bool fine;

	for (size_t i = 0; i < p->byproducts.count; i++) {
		const json_t *found_one = descriptor_named(byproducts, p->byproducts.items[i]);
		bool there = strict_json_get(found_one, "digest") != NULL ||
			     strict_json_get(found_one, "content") != NULL;

		report_check(r, "by-product", there, "runDetails.byproducts",
			p->byproducts.items[i], there ? "recorded" : "nothing");
	}
	if (p->max_denied == UINT64_MAX)
		return;
	fine = json_is_integer(denied) && json_integer_value(denied) >= 0 &&
	       (uint64_t)json_integer_value(denied) <= p->max_denied;
	if (json_is_integer(denied))
		snprintf(found, sizeof(found), "%lld", (long long)json_integer_value(denied));
	snprintf(expected, sizeof(expected), "at most %llu denied connections",
		(unsigned long long)p->max_denied);
	report_check(r, "network", fine, "runDetails.byproducts", expected, found);
}

void judge_policy(const struct judgement *j, const json_t *predicate, struct report *r)
{
	const json_t *definition = strict_json_get(predicate, "buildDefinition");
	const json_t *dependencies = strict_json_get(definition, "resolvedDependencies");

	check_parameters(j->policy, strict_json_get(definition, "externalParameters"), r);
	check_dependencies(j->policy, dependencies, r);
	check_source(j->policy, dependencies, r);
	check_byproducts(j->policy,
		strict_json_get(strict_json_get(predicate, "runDetails"), "byproducts"), r);
}
