/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

/* What cupel-gc is asked for, on its command line by the runner. */
struct gc_wish {
	uint64_t quota; /* bytes that may stay; 0: no limit */
	bool all, verify, dry_run;
};

struct gc_done {
	uint64_t objects, bytes; /* that there are afterwards */
	uint64_t removed, removed_bytes;
	uint64_t temporaries; /* left behind, removed */
	uint64_t damaged;     /* of the removed: not what their names say */
	uint64_t failed;      /* could not be removed */
	bool busy;	      /* a replay is under way: no object was removed */
};

/*
 * Tidies up the store in that directory, beside builds that use it: what is being written
 * is locked by who writes it, and while a replay is under way (it holds a shared lock on
 * the directory) no object that is good goes away. 0, or -1 with *e filled.
 */
int gc_run(int store_fd, const struct gc_wish *wish, struct gc_done *ret, struct error *e);
