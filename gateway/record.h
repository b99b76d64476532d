/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct gateway_done;

/*
 * What the gateway hands over at the end of a build: the log, JSON, one request a line,
 * allowed or not, in the order of their ends (its keys are in cupel-gateway(8)); and the
 * dependencies, in the form of base/dependencies.h.
 */
enum record_outcome {
	RECORD_ALLOWED,
	RECORD_DENIED, /* a rule or a protocol's rule was broken by the build */
	RECORD_FAILED, /* allowed, but the registry or the client did not go through with it */
	RECORD_OUTCOME_COUNT
};

/* One request, or a connection that never made one. Texts may be NULL or "": not known. */
struct record {
	enum record_outcome outcome;
	uint64_t started_ms; /* wall clock */
	const char *registry, *method, *url, *host, *why, *media_type, *address, *spki, *grant;
	const char *credential; /* the name of the one that went with it */
	const char *wants; /* ids of the objects that git asked for, each followed by a blank */
	bool wants_cut;	   /* and perhaps others */
	const char *sha256, *sha512, *request_sha256;
	const char *head; /* SHA-256 of the answer's head: both it and the body are in the store */
	const char *vary; /* SHA-256 of the request's fields that vary an answer */
	int status;
	uint64_t size, request_size;
	unsigned short port;
	bool inspected, raw; /* raw: no byte was looked at */
	bool locked;	     /* what was delivered is what a lock file says */
};

/* Whether there is no room for another request. */
bool record_is_full(void);
void record_put(const struct record *r);
/* Everything so far: the log as it is, the dependencies sorted, each once, and the counts. */
int record_finish(struct buf *log, struct buf *dependencies, struct gateway_done *ret);
