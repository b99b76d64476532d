/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct client;
struct error;
struct exchange;
struct gateway_done;

/*
 * A build that gets from the content store what an earlier build got from its registries:
 * the same requests (by method, URL, the fields that an answer depends on, the digest of
 * the body, and for the n-th time) have the same answers. Rules apply as ever, and nothing
 * is connected to.
 */

/*
 * Reads the record of the earlier build, a sealed memfd that is taken over. After
 * confinement. 0, or -1 with *e filled.
 */
int replay_load(int fd, struct error *e);
bool replay_is_on(void);
/*
 * Instead of asking a registry: the request's body is read, the head of the answer is in
 * x->answer. 0 or -1 with x->why; the answer that the client gets is then *ret_status.
 */
int replay_ask(struct exchange *x, int *ret_status);
/* The body that belongs to it, in x->down, to the client. 0 or -1 with x->why. */
int replay_pass(struct exchange *x);
/* The same into x->spool, for who holds it back; with x->down.sha512, that digest, too. */
int replay_hold(struct exchange *x);
void replay_forget(struct exchange *x);
/* A tunnel, of which nothing was kept. */
void replay_refuse_tunnel(const struct client *c);
/* How many requests it could not answer, and the first of them. */
void replay_count(struct gateway_done *ret);
