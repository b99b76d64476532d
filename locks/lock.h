/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/locks.h"
#include "base/msg.h"

/*
 * What the runner asks of cupel-lock, which reads the lock files of a project: one
 * LOCKS_FILE for each, LOCKS_LIST once, and LOCKS_SERVE when the build has a gateway.
 * It ends with the runner's socket.
 */
enum lock_kind {
	LOCK_KIND_ATTESTATION, /* whose signature was verified */
	LOCK_KIND_CARGO,
	LOCK_KIND_GO,
	LOCK_KIND_NPM,
	LOCK_KIND_REQUIREMENTS,
	LOCK_KIND_COUNT
};
enum {
	LOCKS_FILE = MSG_FIRST, /* payload: uint32_t, enum lock_kind; fd: the file */
	LOCKS_FILE_READ,	/* reply; payload: struct lock_file_read */
	LOCKS_LIST,
	LOCKS_LISTED, /* reply; fd: the list of base/locks.h, a sealed memfd */
	LOCKS_SERVE,  /* fd: a socket, over which LOCKS_HASH comes. No reply. */
};
enum { LOCK_FILE_BYTES_MAX = 32 << 20 };

struct lock_file_read {
	uint64_t count;	   /* digests */
	uint32_t left_out; /* what it names without one that counts */
	uint32_t reserved;
	char first_left_out[128];
	char sha256[65]; /* of the file */
};
