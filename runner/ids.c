/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner, before a build, decides whose ids it gets.
 * Root gets 65536 ids that no account and no other build has: a slot of a fixed
 * range, held by a lock on one byte of a file in /run, which the kernel drops
 * when the last process that holds it is gone, however it ended. Anybody else
 * gets his own id in a nested namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/launch.h"

/* Above what adduser, systemd and container engines hand out, below 2^31. */
enum { FIRST_BASE = 0x70000000, SLOTS = 4096 - 1, RANGE = 65536 };

/* Everything that pid 1 does as real root; without one of them we go the user's way. */
static bool has_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const uint32_t needed = 1U << CAP_SYS_ADMIN | 1U << CAP_SETUID | 1U << CAP_SETGID |
				1U << CAP_CHOWN | 1U << CAP_MKNOD | 1U << CAP_NET_ADMIN |
				1U << CAP_NET_BIND_SERVICE | 1U << CAP_DAC_OVERRIDE |
				1U << CAP_SYS_PTRACE | 1U << CAP_KILL;

	if (geteuid() != 0 || syscall(SYS_capget, &header, data) < 0)
		return false;
	return (data[0].effective & needed) == needed;
}

/* In a container our ids may be mapped already, and the range not be there. */
static bool range_is_mapped(void)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	unsigned long inside, outside, count;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return false;
	return sscanf(text, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	       count > (unsigned long)FIRST_BASE + (unsigned long)SLOTS * RANGE;
}

/* Our id 0 is the host's: a build with nothing but our own id would be root outside. */
static bool is_real_root(void)
{
	_cleanup_(fd_closep) int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char text[64] = "";
	unsigned long inside, outside;

	if (geteuid() != 0)
		return false;
	return fd < 0 || read(fd, text, sizeof(text) - 1) <= 0 ||
	       sscanf(text, "%lu %lu", &inside, &outside) != 2 || (inside == 0 && outside == 0);
}

static int open_lock_file(struct error *e)
{
	_cleanup_(fd_closep) int dir = -1;
	int fd;

	if (mkdir("/run/cupel", 0700) < 0 && errno != EEXIST)
		return error_set(e, errno, "cannot make '/run/cupel'");
	dir = open("/run/cupel", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	fd = openat(dir, "ids.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_set(e, errno, "cannot open '/run/cupel/ids.lock'") : fd;
}

static int take_slot(struct launch_ids *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = open_lock_file(e);

	if (fd < 0)
		return -1;
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = ((uint32_t)getpid() + i) % SLOTS;
		struct flock lock = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot, .l_len = 1};

		if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
			ret->uid_base = (uint32_t)FIRST_BASE + slot * RANGE;
			ret->lock_fd = take_fd(&fd);
			return 0;
		}
	}
	return error_set(e, EAGAIN, "all %d ranges of subordinate ids are in use", SLOTS);
}

int launch_take_ids(struct launch_ids *ret, struct error *e)
{
	*ret = (struct launch_ids)LAUNCH_IDS_INIT;
	ret->privileged = has_capabilities() && range_is_mapped();
	if (!ret->privileged && is_real_root()) {
		error_set(e, EPERM, "root without all capabilities cannot give a build other ids");
		return error_hint(e, "run it as an ordinary user, for example with 'setpriv "
				     "--reuid 1000 --regid 1000 --clear-groups'");
	}
	return ret->privileged ? take_slot(ret, e) : 0;
}

void launch_ids_deinit(struct launch_ids *ids)
{
	fd_closep(&ids->lock_fd);
}
