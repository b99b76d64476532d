/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the SLSA provenance v1 predicate, written by cupel-sign
 * from the sealed plan and the runner's record, field by field in bytewise order
 * of the keys (a test compares with a sorting writer). externalParameters hold
 * all that the caller chose and a verifier must judge; nothing here is taken
 * from the environment, and no host, user or terminal is named.
 */
#include "attest/statement.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/sha.h>

#include "attest/fetched.h"
#include "attest/packages.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"
#include "plan/plan.h"

static void put_digest(struct json *j, const char *sha256)
{
	json_object_begin(j, "digest");
	json_string(j, "sha256", sha256);
	json_object_end(j);
}

static void put_list(struct json *j, const char *key, const struct plan *p, struct plan_list list)
{
	json_array_begin(j, key);
	for (uint32_t i = 0; i < list.count; i++)
		json_string(j, NULL, plan_item(p, list, i));
	json_array_end(j);
}

/* The word for an enum's value, as the plan prints it. */
static const char *enum_text(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < plan_field_count; i++) {
		uint64_t value;

		if (strcmp(plan_fields[i].name, name) != 0)
			continue;
		memcpy(&value, (const char *)p + plan_fields[i].offset, sizeof(value));
		return plan_enum_name(&plan_fields[i], value);
	}
	return "";
}

static void put_number(struct json *j, const char *key, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	json_string(j, key, text);
}

static void put_external(struct json *j, const struct plan *p)
{
	json_object_begin(j, "externalParameters");
	put_list(j, "command", p, p->command);
	json_string(j, "directory", plan_string(p, p->directory));
	put_list(j, "environment", p, p->environment);
	if (p->locks.count > 0)
		put_list(j, "locks", p, p->locks);
	if (p->outputs.count > 0)
		put_list(j, "outputs", p, p->outputs);
	json_object_end(j);
}

static void put_limits(struct json *j, const struct plan *p)
{
	json_object_begin(j, "limits");
	put_number(j, "graceMs", p->grace_ms);
	put_number(j, "logBytes", p->log_bytes);
	put_number(j, "openFiles", p->open_files);
	put_number(j, "outputBytes", p->output_bytes);
	put_number(j, "outputDepth", p->output_depth);
	put_number(j, "outputFiles", p->output_files);
	put_number(j, "processes", p->processes);
	put_number(j, "scratchBytes", p->scratch_bytes);
	put_number(j, "scratchInodes", p->scratch_inodes);
	put_number(j, "timeoutMs", p->timeout_ms);
	json_object_end(j);
}

static void put_internal(struct json *j, const struct statement_input *in)
{
	static const char *const isolation[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};

	json_object_begin(j, "internalParameters");
	json_string(j, "arch", in->machine);
	json_string(j, "ids", enum_text(in->plan, "ids"));
	json_array_begin(j, "isolation");
	for (size_t i = 0; i < array_size(isolation); i++)
		json_string(j, NULL, isolation[i]);
	json_array_end(j);
	put_limits(j, in->plan);
	json_string(j, "networkMode", enum_text(in->plan, "network"));
	/* What the administrator allows; the caller only picks from it, as with the limits. */
	if (in->plan->network != PLAN_NETWORK_NONE) {
		json_string(j, "onDeny", enum_text(in->plan, "on-deny"));
		put_list(j, "registries", in->plan, in->plan->registries);
	}
	json_string(j, "rootfs", "read-only");
	put_number(j, "sourceDateEpoch", in->plan->source_date_epoch);
	json_string(j, "workspace", enum_text(in->plan, "workspace"));
	json_object_end(j);
}

/* Whose registries' answers the build got. */
static void put_replayed(struct json *j, const struct plan *p)
{
	if (p->network != PLAN_NETWORK_REPLAY)
		return;
	json_object_begin(j, NULL);
	put_digest(j, plan_string(p, p->replay));
	json_string(j, "mediaType", "application/vnd.in-toto+json");
	json_string(j, "name", "replayed");
	json_object_end(j);
}

static int put_dependencies(struct json *j, struct statement_input *in, struct error *e)
{
	json_array_begin(j, "resolvedDependencies");
	json_object_begin(j, NULL);
	json_object_begin(j, "annotations");
	json_string(j, "cupel_captured", in->record.workspace_when);
	json_object_end(j);
	put_digest(j, in->record.source_sha256);
	json_string(j, "name", "source");
	json_string(j, "uri", "file:///build");
	json_object_end(j);
	json_object_begin(j, NULL);
	json_object_begin(j, "annotations");
	json_string(j, "cupel_kind", enum_text(in->plan, "image"));
	json_object_end(j);
	put_digest(j, plan_string(in->plan, in->plan->image_digest));
	json_string(j, "name", "image");
	json_string(j, "uri", "pkg:generic/host-usr");
	json_object_end(j);
	put_replayed(j, in->plan);
	if (packages_put(in->packages, j, e) < 0)
		return error_wrap(e, "refusing to sign");
	if (in->dependencies != NULL && fetched_put(in->dependencies, &in->record, j, e) < 0)
		return error_wrap(e, "refusing to sign");
	json_array_end(j);
	return 0;
}

static void put_builder(struct json *j, const struct statement_input *in)
{
	_cleanup_(buf_deinit) struct buf uri = BUF_INIT;
	const struct plan *p = in->plan;

	buf_printf(
		&uri, "https://cupel.example/profiles/seccomp/%s/v1", plan_string(p, p->seccomp));
	json_object_begin(j, "builder");
	json_array_begin(j, "builderDependencies");
	json_object_begin(j, NULL);
	put_digest(j, plan_string(p, p->seccomp_digest));
	json_string(j, "name", "seccomp");
	json_string_n(j, "uri", uri.data, uri.size);
	json_object_end(j);
	json_array_end(j);
	json_string(j, "id", in->builder_id);
	json_object_begin(j, "version");
	json_string(j, "cupel", plan_string(p, p->cupel));
	json_string(j, "linux", in->linux_release);
	json_string(j, "openssl", in->openssl);
	json_object_end(j);
	json_object_end(j);
}

static void put_file(struct json *j, const char *name, const char *sha256, const char *media_type)
{
	put_digest(j, sha256);
	json_string(j, "mediaType", media_type);
	json_string(j, "name", name);
	json_object_end(j);
}

static void put_plan(struct json *j, const struct plan *p)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	plan_to_json(p, &text);
	if (!buf_ok(&text))
		j->out->failed = true;
	SHA256((const unsigned char *)text.data, text.size, digest);
	encode_hex(digest, sizeof(digest), hex);
	json_object_begin(j, NULL);
	put_file(j, "plan", hex, "application/json");
}

static void put_teardown(struct json *j, const struct sign_destroyed *d)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, content = BUF_INIT;
	struct json inner;

	json_init(&inner, &text);
	json_object_begin(&inner, NULL);
	json_u64(&inner, "files", d->files);
	json_u64(&inner, "mounts", d->mounts);
	json_u64(&inner, "namespaces", d->namespaces);
	json_u64(&inner, "processes", d->processes);
	json_object_end(&inner);
	encode_base64(text.data, text.size, 1, &content);
	json_object_begin(j, NULL);
	json_string_n(j, "content", content.data, content.size);
	json_string(j, "mediaType", "application/json");
	json_string(j, "name", "teardown");
	json_object_end(j);
}

static void put_network(struct json *j, const struct statement_input *in)
{
	json_object_begin(j, NULL);
	json_object_begin(j, "annotations");
	json_u64(j, "cupel_allowed", in->record.requests_allowed);
	json_u64(j, "cupel_denied", in->record.requests_denied);
	json_u64(j, "cupel_failed", in->record.requests_failed);
	json_u64(j, "cupel_uninspected", in->record.requests_uninspected);
	json_object_end(j);
	put_file(j, "network", in->network_sha256, "application/x-ndjson");
}

static void put_byproducts(struct json *j, const struct statement_input *in)
{
	json_array_begin(j, "byproducts");
	json_object_begin(j, NULL);
	json_object_begin(j, "annotations");
	json_u64(j, "cupel_bytes", in->record.log_bytes);
	json_object_end(j);
	put_file(j, "log", in->record.log_sha256, "text/plain; charset=utf-8");
	if (in->plan->network != PLAN_NETWORK_NONE)
		put_network(j, in);
	json_object_begin(j, NULL);
	put_file(j, "outputs", in->record.outputs_sha256, "text/plain; charset=utf-8");
	put_plan(j, in->plan);
	put_teardown(j, &in->destroyed);
	json_array_end(j);
}

/* RFC 3339 in UTC with milliseconds. */
static void put_time(struct json *j, const char *key, uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char date[32], text[48];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL ||
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		j->out->failed = true;
		return;
	}
	snprintf(text, sizeof(text), "%s.%03uZ", date, (unsigned int)(ms % 1000));
	json_string(j, key, text);
}

/* RFC 9562 UUID version 7: sorts by time, tells nothing about the host. */
static void put_invocation(struct json *j, const struct statement_input *in)
{
	unsigned char id[16];
	char hex[33], text[64];

	memcpy(id, in->random, sizeof(id));
	for (int i = 0; i < 6; i++)
		id[i] = (unsigned char)(in->record.started_ms >> (40 - 8 * i));
	id[6] = (unsigned char)(0x70 | (id[6] & 0x0f));
	id[8] = (unsigned char)(0x80 | (id[8] & 0x3f));
	encode_hex(id, sizeof(id), hex);
	snprintf(text, sizeof(text), "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
		hex + 16, hex + 20);
	json_string(j, "invocationId", text);
}

int provenance_put(struct json *j, struct statement_input *in, struct error *e)
{
	json_object_begin(j, "predicate");
	json_object_begin(j, "buildDefinition");
	json_string(j, "buildType", STATEMENT_BUILD_TYPE);
	put_external(j, in->plan);
	put_internal(j, in);
	if (put_dependencies(j, in, e) < 0)
		return -1;
	json_object_end(j);
	json_object_begin(j, "runDetails");
	put_builder(j, in);
	put_byproducts(j, in);
	json_object_begin(j, "metadata");
	put_time(j, "finishedOn", in->record.finished_ms);
	put_invocation(j, in);
	put_time(j, "startedOn", in->record.started_ms);
	json_object_end(j);
	json_object_end(j);
	json_object_end(j);
	return 0;
}
