/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the table of a plan's members, in bytewise order of
 * their names because that is the order of canonical JSON (a test compares).
 * Constant data, linked into every program that maps a plan.
 */
#include "base/cleanup.h"
#include "plan/plan.h"

static const char *const image_names[] = {[PLAN_IMAGE_HOST] = "host"};
static const char *const workspace_names[] = {[PLAN_WORKSPACE_COPY] = "copy",
	[PLAN_WORKSPACE_OVERLAY] = "overlay",
	[PLAN_WORKSPACE_READONLY] = "read-only"};
static const char *const network_names[] = {[PLAN_NETWORK_NONE] = "none",
	[PLAN_NETWORK_TRUSTED] = "trusted",
	[PLAN_NETWORK_LEARN] = "learn",
	[PLAN_NETWORK_REPLAY] = "replay"};
static const char *const on_deny_names[] = {
	[PLAN_ON_DENY_FAIL] = "fail", [PLAN_ON_DENY_CONTINUE] = "continue"};
static const char *const ids_names[] = {
	[PLAN_IDS_SINGLE] = "single", [PLAN_IDS_SUBORDINATE] = "subordinate"};
static const char *const input_names[] = {
	[PLAN_STDIN_NULL] = "null", [PLAN_STDIN_INHERIT] = "inherit"};

_Static_assert(array_size(image_names) == PLAN_IMAGE_COUNT, "a name for every image kind");
_Static_assert(array_size(workspace_names) == PLAN_WORKSPACE_COUNT, "a name for every mode");
_Static_assert(array_size(network_names) == PLAN_NETWORK_COUNT, "a name for every mode");
_Static_assert(array_size(on_deny_names) == PLAN_ON_DENY_COUNT, "a name for every choice");
_Static_assert(array_size(ids_names) == PLAN_IDS_COUNT, "a name for every mode");
_Static_assert(array_size(input_names) == PLAN_STDIN_COUNT, "a name for every mode");

#define FIELD(text, member_type, member)                                                           \
	{                                                                                          \
		text, member_type, offsetof(struct plan, member), NULL, 0                          \
	}
#define ENUM_FIELD(text, member, table)                                                            \
	{                                                                                          \
		text, PLAN_ENUM, offsetof(struct plan, member), table, array_size(table)           \
	}

const struct plan_field plan_fields[] = {
	FIELD("aslr", PLAN_BOOL, aslr),
	FIELD("attest", PLAN_BOOL, attest),
	FIELD("builder-id", PLAN_STRING, builder_id),
	FIELD("command", PLAN_LIST, command),
	FIELD("cupel", PLAN_STRING, cupel),
	FIELD("directory", PLAN_STRING, directory),
	FIELD("environment", PLAN_LIST, environment),
	FIELD("gid", PLAN_U64, gid),
	FIELD("grace-ms", PLAN_U64, grace_ms),
	FIELD("hostname", PLAN_STRING, hostname),
	ENUM_FIELD("ids", ids, ids_names),
	ENUM_FIELD("image", image, image_names),
	FIELD("image-digest", PLAN_STRING, image_digest),
	ENUM_FIELD("input", input, input_names),
	FIELD("locks", PLAN_LIST, locks),
	FIELD("log-bytes", PLAN_U64, log_bytes),
	FIELD("name", PLAN_STRING, name),
	FIELD("net-body-bytes", PLAN_U64, net_body_bytes),
	FIELD("net-connections", PLAN_U64, net_connections),
	FIELD("net-head-bytes", PLAN_U64, net_head_bytes),
	FIELD("net-idle-ms", PLAN_U64, net_idle_ms),
	FIELD("net-private", PLAN_BOOL, net_private),
	FIELD("net-queries", PLAN_U64, net_queries),
	FIELD("net-requests", PLAN_U64, net_requests),
	FIELD("net-time-ms", PLAN_U64, net_time_ms),
	FIELD("net-total-bytes", PLAN_U64, net_total_bytes),
	ENUM_FIELD("network", network, network_names),
	ENUM_FIELD("on-deny", on_deny, on_deny_names),
	FIELD("open-files", PLAN_U64, open_files),
	FIELD("output-bytes", PLAN_U64, output_bytes),
	FIELD("output-depth", PLAN_U64, output_depth),
	FIELD("output-files", PLAN_U64, output_files),
	FIELD("outputs", PLAN_LIST, outputs),
	FIELD("processes", PLAN_U64, processes),
	FIELD("range", PLAN_STRING, range),
	FIELD("range6", PLAN_STRING, range6),
	FIELD("registries", PLAN_LIST, registries),
	FIELD("replay", PLAN_STRING, replay),
	FIELD("scratch-bytes", PLAN_U64, scratch_bytes),
	FIELD("scratch-inodes", PLAN_U64, scratch_inodes),
	FIELD("seccomp", PLAN_STRING, seccomp),
	FIELD("seccomp-digest", PLAN_STRING, seccomp_digest),
	FIELD("sha512", PLAN_BOOL, sha512),
	FIELD("source-date-epoch", PLAN_U64, source_date_epoch),
	FIELD("terminal", PLAN_BOOL, terminal),
	FIELD("timeout-ms", PLAN_U64, timeout_ms),
	FIELD("uid", PLAN_U64, uid),
	ENUM_FIELD("workspace", workspace, workspace_names),
};
const size_t plan_field_count = array_size(plan_fields);
