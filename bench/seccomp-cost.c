/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a measurement, run by hand or as a benchmark, without
 * privileges. Children without a filter, with the one of a build, and with its
 * three parts one by one take turns, so that a noisy machine disturbs all alike;
 * each loads its filters, then makes bursts of calls. Printed is the lower decile
 * over all rounds, calls in nanoseconds.
 */
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "seccomp-build.h"
#include "seccomp-guard.h"
#include "seccomp-sandbox.h"
#include "seccomp-zerocopy.h"

enum { ROUNDS = 60, BURSTS = 8, CALLS = 2000 };

static void call_getppid(void)
{
	syscall(SYS_getppid);
}

static void call_stat(void)
{
	struct stat st;

	(void)stat("/", &st);
}

/* Fails in the kernel at once, so that the filter is most of the cost. */
static void call_ioctl(void)
{
	syscall(SYS_ioctl, -1, 0, 0);
}

static void call_socket(void)
{
	syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0x7fff);
}

static void call_personality(void)
{
	syscall(SYS_personality, 0xffffffff);
}

static const struct {
	const char *name;
	void (*call)(void);
} calls[] = {
	{"getppid", call_getppid},
	{"stat", call_stat},
	{"ioctl", call_ioctl},
	{"personality", call_personality},
	{"socket (refused)", call_socket},
};

struct sample {
	double load_us;
	double call_ns[array_size(calls)];
};

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

#define FILTER(name, NAME)                                                                         \
	{                                                                                          \
		SECCOMP_##NAME##_LENGTH, (struct sock_filter *)(uintptr_t)seccomp_##name           \
	}

/* What a child loads: nothing, the one filter that a build gets, or its three parts. */
enum { PLAIN, ONE, THREE, KINDS };
static const struct {
	const char *name;
	struct sock_fprog filters[3];
} kinds[KINDS] = {
	[PLAIN] = {"none", {{0}}},
	[ONE] = {"one", {FILTER(sandbox, SANDBOX)}},
	[THREE] = {"three",
		{FILTER(guard, GUARD), FILTER(zerocopy, ZEROCOPY), FILTER(build, BUILD)}},
};

static void load_filters(int kind)
{
	for (size_t i = 0; i < 3 && kinds[kind].filters[i].len > 0; i++)
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &kinds[kind].filters[i]) < 0)
			_exit(1);
}

static double time_call(void (*call)(void))
{
	double best = 1e18;

	for (int burst = 0; burst < BURSTS; burst++) {
		double start = now_ns(), took;

		for (int i = 0; i < CALLS; i++)
			call();
		took = (now_ns() - start) / CALLS;
		if (took < best)
			best = took;
	}
	return best;
}

static void measure(int kind, int out)
{
	struct sample s = {0};
	double start;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		_exit(1);
	start = now_ns();
	load_filters(kind);
	s.load_us = (now_ns() - start) / 1e3;
	for (size_t i = 0; i < array_size(calls); i++)
		s.call_ns[i] = time_call(calls[i].call);
	_exit(write(out, &s, sizeof(s)) != sizeof(s));
}

/* One child; false when it failed. */
static bool take_sample(int kind, struct sample *ret)
{
	int ends[2], status = -1;
	bool whole;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0)
		measure(kind, ends[1]);
	close(ends[1]);
	whole = read(ends[0], ret, sizeof(*ret)) == sizeof(*ret);
	close(ends[0]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && whole;
}

static int compare(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static double lower_decile(const struct sample samples[ROUNDS], size_t offset)
{
	double values[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		memcpy(&values[i], (const char *)&samples[i] + offset, sizeof(values[i]));
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 10];
}

static void print_row(const char *name, struct sample samples[KINDS][ROUNDS], size_t offset)
{
	printf("%-18s", name);
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %8.1f", lower_decile(samples[kind], offset));
	printf("\n");
}

int main(void)
{
	static struct sample samples[KINDS][ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		for (int kind = 0; kind < KINDS; kind++)
			if (!take_sample(kind, &samples[kind][i])) {
				fputs("seccomp-cost: the filters cannot be loaded\n", stderr);
				return 1;
			}
	printf("%-18s", "filters");
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %8s", kinds[kind].name);
	printf("\n");
	print_row("load (us)", samples, offsetof(struct sample, load_us));
	for (size_t i = 0; i < array_size(calls); i++)
		print_row(calls[i].name, samples,
			offsetof(struct sample, call_ns) + i * sizeof(double));
	return 0;
}
