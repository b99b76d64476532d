/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner's side of cupel-lock, which reads the project's lock
 * files so that the runner never does. A project names files of its workspace, which is
 * hostile: they are opened beneath it and must be plain files. What is handed on is a
 * digest of each, for the plan, and one list, for the gateway.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "locks/lock.h"
#include "runner/build.h"

/* How a file is called says what it is. */
static const struct {
	const char *name;
	bool ending; /* of the name, else the whole */
	enum lock_kind kind;
} names[] = {
	{"package-lock.json", false, LOCK_KIND_NPM},
	{"npm-shrinkwrap.json", false, LOCK_KIND_NPM},
	{"Cargo.lock", false, LOCK_KIND_CARGO},
	{"go.sum", false, LOCK_KIND_GO},
	{".txt", true, LOCK_KIND_REQUIREMENTS},
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int find_kind(const char *path, uint32_t *ret, struct error *e)
{
	const char *base = base_name(path);

	for (size_t i = 0; i < array_size(names); i++) {
		size_t n = strlen(base), size = strlen(names[i].name);

		if ((names[i].ending ? n > size : n == size) &&
			strcmp(base + n - size, names[i].name) == 0) {
			*ret = names[i].kind;
			return 0;
		}
	}
	error_set_kind(e, ERROR_USAGE, 0, "'%s' is not called as any lock file is", path);
	return error_hint(e, "it is package-lock.json, npm-shrinkwrap.json, Cargo.lock, go.sum, or "
			     "requirements with hashes as NAME.txt");
}

/* What the command line names is the caller's; the rest is in the workspace. */
static int open_file(const struct build *b, const char *path, struct error *e)
{
	bool callers = conf_level(&b->conf, CONF_NETWORK_LOCKS) == CONF_LEVEL_COMMAND_LINE;
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	_cleanup_(fd_closep) int fd =
		callers ? open(path, flags) : fd_open_beneath(b->workspace.fd, path, flags, 0);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set_kind(e, ERROR_USAGE, errno, "cannot open lock file '%s'", path);
		return error_hint(e, "it is looked for in the workspace, without following links");
	}
	if (!S_ISREG(st.st_mode) || st.st_size > LOCK_FILE_BYTES_MAX)
		return error_set_kind(e, ERROR_USAGE, 0,
			"lock file '%s' is not a plain file of at most %d MiB", path,
			LOCK_FILE_BYTES_MAX >> 20);
	return take_fd(&fd);
}

/* A line of the plan, which names nothing outside of the sandbox. */
static int add_line(
	struct build *b, const struct lock_file_read *done, const char *path, struct error *e)
{
	bool callers = conf_level(&b->conf, CONF_NETWORK_LOCKS) == CONF_LEVEL_COMMAND_LINE;
	struct buf line = BUF_INIT;

	buf_printf(&line, "sha256:%.64s %s", done->sha256, callers ? base_name(path) : path);
	if (!buf_ok(&line)) {
		buf_deinit(&line);
		return error_set(e, ENOMEM, "cannot make the plan");
	}
	b->locks.lines[b->locks.count++] = line.data;
	return 0;
}

static void note_file(const struct build *b, struct lock_file_read *done, const char *path)
{
	done->first_left_out[sizeof(done->first_left_out) - 1] = '\0';
	build_note(b, "lock: %s: %llu digests", path, (unsigned long long)done->count);
	if (done->left_out > 0)
		build_note(b,
			"lock: %s: %u packages are not locked and will be refused, the first "
			"is %s",
			path, done->left_out, done->first_left_out);
}

static int read_file(struct build *b, const char *path, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;
	struct lock_file_read done;
	struct msg m;
	uint32_t kind;
	int result;

	if (find_kind(path, &kind, e) < 0)
		return -1;
	fd = open_file(b, path, e);
	if (fd < 0 || msg_send(b->lock.socket, LOCKS_FILE, &kind, sizeof(kind), &fd, 1, e) < 0)
		return -1;
	if (build_await(b, b->lock.socket, LOCKS_FILE_READ, &m, e) < 0)
		return error_wrap(e, "lock file '%s'", path);
	result = msg_payload(&m, &done, sizeof(done));
	msg_deinit(&m);
	if (result < 0)
		return error_set(e, EBADMSG, "malformed answer of cupel-lock");
	note_file(b, &done, path);
	return add_line(b, &done, path, e);
}

static int take_list(struct build *b, struct error *e)
{
	struct msg m;

	if (msg_send(b->lock.socket, LOCKS_LIST, NULL, 0, NULL, 0, e) < 0 ||
		build_await(b, b->lock.socket, LOCKS_LISTED, &m, e) < 0)
		return -1;
	b->locks_fd = msg_take_fd(&m, 0);
	msg_deinit(&m);
	return b->locks_fd >= 0 ? 0 : error_set(e, EBADMSG, "malformed answer of cupel-lock");
}

/* It stays, for the zip files that the gateway holds back. */
static int connect_gateway(struct build *b, struct error *e)
{
	_cleanup_(fd_closep) int theirs = -1;
	int pair[2];

	if (process_socketpair(pair, e) < 0)
		return -1;
	b->lock_server_fd = pair[0];
	theirs = pair[1];
	return msg_send(b->lock.socket, LOCKS_SERVE, NULL, 0, &theirs, 1, e);
}

static int check_use(const struct build *b, size_t count, struct error *e)
{
	bool callers = conf_level(&b->conf, CONF_NETWORK_LOCKS) == CONF_LEVEL_COMMAND_LINE;

	if (!b->registries.locked && callers && count > 0) {
		error_set_kind(
			e, ERROR_USAGE, 0, "--lock is of no use: no registry is in lock mode");
		return error_hint(e, "set digest = lock in the registry's file, or in [network]");
	}
	if (!b->registries.locked || count > 0)
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "a registry is in lock mode, and there is no lock file");
	return error_hint(e, "name one: '--lock package-lock.json', or 'locks = package-lock.json' "
			     "in section [network]");
}

int build_read_locks(struct build *b, struct error *e)
{
	static const char *const argv[] = {"cupel-lock", NULL};
	size_t count;
	const char *const *files = conf_list(&b->conf, CONF_NETWORK_LOCKS, &count);

	if (check_use(b, count, e) < 0)
		return -1;
	if (!b->registries.locked)
		return 0;
	b->locks.lines = calloc(count, sizeof(*b->locks.lines));
	if (b->locks.lines == NULL)
		return error_set(e, ENOMEM, "cannot read lock files");
	if (process_start("cupel-lock", argv, &b->lock, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (read_file(b, files[i], e) < 0)
			return -1;
	return take_list(b, e) < 0 ? -1 : connect_gateway(b, e);
}
