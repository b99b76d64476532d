/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the memory of cupel-gateway. Each request becomes one line of the
 * log when it is over; what was fetched whole becomes a dependency, too. Everything that a
 * stranger chose is escaped by the JSON writer, and URLs come normalised and redacted.
 */
#include "gateway/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dependencies.h"
#include "base/json.h"
#include "gateway/gateway.h"
#include "gateway/names.h"
#include "gateway/purl.h"

enum { LOG_MAX = 200 << 20 };

static struct {
	struct buf log, lines;
	size_t line_count;
	struct gateway_done done;
} records;

static const char *const outcomes[] = {
	[RECORD_ALLOWED] = "allowed",
	[RECORD_DENIED] = "denied",
	[RECORD_FAILED] = "failed",
};
_Static_assert(array_size(outcomes) == RECORD_OUTCOME_COUNT, "a word for every outcome");

static void put_text(struct json *j, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_string(j, key, value);
}

static void put_line(const struct record *r)
{
	struct json j;

	json_init(&j, &records.log);
	json_object_begin(&j, NULL);
	put_text(&j, "address", r->address);
	put_text(&j, "credential", r->credential);
	put_text(&j, "grant", r->grant);
	put_text(&j, "head", r->head);
	put_text(&j, "host", r->host);
	json_bool(&j, "inspected", r->inspected);
	if (r->locked)
		json_bool(&j, "locked", true);
	put_text(&j, "mediaType", r->media_type);
	put_text(&j, "method", r->method);
	json_string(&j, "outcome", outcomes[r->outcome]);
	json_u64(&j, "port", r->port);
	put_text(&j, "registry", r->registry);
	put_text(&j, "requestSha256", r->request_sha256);
	if (r->request_size > 0)
		json_u64(&j, "requestSize", r->request_size);
	put_text(&j, "sha256", r->sha256);
	put_text(&j, "sha512", r->sha512);
	json_u64(&j, "size", r->size);
	put_text(&j, "spki", r->spki);
	json_u64(&j, "startedMs", r->started_ms);
	if (r->status != 0)
		json_i64(&j, "status", r->status);
	put_text(&j, "url", r->url);
	put_text(&j, "vary", r->vary);
	put_text(&j, "wants", r->wants);
	if (r->wants_cut)
		json_bool(&j, "wantsComplete", false);
	put_text(&j, "why", r->why);
	json_object_end(&j);
	buf_puts(&records.log, "\n");
}

static void put_tunnel(const struct record *r)
{
	char url[NAME_SIZE + 16];
	const struct dependency d = {.url = url, .registry = r->registry};

	snprintf(url, sizeof(url), "%s://%s:%u", r->raw ? "tcp" : "https", r->host, r->port);
	dependencies_put(&records.lines, &d);
}

static void put_file(const struct record *r)
{
	char purl[PURL_MAX];
	/* An error page, or half of a package, is not that package. */
	bool is_what_it_says = r->status == 200 && r->outcome == RECORD_ALLOWED;
	const struct dependency d = {
		.url = r->url,
		.sha256 = r->sha256,
		.sha512 = r->sha512 != NULL && r->sha512[0] != '\0' ? r->sha512 : NULL,
		.media_type = r->media_type != NULL && dependencies_is_media_type(r->media_type)
				      ? r->media_type
				      : NULL,
		.registry = r->registry,
		.purl = is_what_it_says && purl_of(r->url, purl) ? purl : NULL,
		.has_size = true,
		.size = r->size,
		.status = r->status,
		.locked = r->locked,
		.cut = r->outcome != RECORD_ALLOWED,
	};

	dependencies_put(&records.lines, &d);
}

/* What was asked for came in the pack whose digest is that of the answer. */
static void put_objects(const struct record *r)
{
	size_t repository = strcspn(r->url, "?") - strlen("/git-upload-pack");
	char url[DEPENDENCIES_LINE_MAX / 2];
	const struct dependency d = {.url = url, .registry = r->registry};

	for (const char *id = r->wants; *id != '\0'; id += strcspn(id, " ") + 1) {
		snprintf(url, sizeof(url), "git+%.*s@%.*s", (int)repository, r->url,
			(int)strcspn(id, " "), id);
		dependencies_put(&records.lines, &d);
		records.line_count++;
	}
}

static bool is_dependency(const struct record *r)
{
	if (!r->inspected)
		return r->outcome == RECORD_ALLOWED;
	/* Whatever its status, and also when it was cut short: so much came in. */
	return r->outcome != RECORD_DENIED &&
	       (r->sha256 != NULL && r->sha256[0] != '\0' && r->size > 0);
}

static void count(const struct record *r)
{
	struct gateway_done *d = &records.done;

	d->bytes += r->size;
	if (r->outcome == RECORD_ALLOWED) {
		d->allowed++;
		d->uninspected += r->inspected ? 0 : 1;
	} else if (r->outcome == RECORD_FAILED) {
		d->failed++;
	} else if (d->denied++ == 0) {
		if (r->url != NULL)
			snprintf(d->first_denied, sizeof(d->first_denied), "%s %.150s: %.90s",
				r->method != NULL ? r->method : "?", r->url, r->why);
		else
			snprintf(d->first_denied, sizeof(d->first_denied), "%.150s:%u: %.90s",
				r->host != NULL ? r->host : "port", r->port, r->why);
	}
}

bool record_is_full(void)
{
	return records.log.size + records.lines.size > LOG_MAX || !buf_ok(&records.log);
}

void record_put(const struct record *r)
{
	count(r);
	/* The build fails in the end: the runner takes a log that is cut for a failure. */
	if (records.log.size > LOG_MAX)
		records.log.failed = true;
	put_line(r);
	if (!is_dependency(r))
		return;
	if (r->inspected)
		put_file(r);
	else
		put_tunnel(r);
	records.line_count++;
	if (r->outcome == RECORD_ALLOWED && r->status == 200 && r->wants != NULL)
		put_objects(r);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The URL and the digest behind it are the same. */
static bool are_same(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	n += 1 + strcspn(a + n + 1, " ");
	return strncmp(a, b, n + 1) == 0;
}

static char **sorted_lines(void)
{
	char **lines = calloc(records.line_count + 1, sizeof(*lines));
	char *at = records.lines.data;

	for (size_t i = 0; lines != NULL && i < records.line_count; i++) {
		lines[i] = at;
		at = strchr(at, '\n');
		*at++ = '\0';
	}
	if (lines != NULL)
		qsort(lines, records.line_count, sizeof(*lines), compare_lines);
	return lines;
}

int record_finish(struct buf *log, struct buf *dependencies, struct gateway_done *ret)
{
	_cleanup_(cleanup_freep) char **lines = NULL;

	if (!buf_ok(&records.log) || !buf_ok(&records.lines))
		return -1;
	lines = sorted_lines();
	if (lines == NULL)
		return -1;
	for (size_t i = 0; i < records.line_count; i++) {
		if (i > 0 && are_same(lines[i], lines[i - 1]))
			continue;
		buf_puts(dependencies, lines[i]);
		buf_puts(dependencies, "\n");
	}
	buf_append(log, records.log.data, records.log.size);
	*ret = records.done;
	return buf_ok(log) && buf_ok(dependencies) ? 0 : -1;
}
