/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks on what the host knows: its files, its secrets, its services, its names. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "attack.h"

extern char **environ;

/* Whatever lies there would be the host's. */
static enum outcome host_files(const struct attack *a)
{
	static const char *const paths[] = {"/etc/shadow", "/etc/ssh", "/etc/sudoers", "/etc/fstab",
		"/etc/ssl/private", "/etc/cupel", "/root", "/var/lib", "/var/log", "/var/spool",
		"/opt", "/srv", "/boot", "/mnt", "/media", "/sys", "/home/build/.ssh",
		"/lib/live/mount", "/run/systemd", "/run/dbus", "/run/docker.sock", "/run/user",
		"/run/cupel", "/run/secrets", "/var/run", "/tmp/.X11-unix", "/dev/kmsg",
		"/dev/log"};

	(void)a;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (access(paths[i], F_OK) == 0)
			return escaped("%s is there", paths[i]);
	return blocked("none of %zu", sizeof(paths) / sizeof(paths[0]));
}

/* They are there, and of the build's own. */
static enum outcome host_directories(const struct attack *a)
{
	static const char *const paths[] = {"/tmp", "/run", "/home/build", "/dev/shm", "/out"};

	(void)a;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		DIR *dir = opendir(paths[i]);
		struct dirent *entry;

		while (dir != NULL && (entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
				return escaped("%s has '%s'", paths[i], entry->d_name);
		if (dir != NULL)
			closedir(dir);
	}
	return blocked("all are empty");
}

static enum outcome host_path(const struct attack *a)
{
	static const char *const files[] = {
		"mountinfo", "mounts", "mountstats", "maps", "cmdline", "environ", "smaps"};
	static const char *const links[] = {"cwd", "exe", "root", "fd/0", "fd/1", "fd/2"};
	const char *path = told("path");
	char name[64], target[4096];

	(void)a;
	if (path == NULL)
		return not_applicable("no path was told");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "/proc/self/%s", files[i]);
		/* Our own argv names it. */
		if (strcmp(files[i], "cmdline") != 0 && file_has(name, path))
			return escaped("%s has the workspace's path on the host", name);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		ssize_t n;

		snprintf(name, sizeof(name), "/proc/self/%s", links[i]);
		n = readlink(name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (strstr(target, path) != NULL)
			return escaped("%s is %s", name, target);
	}
	return blocked("it is nowhere");
}

static enum outcome environment(const struct attack *a)
{
	static const char *const allowed[] = {"HOME=", "LANG=", "LOGNAME=", "OUT=", "PATH=",
		"SHELL=", "SOURCE_DATE_EPOCH=", "TMPDIR=", "TZ=", "USER="};
	size_t known;

	(void)a;
	for (char **variable = environ; *variable != NULL; variable++) {
		for (known = 0; known < sizeof(allowed) / sizeof(allowed[0]); known++)
			if (strncmp(*variable, allowed[known], strlen(allowed[known])) == 0)
				break;
		if (known == sizeof(allowed) / sizeof(allowed[0]))
			return escaped("the environment has '%s'", *variable);
	}
	return blocked("nothing but what every build has");
}

/* The caller's environment and arguments, wherever a process might still have them. */
static enum outcome secret_in_proc(const struct attack *a)
{
	static const char *const files[] = {"environ", "cmdline", "maps", "auxv", "status"};
	const char *secret = told("secret");
	char path[64];

	(void)a;
	if (secret == NULL)
		return not_applicable("no secret was told");
	for (int pid = 1; pid < getpid(); pid++) {
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
			if (access(path, F_OK) == 0)
				return escaped("%s is there", path);
		}
	}
	return file_has("/proc/self/environ", secret) ? escaped("/proc/self/environ has it")
						      : blocked("it is nowhere");
}

/* Only 0, 1 and 2, and none of them a way to something else. */
static enum outcome descriptors(const struct attack *a)
{
	struct stat st;

	(void)a;
	for (int fd = 3; fd < 4096; fd++)
		if (fstat(fd, &st) == 0)
			return escaped("descriptor %d was left open", fd);
	for (int fd = 0; fd < 3; fd++) {
		if (fstat(fd, &st) < 0)
			return escaped("descriptor %d is closed", fd);
		if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
			return escaped("descriptor %d has the mode %o", fd, st.st_mode);
	}
	return blocked("pipes and devices");
}

static enum outcome names_of_host(const struct attack *a)
{
	struct utsname name;
	char content[128];

	(void)a;
	if (uname(&name) < 0 || strcmp(name.nodename, "cupel") != 0 ||
		strcmp(name.domainname, "(none)") != 0)
		return escaped("this is '%s' in '%s'", name.nodename, name.domainname);
	if (slurp("/etc/machine-id", content, sizeof(content)) > 0 &&
		strncmp(content, "0000000000000000000000000000000", 31) != 0)
		return escaped("the machine is %s", content);
	if (slurp("/proc/sys/kernel/random/boot_id", content, sizeof(content)) > 0 &&
		strncmp(content, "00000000-", 9) != 0)
		return escaped("the boot is %s", content);
	return blocked("this is '%s'", name.nodename);
}

static enum outcome masked_files(const struct attack *a)
{
	static const char *const files[] = {"/proc/kallsyms", "/proc/keys", "/proc/key-users",
		"/proc/kcore", "/proc/kmsg", "/proc/modules", "/proc/interrupts", "/proc/diskstats",
		"/proc/partitions", "/proc/vmstat", "/proc/zoneinfo", "/proc/buddyinfo",
		"/proc/swaps", "/proc/config.gz", "/proc/softirqs", "/proc/schedstat"};
	char content[256];

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (slurp(files[i], content, sizeof(content)) > 0)
			return escaped("%s says '%.40s'", files[i], content);
	return blocked("all are empty or absent");
}

static enum outcome masked_values(const struct attack *a)
{
	static const struct {
		const char *path, *content;
	} files[] = {{"/proc/uptime", "1.00 1.00\n"}, {"/proc/cmdline", "cupel\n"},
		{"/proc/loadavg", "0.00 0.00 0.00 1/1 1\n"}};
	char content[4096];

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (slurp(files[i].path, content, sizeof(content)) < 0 ||
			strcmp(content, files[i].content) != 0)
			return escaped("%s says '%.60s'", files[i].path, content);
	return blocked("constants");
}

static enum outcome shared_memory(const struct attack *a)
{
	const char *key = told("key");

	(void)a;
	if (key == NULL)
		return not_applicable("no key was told");
	if (shmget((key_t)strtol(key, NULL, 10), 0, 0) >= 0)
		return escaped("the host's shared memory is there");
	return errno == ENOENT ? blocked("%s", strerror(errno)) : escaped("%s", strerror(errno));
}

static enum outcome message_queue(const struct attack *a)
{
	const char *name = told("queue");

	(void)a;
	if (name == NULL)
		return not_applicable("no queue was told");
	if (mq_open(name, O_RDONLY | O_CLOEXEC) >= 0)
		return escaped("the host's message queue is there");
	return errno == ENOENT ? blocked("%s", strerror(errno)) : escaped("%s", strerror(errno));
}

static enum outcome signal_outside(const struct attack *a)
{
	const char *victim = told("victim");

	(void)a;
	if (victim == NULL || strtol(victim, NULL, 10) <= getpid())
		return not_applicable("no process was told");
	if (kill((pid_t)strtol(victim, NULL, 10), 0) == 0)
		return escaped("a process of the host can be signalled");
	/* Everybody whom we can reach: ourselves are spared. */
	if (kill(-1, SIGTERM) == 0)
		return escaped("there is somebody else to signal");
	return errno == ESRCH || errno == EPERM ? blocked("%s", strerror(errno))
						: escaped("%s", strerror(errno));
}

/* Our own processes, and nobody else's. */
static enum outcome list_processes(const struct attack *a)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	(void)a;
	if (dir == NULL)
		return blocked("there is no /proc");
	while ((entry = readdir(dir)) != NULL)
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
			strtol(entry->d_name, NULL, 10) != getpid())
			return escaped("process %s can be seen", entry->d_name);
	closedir(dir);
	return blocked("only itself can be seen");
}

static enum outcome cgroups(const struct attack *a)
{
	(void)a;
	if (access("/sys/fs/cgroup", F_OK) == 0 || file_has("/proc/self/mounts", "cgroup"))
		return escaped("there is a cgroup file system");
	if (file_has("/proc/self/cgroup", ".slice") || file_has("/proc/self/cgroup", ".scope"))
		return escaped("the name of the host's cgroup can be seen");
	return blocked("none");
}

const struct attack attacks_host[] = {
	{"host-files", "host", host_files},
	{"host-directories", "host", host_directories},
	{"host-path", "host", host_path},
	{"environment", "host", environment},
	{"secret-in-proc", "host", secret_in_proc},
	{"descriptors", "host", descriptors},
	{"names-of-host", "host", names_of_host},
	{"masked-files", "host", masked_files},
	{"masked-values", "host", masked_values},
	{"shared-memory", "host", shared_memory},
	{"message-queue", "host", message_queue},
	{"signal-outside", "host", signal_outside},
	{"list-processes", "host", list_processes},
	{"cgroups", "host", cgroups},
	{.name = NULL},
};
