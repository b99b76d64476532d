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
enum confine_access { CONFINE_READ, CONFINE_WRITE };

struct confine_path {
	int fd; /* a file or directory; access holds beneath it */
	enum confine_access access;
};

struct confine {
	const struct sock_filter *filter; /* generated from conf/seccomp/NAME.policy */
	size_t filter_length;             /* in instructions */
	const struct confine_path *paths; /* nothing else can be opened any more */
	size_t path_count;
};

/* 0, or -1 with *e filled: the caller must then give up. */
int confine_self(const struct confine *what, struct error *e);
