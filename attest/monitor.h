/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "attest/key.h"
#include "attest/statement.h"

struct error;

/*
 * The signer's side of attest/sign.h: one run, one statement, one signature.
 * key is used once and then wiped; builder_id is what this signer stands for.
 */
struct monitor {
	struct key key; /* owned */
	unsigned int state;
	struct statement_input input; /* its lists are owned */
};

/* Takes the key over. machine and release must outlive the monitor. */
void monitor_init(struct monitor *m, struct key *key, const char *builder_id, const char *machine,
	const char *linux_release);
void monitor_deinit(struct monitor *m); /* also for _cleanup_ */

/*
 * Answers requests until the peer closes the socket: 0. A request that is
 * unknown, malformed, out of order or refused: the peer is told (MSG_ERROR), the
 * key is wiped, and -1 with *e filled.
 */
int monitor_run(struct monitor *m, int socket, struct error *e);
