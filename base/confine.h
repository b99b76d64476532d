/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;
struct sock_filter;

/*
 * What a program of ours does to itself once it holds the descriptors that it
 * needs and before it reads a hostile byte: no core dumps, not dumpable (so no
 * ptrace, no /proc/PID/mem for its own uid), no_new_privs, Landlock with only
 * the paths given (best ABI that the kernel has; none: goes on), seccomp.
 */
enum confine_access {
	CONFINE_READ,  /* read files and directories */
	CONFINE_FILES, /* and make, write, link, rename and remove files */
	CONFINE_WRITE  /* and truncate them, and make and remove directories and links */
};

struct confine_path {
	int fd; /* a file or directory; access holds beneath it */
	enum confine_access access;
};

struct confine {
	const struct sock_filter *filter; /* generated from conf/seccomp/NAME.policy */
	size_t filter_length;		  /* in instructions */
	const struct confine_path *paths; /* nothing else can be opened any more */
	size_t path_count;
	const uint16_t *connect_ports; /* TCP ports that may be connected to; others cannot */
	size_t connect_port_count;
};

/*
 * Must be called before the first thread is made: each thread would have its own
 * Landlock domain and filter. 0, or -1 with *e filled: the caller must then give up.
 */
int confine_self(const struct confine *what, struct error *e);

/*
 * For a build: no abstract Unix socket of a process outside can be connected to,
 * and none can be signalled; files are not touched. The caller has set
 * no_new_privs. 1 when in force, 0 when the kernel cannot (before ABI 6, Linux
 * 6.12), -1 with *e filled. Allocates nothing.
 */
int confine_scopes(struct error *e);
