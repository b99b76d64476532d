/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on pid 1, the only process of the sandbox that is not the build's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attack.h"

enum { SCOPES_ABI = 6 };

/* "Not there" is as good as "not permitted": /proc hides pid 1. */
static enum outcome judge_hidden(const char *what, long result)
{
	return judge(what, result, errno == ENOENT ? ENOENT : ESRCH);
}

static enum outcome trace(const struct attack *a)
{
	(void)a;
	if (ptrace(PTRACE_ATTACH, 1, NULL, NULL) == 0)
		return escaped("pid 1 can be attached to");
	return judge_hidden("ptrace", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
}

static enum outcome read_memory(const struct attack *a)
{
	char byte;
	struct iovec ours = {&byte, 1}, theirs = {(void *)0x400000, 1};

	(void)a;
	return judge_hidden("process_vm_readv", process_vm_readv(1, &ours, 1, &theirs, 1, 0));
}

static enum outcome write_memory(const struct attack *a)
{
	char byte = 0;
	struct iovec ours = {&byte, 1}, theirs = {(void *)0x400000, 1};

	(void)a;
	return judge_hidden("process_vm_writev", process_vm_writev(1, &ours, 1, &theirs, 1, 0));
}

static enum outcome proc_files(const struct attack *a)
{
	static const char *const files[] = {"mem", "environ", "maps", "fd", "fdinfo", "root", "exe",
		"cwd", "auxv", "stack", "syscall", "status", "cmdline", "ns/mnt", "task/1/mem",
		"map_files", "pagemap", "io"};
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/1/%s", files[i]);
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return escaped("%s can be opened", path);
	}
	return blocked("%s", strerror(errno));
}

static enum outcome take_descriptor(const struct attack *a)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);

	(void)a;
	if (fd < 0)
		return blocked("pidfd_open: %s", strerror(errno));
	for (int i = 0; i < 512; i++)
		if (syscall(SYS_pidfd_getfd, fd, i, 0) >= 0 || !is_refusal(errno))
			return escaped("descriptor %d of pid 1: %s", i, strerror(errno));
	return blocked("%s", strerror(errno));
}

/* pid 1 still does its work: it reaps our orphan. */
static bool init_works(void)
{
	int ends[2];
	pid_t orphan = 0, child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	child = fork();
	if (child == 0) {
		orphan = fork();
		if (orphan == 0)
			_exit(0);
		(void)!write(ends[1], &orphan, sizeof(orphan));
		_exit(0);
	}
	waitpid(child, NULL, 0);
	if (read(ends[0], &orphan, sizeof(orphan)) != sizeof(orphan))
		return false;
	for (int i = 0; i < 1000; i++) {
		if (kill(orphan, 0) < 0 && errno == ESRCH)
			return true;
		usleep(1000);
	}
	return false;
}

static enum outcome stop_init(const struct attack *a)
{
	static const int numbers[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGSEGV, SIGHUP, SIGINT};

	(void)a;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		kill(1, numbers[i]);
	return init_works() ? blocked("pid 1 goes on") : escaped("pid 1 was stopped");
}

static enum outcome signal_init(const struct attack *a)
{
	int fd = (int)syscall(SYS_pidfd_open, 1, 0);
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	siginfo_t info = {.si_code = SI_QUEUE};

	(void)a;
	if (abi < SCOPES_ABI)
		return not_applicable("Landlock %ld has no scope for signals", abi);
	/* None, which only asks whether we may: a real one would end the whole sandbox. */
	if (fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0)
		return escaped("pidfd_send_signal to pid 1");
	if (syscall(SYS_rt_sigqueueinfo, 1, 0, &info) == 0 || syscall(SYS_tgkill, 1, 1, 0) == 0)
		return escaped("a signal can be queued for pid 1");
	return judge("kill", kill(1, 0), 0);
}

static enum outcome limit_init(const struct attack *a)
{
	/* A second of processor time, and the kernel kills it: the whole sandbox. */
	struct rlimit limit = {3600, 3600};

	(void)a;
	if (syscall(SYS_prlimit64, 0x100000001L, RLIMIT_CPU, &limit, NULL) == 0)
		return escaped("prlimit of pid 1 with high bits");
	return judge("prlimit of pid 1", prlimit(1, RLIMIT_CPU, &limit, NULL), 0);
}

static enum outcome slow_init(const struct attack *a)
{
	struct sched_param param = {0};
	cpu_set_t one;

	(void)a;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (setpriority(PRIO_PROCESS, 1, 19) == 0 || sched_setscheduler(1, SCHED_IDLE, &param) == 0)
		return escaped("pid 1 can be slowed down");
	if (syscall(SYS_ioprio_set, 1, 1, 3 << 13) == 0)
		return escaped("pid 1's priority for disks can be lowered");
	return judge("the processors of pid 1", sched_setaffinity(1, sizeof(one), &one), 0);
}

/* Whoever asks for signals on a descriptor names who gets them. */
static enum outcome signal_by_descriptor(const struct attack *a)
{
	struct f_owner_ex owner = {.type = F_OWNER_PID, .pid = 1};
	int ends[2];

	(void)a;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return not_applicable("no pipe");
	if (fcntl(ends[0], F_SETOWN_EX, &owner) == 0 && fcntl(ends[0], F_SETSIG, SIGTERM) == 0 &&
		fcntl(ends[0], F_SETFL, O_ASYNC) == 0)
		(void)!write(ends[1], "x", 1);
	return init_works() ? blocked("pid 1 goes on") : escaped("pid 1 was stopped");
}

static enum outcome other_sessions(const struct attack *a)
{
	(void)a;
	if (getsid(0) != getpid())
		return escaped("the session is somebody else's");
	if (getppid() != 1)
		return escaped("the parent is %d", getppid());
	return judge_hidden("setpgid of pid 1", setpgid(1, getpid()));
}

const struct attack attacks_processes[] = {
	{"trace-init", "processes", trace},
	{"read-init", "processes", read_memory},
	{"write-init", "processes", write_memory},
	{"proc-of-init", "processes", proc_files},
	{"take-descriptor", "processes", take_descriptor},
	{"stop-init", "processes", stop_init},
	{"signal-init", "processes", signal_init},
	{"limit-init", "processes", limit_init},
	{"slow-init", "processes", slow_init},
	{"signal-by-descriptor", "processes", signal_by_descriptor},
	{"other-sessions", "processes", other_sessions},
	{"compare-init", "processes", attack_call, SYS_kcmp, {1, 1, 0, 0, 0}},
	{"advise-init", "processes", attack_call, SYS_process_madvise, {-1, 0, 0, 20, 0}},
	{.name = NULL},
};
