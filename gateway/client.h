/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/hello.h"
#include "gateway/names.h"
#include "gateway/stream.h"

struct record;
struct rule;

enum { CLIENT_IDLE_MS = 60000, CLIENT_HEAD_MS = 30000 };

/* A connection of the build, and where it believes to be connected to. */
struct client {
	struct client *next;
	struct stream stream;
	char host[NAME_SIZE]; /* "" when no name has its address */
	unsigned short port;
	bool tls;
	bool surplus;		/* beyond the limit: for a refusal alone */
	bool to_itself;		/* the build connected to an address of its own */
	int peer_fd;		/* the registry's side of what is under way, borrowed, or -1 */
	struct record *pending; /* of what is under way, or NULL */
};

/* Starts a task that serves an accepted connection, which it takes over. */
void client_start(int fd);

/*
 * One request, from its head to the end of its answer (exchange.c). True when another
 * may follow on this connection.
 */
bool exchange_run(struct client *c);
/* Looks at what the client sends, until that is a ClientHello or none, without taking it. */
enum hello_result client_peek_hello(struct client *c, uint64_t deadline, struct hello *hello);
/* What is wrong with the ClientHello of a connection to c->host, in static words, or NULL. */
const char *client_judge_hello(const struct client *c, const struct hello *hello);
/* Carries bytes both ways until both ends are closed (tunnel.c). */
void tunnel_run(struct client *c, const struct rule *rule);
/* The build is over: what is under way is cut, so that it comes to its end by itself. */
void client_interrupt_all(void);
/* What has not even then goes on record as it is. */
void client_abandon_all(void);
/* Puts a connection on record that was refused before it made a request. */
void client_refuse(const struct client *c, const char *why);
