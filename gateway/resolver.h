/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sys/socket.h>

struct error;

/*
 * Looks names of registries up, the way this machine does it, in a process of its own:
 * the resolver's libraries need files and sockets that the gateway itself must not have,
 * and read answers of strangers that must not get near the build's authority.
 */
enum { RESOLVER_ADDRESSES = 16 };

struct resolved {
	int count; /* 0: the name has no address, and why says so */
	struct sockaddr_storage addresses[RESOLVER_ADDRESSES];
	char why[64];
};

/* Before the gateway is confined or has a secret: it starts a program. 0, or -1 with *e filled. */
int resolver_start(struct error *e);
/* For who will not ask it: it ends. */
void resolver_stop(void);
/* Starts the task that takes that process's answers. 0, or -1 with *e filled. */
int resolver_listen(struct error *e);
/*
 * Waits in the current task until the name is looked up. What was found is good for a few
 * seconds, or until it is forgotten: whoever uses it judges it each time.
 */
void resolver_look_up(const char *host, struct resolved *ret);
void resolver_forget(const char *host);
