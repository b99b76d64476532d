/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: an earlier attestation of ours as a lock file, in cupel-lock,
 * confined. The runner has had its signature verified; here it is only taken apart: each
 * of its dependencies that was downloaded is tied to the URL that it came from. There is
 * exactly one statement in the file, so what was verified is what is read.
 */
#include <string.h>

#include <jansson.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/strict-json.h"
#include "locks/reading.h"

static int put_dependency(const json_t *d, struct reading *r, struct error *e)
{
	size_t url_size = 0, hex_size = 0;
	const char *url = strict_json_text(d, "downloadLocation", &url_size);
	const char *hex = strict_json_text(strict_json_get(d, "digest"), "sha256", &hex_size);
	const struct lock l = {.tie = LOCK_URL, .name = url, .algorithm = LOCK_SHA256, .hex = hex};

	/* The source, the image, and what went through a tunnel. */
	if (url == NULL || hex == NULL)
		return 0;
	if (strlen(url) != url_size || strlen(hex) != hex_size)
		return error_set_kind(e, ERROR_USAGE, 0, "a dependency with a NUL in it");
	return reading_put(r, &l, e);
}

static int read_statement(const char *text, size_t n, struct reading *r, struct error *e)
{
	_cleanup_(strict_json_freep) json_t *root = strict_json_parse(text, n, e);
	const json_t *definition =
		strict_json_get(strict_json_get(root, "predicate"), "buildDefinition");
	const json_t *dependencies = strict_json_get(definition, "resolvedDependencies");
	const json_t *d;
	size_t i;

	if (root == NULL)
		return error_kind(e, ERROR_USAGE);
	if (!json_is_array(dependencies))
		return error_set_kind(e, ERROR_USAGE, 0, "not the provenance of a build");
	json_array_foreach(dependencies, i, d)
	{
		if (put_dependency(d, r, e) < 0)
			return -1;
	}
	return 0;
}

int attestation_read(char *text, size_t n, struct reading *r, struct error *e)
{
	_cleanup_(strict_json_freep) json_t *root = NULL;
	_cleanup_(cleanup_freep) unsigned char *payload = NULL;
	const char *base64;
	size_t size, payload_size;

	if (n > 0 && memchr(text, '\n', n - 1) != NULL)
		return error_set_kind(e, ERROR_USAGE, 0, "more than one attestation");
	root = strict_json_parse(text, n, e);
	if (root == NULL)
		return error_kind(e, ERROR_USAGE);
	base64 = strict_json_text(root, "payload", &size);
	if (base64 == NULL || decode_base64(base64, size, &payload, &payload_size) < 0)
		return error_set_kind(e, ERROR_USAGE, 0, "not an attestation");
	return read_statement((const char *)payload, payload_size, r, e);
}
