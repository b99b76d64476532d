/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: tables for cupel-seccomp, used while building or by an
 * administrator on a policy of their own; no privileges. Numbers come from this
 * machine's headers and from libseccomp's table, so a policy cannot be compiled
 * for another architecture than the one that this program runs on.
 */
#include "sandbox/seccomp/names.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"

/*
 * libseccomp 2.5.4 ends at 454. Since 424 a call has the same number on every
 * architecture that we could meet.
 */
static const struct {
	const char *name;
	int number;
} recent[] = {
	{"cachestat", 451},
	{"fchmodat2", 452},
	{"map_shadow_stack", 453},
	{"futex_wake", 454},
	{"futex_wait", 455},
	{"futex_requeue", 456},
	{"statmount", 457},
	{"listmount", 458},
	{"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460},
	{"lsm_list_modules", 461},
	{"mseal", 462},
	{"setxattrat", 463},
	{"getxattrat", 464},
	{"listxattrat", 465},
	{"removexattrat", 466},
	{"open_tree_attr", 467},
	{"file_getattr", 468},
	{"file_setattr", 469},
};

/*
 * Bits as in the kernel's SYSCALL_DEFINE: 32 for int and unsigned int, else 64.
 * clone's flags are an unsigned long of which it takes lower_32_bits().
 */
static const struct {
	const char *call;
	const char *name;
	unsigned int index;
	unsigned int bits;
} arguments[] = {
	{"clone", "flags", 0, 32},
	{"fcntl", "command", 1, 32},
	{"ioctl", "request", 1, 32},
	{"madvise", "advice", 2, 32},
	{"mknod", "mode", 1, 32},
	{"mknodat", "mode", 2, 32},
	{"mmap", "protection", 2, 64},
	{"mmap", "flags", 3, 64},
	{"mprotect", "protection", 2, 64},
	{"openat", "flags", 2, 32},
	{"personality", "persona", 0, 32},
	{"prctl", "option", 0, 32},
	{"prlimit64", "pid", 0, 32},
	{"prlimit64", "new", 2, 64},
	{"setns", "type", 1, 32},
	{"setsockopt", "level", 1, 32},
	{"setsockopt", "name", 2, 32},
	{"sendmsg", "flags", 2, 32},
	{"sendto", "flags", 3, 32},
	{"socket", "family", 0, 32},
	{"socket", "type", 1, 32},
	{"socket", "protocol", 2, 32},
	{"socketpair", "family", 0, 32},
	{"unlinkat", "flags", 2, 32},
};

#define CONSTANT(name)                                                                             \
	{                                                                                          \
#name, (uint64_t)(name)                                                            \
	}
static const struct {
	const char *name;
	uint64_t value;
} constants[] = {
	CONSTANT(ADDR_NO_RANDOMIZE),
	CONSTANT(AF_INET),
	CONSTANT(AF_INET6),
	CONSTANT(AF_NETLINK),
	CONSTANT(AF_UNIX),
	CONSTANT(CLONE_NEWCGROUP),
	CONSTANT(CLONE_NEWIPC),
	CONSTANT(CLONE_NEWNET),
	CONSTANT(CLONE_NEWNS),
	CONSTANT(CLONE_NEWPID),
	CONSTANT(CLONE_NEWUSER),
	CONSTANT(CLONE_NEWUTS),
	CONSTANT(CLONE_THREAD),
	CONSTANT(F_ADD_SEALS),
	CONSTANT(F_DUPFD_CLOEXEC),
	CONSTANT(F_GETFD),
	CONSTANT(F_GETFL),
	CONSTANT(F_GET_SEALS),
	CONSTANT(F_SETFD),
	CONSTANT(F_SETPIPE_SZ),
	CONSTANT(IPPROTO_TCP),
	CONSTANT(IPPROTO_UDP),
	CONSTANT(MADV_DONTDUMP),
	CONSTANT(MADV_DONTNEED),
	CONSTANT(NETLINK_ROUTE),
	CONSTANT(MSG_FASTOPEN),
	CONSTANT(O_ACCMODE),
	CONSTANT(O_APPEND),
	CONSTANT(O_CREAT),
	CONSTANT(O_DIRECTORY),
	CONSTANT(O_EXCL),
	CONSTANT(O_TMPFILE),
	CONSTANT(O_TRUNC),
	CONSTANT(PER_LINUX32),
	CONSTANT(PROT_EXEC),
	CONSTANT(PR_SET_NAME),
	CONSTANT(SOCK_DGRAM),
	CONSTANT(SOCK_RAW),
	CONSTANT(SOCK_STREAM),
	CONSTANT(SOL_IP),
	CONSTANT(SOL_IPV6),
	CONSTANT(SOL_TCP),
	CONSTANT(SOL_UDP),
	CONSTANT(S_IFIFO),
	CONSTANT(S_IFMT),
	CONSTANT(S_IFREG),
	CONSTANT(S_IFSOCK),
	CONSTANT(TCGETS),
	CONSTANT(TCP_ULP),
	CONSTANT(TIOCCONS),
	CONSTANT(TIOCGWINSZ),
	CONSTANT(TIOCLINUX),
	CONSTANT(TIOCSETD),
	CONSTANT(TIOCSTI),
	CONSTANT(UDP_ENCAP),
	CONSTANT(UNAME26),
};

int names_system_call(const char *name)
{
	int number;

	for (size_t i = 0; i < array_size(recent); i++)
		if (strcmp(recent[i].name, name) == 0)
			return recent[i].number;
	number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return NAMES_UNKNOWN;
	return number < 0 ? NAMES_ELSEWHERE : number;
}

int names_argument(
	const char *call, const char *name, unsigned int *ret_index, unsigned int *ret_bits)
{
	for (size_t i = 0; i < array_size(arguments); i++) {
		if (strcmp(arguments[i].call, call) != 0 || strcmp(arguments[i].name, name) != 0)
			continue;
		*ret_index = arguments[i].index;
		*ret_bits = arguments[i].bits;
		return 0;
	}
	return -1;
}

int names_constant(const char *name, uint64_t *ret)
{
	for (size_t i = 0; i < array_size(constants); i++) {
		if (strcmp(constants[i].name, name) != 0)
			continue;
		*ret = constants[i].value;
		return 0;
	}
	return -1;
}

int names_errno(const char *name)
{
	/* The kernel passes at most MAX_ERRNO; names end long before. */
	for (int i = 1; i < 200; i++) {
		const char *known = strerrorname_np(i);

		if (known != NULL && strcmp(known, name) == 0)
			return i;
	}
	return 0;
}
