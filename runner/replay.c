/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: finds what a build replays, in the runner. The attestation and the
 * record beside it are copied first, so that what is judged is what is used; cupel-verify
 * judges them, confined, and cupel-gateway reads the record. Nothing of either is read here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/process.h"
#include "runner/build.h"
#include "runner/commands.h"

enum { ATTESTATION_MAX = 64 << 20, RECORD_MAX = 256 << 20, BLOCK = 65536, WORDS = 24 };
/* Where cupel-verify finds the two. */
enum { RECORD_FD = 3, ATTESTATION_FD = 4 };

static int copy(int from, int to, uint64_t max)
{
	char block[BLOCK];
	uint64_t size = 0;
	ssize_t n;

	while ((n = fd_read_full(from, block, sizeof(block))) > 0) {
		size += (uint64_t)n;
		if (size > max) {
			errno = EFBIG;
			return -1;
		}
		if (fd_write_all(to, block, (size_t)n) < 0)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

/* A sealed memfd with what the file holds now. */
static int take_copy(const char *path, uint64_t max, struct error *e)
{
	_cleanup_(fd_closep) int from = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_(fd_closep) int to = memfd_create("replay", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (from < 0)
		return error_set_kind(e, ERROR_USAGE, errno, "cannot open '%s'", path);
	if (to < 0 || copy(from, to, max) < 0 ||
		fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
			0 ||
		lseek(to, 0, SEEK_SET) < 0)
		return error_set(e, errno, "cannot copy '%s'", path);
	return take_fd(&to);
}

/* NAME.network.jsonl beside NAME.intoto.jsonl. */
static int name_record(const char *attestation, char *out, size_t size, struct error *e)
{
	static const char *const endings[] = {".intoto.jsonl", ".sigstore.json"};
	size_t n = strlen(attestation);

	for (size_t i = 0; i < array_size(endings); i++) {
		size_t m = strlen(endings[i]);

		if (n > m && n + 32 < size && strcmp(attestation + n - m, endings[i]) == 0) {
			snprintf(out, size, "%.*s.network.jsonl", (int)(n - m), attestation);
			return 0;
		}
	}
	error_set_kind(e, ERROR_USAGE, 0, "'%s' is not called as an attestation is", attestation);
	return error_hint(e, "give NAME.intoto.jsonl, with NAME.network.jsonl beside it");
}

static void become_verifier(int program_fd, int attestation_fd, int record_fd, char *const argv[])
{
	static char *const empty[] = {NULL};
	/* Above all numbers that are given away. */
	const int attestation = fcntl(attestation_fd, F_DUPFD_CLOEXEC, ATTESTATION_FD + 1);
	const int record = fcntl(record_fd, F_DUPFD_CLOEXEC, ATTESTATION_FD + 1);
	const int program = fcntl(program_fd, F_DUPFD_CLOEXEC, ATTESTATION_FD + 1);
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1 &&
		dup2(record, RECORD_FD) == RECORD_FD &&
		dup2(attestation, ATTESTATION_FD) == ATTESTATION_FD)
		execveat(program, "", argv, empty, AT_EMPTY_PATH);
	_exit(127);
}

static int judge(const struct run_options *o, int attestation_fd, int record_fd, struct error *e)
{
	_cleanup_(fd_closep) int program_fd = process_open_program("cupel-verify", e);
	const char *argv[WORDS] = {
		"cupel-verify", "--as-byproduct", "network", "--attestation", "/proc/self/fd/4"};
	int n = 5, status;
	pid_t pid;

	if (program_fd < 0)
		return -1;
	if (o->replay_key != NULL) {
		argv[n++] = "--key";
		argv[n++] = o->replay_key;
	} else {
		n += command_add_trust((char **)(uintptr_t)(argv + n));
	}
	argv[n++] = "--";
	argv[n++] = "/proc/self/fd/3";
	pid = fork();
	if (pid == 0)
		become_verifier(
			program_fd, attestation_fd, record_fd, (char *const *)(uintptr_t)argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return error_set(e, errno, "cannot run cupel-verify");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set_kind(
		e, ERROR_POLICY, 0, "'%s' does not vouch for what is to be replayed", o->replay);
}

static int open_both(struct build *b, struct error *e)
{
	_cleanup_(fd_closep) int attestation = -1, record = -1;
	char path[4096];

	if (name_record(b->options->replay, path, sizeof(path), e) < 0)
		return -1;
	attestation = take_copy(b->options->replay, ATTESTATION_MAX, e);
	record = attestation < 0 ? -1 : take_copy(path, RECORD_MAX, e);
	if (record < 0)
		return -1;
	if (judge(b->options, attestation, record, e) < 0)
		return error_hint(e, "'cupel verify --as-byproduct network -a %s%s%s %s' says why",
			b->options->replay, b->options->replay_key != NULL ? " -k " : "",
			b->options->replay_key != NULL ? b->options->replay_key : "", path);
	if (lseek(attestation, 0, SEEK_SET) < 0 ||
		build_digest(attestation, b->replay_sha256, e) < 0)
		return -1;
	b->replay_fd = take_fd(&record);
	return 0;
}

int build_open_replay(struct build *b, struct error *e)
{
	if (b->options->replay == NULL && b->options->replay_key != NULL)
		return error_set_kind(
			e, ERROR_USAGE, 0, "--replay-key is of no use without a replay");
	if (b->options->replay == NULL)
		return 0;
	return open_both(b, e) < 0 ? error_wrap(e, "replay") : 0;
}
