/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"
#include "plan/plan.h"
#include "sandbox/init.h"

/* Where the ids of a build come from; held for as long as the build lives. */
struct launch_ids {
	bool privileged;   /* real root: namespaces in our own user namespace */
	uint32_t uid_base; /* 0: single id */
	int lock_fd;	   /* keeps the range ours, or -1 */
};
#define LAUNCH_IDS_INIT                                                                            \
	{                                                                                          \
		.privileged = false, .uid_base = 0, .lock_fd = -1                                  \
	}

/* Finds out what we may do and takes a free range when we are root. 0 or -1. */
int launch_take_ids(struct launch_ids *ret, struct error *e);
void launch_ids_deinit(struct launch_ids *ids); /* also for _cleanup_ */

/* A sandbox that is mounted and waits for its workspace and for LAUNCH_GO. */
struct launch {
	struct process init;
	int out_fd, build_fd; /* detached mounts of $OUT and the workspace, owned */
	int user_fd;	      /* the namespace that they belong to, or -1 as root */
	int terminal_fd;      /* master, or -1 */
};
#define LAUNCH_INIT                                                                                \
	{                                                                                          \
		.init = PROCESS_INIT, .out_fd = -1, .build_fd = -1, .user_fd = -1,                 \
		.terminal_fd = -1                                                                  \
	}

struct launch_stdio {
	int in_fd, out_fd, err_fd; /* what becomes 0, 1 and 2 of the build */
	uint16_t rows, columns;
	bool report;			/* INIT_STEP messages come first; the caller reads them */
	uint16_t ports[INIT_PORTS_MAX]; /* to listen on when the plan's network is trusted */
	uint32_t port_count;
};

/*
 * Makes the namespaces and starts cupel-init in them, in our current directory,
 * which is the workspace. Does not wait. 0, or -1 with *e filled.
 */
int launch_start(struct launch *l, const struct launch_ids *ids, int plan_fd,
	const struct launch_stdio *stdio, struct error *e);
/* Takes the descriptors out of an INIT_MOUNTED message. */
int launch_mounted(struct launch *l, const struct launch_ids *ids, struct msg *m, struct error *e);
void launch_deinit(struct launch *l); /* kills what still runs; also for _cleanup_ */
