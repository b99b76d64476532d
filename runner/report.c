/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the runner says, and to whom: people on standard
 * error, machines in a result file and on a status descriptor, schedulers by
 * exit code. The build's own output is never mixed with it; where its last
 * lines are shown again they are made harmless.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "runner/build.h"
#include "runner/footer.h"

enum { TAIL_LINES = 10 };

uint64_t build_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool build_failed_itself(const struct build *b)
{
	return b->ended && b->exited.status != 0 && b->cancelled_by == 0 && !b->timed_out &&
	       !b->stopped;
}

static int exit_code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int build_exit_code(const struct build *b, const struct error *e, int failed)
{
	if (!failed)
		return 0;
	if (b->cancelled_by != 0)
		return 128 + b->cancelled_by;
	if (b->timed_out)
		return error_exit_code(ERROR_TIMEOUT);
	if (build_failed_itself(b) && e->kind == ERROR_HOST)
		return exit_code_of(b->exited.status);
	return error_exit_code(e->kind);
}

/* The one word that says how it went, and whose doing it was. */
static const char *outcome_of(const struct build *b, const struct error *e, int failed)
{
	static const char *const by_kind[] = {
		[ERROR_HOST] = "host-failure",
		[ERROR_USAGE] = "usage",
		[ERROR_OUTPUT] = "outputs-failed",
		[ERROR_POLICY] = "policy-violated",
		[ERROR_LIMIT] = "limit-reached",
		[ERROR_TIMEOUT] = "timed-out",
		[ERROR_EXEC] = "cannot-execute",
		[ERROR_NOT_FOUND] = "not-found",
	};

	if (!failed)
		return "succeeded";
	if (b->cancelled_by != 0)
		return "cancelled";
	if (b->timed_out)
		return "timed-out";
	if (build_failed_itself(b) && e->kind == ERROR_HOST)
		return "build-failed";
	return by_kind[e->kind];
}

static void put_network(const struct build *b, struct json *j)
{
	if (b->plan == NULL || b->plan->network == PLAN_NETWORK_NONE)
		return;
	json_object_begin(j, "network");
	json_u64(j, "allowed", b->network.allowed);
	json_u64(j, "bytes", b->network.bytes);
	json_u64(j, "denied", b->network.denied);
	json_u64(j, "failed", b->network.failed);
	json_u64(j, "uninspected", b->network.uninspected);
	json_object_end(j);
}

static void put_result(const struct build *b, const struct error *e, int failed, struct buf *out)
{
	bool by_build = !failed || (build_failed_itself(b) && e->kind == ERROR_HOST);
	char message[1024];
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_string(&j, "by", by_build ? "build" : "runner");
	json_string(&j, "outcome", outcome_of(b, e, failed));
	json_i64(&j, "exitCode", build_exit_code(b, e, failed));
	if (b->ended && WIFSIGNALED(b->exited.status))
		json_i64(&j, "buildSignal", WTERMSIG(b->exited.status));
	if (failed && !by_build) {
		error_format(e, message, sizeof(message));
		json_string(&j, "error", message);
		if (e->hint[0] != '\0')
			json_string(&j, "hint", e->hint);
	}
	if (b->started_ms != 0)
		json_u64(&j, "durationMs",
			(b->finished_ms != 0 ? b->finished_ms : build_now_ms()) - b->started_ms);
	if (b->ended) {
		json_u64(&j, "userUs", b->exited.user_us);
		json_u64(&j, "systemUs", b->exited.system_us);
		json_u64(&j, "maxRssKib", b->exited.max_rss_kib);
	}
	put_network(b, &j);
	if (b->published) {
		json_string(&j, "outputs", b->destination.shown);
		json_u64(&j, "files", b->outputs.files);
		json_u64(&j, "bytes", b->outputs.bytes);
		json_bool(&j, "attested", b->attestation_fd >= 0);
		if (b->keyid[0] != '\0')
			json_string(&j, "keyid", b->keyid);
	}
	json_object_end(&j);
	buf_puts(out, "\n");
}

/* Whole or not at all: a scheduler may read it at any moment. 0 or -1. */
static int write_result(const char *path, const struct buf *result)
{
	_cleanup_(fd_closep) int fd = -1;
	char temporary[4200];

	snprintf(temporary, sizeof(temporary), "%.4100s.%d.tmp", path, getpid());
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0 && fd_write_all(fd, result->data, result->size) == 0 &&
		rename(temporary, path) == 0)
		return 0;
	fprintf(stderr, "cupel: error: cannot write '%s': %s\n", path, strerror(errno));
	if (fd >= 0)
		unlink(temporary);
	return -1;
}

void build_format_bytes(uint64_t bytes, char *out, size_t size)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit < 4) {
		value /= 1024;
		unit++;
	}
	snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void print_network(const struct build *b)
{
	char size[32];

	if (b->plan->network == PLAN_NETWORK_NONE)
		return;
	build_format_bytes(b->network.bytes, size, sizeof(size));
	fprintf(stderr, "  network   %llu requests, %s; %llu refused, %llu failed",
		(unsigned long long)b->network.allowed, size, (unsigned long long)b->network.denied,
		(unsigned long long)b->network.failed);
	if (b->network.uninspected > 0)
		fprintf(stderr, ", %llu not inspected", (unsigned long long)b->network.uninspected);
	fprintf(stderr, "\n");
}

static void print_success(const struct build *b)
{
	char size[32], memory[32];

	build_format_bytes(b->outputs.bytes, size, sizeof(size));
	build_format_bytes(b->exited.max_rss_kib << 10, memory, sizeof(memory));
	fprintf(stderr, "cupel: built in %.2f s   cpu %.2f s   largest process %s\n",
		(double)(b->finished_ms - b->started_ms) / 1000,
		(double)(b->exited.user_us + b->exited.system_us) / 1e6, memory);
	print_network(b);
	if (!b->published) {
		fprintf(stderr,
			"  outputs   none: nothing is in $OUT, and [outputs] names no files; "
			"nothing is attested\n");
		return;
	}
	fprintf(stderr, "  outputs   %s: %llu files, %s\n", b->destination.shown,
		(unsigned long long)b->outputs.files, size);
	if (b->attestation_fd >= 0)
		fprintf(stderr,
			"  attested  %s/%s.intoto.jsonl  key %s\n  verify    cupel verify %s\n",
			b->destination.shown, plan_string(b->plan, b->plan->name), b->keyid,
			b->destination.shown);
	else
		fprintf(stderr, "  attested  no: --no-attest; these outputs are unsigned\n");
}

static void print_tail(const struct build *b)
{
	char tail[RELAY_TAIL], line[4 * 1024], *at = tail;

	relay_tail(&b->relay, TAIL_LINES, tail, sizeof(tail));
	while (*at != '\0') {
		size_t n = strcspn(at, "\n");

		text_escape(at, n > 0 && at[n - 1] == '\r' ? n - 1 : n, line, sizeof(line));
		fprintf(stderr, "  | %s\n", line);
		at += n + (at[n] == '\n');
	}
}

static void print_build_failure(const struct build *b)
{
	int status = b->exited.status;

	print_tail(b);
	if (WIFSIGNALED(status))
		fprintf(stderr, "cupel: the build was killed by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "cupel: the build failed: its command ended with exit code %d\n",
			WEXITSTATUS(status));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		fprintf(stderr, "  hint: it made a system call of a foreign ABI (32-bit or x32), "
				"which is refused\n");
	else
		fprintf(stderr,
			"  next: nothing was published; run a shell in the same sandbox with "
			"'cupel run -i -- sh'\n");
}

static void print_failure(const struct build *b, const struct error *e)
{
	if (b->cancelled_by != 0) {
		fprintf(stderr, "cupel: cancelled by signal %d (%s); nothing was published\n",
			b->cancelled_by, strsignal(b->cancelled_by));
		return;
	}
	if (build_failed_itself(b) && e->kind == ERROR_HOST) {
		print_build_failure(b);
		return;
	}
	if (b->execed)
		print_tail(b);
	error_print("cupel", e);
	if (b->timed_out)
		fprintf(stderr,
			"  hint: raise it with --timeout, or 'timeout' in section [build]\n");
}

/* Whoever does not read what we say shall not keep us from ending. */
static bool is_read(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 1000) == 1 && (p.revents & POLLOUT) != 0;
}

int build_report(const struct build *b, const struct error *e, int failed)
{
	_cleanup_(buf_deinit) struct buf result = BUF_INIT;
	int written = 0;

	put_result(b, e, failed, &result);
	if (!buf_ok(&result))
		return -1;
	if (b->options->result_path != NULL)
		written = write_result(b->options->result_path, &result);
	if (b->options->status_fd >= 0)
		(void)fd_write_all(b->options->status_fd, result.data, result.size);
	footer_erase();
	if (b->cancelled_by != 0 && !is_read(2))
		return written;
	if (b->options->json)
		(void)fd_write_all(2, result.data, result.size);
	else if (failed)
		print_failure(b, e);
	else if (!b->options->quiet)
		print_success(b);
	return written;
}

void build_event(const struct build *b, const char *event)
{
	_cleanup_(buf_deinit) struct buf line = BUF_INIT;
	struct json j;

	if (b->options->status_fd < 0)
		return;
	json_init(&j, &line);
	json_object_begin(&j, NULL);
	json_string(&j, "event", event);
	json_u64(&j, "timeMs", build_now_ms());
	json_object_end(&j);
	buf_puts(&line, "\n");
	if (buf_ok(&line))
		(void)fd_write_all(b->options->status_fd, line.data, line.size);
}

void build_note(const struct build *b, const char *format, ...)
{
	char text[512];
	va_list ap;

	if (!b->options->verbose)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	footer_erase();
	fprintf(stderr, "cupel: %s\n", text);
}
