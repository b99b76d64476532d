/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: turns configuration into the plan, in the runner. After
 * this nothing is decided any more: the same sealed object is run, printed and
 * signed. Nothing of the caller's environment, host or user enters it.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "images/host.h"
#include "plan/builder.h"
#include "runner/build.h"
#include "runner/paths.h"

#include "seccomp-digest.h"

/* A larger workspace is mounted, not copied: that costs no time and no memory. */
enum { COPY_ENTRIES = 20000, COPY_BYTES = 256 << 20 };
/* With a key that only its developer vouches for, and without configuration. */
#define LOCAL_BUILDER_ID "https://cupel.example/builder/v1/local"

int build_identify_image(struct build *b, struct error *e)
{
	struct host_identity host;
	char cache[4096];

	paths_cache(cache, sizeof(cache));
	if (images_host_identity(cache[0] != '\0' ? cache : NULL, &host, e) < 0)
		return error_wrap(e, "image 'host'");
	memcpy(b->image_digest, host.sha256, sizeof(b->image_digest));
	b->packages_fd = host.list_fd;
	return 0;
}

static uint64_t default_scratch(void)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return 4ULL << 30;
	return (uint64_t)info.totalram * info.mem_unit / 2;
}

enum { ENVIRONMENT_MAX = 512 };

struct environment {
	const char *items[ENVIRONMENT_MAX];
	uint32_t count;
	char epoch[64];
};

/* A later NAME=value replaces an earlier one. */
static int put_variable(struct environment *env, const char *variable, struct error *e)
{
	size_t name = strcspn(variable, "=") + 1;

	for (uint32_t i = 0; i < env->count; i++) {
		if (strncmp(env->items[i], variable, name) == 0) {
			env->items[i] = variable;
			return 0;
		}
	}
	if (env->count == ENVIRONMENT_MAX)
		return error_set_kind(e, ERROR_USAGE, E2BIG, "too many environment variables");
	env->items[env->count++] = variable;
	return 0;
}

/* A command that learns or enforces says so itself. */
static enum plan_network network_of(const struct build *b)
{
	if (b->options->learn)
		return PLAN_NETWORK_LEARN;
	if (b->replay_fd >= 0)
		return PLAN_NETWORK_REPLAY;
	if (b->options->registries != NULL)
		return PLAN_NETWORK_TRUSTED;
	return (enum plan_network)conf_u64(&b->conf, CONF_NETWORK_MODE);
}

static int make_environment(const struct build *b, const struct plan_choice *choice,
	struct environment *env, struct error *e)
{
	static const char *const fixed[] = {"HOME=/home/build", "LANG=C.UTF-8", "LOGNAME=build",
		"OUT=/out", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"SHELL=/bin/sh", "TMPDIR=/tmp", "TZ=UTC", "USER=build"};
	/*
	 * Clients that do not look where the system keeps its authorities; and what would
	 * fetch something that the build did not ask for.
	 */
#define BUNDLE "/etc/ssl/certs/ca-certificates.crt"
	static const char *const for_network[] = {"AWS_CA_BUNDLE=" BUNDLE,
		"CARGO_HTTP_CAINFO=" BUNDLE, "CURL_CA_BUNDLE=" BUNDLE, "DENO_CERT=" BUNDLE,
		"GIT_SSL_CAINFO=" BUNDLE, "NIX_SSL_CERT_FILE=" BUNDLE,
		"NODE_EXTRA_CA_CERTS=" BUNDLE, "PIP_CERT=" BUNDLE, "REQUESTS_CA_BUNDLE=" BUNDLE,
		"SSL_CERT_FILE=" BUNDLE, "npm_config_audit=false",
		"npm_config_update_notifier=false", "PIP_DISABLE_PIP_VERSION_CHECK=1"};
#undef BUNDLE
	const char *const *more;
	size_t count;

	for (size_t i = 0; i < array_size(fixed); i++)
		if (put_variable(env, fixed[i], e) < 0)
			return -1;
	snprintf(env->epoch, sizeof(env->epoch), "SOURCE_DATE_EPOCH=%llu",
		(unsigned long long)choice->source_date_epoch);
	if (put_variable(env, env->epoch, e) < 0 ||
		(choice->terminal && put_variable(env, "TERM=xterm-256color", e) < 0))
		return -1;
	if (choice->network && network_of(b) != PLAN_NETWORK_NONE)
		for (size_t i = 0; i < array_size(for_network); i++)
			if (put_variable(env, for_network[i], e) < 0)
				return -1;
	more = conf_list(&b->conf, CONF_BUILD_ENVIRONMENT, &count);
	for (size_t i = 0; i < count; i++)
		if (put_variable(env, more[i], e) < 0)
			return -1;
	return 0;
}

static void put_limits(const struct build *b, struct plan *p)
{
	const struct conf *c = &b->conf;

	p->timeout_ms = conf_u64(c, CONF_BUILD_TIMEOUT);
	p->grace_ms = conf_u64(c, CONF_BUILD_GRACE);
	p->scratch_bytes = conf_u64(c, CONF_LIMITS_SCRATCH);
	if (p->scratch_bytes == 0)
		p->scratch_bytes = default_scratch();
	p->scratch_inodes = conf_u64(c, CONF_LIMITS_FILES);
	p->open_files = conf_u64(c, CONF_LIMITS_OPEN_FILES);
	p->processes = conf_u64(c, CONF_LIMITS_PROCESSES);
	p->log_bytes = conf_u64(c, CONF_LIMITS_LOG);
	p->output_bytes = conf_u64(c, CONF_LIMITS_OUTPUT_SIZE);
	p->output_files = conf_u64(c, CONF_LIMITS_OUTPUT_FILES);
	p->output_depth = conf_u64(c, CONF_LIMITS_OUTPUT_DEPTH);
}

static void put_identity(const struct build *b, struct plan_builder *builder)
{
	const char *name = conf_string(&b->conf, CONF_PROJECT_NAME);
	const char *builder_id = conf_string(&b->conf, CONF_SIGN_BUILDER_ID);
	struct plan *p = &builder->head;

	p->cupel = plan_add_string(builder, CUPEL_VERSION);
	p->name = plan_add_string(builder, name != NULL ? name : "build");
	p->builder_id =
		plan_add_string(builder, builder_id != NULL ? builder_id : LOCAL_BUILDER_ID);
	p->image = PLAN_IMAGE_HOST;
	p->image_digest = plan_add_string(builder, b->image_digest);
	p->seccomp = plan_add_string(builder, "build");
	p->seccomp_digest = plan_add_string(builder, SECCOMP_DIGEST);
}

static void put_world(
	const struct build *b, const struct plan_choice *choice, struct plan_builder *builder)
{
	struct plan *p = &builder->head;
	const char *const *outputs;
	size_t count;

	p->directory = plan_add_string(builder, "/build");
	p->hostname = plan_add_string(builder, "cupel");
	p->uid = p->gid = 1000;
	p->ids = b->ids.privileged ? PLAN_IDS_SUBORDINATE : PLAN_IDS_SINGLE;
	p->workspace = choice->workspace;
	p->source_date_epoch = choice->source_date_epoch;
	p->aslr = conf_bool(&b->conf, CONF_BUILD_ASLR);
	p->terminal = choice->terminal;
	p->input = b->options->interactive ? PLAN_STDIN_INHERIT : PLAN_STDIN_NULL;
	p->attest = choice->attest;
	p->sha512 = conf_bool(&b->conf, CONF_ATTEST_SHA512);
	outputs = conf_list(&b->conf, CONF_OUTPUTS_FILES, &count);
	p->outputs = plan_add_list(builder, outputs, (uint32_t)count);
}

static void put_network_limits(const struct conf *c, struct plan *p)
{
	p->net_connections = conf_u64(c, CONF_NETWORK_CONNECTIONS);
	p->net_head_bytes = conf_u64(c, CONF_NETWORK_HEAD);
	p->net_body_bytes = conf_u64(c, CONF_NETWORK_BODY);
	p->net_total_bytes = conf_u64(c, CONF_NETWORK_TOTAL);
	p->net_requests = conf_u64(c, CONF_NETWORK_REQUESTS);
	p->net_queries = conf_u64(c, CONF_NETWORK_QUERIES);
	p->net_idle_ms = conf_u64(c, CONF_NETWORK_IDLE);
	p->net_time_ms = conf_u64(c, CONF_NETWORK_TIME);
}

static void put_network(const struct build *b, struct plan_builder *builder)
{
	struct plan *p = &builder->head;

	p->network = network_of(b);
	p->net_private = b->options->learn_private;
	p->on_deny = b->options->learn ? PLAN_ON_DENY_CONTINUE
				       : conf_u64(&b->conf, CONF_NETWORK_ON_DENY);
	if (p->network != PLAN_NETWORK_NONE) {
		p->range = plan_add_string(builder, conf_string(&b->conf, CONF_NETWORK_RANGE));
		p->range6 = plan_add_string(builder, conf_string(&b->conf, CONF_NETWORK_RANGE6));
	}
	p->locks = plan_add_list(
		builder, (const char *const *)b->locks.lines, (uint32_t)b->locks.count);
	p->registries = plan_add_list(
		builder, (const char *const *)b->registries.lines, (uint32_t)b->registries.count);
	if (p->network != PLAN_NETWORK_NONE)
		put_network_limits(&b->conf, p);
}

int build_plan_for(const struct build *b, const struct plan_choice *choice, struct error *e)
{
	_cleanup_(plan_builder_deinit) struct plan_builder builder;
	struct environment env = {.count = 0};

	plan_builder_init(&builder);
	if (make_environment(b, choice, &env, e) < 0)
		return -1;
	put_identity(b, &builder);
	put_world(b, choice, &builder);
	put_limits(b, &builder.head);
	builder.head.range = builder.head.range6 = plan_add_string(&builder, "");
	builder.head.replay = plan_add_string(&builder, choice->network ? b->replay_sha256 : "");
	if (choice->network)
		put_network(b, &builder);
	builder.head.environment = plan_add_list(&builder, env.items, env.count);
	builder.head.command = plan_add_list(&builder, choice->command, choice->count);
	return plan_seal(&builder, e);
}

/* What cannot be id-mapped cannot be the lower of a build that has ids of its own. */
static bool can_map_owner(int fd)
{
	static const unsigned int kinds[] = {EXT4_SUPER_MAGIC, 0x58465342 /* XFS */,
		BTRFS_SUPER_MAGIC, TMPFS_MAGIC, F2FS_SUPER_MAGIC};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < array_size(kinds); i++)
		if ((unsigned int)fs.f_type == kinds[i])
			return true;
	return false;
}

static bool is_small(const struct workspace *w)
{
	return w->entries <= COPY_ENTRIES && w->bytes <= COPY_BYTES;
}

/* Why the workspace cannot be the lower of an overlay that the build may change; NULL: it can. */
static const char *why_no_overlay(const struct build *b)
{
	/* An unmapped owner or group answers EOVERFLOW when the overlay copies a file up. */
	if (b->ids.uid_base == 0)
		return b->workspace.foreign ? "something in it belongs to another user or group"
					    : NULL;
	return can_map_owner(b->workspace.fd) ? NULL : "its file system cannot map ids";
}

static enum plan_workspace choose_workspace(const struct build *b)
{
	switch ((enum conf_workspace_mode)conf_u64(&b->conf, CONF_WORKSPACE_MODE)) {
	case CONF_WORKSPACE_COPY:
		return PLAN_WORKSPACE_COPY;
	case CONF_WORKSPACE_OVERLAY:
		return PLAN_WORKSPACE_OVERLAY;
	case CONF_WORKSPACE_AUTO:
		break;
	}
	return is_small(&b->workspace) || why_no_overlay(b) != NULL ? PLAN_WORKSPACE_COPY
								    : PLAN_WORKSPACE_OVERLAY;
}

/* What `auto` chose for a large workspace; a small one is copied, and nobody wonders. */
static void note_workspace(const struct build *b)
{
	const char *why;

	if (conf_u64(&b->conf, CONF_WORKSPACE_MODE) != CONF_WORKSPACE_AUTO ||
		is_small(&b->workspace))
		return;
	why = why_no_overlay(b);
	if (why != NULL)
		build_note(b, "workspace: copied, because %s", why);
	else
		build_note(b,
			"workspace: %llu files, %llu MiB: mounted as an overlay, its times "
			"and order as they are on disk",
			(unsigned long long)b->workspace.entries,
			(unsigned long long)(b->workspace.bytes >> 20));
}

static int load_registries(struct build *b, struct error *e)
{
	_cleanup_(registries_deinit) struct registries all = {0};
	char user[4096];

	paths_config(user, sizeof(user));
	if (b->options->registries != NULL)
		return registry_take_all(b->options->registries, &b->registries, e);
	if (!b->options->learn)
		return registry_rules_load(
			&b->conf, user[0] != '\0' ? user : NULL, &b->registries, e);
	if (!conf_bool(&b->conf, CONF_NETWORK_LEARN)) {
		error_set_kind(e, ERROR_POLICY, 0, "%s: builds may not learn here",
			conf_origin(&b->conf, CONF_NETWORK_LEARN));
		return error_hint(e, "ask the administrator for the registries that are missing");
	}
	if (registries_load(&all, user[0] != '\0' ? user : NULL, e) < 0)
		return -1;
	return registry_take_all(&all, &b->registries, e);
}

int build_make_plan(struct build *b, struct error *e)
{
	struct plan_choice choice = {
		.command = (const char *const *)b->options->command,
		.count = (uint32_t)b->options->command_count,
		.workspace = choose_workspace(b),
		.source_date_epoch = (uint64_t)b->workspace.newest_mtime,
		.terminal = !b->options->quiet && isatty(1) && isatty(2),
		.attest = !b->options->discard && conf_bool(&b->conf, CONF_ATTEST_ENABLED),
		.network = true,
	};

	if (conf_level(&b->conf, CONF_NETWORK_REGISTRIES) == CONF_LEVEL_COMMAND_LINE &&
		conf_u64(&b->conf, CONF_NETWORK_MODE) == PLAN_NETWORK_NONE) {
		error_set_kind(e, ERROR_USAGE, 0, "--registry is of no use without a network");
		return error_hint(e, "add --network trusted");
	}
	if (load_registries(b, e) < 0 || build_read_locks(b, e) < 0 || build_open_replay(b, e) < 0)
		return -1;
	b->plan_fd = build_plan_for(b, &choice, e);
	if (b->plan_fd < 0)
		return error_wrap(e, "plan");
	b->plan = plan_map(b->plan_fd, e);
	if (b->plan == NULL)
		return -1;
	note_workspace(b);
	build_event(b, "plan");
	return 0;
}
