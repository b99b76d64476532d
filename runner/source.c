/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the runner must know of the workspace before the
 * plan: how large it is, and how old. It walks names and times, never content.
 * A repository is hostile (its configuration can run programs), so git, which
 * tells the time of the commit, runs in a sandbox of its own, read-only and
 * without network, and all that comes out of it is a number.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/walk.h"
#include "runner/build.h"
#include "runner/destination.h"

enum { GIT_PATIENCE_MS = 10000 };

/* Our own output directory is not part of what is built. */
static void skip_destination(struct build *b)
{
	struct stat workspace, parent;

	/* Nor is what other runs are about to publish here. */
	memcpy(b->workspace.skip[b->workspace.skip_count++], DESTINATION_STAGING "*",
		sizeof(DESTINATION_STAGING "*"));
	if (fstat(b->workspace.fd, &workspace) == 0 &&
		fstat(b->destination.parent_fd, &parent) == 0 &&
		workspace.st_dev == parent.st_dev && workspace.st_ino == parent.st_ino)
		memcpy(b->workspace.skip[b->workspace.skip_count++], b->destination.name, 256);
}

static int count_entry(void *context, const struct walk_entry *entry, struct error *e)
{
	struct workspace *w = context;

	(void)e;
	w->entries++;
	if (entry->st.st_uid != geteuid() || entry->st.st_gid != getegid())
		w->foreign = true;
	if (S_ISREG(entry->st.st_mode))
		w->bytes += (uint64_t)entry->st.st_size;
	/* A directory's time tells when somebody looked, not when something changed. */
	if (!S_ISDIR(entry->st.st_mode) && entry->st.st_mtim.tv_sec > w->newest_mtime)
		w->newest_mtime = entry->st.st_mtim.tv_sec;
	if (entry->depth == 1 && strcmp(entry->name, ".git") == 0)
		w->has_git = true;
	return 0;
}

static int examine(struct build *b, struct error *e)
{
	const char *skip[5] = {NULL};
	struct walk_options options = {.skip = skip, .max_depth = WALK_DEPTH_MAX};

	skip_destination(b);
	for (uint32_t i = 0; i < b->workspace.skip_count; i++)
		skip[i] = b->workspace.skip[i];
	if (walk_tree(b->workspace.fd, &options, count_entry, &b->workspace, e) < 0) {
		error_wrap(e, "workspace");
		if (e->errnum == EXDEV)
			error_hint(e, "a workspace is one file system: unmount what is in it, or "
				      "build a copy");
		error_hint(e, "make it readable for the user who runs the build");
		return error_kind(e, ERROR_USAGE);
	}
	return 0;
}

/* At most size - 1 bytes, until the end or our patience ends. */
static int read_answer(const struct build *b, int fd, char *out, size_t size)
{
	struct pollfd polls[] = {
		{.fd = fd, .events = POLLIN}, {.fd = b->signal_fd, .events = POLLIN}};
	const uint64_t until = build_now_ms() + GIT_PATIENCE_MS;
	size_t used = 0;

	for (;;) {
		uint64_t now = build_now_ms();
		ssize_t n;

		if (now >= until || poll(polls, array_size(polls), (int)(until - now)) <= 0 ||
			polls[1].revents != 0)
			return -1;
		n = read(fd, out + used, size - 1 - used);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	out[used] = '\0';
	return used > 0 ? 0 : -1;
}

static int ask_git(struct build *b, char *out, size_t size, struct error *e)
{
	static const char *const command[] = {"git", "-c", "safe.directory=*", "-c",
		"core.fsmonitor=false", "log", "-1", "--no-show-signature", "--format=%ct"};
	const struct plan_choice choice = {.command = command,
		.count = array_size(command),
		/* Not as it is: its FIFOs and sockets would lead to whoever uses them outside. */
		.workspace = PLAN_WORKSPACE_OVERLAY};
	_cleanup_(launch_deinit) struct launch l = LAUNCH_INIT;
	_cleanup_(fd_closep) int plan_fd = build_plan_for(b, &choice, e);
	_cleanup_(fd_closep) int from = -1, to = -1;
	_cleanup_(fd_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ends[2];
	struct launch_stdio stdio;
	struct msg m;

	if (plan_fd < 0 || null_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* Never waiting: it can take back what poll(2) has promised. */
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	from = ends[0];
	to = ends[1];
	stdio = (struct launch_stdio){.in_fd = null_fd, .out_fd = to, .err_fd = null_fd};
	if (launch_start(&l, &b->ids, plan_fd, &stdio, e) < 0 ||
		build_await(b, l.init.socket, INIT_MOUNTED, &m, e) < 0)
		return -1;
	fd_closep(&to);
	if (launch_mounted(&l, &b->ids, &m, e) < 0 ||
		msg_send(l.init.socket, INIT_GO, NULL, 0, NULL, 0, e) < 0)
		return -1;
	return read_answer(b, from, out, size);
}

/* The time of the commit; else of the newest file. */
static void choose_epoch(struct build *b)
{
	struct error ignored;
	char answer[64];
	uint64_t epoch;

	if (b->workspace.newest_mtime < 0)
		b->workspace.newest_mtime = 0;
	if (conf_is_set(&b->conf, CONF_BUILD_SOURCE_DATE_EPOCH)) {
		b->workspace.newest_mtime =
			(int64_t)conf_u64(&b->conf, CONF_BUILD_SOURCE_DATE_EPOCH);
		return;
	}
	if (!b->workspace.has_git)
		return;
	if (ask_git(b, answer, sizeof(answer), &ignored) == 0) {
		answer[strcspn(answer, "\n")] = '\0';
		if (text_to_u64(answer, &epoch) == 0 && epoch < INT64_MAX) {
			b->workspace.newest_mtime = (int64_t)epoch;
			return;
		}
	}
	if (b->cancelled_by == 0)
		build_note(b, "source: git told no commit time; SOURCE_DATE_EPOCH is the newest "
			      "file's");
}

int build_examine_source(struct build *b, struct error *e)
{
	if (examine(b, e) < 0)
		return -1;
	choose_epoch(b);
	if (b->cancelled_by != 0)
		return error_set(e, ECANCELED, "cancelled by signal %d", b->cancelled_by);
	return 0;
}
