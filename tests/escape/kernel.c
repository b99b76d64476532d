/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on parts of the kernel that no build needs: most are one call each. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/reboot.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

enum { X32_BIT = 0x40000000, FIRST_UNKNOWN = 470, LAST_UNKNOWN = 700 };

static char zeros[256];

/* What a child that does this ends with: 0, or a signal. */
static int end_of(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		act();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void call_i386(void)
{
	long result = 20; /* getpid */

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
}

static void call_i386_socketcall(void)
{
	long result = 102;

	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"(1L), "c"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
}

static void call_x32(void)
{
	syscall(X32_BIT | SYS_getpid);
}

static enum outcome judge_end(const char *what, int signal_number)
{
	if (signal_number == SIGSEGV)
		return not_applicable("this machine has no %s", what);
	return signal_number == SIGSYS ? blocked("killed by SIGSYS") : escaped("%s: served", what);
}

static enum outcome i386(const struct attack *a)
{
	enum outcome first = judge_end("32-bit calls", end_of(call_i386));

	(void)a;
	return first == BLOCKED ? judge_end("32-bit sockets", end_of(call_i386_socketcall)) : first;
}

static enum outcome x32(const struct attack *a)
{
	(void)a;
	return judge_end("x32 calls", end_of(call_x32));
}

static enum outcome unknown_calls(const struct attack *a)
{
	(void)a;
	for (long call = FIRST_UNKNOWN; call < LAST_UNKNOWN; call++)
		if (syscall(call, 0, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS)
			return escaped("call %ld: %s", call, strerror(errno));
	return blocked("%s", strerror(errno));
}

static enum outcome personalities(const struct attack *a)
{
	static const unsigned long values[] = {READ_IMPLIES_EXEC, MMAP_PAGE_ZERO,
		ADDR_COMPAT_LAYOUT, PER_BSD, PER_SVR4, STICKY_TIMEOUTS,
		ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC, READ_IMPLIES_EXEC | 0x100000000UL,
		0xffffffff00000000UL | MMAP_PAGE_ZERO};

	(void)a;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (syscall(SYS_personality, values[i]) != -1 || !is_refusal(errno))
			return escaped("personality %lx", values[i]);
	return blocked("%s", strerror(errno));
}

/* Pages of a file that may only be read, in a pipe: the start of CVE-2022-0847. */
static enum outcome zero_copy(const struct attack *a)
{
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC), one[2], two[2];
	struct iovec part = {zeros, sizeof(zeros)};
	loff_t offset = 0;

	(void)a;
	if (fd < 0 || pipe2(one, O_CLOEXEC) < 0 || pipe2(two, O_CLOEXEC) < 0)
		return not_applicable("%s", strerror(errno));
	if (splice(fd, &offset, one[1], NULL, 1, 0) >= 0 || errno != EINVAL)
		return escaped("splice: %s", strerror(errno));
	if (sendfile(one[1], fd, NULL, 1) >= 0 || errno != EINVAL)
		return escaped("sendfile: %s", strerror(errno));
	if (vmsplice(one[1], &part, 1, 0) >= 0 || errno != EINVAL)
		return escaped("vmsplice: %s", strerror(errno));
	if (tee(one[0], two[1], 1, SPLICE_F_NONBLOCK) >= 0 || errno != EINVAL)
		return escaped("tee: %s", strerror(errno));
	return blocked("%s", strerror(errno));
}

static enum outcome perf(const struct attack *a)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.exclude_kernel = 1};

	(void)a;
	return judge("perf_event_open", syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), 0);
}

/* To what it is already. */
static enum outcome set_clock(const struct attack *a)
{
	struct timespec now;

	(void)a;
	clock_gettime(CLOCK_REALTIME, &now);
	if (syscall(SYS_settimeofday, NULL, NULL) == 0 || !is_refusal(errno))
		return escaped("settimeofday");
	return judge("clock_settime", clock_settime(CLOCK_REALTIME, &now), 0);
}

static enum outcome adjust_clock(const struct attack *a)
{
	struct timex what = {.modes = 0};

	(void)a;
	if (syscall(SYS_adjtimex, &what) >= 0 || !is_refusal(errno))
		return escaped("adjtimex");
	return judge("clock_adjtime", syscall(SYS_clock_adjtime, CLOCK_REALTIME, &what), 0);
}

static enum outcome keyrings(const struct attack *a)
{
	(void)a;
	if (syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1) >= 0 ||
		!is_refusal(errno))
		return escaped("keyctl: %s", strerror(errno));
	if (syscall(SYS_request_key, "user", "x", NULL, 0) >= 0 || !is_refusal(errno))
		return escaped("request_key: %s", strerror(errno));
	return judge(
		"add_key", syscall(SYS_add_key, "user", "x", "y", 1, KEY_SPEC_USER_KEYRING), 0);
}

#define CALL(call, ...)                                                                            \
	{                                                                                          \
#call, "kernel", attack_call, SYS_##call,                                          \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define NUMBERED(title, number, ...)                                                               \
	{                                                                                          \
		title, "kernel", attack_call, number,                                              \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

/* Where arguments are needed to get as far as success, they do no harm. */
const struct attack attacks_kernel[] = {
	{"i386-calls", "kernel", i386},
	{"x32-calls", "kernel", x32},
	{"unknown-calls", "kernel", unknown_calls},
	{"personalities", "kernel", personalities},
	{"zero-copy", "kernel", zero_copy},
	{"perf-events", "kernel", perf},
	{"set-clock", "kernel", set_clock},
	{"adjust-clock", "kernel", adjust_clock},
	{"keyrings", "kernel", keyrings},
	CALL(bpf, 0, (long)zeros, 72),
	CALL(io_uring_setup, 1, (long)zeros),
	CALL(userfaultfd, 1 /* UFFD_USER_MODE_ONLY */),
	CALL(memfd_secret, 0),
	CALL(fanotify_init, 0x200 /* FAN_REPORT_FID */, 0),
	CALL(modify_ldt, 0, (long)zeros, 16),
	CALL(remap_file_pages, 0, 0, 0, 0, 0),
	CALL(kexec_load, 0, 0, 0, 0),
	CALL(kexec_file_load, -1, -1, 0, 0, 0),
	CALL(init_module, (long)zeros, 0, (long)""),
	CALL(finit_module, -1, (long)"", 0),
	CALL(delete_module, (long)"no_such_module", O_NONBLOCK),
	CALL(swapon, (long)"/no/such/file", 0),
	CALL(swapoff, (long)"/no/such/file"),
	CALL(acct, 0),
	CALL(quotactl, 0x80000100 /* Q_SYNC */, 0, 0, 0),
	CALL(reboot, (long)0xfee1dead, 0x28121969, 0 /* CAD_OFF */, 0),
	CALL(sethostname, (long)"escaped", 7),
	CALL(setdomainname, (long)"escaped", 7),
	CALL(syslog, 10 /* the size of its buffer */, 0, 0),
	CALL(iopl, 0),
	CALL(ioperm, 0, 1, 0),
	CALL(vhangup, 0),
	CALL(set_mempolicy, 0, 0, 0),
	CALL(mbind, 0, 0, 0, 0, 0, 0),
	CALL(migrate_pages, 0, 0, 0, 0),
	CALL(move_pages, 0, 0, 0, 0, 0, 0),
	CALL(lookup_dcookie, 0, 0, 0),
	CALL(uselib, (long)"/usr/lib"),
	CALL(nfsservctl, 0, 0, 0),
	CALL(_sysctl, 0),
	NUMBERED("statmount", 457, 0, 0, 0, 0),
	NUMBERED("listmount", 458, 0, 0, 0, 0),
	NUMBERED("lsm_list_modules", 461, 0, 0, 0),
	NUMBERED("setxattrat", 463, AT_FDCWD, (long)"/tmp", 0, (long)"user.x", 0, 0),
	NUMBERED("open_tree_attr", 467, AT_FDCWD, (long)"/tmp", 1, 0, 0),
	NUMBERED("file_setattr", 469, AT_FDCWD, (long)"/tmp", 0, 0, 0),
	{.name = NULL},
};
