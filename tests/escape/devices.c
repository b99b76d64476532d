/* SPDX-License-Identifier: Apache-2.0 */
/* Attacks through device nodes and terminals. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "attack.h"

static enum outcome make_nodes(const struct attack *a)
{
	static const struct {
		mode_t type;
		unsigned int major, minor;
		const char *what;
	} nodes[] = {{S_IFCHR, 1, 1, "mem"}, {S_IFCHR, 1, 3, "null"}, {S_IFCHR, 1, 11, "kmsg"},
		{S_IFBLK, 8, 0, "sda"}, {S_IFBLK, 254, 0, "vda"}, {S_IFBLK, 7, 0, "loop0"},
		{S_IFCHR, 5, 1, "console"}, {S_IFCHR, 10, 229, "fuse"},
		{S_IFCHR, 0, 0, "whiteout"}};
	static const char *const places[] = {"/tmp", "/build", "/out", "/dev/shm", "/home/build"};
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
			dev_t device = makedev(nodes[i].major, nodes[i].minor);

			snprintf(path, sizeof(path), "%s/%s", places[k], nodes[i].what);
			if (syscall(SYS_mknod, path, nodes[i].type | 0666, device) == 0 ||
				mknodat(AT_FDCWD, path, nodes[i].type | 0666, device) == 0)
				return escaped("%s can be made", path);
		}
	}
	return blocked("%s", strerror(errno));
}

static bool is_expected(const char *name)
{
	static const char *const names[] = {".", "..", "null", "zero", "full", "random", "urandom",
		"tty", "ptmx", "pts", "shm", "fd", "stdin", "stdout", "stderr"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static enum outcome list_nodes(const struct attack *a)
{
	DIR *dir = opendir("/dev");
	struct dirent *entry;

	(void)a;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (!is_expected(entry->d_name))
			return escaped("/dev/%s is there", entry->d_name);
	return blocked("nothing but the usual");
}

static enum outcome open_nodes(const struct attack *a)
{
	static const char *const names[] = {"mem", "kmem", "port", "kmsg", "sda", "vda", "nvme0n1",
		"kvm", "fuse", "net/tun", "loop-control", "loop0", "mapper/control", "console",
		"vhost-net", "vhost-vsock", "vsock", "uinput", "dri/card0", "snapshot", "cuse",
		"hpet", "userfaultfd", "ppp", "watchdog", "autofs", "btrfs-control"};
	char path[64];

	(void)a;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/dev/%s", names[i]);
		if (open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
			return escaped("%s can be opened", path);
	}
	return blocked("none of %zu", sizeof(names) / sizeof(names[0]));
}

static enum outcome change_nodes(const struct attack *a)
{
	(void)a;
	if (chmod("/dev/null", 0600) == 0 || chown("/dev/null", getuid(), getgid()) == 0 ||
		unlink("/dev/null") == 0 || rename("/dev/zero", "/dev/null") == 0)
		return escaped("/dev/null can be changed");
	return blocked("%s", strerror(errno));
}

static enum outcome callers_terminal(const struct attack *a)
{
	(void)a;
	if (open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0)
		return escaped("there is a controlling terminal");
	if (errno != ENXIO)
		return escaped("%s", strerror(errno));
	for (int fd = 0; fd < 3; fd++)
		if (ioctl(fd, TIOCSCTTY, 1) == 0)
			return escaped("descriptor %d is a terminal", fd);
	return blocked("%s", strerror(errno));
}

static enum outcome entropy(const struct attack *a)
{
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC), count = 1 << 20;

	(void)a;
	if (ioctl(fd, RNDADDTOENTCNT, &count) == 0 || ioctl(fd, RNDCLEARPOOL, 0) == 0 ||
		ioctl(fd, RNDRESEEDCRNG, 0) == 0)
		return escaped("the host's random numbers can be managed");
	return blocked("%s", strerror(errno));
}

/* In a session with a terminal of our own; the exit code of the child is the outcome. */
static enum outcome on_terminal(enum outcome (*try)(int fd))
{
	int status, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	pid_t pid;

	if (master < 0 || unlockpt(master) < 0)
		return not_applicable("no terminal can be made");
	pid = fork();
	if (pid == 0) {
		int slave;

		setsid();
		slave = open(ptsname(master), O_RDWR | O_CLOEXEC);
		_exit(slave < 0 ? (int)not_applicable("no terminal can be opened")
				: (int)try(slave));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : ESCAPED;
}

/* The kernel looks at 32 bits; a filter that looks at 64 lets the others through. */
static enum outcome try_request(int fd, const char *name, unsigned long request, void *argument)
{
	if (ioctl(fd, request, argument) == 0 || errno != EPERM)
		return escaped("%s: %s", name, strerror(errno));
	if (ioctl(fd, request | 0x100000000UL, argument) == 0 || errno != EPERM)
		return escaped("%s with high bits: %s", name, strerror(errno));
	if (ioctl(fd, request | 0xffffffff00000000UL, argument) == 0 || errno != EPERM)
		return escaped("%s with all high bits: %s", name, strerror(errno));
	return blocked("%s: %s", name, strerror(errno));
}

static enum outcome push_input(int fd)
{
	char byte = 'x';

	return try_request(fd, "TIOCSTI", TIOCSTI, &byte);
}

static enum outcome console_request(int fd)
{
	char request[8] = {2};

	return try_request(fd, "TIOCLINUX", TIOCLINUX, request);
}

static enum outcome take_console(int fd)
{
	return try_request(fd, "TIOCCONS", TIOCCONS, NULL);
}

static enum outcome set_discipline(int fd)
{
	int discipline = 0;

	return try_request(fd, "TIOCSETD", TIOCSETD, &discipline);
}

static enum outcome tiocsti(const struct attack *a)
{
	(void)a;
	return on_terminal(push_input);
}

static enum outcome tioclinux(const struct attack *a)
{
	(void)a;
	return on_terminal(console_request);
}

static enum outcome tioccons(const struct attack *a)
{
	(void)a;
	return on_terminal(take_console);
}

static enum outcome tiocsetd(const struct attack *a)
{
	(void)a;
	return on_terminal(set_discipline);
}

const struct attack attacks_devices[] = {
	{"make-nodes", "devices", make_nodes},
	{"list-nodes", "devices", list_nodes},
	{"open-nodes", "devices", open_nodes},
	{"change-nodes", "devices", change_nodes},
	{"callers-terminal", "devices", callers_terminal},
	{"entropy", "devices", entropy},
	{"tiocsti", "devices", tiocsti},
	{"tioclinux", "devices", tioclinux},
	{"tioccons", "devices", tioccons},
	{"tiocsetd", "devices", tiocsetd},
	{.name = NULL},
};
