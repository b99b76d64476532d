/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-collect, started by the runner before there is
 * anything to collect, so that its start costs nothing. It obeys the runner's
 * socket alone and is a different process for each tree: what a workspace might
 * do to the importer cannot reach the exporter, and each can be confined to the
 * very directories of its request, which a process cannot take back. An import
 * therefore runs in a child; an export is the last thing that happens, so it
 * runs in the process itself. Capabilities: see caps.h; namespaces: the user
 * namespace of the tree where there is one (COLLECT_JOIN), so that what a build
 * made unreadable can be read without being anybody on the host.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "outputs/caps.h"
#include "outputs/collect.h"
#include "outputs/copy.h"
#include "outputs/digest.h"
#include "outputs/export.h"
#include "outputs/import.h"
#include "outputs/scan.h"
#include "plan/plan.h"
#include "seccomp-collect.h"

/* What a request leads to; -1 with an error for the runner. */
enum verdict { GO_ON = 0, FINISHED = 1, REPORTED = 2 };

static int confine(const struct confine_path *paths, size_t count, struct error *e)
{
	const struct confine what = {
		.filter = seccomp_collect,
		.filter_length = SECCOMP_COLLECT_LENGTH,
		.paths = paths,
		.path_count = count,
	};

	return confine_self(&what, e);
}

static int handle_join(struct msg *m, struct error *e)
{
	_cleanup_(fd_closep) int fd = msg_take_fd(m, 0);

	if (setns(fd, CLONE_NEWUSER) < 0)
		return error_set(e, errno, "cannot join the build's user namespace");
	return caps_limit(true, e) < 0 ? -1 : GO_ON;
}

static int reply(int manifest_fd, const struct collect_done *done, struct error *e)
{
	if (manifest_fd < 0)
		return -1;
	return msg_send(MSG_CONTROL_FD, COLLECT_DONE, done, sizeof(*done), &manifest_fd, 1, e);
}

static int take_import(const struct msg *m, struct collect_import *ret, struct error *e)
{
	if (msg_payload(m, ret, sizeof(*ret)) < 0 || ret->skip_count > array_size(ret->skip) ||
		m->fd_count != (ret->hash_only ? 1 : 2))
		return error_set(e, EBADMSG, "malformed request to import");
	for (uint32_t i = 0; i < ret->skip_count; i++)
		if (memchr(ret->skip[i], '\0', sizeof(ret->skip[i])) == NULL)
			return error_set(e, EBADMSG, "malformed request to import");
	return 0;
}

static int import_here(struct msg *m, struct error *e)
{
	struct collect_done done;
	struct collect_import what;
	_cleanup_(fd_closep) int manifest_fd = -1;
	const struct confine_path paths[] = {
		{m->fds[0], CONFINE_READ},
		{m->fd_count > 1 ? m->fds[1] : -1, CONFINE_WRITE},
	};

	if (take_import(m, &what, e) < 0 || confine(paths, (size_t)m->fd_count, e) < 0)
		return -1;
	manifest_fd = import_run(&what, paths[0].fd, paths[1].fd, &done, e);
	return reply(manifest_fd, &done, e) < 0 ? -1 : FINISHED;
}

/* The child's end is not our end: PDEATHSIG is not inherited. */
static int follow_parent(pid_t parent, struct error *e)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return error_set(e, errno, "cannot follow the parent");
	return getppid() == parent ? 0 : error_set(e, ESRCH, "the parent is gone");
}

static int wait_for_import(pid_t pid, struct error *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(e, errno, "cannot wait for the import");
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0 ? GO_ON : REPORTED;
	return error_set(e, 0, "the import was killed by signal %d", WTERMSIG(status));
}

static int handle_import(struct msg *m, struct error *e)
{
	pid_t self = getpid(), pid = fork();

	if (pid < 0)
		return error_set(e, errno, "cannot start the import");
	if (pid > 0)
		return wait_for_import(pid, e);
	return follow_parent(self, e) < 0 ? -1 : import_here(m, e);
}

static int take_export(
	const struct msg *m, struct export_fds *ret, struct needles *needles, struct error *e)
{
	struct collect_export what;

	if (msg_payload(m, &what, sizeof(what)) < 0 || what.has_workspace > 1 ||
		what.has_needles > 1 ||
		m->fd_count != 4 + (int)what.has_workspace + (int)what.has_needles)
		return error_set(e, EBADMSG, "malformed request to export");
	*ret = (struct export_fds){
		.staging = m->fds[1],
		.out = m->fds[2],
		.workspace = what.has_workspace ? m->fds[3] : -1,
		.log = m->fds[3 + what.has_workspace],
		.needles = what.has_needles != 0 ? needles : NULL,
	};
	return what.has_needles != 0 ? scan_read(m->fds[m->fd_count - 1], needles, e) : 0;
}

static int handle_export(struct msg *m, struct error *e)
{
	struct collect_done done;
	struct export_fds fds;
	const struct plan *plan;
	_cleanup_(fd_closep) int manifest_fd = -1;
	_cleanup_(needles_deinit) struct needles needles = {0};

	if (take_export(m, &fds, &needles, e) < 0)
		return -1;
	const struct confine_path paths[] = {
		{fds.staging, CONFINE_WRITE},
		{fds.out, CONFINE_READ},
		{fds.workspace, CONFINE_READ},
	};
	plan = plan_map(m->fds[0], e);
	if (plan == NULL || caps_limit(false, e) < 0)
		return -1;
	if (plan->outputs.count > 0 && fds.workspace < 0)
		return error_set(e, EBADMSG, "the plan's outputs need the workspace");
	if (confine(paths, fds.workspace < 0 ? 2 : 3, e) < 0)
		return -1;
	manifest_fd = export_run(plan, &fds, &done, e);
	return reply(manifest_fd, &done, e) < 0 ? -1 : FINISHED;
}

static const struct request {
	uint32_t type;
	bool first; /* comes as the first message of --userns, and only there */
	int min_fds;
	int (*handle)(struct msg *m, struct error *e);
} requests[] = {
	{COLLECT_JOIN, true, 1, handle_join},
	{COLLECT_IMPORT, false, 1, handle_import},
	{COLLECT_EXPORT, false, 4, handle_export},
};

static int handle(struct msg *m, bool first, struct error *e)
{
	for (size_t i = 0; i < array_size(requests); i++)
		if (requests[i].type == m->type && requests[i].first == first &&
			m->fd_count >= requests[i].min_fds)
			return requests[i].handle(m, e);
	return error_set(e, EBADMSG, "unexpected message %u to cupel-collect", m->type);
}

static int serve(bool userns, struct error *e)
{
	int result = GO_ON;

	if (!userns && caps_limit(true, e) < 0)
		return -1;
	for (bool first = userns; result == GO_ON; first = false) {
		_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};

		if (msg_recv(MSG_CONTROL_FD, &m, e) < 0)
			return -1;
		if (m.type == MSG_EOF)
			return FINISHED;
		result = handle(&m, first, e);
	}
	return result;
}

/* `cupel-collect digest FD`: the SHA-256 of what can be read there, on standard output. */
static int print_digest(const char *number, struct error *e)
{
	static unsigned char buffer[COPY_BUFFER_SIZE];
	unsigned char raw[DIGEST_SHA256_SIZE];
	char hex[2 * sizeof(raw) + 1];
	struct digest d;
	uint64_t fd;
	ssize_t n;

	if (text_to_u64(number, &fd) < 0 || fd > INT_MAX)
		return error_set_kind(e, ERROR_USAGE, 0, "'%s' is no file descriptor", number);
	if (confine(NULL, 0, e) < 0)
		return -1;
	digest_begin(&d, false);
	while ((n = fd_read_full((int)fd, buffer, sizeof(buffer))) > 0)
		digest_update(&d, buffer, (size_t)n);
	if (n < 0)
		return error_set(e, errno, "cannot read file descriptor %s", number);
	digest_final(&d, raw, NULL);
	encode_hex(raw, sizeof(raw), hex);
	hex[sizeof(hex) - 1] = '\n';
	if (fd_write_all(STDOUT_FILENO, hex, sizeof(hex)) < 0)
		return error_set(e, errno, "cannot write the digest");
	return FINISHED;
}

int main(int argc, char *argv[])
{
	struct error e = {0};
	bool userns = argc == 2 && strcmp(argv[1], "--userns") == 0;
	int result;

	umask(0);
	if (argc == 3 && strcmp(argv[1], "digest") == 0) {
		if (print_digest(argv[2], &e) == FINISHED)
			return 0;
		error_print("cupel-collect", &e);
		return 1;
	}
	if (argc != 1 && !userns) {
		fputs("usage: cupel-collect [--userns]\n       cupel-collect digest FD\n", stderr);
		return 2;
	}
	result = serve(userns, &e);
	if (result < 0)
		msg_send_error(MSG_CONTROL_FD, &e);
	return result == FINISHED ? 0 : 1;
}
