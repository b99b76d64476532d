/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by becoming somebody else, or more. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

static enum outcome become_root(const struct attack *a)
{
	(void)a;
	if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0 || setreuid(0, 0) == 0)
		return escaped("user 0");
	if (setresuid((uid_t)-1, 1, (uid_t)-1) == 0)
		return escaped("user 1");
	setfsuid(0);
	if (setfsuid((uid_t)-1) == 0)
		return escaped("user 0 for files");
	return getuid() == 0 || geteuid() == 0 ? escaped("it is user 0 from the start")
					       : blocked("%s", strerror(errno));
}

static enum outcome become_group(const struct attack *a)
{
	gid_t groups[] = {0, 4, 42};

	(void)a;
	if (setgid(0) == 0 || setresgid(0, 0, 0) == 0 || setregid(0, 0) == 0)
		return escaped("group 0");
	return judge("setgroups", setgroups(3, groups), 0);
}

/* As root the build has ids of its own; a single id cannot leave its groups. */
static enum outcome groups_of_caller(const struct attack *a)
{
	int count = getgroups(0, NULL);

	(void)a;
	return count == 0 ? blocked("there are none") : escaped("%d groups came along", count);
}

static enum outcome own_capabilities(const struct attack *a)
{
	static const char *const sets[] = {
		"CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t"};
	char status[8192], wanted[64];

	(void)a;
	if (slurp("/proc/self/status", status, sizeof(status)) < 0)
		return escaped("there is no status to look at");
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		snprintf(wanted, sizeof(wanted), "%s0000000000000000\n", sets[i]);
		if (strstr(status, wanted) == NULL)
			return escaped("%s is not empty", sets[i]);
	}
	return blocked("all five sets are empty");
}

static enum outcome take_capabilities(const struct attack *a)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct all[2] = {{~0U, ~0U, ~0U}, {~0U, ~0U, ~0U}};

	(void)a;
	return judge("capset", syscall(SYS_capset, &header, all), 0);
}

static enum outcome ambient(const struct attack *a)
{
	(void)a;
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) == 0)
			return escaped("capability %lu", cap);
	return blocked("%s", strerror(errno));
}

static enum outcome secure_bits(const struct attack *a)
{
	const int wanted =
		SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

	(void)a;
	if (prctl(PR_SET_SECUREBITS, 0) == 0 || prctl(PR_SET_KEEPCAPS, 1) == 0)
		return escaped("the secure bits can be changed");
	return (prctl(PR_GET_SECUREBITS) & wanted) == wanted ? blocked("locked")
							     : escaped("they are not locked");
}

static enum outcome new_privileges(const struct attack *a)
{
	(void)a;
	if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
		return escaped("no_new_privs can be taken back");
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? blocked("no_new_privs is set")
							   : escaped("no_new_privs is not set");
}

/* A shell of another user, made by ourselves. */
static enum outcome own_setuid(const struct attack *a)
{
	int fd = open("/tmp/shell", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	(void)a;
	if (fd < 0)
		return not_applicable("/tmp cannot be written");
	close(fd);
	if (chown("/tmp/shell", 0, 0) == 0 || chown("/tmp/shell", 33, (gid_t)-1) == 0)
		return escaped("a file can be given away");
	return blocked("chown: %s", strerror(errno));
}

static bool starts_privileged(const char *path)
{
	char proc[64], status[8192], ours[32];
	int ends[2];
	pid_t pid;

	if (access(path, X_OK) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(ends[0], 0);
		execl(path, path, NULL);
		_exit(127);
	}
	usleep(100000); /* it waits for a password, or has ended */
	snprintf(proc, sizeof(proc), "/proc/%d/status", pid);
	snprintf(ours, sizeof(ours), "Uid:\t%u\t%u\t", getuid(), getuid());
	if (slurp(proc, status, sizeof(status)) < 0)
		status[0] = '\0';
	kill(pid, 9);
	waitpid(pid, NULL, 0);
	return strstr(status, "Uid:") != NULL && strstr(status, ours) == NULL;
}

static enum outcome host_setuid(const struct attack *a)
{
	static const char *const programs[] = {"/usr/bin/su", "/usr/bin/passwd", "/usr/bin/newgrp",
		"/usr/bin/chsh", "/usr/bin/sudo"};

	(void)a;
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (starts_privileged(programs[i]))
			return escaped("%s runs as somebody else", programs[i]);
	return blocked("they run as ourselves");
}

static enum outcome file_capabilities(const struct attack *a)
{
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};
	int fd = open("/tmp/capable", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	(void)a;
	data.data[0].permitted = ~0U;
	return judge("setxattr", fsetxattr(fd, "security.capability", &data, sizeof(data), 0),
		EOPNOTSUPP);
}

static enum outcome filter_in_force(const struct attack *a)
{
	(void)a;
	if (!file_has("/proc/self/status", "Seccomp:\t2\n"))
		return escaped("there is no filter");
	return prctl(PR_SET_SECCOMP, 0, 0, 0, 0) == 0 ? escaped("the filter can be taken off")
						      : blocked("%s", strerror(errno));
}

const struct attack attacks_privileges[] = {
	{"become-root", "privileges", become_root},
	{"become-group", "privileges", become_group},
	{"groups-of-caller", "privileges", groups_of_caller},
	{"own-capabilities", "privileges", own_capabilities},
	{"take-capabilities", "privileges", take_capabilities},
	{"ambient-capabilities", "privileges", ambient},
	{"secure-bits", "privileges", secure_bits},
	{"new-privileges", "privileges", new_privileges},
	{"own-setuid", "privileges", own_setuid},
	{"host-setuid", "privileges", host_setuid},
	{"file-capabilities", "privileges", file_capabilities},
	{"filter-in-force", "privileges", filter_in_force},
	{.name = NULL},
};
