/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the part of the escape tests that stays on the host, with
 * the rights of whoever runs the tests. `serve` is a service that a build must
 * not reach: it listens in every way that a process on this machine can be
 * reached, and notes each visit. `swap` has two names change places. `kill-after`
 * and `orphans` run a command as the reaper of all its descendants, so that nobody
 * who survives it goes unseen.
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, SERVICES = 4, FAILED = 2 };

static void die(const char *what)
{
	perror(what);
	exit(FAILED);
}

static int listen_tcp(unsigned short *ret_port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 8) < 0 ||
		getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		die("tcp");
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* abstract: name in the network namespace instead of the file system. */
static int listen_unix(const char *name, int abstract)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t n = strlen(name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);

	if (n + 1 >= sizeof(address.sun_path))
		die("unix: name");
	memcpy(address.sun_path + (abstract ? 1 : 0), name, n);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 8) < 0)
		die("unix");
	return fd;
}

static int read_fifo(const char *path)
{
	int fd;

	if (mkfifo(path, 0666) < 0 || chmod(path, 0666) < 0)
		die(path);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static void note(int service)
{
	static const char *const names[SERVICES] = {"tcp", "abstract", "socket", "fifo"};
	FILE *touched = fopen("touched", "ae");

	if (touched == NULL)
		die("touched");
	fprintf(touched, "%s\n", names[service]);
	fclose(touched);
}

static int left_nothing;
static void on_term(int number)
{
	(void)number;
	left_nothing = 1;
}

static void answer(struct pollfd *polls)
{
	char byte;

	for (int i = 0; i < SERVICES; i++) {
		if ((polls[i].revents & POLLIN) == 0)
			continue;
		if (i == SERVICES - 1)
			(void)!read(polls[i].fd, &byte, 1);
		else
			close(accept4(polls[i].fd, NULL, NULL, SOCK_CLOEXEC));
		note(i);
	}
}

/* In the current directory: world (what there is to find) and touched (what was found). */
static int serve(const char *workspace)
{
	struct sigaction term = {.sa_handler = on_term};
	struct pollfd polls[SERVICES];
	char name[64], path[512];
	unsigned short port;
	int shm, key = 0x43000000 | (getpid() & 0xffffff);
	mqd_t queue;
	FILE *world;

	snprintf(name, sizeof(name), "cupel-outside-%d", getpid());
	polls[0].fd = listen_tcp(&port);
	polls[1].fd = listen_unix(name, 1);
	snprintf(path, sizeof(path), "%.400s/host.sock", workspace);
	polls[2].fd = listen_unix(path, 0);
	(void)chmod(path, 0777);
	snprintf(path, sizeof(path), "%.400s/host.fifo", workspace);
	polls[3].fd = read_fifo(path);
	shm = shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0666);
	snprintf(path, sizeof(path), "/%s", name);
	queue = mq_open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666, NULL);
	world = fopen("world.new", "we");
	if (world == NULL)
		die("world");
	fprintf(world, "port=%d\nabstract=%s\nkey=%d\nqueue=%s\nvictim=%d\n", port, name,
		shm < 0 ? 0 : key, queue == (mqd_t)-1 ? "" : path, getpid());
	fclose(world);
	if (rename("world.new", "world") < 0)
		die("world");
	sigaction(SIGTERM, &term, NULL);
	for (int i = 0; i < SERVICES; i++)
		polls[i].events = POLLIN;
	while (!left_nothing)
		if (poll(polls, SERVICES, 60000) > 0)
			answer(polls);
	if (shm >= 0)
		shmctl(shm, IPC_RMID, NULL);
	mq_unlink(path);
	return 0;
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Says who they are, and lets them live no longer. */
static void end_survivors(void)
{
	FILE *list = fopen("/proc/thread-self/children", "re");
	char name[64], path[64];
	int pid;

	while (list != NULL && fscanf(list, "%d", &pid) == 1) {
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		comm = fopen(path, "re");
		if (comm == NULL || fgets(name, sizeof(name), comm) == NULL)
			name[0] = '\0';
		if (comm != NULL)
			fclose(comm);
		printf("survived: %d %s\n", pid, name);
		kill(pid, SIGKILL);
	}
	if (list != NULL)
		fclose(list);
}

/* Descendants whose parents are gone come to us. 0 when soon nobody is left. */
static int wait_for_all(void)
{
	long long until = now_ms() + PATIENCE_MS;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (now_ms() > until) {
			end_survivors();
			return -1;
		}
		if (pid == 0)
			usleep(2000);
	}
	return 0;
}

static pid_t start(char **command)
{
	pid_t pid;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("subreaper");
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		die(command[0]);
	}
	if (pid < 0)
		die("fork");
	return pid;
}

/* SIGKILL after so many microseconds; 0 when nobody is left, whoever it was. */
static int kill_after(const char *delay, char **command)
{
	pid_t pid = start(command);

	usleep((useconds_t)strtoul(delay, NULL, 10));
	kill(pid, SIGKILL);
	return wait_for_all() == 0 ? 0 : 1;
}

/* To its end; its exit code, or 99 when somebody outlives it. */
static int orphans(char **command)
{
	pid_t pid = start(command);
	int status;

	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	if (wait_for_all() != 0)
		return 99;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Two names change places, as often as they can, until we are killed. */
static int swap(const char *a, const char *b)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
		continue;
	die("renameat2");
	return FAILED;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "swap") == 0)
		return swap(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		return serve(argv[2]);
	if (argc > 3 && strcmp(argv[1], "kill-after") == 0)
		return kill_after(argv[2], argv + 3);
	if (argc > 2 && strcmp(argv[1], "orphans") == 0)
		return orphans(argv + 2);
	fprintf(stderr, "usage: outside serve DIR | swap A B | kill-after USEC COMMAND… | orphans "
			"COMMAND…\n");
	return FAILED;
}
