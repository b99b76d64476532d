/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner's side of cupel-collect, which reads the
 * trees that strangers shaped so that the runner never does. It carries the
 * workspace in before the build and the outputs out after it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"
#include "runner/destination.h"

/* Early, so that its start-up is hidden behind the sandbox's. */
int build_start_collector(struct build *b, struct error *e)
{
	static const char *const as_root[] = {"cupel-collect", NULL};
	static const char *const as_user[] = {"cupel-collect", "--userns", NULL};

	if (b->collector.pid != 0)
		return 0;
	return process_start(
		"cupel-collect", b->ids.privileged ? as_root : as_user, &b->collector, e);
}

static int join_collector(struct build *b, struct error *e)
{
	if (build_start_collector(b, e) < 0)
		return -1;
	if (b->collector_joined || b->launch.user_fd < 0)
		return 0;
	b->collector_joined = true;
	return msg_send(b->collector.socket, COLLECT_JOIN, NULL, 0, &b->launch.user_fd, 1, e);
}

/* The digest of an overlay's lower is needed for the attestation alone. */
bool build_needs_import(const struct build *b)
{
	if (b->workspace.entries == 0)
		return b->plan->attest;
	return b->plan->workspace == PLAN_WORKSPACE_COPY || b->plan->attest;
}

static int await_source(struct build *b, struct error *e)
{
	struct msg m;
	int result;

	if (!b->source_pending)
		return 0;
	if (build_await(b, b->collector.socket, COLLECT_DONE, &m, e) < 0)
		return error_wrap(e, "workspace");
	b->source_pending = false;
	result = msg_payload(&m, &b->source, sizeof(b->source));
	msg_deinit(&m);
	return result < 0 ? error_set(e, EBADMSG, "malformed answer of cupel-collect") : 0;
}

int build_import(struct build *b, struct error *e)
{
	struct collect_import import = {
		.clamp_mtime = (int64_t)b->plan->source_date_epoch,
		.uid = b->ids.uid_base == 0 ? (uint32_t)-1
					    : b->ids.uid_base + (uint32_t)b->plan->uid,
		.gid = b->ids.uid_base == 0 ? (uint32_t)-1
					    : b->ids.uid_base + (uint32_t)b->plan->gid,
		.hash_only = b->plan->workspace != PLAN_WORKSPACE_COPY,
		/* An overlay shows them to the build, so they are part of what it was built from.
		 */
		.skip_count =
			b->plan->workspace == PLAN_WORKSPACE_COPY ? b->workspace.skip_count : 0,
	};
	int fds[] = {b->workspace.fd, b->launch.build_fd};

	memcpy(import.skip, b->workspace.skip, sizeof(import.skip));
	if (join_collector(b, e) < 0 ||
		msg_send(b->collector.socket, COLLECT_IMPORT, &import, sizeof(import), fds,
			import.hash_only ? 1 : 2, e) < 0)
		return -1;
	/* What is only hashed is hashed while the build runs: see build_collect(). */
	b->source_pending = true;
	if (!import.hash_only && await_source(b, e) < 0)
		return -1;
	if (b->source.skipped > 0)
		build_note(b, "workspace: %llu FIFOs, sockets or devices were left out",
			(unsigned long long)b->source.skipped);
	return 0;
}

/* Only whether there is an entry; names are not looked at. */
static bool is_empty(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int entries = 0;

	if (dir == NULL)
		return false;
	while (readdir(dir) != NULL && entries < 3)
		entries++;
	closedir(dir);
	return entries < 3;
}

static int export_outputs(struct build *b, struct error *e)
{
	struct collect_export export = {
		.has_workspace = b->plan->outputs.count > 0, .has_needles = b->needles_fd >= 0};
	int fds[6], count = 0, result;
	struct msg m;

	fds[count++] = b->plan_fd;
	fds[count++] = b->destination.staging_fd;
	fds[count++] = b->launch.out_fd;
	if (export.has_workspace)
		fds[count++] = b->launch.build_fd;
	fds[count++] = b->relay.log_fd;
	if (export.has_needles)
		fds[count++] = b->needles_fd;
	if (lseek(b->relay.log_fd, 0, SEEK_SET) < 0)
		return error_set(e, errno, "cannot read the build's log");
	if (msg_send(b->collector.socket, COLLECT_EXPORT, &export, sizeof(export), fds, count, e) <
			0 ||
		build_await(b, b->collector.socket, COLLECT_DONE, &m, e) < 0)
		return -1;
	result = msg_payload(&m, &b->outputs, sizeof(b->outputs));
	b->manifest_fd = msg_take_fd(&m, 0);
	msg_deinit(&m);
	if (result < 0 || b->manifest_fd < 0)
		return error_set(e, EBADMSG, "malformed answer of cupel-collect");
	return 0;
}

int build_collect(struct build *b, struct error *e)
{
	/* A build may have no outputs, a test for example: nothing to publish then. */
	if (b->plan->outputs.count == 0 && is_empty(b->launch.out_fd))
		return await_source(b, e);
	if (join_collector(b, e) < 0 || await_source(b, e) < 0)
		return -1;
	if (destination_stage(&b->destination, e) < 0)
		return error_kind(e, ERROR_OUTPUT);
	if (export_outputs(b, e) < 0) {
		return b->cancelled_by != 0 || e->kind == ERROR_POLICY
			       ? -1
			       : error_kind(e, ERROR_OUTPUT);
	}
	return 0;
}
