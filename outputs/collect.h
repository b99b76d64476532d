/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/msg.h"

/*
 * What the runner asks of cupel-collect, the only program that reads a tree
 * which a stranger shaped: it carries the workspace in and the outputs out,
 * hashing each byte while it copies it. Started as "cupel-collect --userns" it
 * first joins the user namespace to which the tree belongs. Answers are
 * COLLECT_DONE or MSG_ERROR; after MSG_ERROR it ends.
 */
enum {
	/*
	 * payload: struct collect_import; fds: source directory, then (unless
	 * hash_only) destination directory. Reply fd: tree manifest.
	 */
	COLLECT_IMPORT = MSG_FIRST,
	/*
	 * payload: struct collect_export; fds: sealed plan, staging directory (empty,
	 * ours), then the build's $OUT, then (if the plan names outputs) its
	 * workspace, the log file, and last (if there was a network) the gateway's needles. Reply
	 * fd: tree manifest of what was staged, without build.log. Only once, and nothing after it.
	 */
	COLLECT_EXPORT,
	COLLECT_DONE, /* payload: struct collect_done */
	/*
	 * fds: user namespace. No reply. The first message with --userns, refused
	 * without it. Needed by an ordinary user: inside he may read what the build
	 * made unreadable, and give files to the build's ids.
	 */
	COLLECT_JOIN,
};

struct collect_import {
	uint64_t max_entries, max_bytes; /* more: an error that says so; 0: no limit */
	int64_t clamp_mtime;		 /* seconds: later modification times become this */
	uint32_t uid, gid;		 /* new owner (as the collector sees ids), or -1 */
	uint32_t hash_only;		 /* the tree is not copied, only hashed */
	uint32_t skip_count;		 /* names at the top level that are left out */
	char skip[4][256];
};

struct collect_export {
	uint32_t has_workspace; /* a fourth directory fd is there */
	uint32_t has_needles;	/* the last fd says what must not be found in anything */
};

struct collect_done {
	uint64_t files, dirs, links, bytes;
	uint64_t skipped;    /* import: FIFOs, sockets, devices that were left out */
	char sha256[65];     /* of the manifest: the digest of the tree */
	char log_sha256[65]; /* export only */
	char single[256];    /* export: the name of the only file at the top, else empty */
	uint64_t log_bytes;
};
