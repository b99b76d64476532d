/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks by opening files: writing what is not the build's, and leaving its root. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "attack.h"

/* Opens without truncating, so nothing is changed where it succeeds. */
static bool opens_for_writing(const char *path)
{
	int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool creates_in(const char *directory)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/.escaped", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	close(fd);
	unlink(path);
	return true;
}

static enum outcome create_everywhere(const struct attack *a)
{
	static const char *const places[] = {"/", "/usr", "/usr/bin", "/usr/lib", "/usr/local",
		"/usr/local/bin", "/etc", "/etc/ssl", "/etc/ssl/certs", "/dev", "/home", "/run",
		"/var", "/proc", "/proc/self", "/proc/sys"};

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (creates_in(places[i]))
			return escaped("a file can be made in %s", places[i]);
	return blocked("none of %zu directories", sizeof(places) / sizeof(places[0]));
}

static enum outcome write_system_files(const struct attack *a)
{
	static const char *const files[] = {"/usr/bin/env", "/usr/bin/gcc", "/etc/passwd",
		"/etc/group", "/etc/hosts", "/etc/resolv.conf", "/etc/ld.so.cache",
		"/etc/nsswitch.conf", "/etc/machine-id", "/proc/version", "/proc/cpuinfo"};

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (opens_for_writing(files[i]))
			return escaped("%s can be written", files[i]);
	return blocked("none of %zu files", sizeof(files) / sizeof(files[0]));
}

static char found[512];
static int files_seen;

static int try_to_write(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	files_seen++;
	if (!opens_for_writing(path))
		return 0;
	snprintf(found, sizeof(found), "%s", path);
	return 1;
}

/* Every file below /proc/sys, /proc/irq and so on. */
static enum outcome write_proc_trees(const struct attack *a)
{
	static const char *const trees[] = {
		"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/driver", "/proc/tty"};

	(void)a;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (nftw(trees[i], try_to_write, 32, FTW_PHYS) == 1)
			return escaped("%s can be written", found);
	if (files_seen == 0)
		return not_applicable("there is nothing below /proc/sys");
	return blocked("none of %d files", files_seen);
}

static enum outcome write_proc_self(const struct attack *a)
{
	static const char *const files[] = {"oom_score_adj", "oom_adj", "uid_map", "gid_map",
		"projid_map", "setgroups", "attr/current", "attr/exec", "comm", "timerslack_ns",
		"loginuid", "mem", "sched", "autogroup", "clear_refs", "coredump_filter",
		"make-it-fail"};
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		if (opens_for_writing(path))
			return escaped("%s can be written", path);
	}
	return blocked("none of %zu files", sizeof(files) / sizeof(files[0]));
}

static enum outcome write_proc_top(const struct attack *a)
{
	static const char *const files[] = {"/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg",
		"/proc/mtrr", "/proc/timer_list", "/proc/latency_stats", "/proc/1/oom_score_adj",
		"/proc/1/mem", "/proc/1/uid_map", "/proc/1/comm"};
	struct stat st;

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		/* A mask is a device node, which a read-only mount lets through. */
		if (stat(files[i], &st) == 0 && !S_ISCHR(st.st_mode) && opens_for_writing(files[i]))
			return escaped("%s can be written", files[i]);
	return blocked("none of %zu files", sizeof(files) / sizeof(files[0]));
}

static enum outcome change_metadata(const struct attack *a)
{
	static const char path[] = "/usr/bin/env";
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)a;
	if (chmod(path, 0755) == 0 || chown(path, getuid(), getgid()) == 0 ||
		utimensat(AT_FDCWD, path, times, 0) == 0 || truncate(path, 1 << 20) == 0 ||
		setxattr(path, "user.escaped", "x", 1, 0) == 0)
		return escaped("%s can be changed", path);
	if (rename("/usr/bin", "/usr/bin2") == 0 || unlink("/usr/bin/env") == 0)
		return escaped("/usr can be changed");
	return blocked("mode, owner, times, size, attributes and names: %s", strerror(errno));
}

static enum outcome hard_link(const struct attack *a)
{
	static const char *const files[] = {"/usr/bin/env", "/etc/passwd", "/proc/self/exe"};

	(void)a;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (linkat(AT_FDCWD, files[i], AT_FDCWD, "/tmp/link", AT_SYMLINK_FOLLOW) == 0 &&
			strncmp(files[i], "/proc", 5) != 0)
			return escaped("a hard link to %s can be made", files[i]);
	return blocked("%s", strerror(errno));
}

static enum outcome shared_mapping(const struct attack *a)
{
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);
	void *map;

	(void)a;
	if (fd < 0)
		return not_applicable("there is no /usr/bin/env");
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		return escaped("a file of /usr can be mapped for writing");
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return not_applicable("a file of /usr cannot be mapped");
	return judge("mprotect", mprotect(map, 4096, PROT_READ | PROT_WRITE), 0);
}

/* CVE-2019-5736: the binary of whoever runs the build, through /proc. */
static enum outcome overwrite_programs(const struct attack *a)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300];

	(void)a;
	if (dir == NULL)
		return not_applicable("there is no /proc");
	while ((entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name) &&
			atol(entry->d_name) != getpid() && open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return escaped("%s can be opened", path);
	}
	closedir(dir);
	return open("/proc/1/exe", O_RDONLY | O_CLOEXEC) >= 0 ? escaped("/proc/1/exe can be opened")
							      : blocked("%s", strerror(errno));
}

/* One's own program is the workspace's copy at most, never the runner's. */
static enum outcome overwrite_self(const struct attack *a)
{
	(void)a;
	if (open("/proc/self/exe", O_WRONLY | O_CLOEXEC) >= 0)
		return escaped("a running program can be written");
	return errno == ETXTBSY || is_refusal(errno) ? blocked("%s", strerror(errno))
						     : escaped("%s", strerror(errno));
}

static enum outcome climb(const struct attack *a)
{
	struct stat root, above;
	int fd = open("/", O_PATH | O_CLOEXEC);

	(void)a;
	for (int i = 0; i < 64 && fd >= 0; i++)
		fd = openat(fd, "..", O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &above) < 0 || stat("/", &root) < 0)
		return blocked("%s", strerror(errno));
	if (root.st_dev != above.st_dev || root.st_ino != above.st_ino)
		return escaped("there is something above the root");
	return blocked("/.. is /");
}

static enum outcome climb_from_streams(const struct attack *a)
{
	char path[64];

	(void)a;
	for (int i = 0; i < 3; i++) {
		if (openat(i, "..", O_PATH | O_CLOEXEC) >= 0)
			return escaped("descriptor %d is a directory", i);
		snprintf(path, sizeof(path), "/proc/self/fd/%d/../../../etc/shadow", i);
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			return escaped("%s can be opened", path);
	}
	return blocked("%s", strerror(errno));
}

/* Another process' root, in case that it has another one. */
static enum outcome roots_of_others(const struct attack *a)
{
	static const char *const ways[] = {"root", "cwd", "root/etc/shadow", "fd/0", "map_files"};
	char path[64];

	(void)a;
	for (int pid = 1; pid < getpid(); pid++) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", pid, ways[i]);
			if (open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
				return escaped("%s can be opened", path);
		}
	}
	return blocked("%s", strerror(errno));
}

static enum outcome file_handles(const struct attack *a)
{
	struct {
		struct file_handle head;
		unsigned char bytes[128];
	} handle = {.head = {.handle_bytes = 128}};
	int mount_id, fd = open("/usr", O_RDONLY | O_CLOEXEC);

	(void)a;
	if (name_to_handle_at(AT_FDCWD, "/usr", &handle.head, &mount_id, 0) < 0)
		return is_refusal(errno) ? blocked("%s", strerror(errno))
					 : not_applicable("%s", strerror(errno));
	/* The root directory of ext4 has inode 2; any answer but a refusal is too much. */
	memset(handle.bytes, 0, handle.head.handle_bytes);
	handle.bytes[0] = 2;
	return judge("open_by_handle_at", open_by_handle_at(fd, &handle.head, O_RDONLY), 0);
}

/* All that is not the build's comes without set-user-ID and device nodes. */
static enum outcome mount_flags(const struct attack *a)
{
	static const char *const places[] = {"/", "/usr", "/build", "/tmp", "/out", "/home/build",
		"/dev/shm", "/proc", "/etc/alternatives"};
	struct statvfs fs;

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (statvfs(places[i], &fs) == 0 && (fs.f_flag & ST_NOSUID) == 0)
			return escaped("%s honours set-user-ID", places[i]);
	for (size_t i = 1; i < sizeof(places) / sizeof(places[0]); i++)
		if (statvfs(places[i], &fs) == 0 && (fs.f_flag & ST_NODEV) == 0)
			return escaped("%s honours device nodes", places[i]);
	return blocked("nosuid and nodev everywhere");
}

static enum outcome replace_mount_points(const struct attack *a)
{
	static const char *const places[] = {"/out", "/build", "/tmp", "/home/build", "/dev/shm"};

	(void)a;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (rename(places[i], "/tmp/moved") == 0 || rmdir(places[i]) == 0 ||
			symlink("/tmp", places[i]) == 0)
			return escaped("%s can be replaced", places[i]);
	return blocked("%s", strerror(errno));
}

const struct attack attacks_files[] = {
	{"create-everywhere", "files", create_everywhere},
	{"write-system-files", "files", write_system_files},
	{"write-proc-trees", "files", write_proc_trees},
	{"write-proc-self", "files", write_proc_self},
	{"write-proc-top", "files", write_proc_top},
	{"change-metadata", "files", change_metadata},
	{"hard-link-out", "files", hard_link},
	{"shared-mapping", "files", shared_mapping},
	{"overwrite-programs", "files", overwrite_programs},
	{"overwrite-self", "files", overwrite_self},
	{"climb", "files", climb},
	{"climb-from-streams", "files", climb_from_streams},
	{"roots-of-others", "files", roots_of_others},
	{"file-handles", "files", file_handles},
	{"mount-flags", "files", mount_flags},
	{"replace-mount-points", "files", replace_mount_points},
	{.name = NULL},
};
