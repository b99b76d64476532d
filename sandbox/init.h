/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/msg.h"

/*
 * What the runner and cupel-init (pid 1 of a build) say to each other. The
 * runner has already made the namespaces; init turns them into the sandbox,
 * runs the build, and its end is the end of every process of the build.
 */
enum {
	/*
	 * payload: struct init_start; fds: sealed plan. The workspace is the current
	 * directory that init was started in.
	 */
	INIT_START = MSG_FIRST,
	INIT_STEP, /* payload: struct init_step; after each step, when a report is wanted */
	/*
	 * Only when the plan's network is trusted, before INIT_MOUNTED. payload: struct
	 * init_listening; fds: the listeners of the build's namespace: DNS over UDP, DNS
	 * over TCP, then one for each family of the synthetic network, or one for each of
	 * init_start.ports.
	 */
	INIT_LISTENING,
	/*
	 * The trees are mounted. fds: $OUT and the workspace as the build will see
	 * them (detached clones that outlive init), the owning user namespace, and
	 * the terminal's master if the plan has one.
	 */
	INIT_MOUNTED,
	/*
	 * The workspace is filled: start the build. fds, when the plan's network is trusted:
	 * what its clients shall trust, as GATEWAY_READY brings it.
	 */
	INIT_GO,
	INIT_EXECED, /* the command was executed; what follows is its own doing */
	INIT_EXITED, /* payload: struct init_exited; every process dies with init's exit */
};

/* Held, never used: the lock on our range of ids lasts as long as pid 1. */
enum { INIT_LOCK_FD = MSG_CONTROL_FD + 1 };

enum { INIT_PORTS_MAX = MSG_FDS_MAX - 2 };

struct init_start {
	uint32_t uid_base;	/* first of 65536 subordinate ids, or 0: single id */
	uint32_t privileged;	/* init is real root: it makes device nodes, else it binds them */
	uint32_t merge_stderr;	/* standard error is the same file as standard output */
	uint32_t report;	/* send INIT_STEP */
	uint16_t rows, columns; /* of the terminal */
	uint32_t port_count;
	uint16_t ports[INIT_PORTS_MAX]; /* to listen on for the gateway, in case */
};

struct init_listening {
	/*
	 * 0: every connection to the synthetic network arrives, and none else. Why not,
	 * as an errno: only those to init_start.ports do, which are taken from the build.
	 */
	uint32_t errnum;
};

struct init_step {
	char name[48];
	char why[112];
};

struct init_exited {
	int32_t status; /* as from waitpid(2) */
	uint32_t reserved;
	uint64_t user_us, system_us; /* CPU time of all processes of the build */
	uint64_t max_rss_kib;	     /* of the largest one */
};
