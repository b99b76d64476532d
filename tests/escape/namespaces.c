/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by entering other namespaces: new ones, pid 1's, the host's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
static const unsigned long flags[] = {CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNS,
	CLONE_NEWUSER | CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWPID,
	CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP};

static bool made(long pid)
{
	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid > 0;
}

static enum outcome by_clone(const struct attack *a)
{
	(void)a;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		/* What the kernel drops of the flags may not hide what it keeps. */
		unsigned long high = flags[i] | 0xffffffff00000000UL;

		if (made(syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0)) ||
			made(syscall(SYS_clone, high | SIGCHLD, 0, 0, 0, 0)))
			return escaped("clone with %lx", flags[i]);
		if (!is_refusal(errno))
			return escaped("clone with %lx: %s", flags[i], strerror(errno));
	}
	return blocked("%s", strerror(errno));
}

static enum outcome by_clone3(const struct attack *a)
{
	(void)a;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct clone_args args = {.flags = flags[i], .exit_signal = SIGCHLD};

		if (made(syscall(SYS_clone3, &args, sizeof(args))) || !is_refusal(errno))
			return escaped("clone3 with %lx", flags[i]);
	}
	return blocked("%s", strerror(errno));
}

static enum outcome by_proc(const struct attack *a)
{
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/1/ns/%s", names[i]);
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return escaped("%s can be opened", path);
	}
	return blocked("%s", strerror(errno));
}

static enum outcome by_pidfd(const struct attack *a)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);

	(void)a;
	if (fd < 0)
		return blocked("pidfd_open: %s", strerror(errno));
	return judge("setns to pid 1", setns(fd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID), 0);
}

static enum outcome into_own(const struct attack *a)
{
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && (setns(fd, 0) == 0 || !is_refusal(errno)))
			return escaped("setns to %s: %s", path, strerror(errno));
	}
	return blocked("%s", strerror(errno));
}

/* From one's own namespace to whoever owns it, and to the one above. */
static enum outcome owners(const struct attack *a)
{
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && (ioctl(fd, NS_GET_USERNS) >= 0 || ioctl(fd, NS_GET_PARENT) >= 0))
			return escaped("%s leads to another namespace", path);
	}
	return blocked("%s", strerror(errno));
}

const struct attack attacks_namespaces[] = {
	{"unshare-user", "namespaces", attack_call, SYS_unshare, {CLONE_NEWUSER}},
	{"unshare-mnt", "namespaces", attack_call, SYS_unshare, {CLONE_NEWNS}},
	{"unshare-pid", "namespaces", attack_call, SYS_unshare, {CLONE_NEWPID}},
	{"unshare-net", "namespaces", attack_call, SYS_unshare, {CLONE_NEWNET}},
	{"unshare-ipc", "namespaces", attack_call, SYS_unshare, {CLONE_NEWIPC}},
	{"unshare-uts", "namespaces", attack_call, SYS_unshare, {CLONE_NEWUTS}},
	{"unshare-cgroup", "namespaces", attack_call, SYS_unshare, {CLONE_NEWCGROUP}},
	{"unshare-time", "namespaces", attack_call, SYS_unshare, {CLONE_NEWTIME}},
	{"unshare-all", "namespaces", attack_call, SYS_unshare,
		{CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET}},
	{"clone-namespaces", "namespaces", by_clone},
	{"clone3-namespaces", "namespaces", by_clone3},
	{"setns-proc", "namespaces", by_proc},
	{"setns-pidfd", "namespaces", by_pidfd},
	{"setns-own", "namespaces", into_own},
	{"namespace-owners", "namespaces", owners},
	{.name = NULL},
};
