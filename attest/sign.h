/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/msg.h"

/*
 * What the runner may ask of cupel-sign, in this order, each exactly once.
 * Anything else, or anything out of order, ends the signer without a signature
 * (the monitor pattern): the key can be used once, for a statement that the
 * signer itself wrote, and only after the environment is gone.
 */
enum {
	/* fds: sealed plan. Sent at the start, so that start-up runs beside the build. */
	SIGN_PLAN = MSG_FIRST,
	SIGN_READY, /* reply to SIGN_PLAN; payload: struct sign_ready */
	/*
	 * payload: struct sign_record; fds: outputs manifest, list of image packages, and
	 * when the plan's network is not "none" the gateway's log and dependencies
	 * (base/dependencies.h). Sealed memfds or read-only files, read to the end.
	 */
	SIGN_RECORD,
	SIGN_DESTROYED, /* payload: struct sign_destroyed */
	SIGN_SIGN,	/* no payload */
	SIGN_DONE,	/* reply to SIGN_SIGN; payload: struct sign_ready; fds: JSONL, bundle */
};

struct sign_ready {
	char keyid[64]; /* "SHA256:" and the base64 fingerprint, as ssh-keygen -l prints it */
};

struct sign_record {
	uint64_t started_ms, finished_ms; /* since the epoch, UTC */
	char log_sha256[65];
	char source_sha256[65];	 /* digest of the workspace's tree manifest */
	char outputs_sha256[65]; /* digest of the outputs' tree manifest */
	char workspace_when[16]; /* "before" the build was it hashed, or "during" */
	uint64_t log_bytes;
	/* What the gateway counted; 0 without one. */
	uint64_t requests_allowed, requests_denied, requests_failed, requests_uninspected;
};

/* What remains of the environment, as the runner counted it; all must be 0. */
struct sign_destroyed {
	uint32_t processes, mounts, namespaces, files;
};
