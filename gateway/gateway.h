/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/msg.h"
#include "base/needle.h"
#include "base/synthetic.h"
#include "gateway/proxy.h"

/*
 * What the runner and cupel-gateway say to each other: one build's only way out.
 * The gateway runs in the host's network namespace; its listeners were made in
 * the build's, by pid 1, and come through the runner. Its end ends the build.
 */
enum {
	/*
	 * Payload: struct gateway_start; fds: what it says they are, a sealed plan among them.
	 * Sent at the start, so that start-up runs beside the sandbox's.
	 */
	GATEWAY_START = MSG_FIRST,
	/*
	 * Reply to GATEWAY_START; fds: what the build's clients shall trust, as sealed
	 * memfds: certificates in PEM, the same as a Java keystore (JKS).
	 */
	GATEWAY_READY,
	/*
	 * fds: the listeners of the build's namespace: DNS over UDP, then everything that
	 * accepts (SOCK_STREAM): the one at the build's loopback address is DNS over TCP.
	 * May come more than once; no answer.
	 */
	GATEWAY_LISTEN,
	/* No process of the build is left. */
	GATEWAY_FINISH,
	/*
	 * Reply to GATEWAY_FINISH; payload: struct gateway_done; fds: log, dependencies, and
	 * the needles (base/needle.h) of what must not be in the build's outputs; then of a build
	 * that learns what learn_print() of gateway/learn.h says.
	 */
	GATEWAY_DONE,
	/*
	 * Before GATEWAY_START, up to GATEWAY_CREDENTIALS_MAX times. Payload: struct
	 * gateway_credential; fd: the file, which only the gateway reads. No answer.
	 */
	GATEWAY_CREDENTIAL,
};

/* What a build's gateway is given. Each at most once; all but the plan may be absent. */
enum gateway_input {
	GATEWAY_PLAN,	     /* sealed memfd */
	GATEWAY_STORE,	     /* directory of the content store (gateway/store-place.h) */
	GATEWAY_REPLAY,	     /* log of the build that is replayed, sealed; with that mode alone */
	GATEWAY_LOCKS,	     /* what lock files say (base/locks.h), sealed memfd */
	GATEWAY_LOCK_SERVER, /* socket of cupel-lock, for zip files */
	GATEWAY_INPUT_COUNT
};
struct gateway_start {
	uint32_t inputs[GATEWAY_INPUT_COUNT]; /* enum gateway_input, as many as there are fds */
	uint64_t store_quota;		      /* bytes; 0: no limit */
	char proxy[PROXY_URL_ROOM];	      /* gateway/proxy.h; "": none */
};

enum { GATEWAY_CREDENTIALS_MAX = 64 };

struct gateway_credential {
	char name[NEEDLE_NAME_ROOM];
	char file[512];	 /* as messages call it */
	uint32_t wanted; /* of the command line: it has to be of use in this build */
};

/*
 * The log is JSON, one request a line. The dependencies are what gateway/record.h
 * calls so; all are sealed memfds.
 */
struct gateway_done {
	uint64_t allowed, denied, failed; /* requests, and connections that never made one */
	uint64_t uninspected;		  /* of the allowed ones: tunnels */
	uint64_t bytes;			  /* of answers' bodies */
	uint64_t kept, kept_bytes;	  /* new in the content store */
	uint64_t unkept;		  /* bodies and heads that were to be kept and are not */
	int32_t unkept_error;		  /* why: errno, EDQUOT for the quota; 0 */
	uint64_t unanswered;		  /* of the failed ones: a replay has no answer to them */
	char first_unanswered[256];	  /* which, and why */
	char first_denied[256];		  /* why, in one line; "" when nothing was */
};
