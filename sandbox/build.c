/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the process that becomes the build, from its user
 * namespace to execve(2). It only ever gives up: ids, groups, capabilities,
 * descriptors, system calls. Everything after execve(2) is hostile. The order
 * matters: ids while there are capabilities, capabilities before
 * no_new_privs is relied upon, filters last because they forbid the rest.
 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/msg.h"
#include "sandbox/state.h"

#include "seccomp-sandbox.h"

/* A session of its own: nothing the build does reaches the caller's terminal. */
static int take_session(const struct sandbox *s, struct error *e)
{
	if (setsid() < 0 || (s->plan->terminal && ioctl(1, TIOCSCTTY, 0) < 0))
		return error_set(e, errno, "cannot start a session");
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_set(e, errno, "cannot start a session keyring");
	return 0;
}

static int take_ids(const struct sandbox *s, struct error *e)
{
	uid_t uid = (uid_t)s->plan->uid;
	gid_t gid = (gid_t)s->plan->gid;

	/* With a single id the kernel has forbidden it, and there is nothing to drop to. */
	if (s->start.uid_base != 0 && setgroups(0, NULL) < 0)
		return error_set(e, errno, "cannot drop the supplementary groups");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return error_set(e, errno, "cannot become user %u", uid);
	return 0;
}

/* The others it has from pid 1, which needed more of these. */
static int take_open_files(const struct sandbox *s, struct error *e)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return error_set(e, errno, "cannot read the limit of open files");
	if (limit.rlim_max <= s->plan->open_files)
		return 0;
	limit.rlim_cur = limit.rlim_max = s->plan->open_files;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return error_set(e, errno, "cannot limit the number of open files");
	return 0;
}

static int take_persona(const struct sandbox *s, struct error *e)
{
	unsigned long persona = s->plan->aslr ? 0 : ADDR_NO_RANDOMIZE;

	if (personality(persona) < 0) {
		error_set(e, errno, "cannot turn address randomisation off");
		return error_hint(e, "the surrounding container forbids it: use --aslr");
	}
	return 0;
}

static int drop_capabilities(const struct sandbox *s, struct error *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	(void)s;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0; cap++)
		continue;
	if (errno != EINVAL)
		return error_set(e, errno, "cannot drop the bounding set");
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
					     SECBIT_NO_SETUID_FIXUP_LOCKED |
					     SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
					     SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED) < 0)
		return error_set(e, errno, "cannot lock the secure bits");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0)
		return error_set(e, errno, "cannot drop the capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "cannot set no_new_privs");
	return 0;
}

/* 1: in force, 0: the kernel is too old for scopes; the network namespace stands alone then. */
static int take_scopes(const struct sandbox *s, struct error *e)
{
	(void)s;
	return confine_scopes(e) < 0 ? -1 : 0;
}

static int leave_descriptors(const struct sandbox *s, struct error *e)
{
	/* What a caller may have set to be ignored, as nohup(1) does; all others are default. */
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGCHLD, SIGUSR1,
		SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGXFSZ};
	sigset_t none;

	if (syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */) < 0)
		return error_set(e, errno, "cannot close the descriptors");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < array_size(ignored); i++)
		signal(ignored[i], SIG_DFL);
	umask(022);
	if (chdir(plan_string(s->plan, s->plan->directory)) < 0)
		return error_set_kind(e, ERROR_USAGE, errno, "cannot enter '%s'",
			plan_string(s->plan, s->plan->directory));
	return 0;
}

static int take_filter(const struct sandbox *s, struct error *e)
{
	const struct sock_fprog filter = {
		SECCOMP_SANDBOX_LENGTH, (struct sock_filter *)(uintptr_t)seccomp_sandbox};

	(void)s;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
		return error_set(e, errno, "cannot load the system call filter");
	return 0;
}

static int run_command(const struct sandbox *s, struct error *e)
{
	/* Static: what is not used of them is never touched. */
	static char *argv[PLAN_ARGUMENTS_MAX + 1], *envp[PLAN_ARGUMENTS_MAX + 1];
	const struct plan *p = s->plan;

	if (p->command.count > PLAN_ARGUMENTS_MAX || p->environment.count > PLAN_ARGUMENTS_MAX)
		return error_set_kind(e, ERROR_USAGE, E2BIG, "the command line is too long");
	for (uint32_t i = 0; i <= p->command.count; i++)
		argv[i] = (char *)(uintptr_t)plan_item(p, p->command, i);
	for (uint32_t i = 0; i <= p->environment.count; i++)
		envp[i] = (char *)(uintptr_t)plan_item(p, p->environment, i);
	environ = envp; /* execvpe(3) searches our PATH, which must be the build's */
	execvpe(argv[0], argv, envp);
	error_set_kind(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_EXEC, errno, "cannot run '%s'",
		argv[0]);
	if (e->kind == ERROR_NOT_FOUND)
		return error_hint(e, "programs outside the image's /usr, in /opt or a home "
				     "directory, do not exist in the sandbox; a path is relative "
				     "to the workspace");
	return error_hint(e, "is it executable, and its interpreter part of the image?");
}

static int (*const steps[])(const struct sandbox *s, struct error *e) = {
	take_session,
	take_ids,
	take_persona,
	drop_capabilities,
	take_scopes,
	take_open_files,
	leave_descriptors,
	take_filter,
	run_command,
};

void sandbox_become_build(struct sandbox *s, int socket)
{
	struct error e = {0};

	for (size_t i = 0; i < array_size(steps); i++)
		if (steps[i](s, &e) < 0)
			break;
	msg_send_error(socket, &e);
	_exit(125);
}
