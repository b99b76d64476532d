/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-sign on a list that cupel-gateway made from
 * the answers of registries and that came through the runner. The list is read
 * strictly, and held against what the gateway counted: each line is a request
 * that it allowed, each tunnel one that it did not look into; only git asks for many
 * objects by one.
 */
#include "attest/fetched.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "attest/sign.h"
#include "base/dependencies.h"
#include "base/error.h"
#include "base/json.h"

#define REFUSE(e, ...) error_set_kind(e, ERROR_OUTPUT, 0, "dependencies: " __VA_ARGS__)

static bool is_tunnel(const struct dependency *d)
{
	return d->sha256 == NULL && d->git_id == NULL;
}

static void put_annotations(struct json *j, const struct dependency *d)
{
	char size[32], status[16];

	json_object_begin(j, "annotations");
	if (d->cut || d->status == 206)
		json_bool(j, "cupel_complete", 0);
	if (d->index != NULL)
		json_string(j, "cupel_index", d->index);
	if (is_tunnel(d))
		json_bool(j, "cupel_inspected", 0);
	if (d->locked)
		json_bool(j, "cupel_locked", 1);
	if (d->registry != NULL)
		json_string(j, "cupel_registry", d->registry);
	if (d->has_size) {
		snprintf(size, sizeof(size), "%llu", (unsigned long long)d->size);
		json_string(j, "cupel_size", size);
	}
	if (d->status != 0 && d->status != 200) {
		snprintf(status, sizeof(status), "%d", d->status);
		json_string(j, "cupel_status", status);
	}
	json_object_end(j);
}

static void put_dependency(struct json *j, const struct dependency *d)
{
	json_object_begin(j, NULL);
	put_annotations(j, d);
	if (d->sha256 != NULL) {
		json_object_begin(j, "digest");
		json_string(j, "sha256", d->sha256);
		if (d->sha512 != NULL)
			json_string(j, "sha512", d->sha512);
		json_object_end(j);
	} else if (d->git_id != NULL) {
		json_object_begin(j, "digest");
		json_string(j, "gitCommit", d->git_id);
		json_object_end(j);
	}
	if (d->git_id == NULL)
		json_string(j, "downloadLocation", d->url);
	if (d->media_type != NULL)
		json_string(j, "mediaType", d->media_type);
	json_string(j, "uri", d->purl != NULL ? d->purl : d->url);
	json_object_end(j);
}

int fetched_put(char *text, const struct sign_record *r, struct json *j, struct error *e)
{
	struct dependency d, previous = {.url = ""};
	uint64_t count = 0, tunnels = 0, objects = 0;
	int found;

	while ((found = dependencies_next(&text, &d, e)) == 1) {
		if (dependencies_compare(&previous, &d) >= 0)
			return REFUSE(e, "not sorted, or something is listed twice");
		put_dependency(j, &d);
		previous = d;
		objects += d.sha256 == NULL && d.git_id != NULL ? 1 : 0;
		tunnels += is_tunnel(&d) ? 1 : 0;
		count++;
	}
	if (found < 0)
		return -1;
	/* What was cut short came in, too, as far as it did. */
	if (count - objects > r->requests_allowed + r->requests_failed)
		return REFUSE(e, "more than the gateway counted");
	if (objects > 0 && count == objects)
		return REFUSE(e, "objects of git without what they came in");
	if (tunnels > r->requests_uninspected)
		return REFUSE(e, "more tunnels than the gateway counted");
	return 0;
}
