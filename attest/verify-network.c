/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined, on a predicate whose form
 * judge_provenance() has told about (so nothing here relies on it). Does what the
 * provenance says about the build's network agree with itself, and with what the
 * command line demands? What it does not say is not proven: a demand then fails.
 */
#include "attest/judge.h"

#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/strict-json.h"

/* What a predicate says about the network; any of it may be NULL. */
struct claims {
	const json_t *mode, *dependencies, *byproducts;
	const json_t *record; /* the only by-product "network" */
};

static const char dependencies_path[] = "buildDefinition.resolvedDependencies";
static const char mode_path[] = "buildDefinition.internalParameters.networkMode";
static const char byproducts_path[] = "runDetails.byproducts";

static struct claims claims_of(const json_t *predicate)
{
	const json_t *definition = strict_json_get(predicate, "buildDefinition");
	const json_t *byproducts =
		strict_json_get(strict_json_get(predicate, "runDetails"), "byproducts");

	return (struct claims){
		.mode = strict_json_get(
			strict_json_get(definition, "internalParameters"), "networkMode"),
		.dependencies = strict_json_get(definition, "resolvedDependencies"),
		.byproducts = byproducts,
		.record = descriptor_named(byproducts, "network"),
	};
}

static bool mode_is(const struct claims *c, const char *mode)
{
	return json_is_string(c->mode) &&
	       strict_json_is(json_string_value(c->mode), json_string_length(c->mode), mode);
}

static const json_t *annotation(const json_t *descriptor, const char *key)
{
	return strict_json_get(strict_json_get(descriptor, "annotations"), key);
}

static bool is_count(const json_t *value)
{
	return json_is_integer(value) && json_integer_value(value) >= 0;
}

/* Something that was fetched, or a record of fetching; NULL when there is none. */
static const char *trace_of_network(const struct claims *c)
{
	const json_t *element;
	size_t i, n = 0;

	json_array_foreach(c->dependencies, i, element)
	{
		const char *from = descriptor_location(element, &n);

		if (from != NULL)
			return from;
		if (annotation(element, "cupel_inspected") != NULL)
			return "a dependency through a tunnel";
	}
	json_array_foreach(c->byproducts, i, element)
	{
		const char *name = strict_json_text(element, "name", &n);

		if (strict_json_is(name, n, "network"))
			return "a by-product 'network'";
	}
	return NULL;
}

/* NULL when the record of a network is complete, else what is wrong with it. */
static const char *record_problem(const struct claims *c)
{
	static const char *const counts[] = {
		"cupel_allowed", "cupel_denied", "cupel_failed", "cupel_uninspected"};

	if (c->record == NULL)
		return "no by-product 'network', or more than one";
	if (!digest_set_is_secure(strict_json_get(c->record, "digest")))
		return "a by-product 'network' without digest";
	for (size_t i = 0; i < array_size(counts); i++)
		if (!is_count(annotation(c->record, counts[i])))
			return "a by-product 'network' without its counts";
	return NULL;
}

/* For people: what of the downloads is less than its address seems to say. */
static void describe_record(const struct claims *c, struct buf *out)
{
	const json_t *element;
	size_t i, partial = 0, other = 0;

	json_array_foreach(c->dependencies, i, element)
	{
		const json_t *complete = annotation(element, "cupel_complete");

		partial += complete != NULL && !json_is_true(complete) ? 1 : 0;
		other += annotation(element, "cupel_status") != NULL ? 1 : 0;
	}
	buf_puts(out, "recorded");
	if (partial > 0)
		buf_printf(out, ", %zu downloads in part", partial);
	if (other > 0)
		buf_printf(out, ", %zu with another status than 200", other);
}

/* Other builders say nothing, or use words of their own: those are not judged. */
static void check_claims(const struct claims *c, struct report *r)
{
	_cleanup_(buf_deinit) struct buf found = BUF_INIT;
	const char *problem;

	if (mode_is(c, "none")) {
		problem = trace_of_network(c);
		report_check(r, "network record", problem == NULL, mode_path,
			"nothing fetched by a build without network",
			problem == NULL ? "nothing" : problem);
	} else if (mode_is(c, "trusted") || mode_is(c, "replay")) {
		problem = record_problem(c);
		describe_record(c, &found);
		report_check(r, "network record", problem == NULL, byproducts_path,
			"the record of a network", problem == NULL ? found.data : problem);
	} else if (c->mode != NULL && !json_is_string(c->mode)) {
		report_check(r, "network record", false, mode_path, "a word", "something else");
	}
}

static void check_mode(const struct verify_policy *p, const struct claims *c, struct report *r)
{
	_cleanup_(buf_deinit) struct buf expected = BUF_INIT;
	bool listed = false;

	for (size_t i = 0; i < p->networks.count; i++) {
		buf_printf(&expected, "%s%s", i > 0 ? " or " : "", p->networks.items[i]);
		listed = listed || mode_is(c, p->networks.items[i]);
	}
	if (p->networks.count > 0)
		report_check(r, "network mode", listed, mode_path, expected.data,
			json_is_string(c->mode) ? json_string_value(c->mode) : "nothing");
}

/* Puts the first download that nobody looked into, and why, into *found. */
static void find_uninspected(const struct claims *c, struct buf *found)
{
	const json_t *dependency;
	size_t i, n = 0;

	json_array_foreach(c->dependencies, i, dependency)
	{
		const char *from = descriptor_location(dependency, &n);
		const json_t *inspected = annotation(dependency, "cupel_inspected");

		if (inspected != NULL && !json_is_true(inspected))
			buf_printf(found, "%s, not inspected", from == NULL ? "a download" : from);
		else if (from != NULL &&
			 !digest_set_is_secure(strict_json_get(dependency, "digest")))
			buf_printf(found, "%s, without digest", from);
		if (found->size > 0)
			return;
	}
}

static void check_inspected(const struct claims *c, struct report *r)
{
	_cleanup_(buf_deinit) struct buf found = BUF_INIT;
	const json_t *count = annotation(c->record, "cupel_uninspected");

	find_uninspected(c, &found);
	if (found.size > 0)
		report_check(r, "inspected", false, dependencies_path,
			"only inspected downloads with a digest", found.data);
	else if (mode_is(c, "none"))
		report_check(r, "inspected", true, mode_path,
			"only inspected downloads with a digest", "no network");
	else if (!is_count(count))
		report_check(r, "inspected", false, byproducts_path, "0 uninspected requests",
			"no count of them");
	else {
		buf_printf(&found, "%lld", (long long)json_integer_value(count));
		report_check(r, "inspected", json_integer_value(count) == 0, byproducts_path,
			"0 uninspected requests", found.data);
	}
}

static bool host_is_listed(const struct text_list *hosts, const char *host, size_t n)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (strlen(hosts->items[i]) == n && strncasecmp(hosts->items[i], host, n) == 0)
			return true;
	return false;
}

static void check_hosts(const struct verify_policy *p, const struct claims *c, struct report *r)
{
	const char *stranger = NULL;
	const json_t *dependency;
	size_t i, n = 0;

	if (p->hosts.count == 0)
		return;
	json_array_foreach(c->dependencies, i, dependency)
	{
		const char *from = descriptor_location(dependency, &n);
		const char *host = from == NULL ? NULL : verify_url_host(from, &n);

		if (from != NULL && (host == NULL || !host_is_listed(&p->hosts, host, n)))
			stranger = from;
	}
	report_check(r, "download hosts", stranger == NULL, dependencies_path,
		"only the hosts that are listed", stranger == NULL ? "no other" : stranger);
}

void judge_network(const struct judgement *j, const json_t *predicate, struct report *r)
{
	const struct claims c = claims_of(predicate);

	check_claims(&c, r);
	check_mode(j->policy, &c, r);
	if (j->policy->require_inspected)
		check_inspected(&c, r);
	check_hosts(j->policy, &c, r);
}
