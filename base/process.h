/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct error;

/* A program of ours that runs beside the runner, with one control socket. */
struct process {
	pid_t pid;  /* 0: none */
	int pidfd;  /* owned */
	int socket; /* owned; our end of its MSG_CONTROL_FD */
	const char *name;
};
#define PROCESS_INIT                                                                               \
	{                                                                                          \
		.pid = 0, .pidfd = -1, .socket = -1, .name = NULL                                  \
	}

/*
 * Opens the program `name` ("cupel-sign") that belongs to this one: from
 * ../libexec/cupel beside our own executable, from its own directory when that is
 * libexec/cupel, or from the build tree that we run in. fd (O_PATH), or -1 with *e filled.
 */
int process_open_program(const char *name, struct error *e);
/* The two ends of a SEQPACKET pair, both close-on-exec. */
int process_socketpair(int ret[2], struct error *e);
/*
 * Starts a program with an empty environment, stdin and stdout on /dev/null,
 * our stderr, and its socket as MSG_CONTROL_FD; it is killed when we die.
 * argv is NULL-terminated and starts with the program's name.
 */
int process_start(const char *name, const char *const argv[], struct process *ret, struct error *e);
/* The same, and extra_fd (which stays the caller's; -1: none) as PROCESS_EXTRA_FD. */
enum { PROCESS_EXTRA_FD = 4 };
int process_start_with(const char *name, const char *const argv[], int extra_fd,
	struct process *ret, struct error *e);
/*
 * Closes the socket (which tells the program to end), waits, and gives an error
 * when it did not exit with 0. Does nothing for PROCESS_INIT.
 */
int process_finish(struct process *p, struct error *e);
/* For _cleanup_: kills and reaps what still runs. */
void process_deinit(struct process *p);
