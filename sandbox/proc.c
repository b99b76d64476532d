/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: /proc of the build's own pid namespace. The whole mount
 * becomes read-only before the build starts (sandbox_lock), so nothing that can
 * be written in it is left. What leaks the host's state is covered, either with
 * /dev/null or with a constant, so that two hosts look the same. Masks are
 * clones of a node that we made, attached by descriptor to a procfs that only
 * we can see: no path of the build is walked.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

/* Readable by everybody on common kernels, and about the host only. */
static const char *const masked[] = {"proc/keys", "proc/key-users", "proc/kallsyms", "proc/modules",
	"proc/interrupts", "proc/softirqs", "proc/diskstats", "proc/partitions", "proc/vmstat",
	"proc/zoneinfo", "proc/buddyinfo", "proc/schedstat", "proc/swaps", "proc/config.gz",
	"proc/kcore", "proc/kmsg", "proc/sysrq-trigger"};

static const struct {
	const char *path;
	const char *content;
} constants[] = {
	{"proc/uptime", "1.00 1.00\n"},
	{"proc/loadavg", "0.00 0.00 0.00 1/1 1\n"},
	{"proc/version", "Linux version 6.1.0 (cupel) #1 SMP\n"},
	{"proc/cmdline", "cupel\n"},
	{"proc/meminfo", "MemTotal:        8388608 kB\nMemFree:         8388608 kB\n"
			 "MemAvailable:    8388608 kB\nBuffers:               0 kB\n"
			 "Cached:                0 kB\nSwapTotal:             0 kB\n"
			 "SwapFree:              0 kB\n"},
	{"proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-000000000001\n"},
};

/* Covers path with the file `from` of the new root. A kernel without path has nothing to hide. */
static int cover(const struct sandbox *s, const char *from, const char *path, struct error *e)
{
	int fd = mounts_clone(s->root_fd, from, 0, e);

	if (fd < 0)
		return -1;
	if (mounts_attach(fd, s->root_fd, path, e) < 0 && e->errnum != ENOENT)
		return -1;
	return 0;
}

/* One file serves all constants: written, cloned by its mount, unlinked. */
static int cover_with(
	const struct sandbox *s, const char *path, const char *content, size_t n, struct error *e)
{
	static const char name[] = "run/constant";

	if (mounts_put_file(s->root_fd, name, 0444, content, n, e) < 0 ||
		cover(s, name, path, e) < 0)
		return -1;
	if (unlinkat(s->root_fd, name, 0) < 0)
		return error_set(e, errno, "cannot remove '/%s'", name);
	return 0;
}

static int cover_processors(const struct sandbox *s, struct error *e)
{
	static char info[8192], stat[4096];
	size_t info_used = 0, stat_used;
	cpu_set_t set;
	int count;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return error_set(e, errno, "cannot count the processors");
	count = CPU_COUNT(&set) > 64 ? 64 : CPU_COUNT(&set);
	stat_used = (size_t)snprintf(stat, sizeof(stat), "cpu  0 0 0 0 0 0 0 0 0 0\n");
	for (int i = 0; i < count; i++) {
		info_used += (size_t)snprintf(info + info_used, sizeof(info) - info_used,
			"processor\t: %d\nvendor_id\t: cupel\nmodel name\t: x86-64\n"
			"cpu cores\t: %d\n\n",
			i, count);
		stat_used += (size_t)snprintf(stat + stat_used, sizeof(stat) - stat_used,
			"cpu%d 0 0 0 0 0 0 0 0 0 0\n", i);
	}
	if (cover_with(s, "proc/cpuinfo", info, info_used, e) < 0)
		return -1;
	return cover_with(s, "proc/stat", stat, stat_used, e);
}

int sandbox_proc(struct sandbox *s, struct error *e)
{
	static const struct mount_option options[] = {{"hidepid", "invisible"}};

	s->proc_fd = mounts_new("proc", options, array_size(options),
		MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	if (s->proc_fd < 0 || mounts_attach(s->proc_fd, s->root_fd, "proc", e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(masked); i++)
		if (cover(s, "dev/null", masked[i], e) < 0)
			return -1;
	for (size_t i = 0; i < array_size(constants); i++)
		if (cover_with(s, constants[i].path, constants[i].content,
			    strlen(constants[i].content), e) < 0)
			return -1;
	return cover_processors(s, e);
}
