/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: plays the runner and the gateway for one build with
 * network = trusted, without either of them: starts cupel-init, gives it ports,
 * answers each name with the same two addresses, and tells each connection where
 * it was meant to go. Its own exit code is the build's.
 *
 * listeners INIT WORLD PEM JKS COMMAND…, where WORLD is "none" or words with a comma
 * between them: "trusted", "ports" (where no-netfilter is the caller, or there is none),
 * "no-ipv6" (in a namespace without), "no-trust" (GO without descriptors), "no-seals"
 * (GO with the files themselves). Its code is 77 when the kernel's listeners are others.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "base/synthetic.h"
#include "plan/builder.h"
#include "sandbox/init.h"

enum { UNUSED_IDS = 0x7fff0000, DNS_HEAD = 12, TYPE_AAAA = 28, TRUST_ROOM = 2 << 20 };

static const uint16_t ports[] = {80, 443, 8443};

/* The offset of each string and list, so that plan_check() finds all of them. */
static void fill_strings(struct plan_builder *b)
{
	struct plan_string empty = plan_add_string(b, "");

	for (size_t i = 0; i < plan_field_count; i++)
		if (plan_fields[i].type == PLAN_STRING)
			memcpy((char *)&b->head + plan_fields[i].offset, &empty, sizeof(empty));
}

static int make_plan(bool trusted, bool privileged, char **command, struct error *e)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", "HOME=/home/build"};
	_cleanup_(plan_builder_deinit) struct plan_builder b;
	uint32_t count = 0;

	while (command[count] != NULL)
		count++;
	plan_builder_init(&b);
	fill_strings(&b);
	b.head.command = plan_add_list(&b, (const char *const *)command, count);
	b.head.environment = plan_add_list(&b, environment, array_size(environment));
	b.head.directory = plan_add_string(&b, "/build");
	b.head.hostname = plan_add_string(&b, "cupel");
	b.head.uid = b.head.gid = 1000;
	b.head.ids = privileged ? PLAN_IDS_SUBORDINATE : PLAN_IDS_SINGLE;
	b.head.workspace = PLAN_WORKSPACE_COPY;
	b.head.network = trusted ? PLAN_NETWORK_TRUSTED : PLAN_NETWORK_NONE;
	b.head.range = plan_add_string(&b, SYNTHETIC_DEFAULT4);
	b.head.range6 = plan_add_string(&b, SYNTHETIC_DEFAULT6);
	b.head.scratch_bytes = 64 << 20;
	b.head.scratch_inodes = 4096;
	b.head.open_files = b.head.processes = 512;
	return plan_seal(&b, e);
}

static bool has(const char *world, const char *word)
{
	return strstr(world, word) != NULL;
}

static int write_text(const char *path, const char *text)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -1 : fd_write_all(fd, text, strlen(text));
}

static int map_self(uid_t uid, gid_t gid)
{
	char map[64];

	snprintf(map, sizeof(map), "0 %u 1\n", uid);
	if (write_text("/proc/self/setgroups", "deny") < 0 ||
		write_text("/proc/self/uid_map", map) < 0)
		return -1;
	snprintf(map, sizeof(map), "0 %u 1\n", gid);
	return write_text("/proc/self/gid_map", map);
}

__attribute__((noreturn)) static void child_main(
	const char *init, int socket, bool map, bool ipv6, uid_t uid, gid_t gid)
{
	static char *const argv[] = {(char *)(uintptr_t) "cupel-init", NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((map && map_self(uid, gid) < 0) ||
		(!ipv6 && write_text("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1") < 0) ||
		dup2(socket, MSG_CONTROL_FD) < 0)
		perror("listeners");
	else if (close_range(MSG_CONTROL_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		execv(init, argv);
	_exit(125);
}

static int start_init(const char *init, bool privileged, bool ipv6, pid_t *ret_pid, struct error *e)
{
	const unsigned long flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
				    CLONE_NEWUTS | CLONE_NEWCGROUP | SIGCHLD |
				    (privileged ? 0 : CLONE_NEWUSER);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int pair[2];

	if (process_socketpair(pair, e) < 0)
		return -1;
	*ret_pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
	if (*ret_pid == 0)
		child_main(init, pair[1], !privileged, ipv6, uid, gid);
	close(pair[1]);
	return *ret_pid < 0 ? error_set(e, errno, "cannot make the namespaces") : pair[0];
}

/* The length of the answer that is in place of the question, or -1. */
static ssize_t answer_name(unsigned char *message, size_t n)
{
	static const unsigned char four[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, 5, 5};
	static const unsigned char six[] = {0xc0, 12, 0, TYPE_AAAA, 0, 1, 0, 0, 0, 60, 0, 16, 0xfd,
		0x63, 0x75, 0x70, 0x65, 0x6c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5};
	size_t end = DNS_HEAD;
	bool aaaa;

	while (end < n && message[end] != 0)
		end += message[end] + 1U;
	if (end + 5 > n)
		return -1;
	aaaa = message[end + 2] == TYPE_AAAA;
	end += 5;
	memcpy(message + 2, "\x81\x80\0\1\0\1\0\0\0", 10);
	memcpy(message + end, aaaa ? six : four, aaaa ? sizeof(six) : sizeof(four));
	return (ssize_t)(end + (aaaa ? sizeof(six) : sizeof(four)));
}

static void serve_datagram(int fd)
{
	unsigned char message[2048];
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(fd, message, 512, 0, (struct sockaddr *)&from, &size);

	n = n < 0 ? -1 : answer_name(message, (size_t)n);
	if (n > 0)
		(void)sendto(fd, message, (size_t)n, 0, (struct sockaddr *)&from, size);
}

static void serve_name(int listener)
{
	_cleanup_(fd_closep) int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	unsigned char message[2048];
	ssize_t n;

	if (fd < 0 || fd_read_full(fd, message, 2) != 2)
		return;
	n = message[0] << 8 | message[1];
	if (n > 512 || fd_read_full(fd, message + 2, (size_t)n) != n)
		return;
	n = answer_name(message + 2, (size_t)n);
	message[0] = 0;
	message[1] = (unsigned char)n;
	if (n > 0)
		(void)fd_write_all(fd, message, (size_t)n + 2);
}

/* "where it was meant to go, where it comes from", as accept(2) on one listener sees them. */
static void serve_connection(int listener)
{
	struct sockaddr_storage ends[2];
	char text[2][INET6_ADDRSTRLEN] = {"?", "?"}, line[160];
	socklen_t size = sizeof(ends[1]);
	_cleanup_(fd_closep) int fd =
		accept4(listener, (struct sockaddr *)&ends[1], &size, SOCK_CLOEXEC);

	size = sizeof(ends[0]);
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&ends[0], &size) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		inet_ntop(ends[i].ss_family,
			ends[i].ss_family == AF_INET
				? (void *)&((struct sockaddr_in *)&ends[i])->sin_addr
				: (void *)&((struct sockaddr_in6 *)&ends[i])->sin6_addr,
			text[i], sizeof(text[i]));
	snprintf(line, sizeof(line), "%s %u %s\n", text[0],
		ntohs(((struct sockaddr_in *)&ends[0])->sin_port), text[1]);
	(void)fd_write_all(fd, line, strlen(line));
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, level, name, &value, &size) < 0 ? -1 : value;
}

static bool is_listener(int fd, int family, int type)
{
	return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 &&
	       option(fd, SOL_SOCKET, SO_DOMAIN) == family &&
	       option(fd, SOL_SOCKET, SO_TYPE) == type &&
	       (type == SOCK_DGRAM || option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
}

/* What the gateway relies on. */
static int check_listeners(const struct msg *m, bool by_port, bool ipv6, struct error *e)
{
	if (m->fd_count != 2 + (by_port ? (int)array_size(ports) : 1 + ipv6))
		return error_set(e, 0, "%d listeners", m->fd_count);
	for (int i = 0; i < m->fd_count; i++) {
		int fd = m->fds[i], first = by_port ? 2 : 3;
		bool six = ipv6 && i >= first;

		if (!is_listener(fd, six ? AF_INET6 : AF_INET, i == 0 ? SOCK_DGRAM : SOCK_STREAM) ||
			(by_port && six && option(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 0))
			return error_set(e, 0, "listener %d is not as promised", i);
	}
	return 0;
}

static int open_trust(const char *path, bool sealed, struct error *e)
{
	static char data[TRUST_ROOM];
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, data, sizeof(data));
	int copy = n < 0 ? -1 : fd_memfd_sealed("trust", data, (size_t)n);

	if (copy < 0)
		return error_set(e, errno, "cannot pass '%s' on", path);
	return sealed ? copy : take_fd(&fd);
}

static int send_go(int control, const char *world, char **files, struct error *e)
{
	int fds[2], count = 0;

	if (strcmp(world, "none") != 0 && !has(world, "no-trust"))
		while (count < 2) {
			fds[count] = open_trust(files[count], !has(world, "no-seals"), e);
			if (fds[count++] < 0)
				return -1;
		}
	return msg_send(control, INIT_GO, NULL, 0, fds, count, e);
}

/* Whether the variant is the one that WORLD names. */
static int check_variant(const struct msg *m, bool by_port, struct error *e)
{
	struct init_listening listening;

	if (msg_payload(m, &listening, sizeof(listening)) < 0 || (listening.errnum != 0) != by_port)
		return error_set(e, (int)listening.errnum, "the listeners are the other ones");
	return 0;
}

/* The build's status, or -1 with *e filled. */
static int serve(int control, const struct msg *listeners, struct error *e)
{
	struct pollfd polls[MSG_FDS_MAX + 1] = {{.fd = control, .events = POLLIN}};
	struct init_exited exited;
	struct msg m;

	for (int i = 0; i < listeners->fd_count; i++)
		polls[i + 1] = (struct pollfd){.fd = listeners->fds[i], .events = POLLIN};
	for (;;) {
		if (poll(polls, (nfds_t)listeners->fd_count + 1, -1) < 0)
			return error_set(e, errno, "cannot wait");
		for (int i = 0; i < listeners->fd_count; i++)
			if (polls[i + 1].revents != 0)
				(i == 0		 ? serve_datagram
					: i == 1 ? serve_name
						 : serve_connection)(polls[i + 1].fd);
		if (polls[0].revents == 0)
			continue;
		if (msg_expect(control, INIT_EXITED, &m, e) < 0)
			return -1;
		return msg_payload(&m, &exited, sizeof(exited)) < 0 ? 125 : exited.status;
	}
}

static int run(int control, int plan_fd, bool privileged, char **argv, struct error *e)
{
	const char *world = argv[2];
	const bool trusted = strcmp(world, "none") != 0, by_port = has(world, "ports");
	struct init_start start = {.privileged = privileged,
		.uid_base = privileged ? UNUSED_IDS : 0,
		.port_count = array_size(ports)};
	_cleanup_(msg_deinit) struct msg listeners = {MSG_INIT_FIELDS};
	struct msg m;

	memcpy(start.ports, ports, sizeof(ports));
	if (msg_send(control, INIT_START, &start, sizeof(start), &plan_fd, 1, e) < 0)
		return -1;
	if (trusted && (msg_expect(control, INIT_LISTENING, &listeners, e) < 0 ||
			       check_variant(&listeners, by_port, e) < 0 ||
			       check_listeners(&listeners, by_port, !has(world, "no-ipv6"), e) < 0))
		return -1;
	if (msg_expect(control, INIT_MOUNTED, &m, e) < 0)
		return -1;
	msg_deinit(&m);
	if (send_go(control, world, argv + 3, e) < 0 || msg_expect(control, INIT_EXECED, &m, e) < 0)
		return -1;
	return serve(control, &listeners, e);
}

int main(int argc, char *argv[])
{
	struct error e = {0};
	const bool privileged = geteuid() == 0;
	int plan_fd, control, status;
	pid_t pid;

	if (argc < 6)
		return 2;
	plan_fd = make_plan(strcmp(argv[2], "none") != 0, privileged, argv + 5, &e);
	control = plan_fd < 0 ? -1
			      : start_init(argv[1], privileged, !has(argv[2], "no-ipv6"), &pid, &e);
	status = control < 0 ? -1 : run(control, plan_fd, privileged, argv, &e);
	if (status < 0)
		error_print("listeners", &e);
	if (control >= 0) {
		close(control);
		waitpid(pid, NULL, 0);
	}
	if (status < 0)
		return e.kind == ERROR_POLICY ? 77 : 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}
