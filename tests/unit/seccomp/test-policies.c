/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the filters that are embedded in our programs, simulated,
 * against tables of calls written by hand. Neither the reader of policies nor
 * their text has a part in it, so a mistake in those shows here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "sandbox/seccomp/simulate.h"
#include "seccomp-collect.h"
#include "seccomp-gateway-replay.h"
#include "seccomp-gateway.h"
#include "seccomp-gc.h"
#include "seccomp-image.h"
#include "seccomp-lock.h"
#include "seccomp-sandbox-zerocopy.h"
#include "seccomp-sandbox.h"
#include "seccomp-sign.h"
#include "seccomp-verify.h"

#define NATIVE AUDIT_ARCH_X86_64
#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_PROCESS
#define NO(name) (SECCOMP_RET_ERRNO | (name))
#define HIGH 0xdeadbeef00000000ULL

/* Numbers and constants here come from headers, not through the policy's reader. */
struct expectation {
	uint32_t expected;
	long number;
	uint64_t args[4];
	uint32_t arch; /* 0: native */
};

static const struct expectation of_sandbox[] = {
	{ALLOW, SYS_read, {0}},
	{ALLOW, SYS_execve, {0}},
	{ALLOW, SYS_ptrace, {0}},
	{ALLOW, 0xffffffff, {0}},
	{KILL, SYS_read | 0x40000000, {0}},
	{KILL, 0x40000000 | 520, {0}},
	{KILL, 0x7fffffff, {0}},
	{KILL, SYS_read, {0}, AUDIT_ARCH_I386},
	{KILL, 102, {0}, AUDIT_ARCH_I386},
	{KILL, SYS_read, {0}, AUDIT_ARCH_AARCH64},
	{NO(ENOSYS), SYS_io_uring_setup, {0}},
	{NO(ENOSYS), SYS_clone3, {0}},
	{NO(ENOSYS), SYS_keyctl, {0}},
	{NO(ENOSYS), SYS_add_key, {0}},
	{NO(ENOSYS), SYS_modify_ldt, {0}},
	{NO(ENOSYS), 335, {0}},
	{NO(ENOSYS), 467, {0}},
	{NO(ENOSYS), 471, {0}},
	{NO(ENOSYS), 999, {0}},
	{NO(ENOSYS), 100000, {0}},
	{NO(ENOSYS), 0x80000000, {0}},
	{NO(EPERM), SYS_unshare, {CLONE_NEWUSER}},
	{NO(EPERM), SYS_unshare, {0}},
	{NO(EPERM), SYS_setns, {0}},
	{NO(EPERM), SYS_mount, {0}},
	{NO(EPERM), SYS_mount_setattr, {0}},
	{NO(EPERM), SYS_open_tree, {0}},
	{NO(EPERM), SYS_bpf, {0}},
	{NO(EPERM), SYS_userfaultfd, {0}},
	{NO(EPERM), SYS_pidfd_getfd, {0}},
	{NO(EPERM), SYS_open_by_handle_at, {0}},
	{NO(EPERM), SYS_kexec_load, {0}},
	/* clone */
	{ALLOW, SYS_clone, {SIGCHLD}},
	{ALLOW, SYS_clone, {CLONE_VM | CLONE_THREAD | CLONE_SIGHAND}},
	{NO(EPERM), SYS_clone, {CLONE_NEWUSER}},
	{NO(EPERM), SYS_clone, {CLONE_NEWUSER | HIGH}},
	{NO(EPERM), SYS_clone, {CLONE_NEWNS | SIGCHLD}},
	{NO(EPERM), SYS_clone, {CLONE_NEWNET}},
	{NO(EPERM), SYS_clone, {CLONE_NEWPID}},
	{NO(EPERM), SYS_clone, {CLONE_NEWIPC}},
	{NO(EPERM), SYS_clone, {CLONE_NEWUTS}},
	{NO(EPERM), SYS_clone, {CLONE_NEWCGROUP}},
	/* personality */
	{ALLOW, SYS_personality, {0xffffffff}},
	{ALLOW, SYS_personality, {UINT64_MAX}},
	{ALLOW, SYS_personality, {0}},
	{ALLOW, SYS_personality, {ADDR_NO_RANDOMIZE}},
	{ALLOW, SYS_personality, {ADDR_NO_RANDOMIZE | UNAME26 | PER_LINUX32}},
	{NO(EPERM), SYS_personality, {READ_IMPLIES_EXEC}},
	{NO(EPERM), SYS_personality, {READ_IMPLIES_EXEC | HIGH}},
	{NO(EPERM), SYS_personality, {0xfffffffe}},
	/* socket */
	{ALLOW, SYS_socket, {AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0}},
	{ALLOW, SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}},
	{ALLOW, SYS_socket, {AF_INET6, SOCK_STREAM, IPPROTO_TCP}},
	{ALLOW, SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_UDP}},
	{ALLOW, SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_ICMP}},
	{NO(EPERM), SYS_socket, {AF_INET6 | HIGH, SOCK_RAW | HIGH, IPPROTO_RAW}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_INET, SOCK_STREAM, IPPROTO_SCTP}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_INET, SOCK_STREAM, 256 /* SMC */}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_INET, SOCK_DGRAM, IPPROTO_TCP}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_INET, SOCK_PACKET, 0}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_NETLINK, SOCK_RAW, 6 /* XFRM */}},
	{NO(EPROTONOSUPPORT), SYS_socket, {AF_NETLINK, SOCK_RAW, 12 /* netfilter */}},
	{NO(EAFNOSUPPORT), SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {AF_VSOCK | HIGH, SOCK_STREAM, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {0}},
	{NO(EAFNOSUPPORT), SYS_socket, {50, SOCK_STREAM, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {1000, SOCK_STREAM, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {0x80000001, SOCK_STREAM, 0}},
	{NO(EAFNOSUPPORT), SYS_socket, {UINT64_MAX, SOCK_STREAM, 0}},
	{ALLOW, SYS_socketpair, {AF_UNIX, SOCK_SEQPACKET, 0}},
	{NO(EAFNOSUPPORT), SYS_socketpair, {AF_TIPC, SOCK_STREAM, 0}},
	/* device nodes */
	{ALLOW, SYS_mknod, {0, 0644}},
	{ALLOW, SYS_mknodat, {0, 0, S_IFREG | 0600}},
	{ALLOW, SYS_mknodat, {0, 0, S_IFIFO | 0600}},
	{NO(EPERM), SYS_mknod, {0, S_IFCHR | 0600, 0}},
	{NO(EPERM), SYS_mknod, {0, S_IFBLK | HIGH}},
	{NO(EPERM), SYS_mknodat, {0, 0, S_IFCHR | 0600}},
	{NO(EPERM), SYS_mknodat, {0, 0, S_IFBLK}},
	/* guard */
	{ALLOW, SYS_ioctl, {0, TCGETS}},
	{ALLOW, SYS_ioctl, {0, TIOCSTI + 1}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI | 1ULL << 32}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI | HIGH}},
	{NO(EPERM), SYS_ioctl, {0, TIOCLINUX | HIGH}},
	{NO(EPERM), SYS_ioctl, {0, TIOCCONS}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSETD}},
	{ALLOW, SYS_setsockopt, {0, SOL_SOCKET, SO_REUSEADDR}},
	{ALLOW, SYS_setsockopt, {0, IPPROTO_TCP, 1 /* TCP_NODELAY */}},
	{ALLOW, SYS_setsockopt, {0, IPPROTO_IP, 63}},
	{ALLOW, SYS_setsockopt, {0, IPPROTO_IP, 128}},
	{NO(ENOPROTOOPT), SYS_setsockopt, {0, IPPROTO_TCP | HIGH, 31 /* TCP_ULP */}},
	{NO(ENOPROTOOPT), SYS_setsockopt, {0, IPPROTO_UDP, 100 /* UDP_ENCAP */}},
	{NO(EPERM), SYS_setsockopt, {0, IPPROTO_IP, 64}},
	{NO(EPERM), SYS_setsockopt, {0, IPPROTO_IPV6, 127 | HIGH}},
	/* zerocopy */
	{NO(EINVAL), SYS_splice, {0}},
	{NO(EINVAL), SYS_tee, {0}},
	{NO(EINVAL), SYS_vmsplice, {0}},
	{NO(EINVAL), SYS_sendfile, {0}},
	{ALLOW, SYS_copy_file_range, {0}},
};

/* For each of our own programs. */
static const struct expectation of_programs[] = {
	{ALLOW, SYS_read, {0}},
	{ALLOW, SYS_write, {0}},
	{ALLOW, SYS_exit_group, {0}},
	{ALLOW, SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE}},
	{NO(EPERM), SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC}},
	{NO(EPERM), SYS_mprotect, {0, 4096, PROT_EXEC}},
	{NO(EPERM), SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_bind, {0}},
	{NO(EPERM), SYS_execve, {0}},
	{NO(EPERM), SYS_execveat, {0}},
	{NO(EPERM), SYS_ptrace, {0}},
	{NO(EPERM), SYS_process_vm_readv, {0}},
	{NO(EPERM), SYS_pidfd_open, {0}},
	{NO(EPERM), SYS_pidfd_getfd, {0}},
	{NO(EPERM), SYS_fork, {0}},
	{NO(EPERM), SYS_vfork, {0}},
	{NO(EPERM), SYS_clone, {SIGCHLD}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_VFORK | HIGH}},
	{NO(EPERM), SYS_kill, {1}},
	{NO(EPERM), SYS_open, {0}},
	{NO(EPERM), SYS_creat, {0}},
	{NO(EPERM), SYS_openat, {0, 0, O_WRONLY}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | HIGH}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY | O_CREAT}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY | O_TRUNC}},
	{NO(EPERM), SYS_mount, {0}},
	{NO(EPERM), SYS_unshare, {0}},
	{NO(EPERM), SYS_bpf, {0}},
	{NO(EPERM), SYS_io_uring_setup, {0}},
	{NO(EPERM), SYS_keyctl, {0}},
	{NO(EPERM), SYS_mknodat, {0, 0, S_IFIFO}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI | HIGH}},
	{NO(EPERM), SYS_prctl, {PR_SET_DUMPABLE, 1}},
	{NO(EPERM), SYS_seccomp, {0}},
	{NO(EPERM), SYS_setns, {0, CLONE_NEWNS}},
	{NO(EPERM), SYS_setns, {0, 0}},
	{NO(EPERM), SYS_setns, {0, CLONE_NEWUSER}},
	{NO(EPERM), SYS_renameat2, {0}},
	{NO(EPERM), SYS_setxattr, {0}},
	{NO(EPERM), SYS_fsetxattr, {0}},
	{NO(EPERM), SYS_fcntl, {0, F_SETOWN}},
	{NO(EPERM), 999, {0}},
	{KILL, SYS_read, {0}, AUDIT_ARCH_I386},
	{KILL, SYS_read | 0x40000000, {0}},
};

static const struct expectation of_sign[] = {
	{ALLOW, SYS_recvmsg, {0}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY}},
	{NO(EPERM), SYS_openat2, {0}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_THREAD}},
};

static const struct expectation of_verify[] = {
	{ALLOW, SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY}},
	{NO(EPERM), SYS_openat2, {0}},
	{NO(EPERM), SYS_mkdirat, {0}},
	{NO(EPERM), SYS_recvmsg, {0}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_THREAD}},
};

/* Of those that know nobody but the runner, and keep no store. */
static const struct expectation of_unconnected[] = {
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_connect, {0}},
	{NO(EPERM), SYS_openat, {0, 0, O_TMPFILE | O_RDWR}},
	{NO(EPERM), SYS_linkat, {0}},
	{NO(EPERM), SYS_unlinkat, {0}},
};

static const struct expectation of_gateway[] = {
	{ALLOW, SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}},
	{ALLOW, SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_DGRAM, 0}},
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_RAW, IPPROTO_TCP}},
	{NO(EPERM), SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
	{NO(EPERM), SYS_bind, {0}},
	{NO(EPERM), SYS_listen, {0}},
	{ALLOW, SYS_sendto, {0, 0, 0, MSG_NOSIGNAL}},
	{NO(EPERM), SYS_sendto, {0, 0, 0, MSG_FASTOPEN | MSG_NOSIGNAL}},
	{NO(EPERM), SYS_sendmsg, {0, 0, MSG_FASTOPEN}},
	{ALLOW, SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}},
	{NO(EPERM), SYS_openat, {0, 0, O_WRONLY}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY | O_CREAT}},
	/* the store: new files only */
	{ALLOW, SYS_openat, {0, 0, O_RDWR | O_TMPFILE | O_CLOEXEC}},
	{ALLOW, SYS_openat, {0, 0, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_CREAT}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_CREAT | O_EXCL | O_TRUNC}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_DIRECTORY}},
	{NO(EPERM), SYS_openat, {0, 0, O_WRONLY | O_TRUNC}},
	{ALLOW, SYS_unlinkat, {0}},
	{NO(EPERM), SYS_unlinkat, {0, 0, AT_REMOVEDIR}},
	{NO(EPERM), SYS_mkdirat, {0}},
	{NO(EPERM), SYS_symlinkat, {0}},
	{NO(EPERM), SYS_renameat2, {0}},
	{NO(EPERM), SYS_fchmod, {0}},
	{NO(EPERM), SYS_ftruncate, {0}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_THREAD}},
	{NO(EPERM), SYS_setns, {0}},
	{NO(EPERM), SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC}},
};

/* No way to make a connection, and else as any gateway. */
static const struct expectation of_gateway_replay[] = {
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}},
	{NO(EPERM), SYS_socket, {AF_INET6, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_connect, {0}},
	{NO(EPERM), SYS_bind, {0}},
	{NO(EPERM), SYS_sendto, {0, 0, 0, MSG_FASTOPEN}},
	{ALLOW, SYS_accept4, {0}},
	{ALLOW, SYS_sendto, {0, 0, 0, MSG_NOSIGNAL}},
	{ALLOW, SYS_openat, {0, 0, O_RDONLY | O_CLOEXEC}},
	{NO(EPERM), SYS_openat, {0, 0, O_WRONLY}},
};

static const struct expectation of_gc[] = {
	{ALLOW, SYS_openat, {0, 0, O_RDONLY | O_DIRECTORY | O_CLOEXEC}},
	{ALLOW, SYS_openat, {0, 0, O_RDWR | O_CLOEXEC}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_TMPFILE}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_CREAT | O_EXCL}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDWR | O_TRUNC}},
	{ALLOW, SYS_unlinkat, {0}},
	{NO(EPERM), SYS_unlinkat, {0, 0, AT_REMOVEDIR}},
	{NO(EPERM), SYS_linkat, {0}},
	{NO(EPERM), SYS_socket, {AF_INET, SOCK_STREAM, 0}},
	{NO(EPERM), SYS_connect, {0}},
	{NO(EPERM), SYS_execve, {0}},
	{NO(EPERM), SYS_ptrace, {0}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_THREAD}},
};

static const struct expectation of_image[] = {
	{ALLOW, SYS_sendmsg, {0}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY}},
	{NO(EPERM), SYS_openat2, {0}},
	{NO(EPERM), SYS_clone, {CLONE_VM | CLONE_THREAD}},
};

static const struct expectation of_collect[] = {
	{ALLOW, SYS_openat2, {0}},
	{ALLOW, SYS_symlinkat, {0}},
	{ALLOW, SYS_clone, {CLONE_VM | CLONE_THREAD}},
	{NO(ENOSYS), SYS_clone3, {0}},
	{NO(EPERM), SYS_openat, {0, 0, O_RDONLY}},
};

/* With zerocopy = allow. */
static const struct expectation of_sandbox_zerocopy[] = {
	{ALLOW, SYS_splice, {0}},
	{ALLOW, SYS_sendfile, {0}},
	{NO(EINVAL), SYS_vmsplice, {0}},
	{NO(EPERM), SYS_ioctl, {0, TIOCSTI | HIGH}},
	{NO(EPERM), SYS_clone, {CLONE_NEWUSER}},
};

#define FILTER(name, NAME) #name, seccomp_##name, SECCOMP_##NAME##_LENGTH
#define TABLE(name) name, array_size(name)
static const struct {
	const char *name;
	const struct sock_filter *code;
	size_t length;
	const struct expectation *table;
	size_t count;
} claims[] = {
	{FILTER(sandbox, SANDBOX), TABLE(of_sandbox)},
	{FILTER(sandbox_zerocopy, SANDBOX_ZEROCOPY), TABLE(of_sandbox_zerocopy)},
	{FILTER(collect, COLLECT), TABLE(of_programs)},
	{FILTER(collect, COLLECT), TABLE(of_unconnected)},
	{FILTER(gateway, GATEWAY), TABLE(of_programs)},
	{FILTER(image, IMAGE), TABLE(of_programs)},
	{FILTER(image, IMAGE), TABLE(of_unconnected)},
	{FILTER(lock, LOCK), TABLE(of_programs)},
	{FILTER(lock, LOCK), TABLE(of_unconnected)},
	{FILTER(lock, LOCK), TABLE(of_image)},
	{FILTER(sign, SIGN), TABLE(of_programs)},
	{FILTER(sign, SIGN), TABLE(of_unconnected)},
	{FILTER(verify, VERIFY), TABLE(of_programs)},
	{FILTER(verify, VERIFY), TABLE(of_unconnected)},
	{FILTER(collect, COLLECT), TABLE(of_collect)},
	{FILTER(gateway, GATEWAY), TABLE(of_gateway)},
	{FILTER(gateway_replay, GATEWAY_REPLAY), TABLE(of_programs)},
	{FILTER(gateway_replay, GATEWAY_REPLAY), TABLE(of_gateway_replay)},
	{FILTER(gc, GC), TABLE(of_gc)},
	{FILTER(image, IMAGE), TABLE(of_image)},
	{FILTER(sign, SIGN), TABLE(of_sign)},
	{FILTER(verify, VERIFY), TABLE(of_verify)},
};

static void check_claim(size_t i, const struct expectation *row)
{
	struct seccomp_data data = {
		.nr = (int)row->number,
		.arch = row->arch != 0 ? row->arch : NATIVE,
	};
	unsigned int steps;
	uint32_t found;

	memcpy(data.args, row->args, sizeof(row->args));
	assert_int_equal(
		filter_simulate(claims[i].code, claims[i].length, &data, &found, &steps), 0);
	if (found != row->expected)
		fail_msg("%s: row %td (call %ld): 0x%x instead of 0x%x", claims[i].name,
			row - claims[i].table, row->number, found, row->expected);
}

static void test_filters_refuse_what_they_must(void **state)
{
	size_t rows = 0;

	(void)state;
	for (size_t i = 0; i < array_size(claims); i++)
		for (size_t n = 0; n < claims[i].count; n++, rows++)
			check_claim(i, &claims[i].table[n]);
	print_message("%zu calls answered as written\n", rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_refuse_what_they_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
