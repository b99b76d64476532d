/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-resolve, which looks names of registries up the way this
 * machine does it. cupel-gateway starts it before it reads a byte of the build, with an
 * empty environment and one socket; it calls getaddrinfo(3) on names that rules allow, one
 * thread for each, and ends with the socket, or with the gateway. A program of its own
 * because the C library's modules for that need files, sockets and a dynamic linker, and
 * read answers of strangers: none of that may be near the build's authority. A name server
 * that takes it over gets no privilege and no secret, and what it answers is judged.
 */
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/msg.h"
#include "gateway/harden.h"
#include "gateway/resolve.h"

static void look_up(const char *host, struct resolved *ret)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int result = getaddrinfo(host, NULL, &hints, &found);

	if (result != 0)
		snprintf(ret->why, sizeof(ret->why), "%s", gai_strerror(result));
	for (struct addrinfo *a = found; a != NULL && ret->count < RESOLVER_ADDRESSES;
		a = a->ai_next)
		if (a->ai_addrlen <= sizeof(ret->addresses[0]))
			memcpy(&ret->addresses[ret->count++], a->ai_addr, a->ai_addrlen);
	if (found != NULL)
		freeaddrinfo(found);
}

static void *answer_one(void *argument)
{
	struct resolve_question *q = argument;
	struct resolve_answer a = {.id = q->id};

	look_up(q->host, &a.resolved);
	free(q);
	(void)send(MSG_CONTROL_FD, &a, sizeof(a), MSG_NOSIGNAL);
	return NULL;
}

static void answer_all(void)
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		struct resolve_question *q = calloc(1, sizeof(*q));
		pthread_t thread;

		if (q == NULL || recv(MSG_CONTROL_FD, q, sizeof(*q), 0) != sizeof(*q)) {
			free(q);
			return;
		}
		q->host[sizeof(q->host) - 1] = '\0';
		if (pthread_create(&thread, &detached, answer_one, q) != 0)
			answer_one(q);
	}
}

int main(void)
{
	struct error e = {0};

	if (harden(&e) < 0) {
		error_print("cupel-resolve", &e);
		return 1;
	}
	answer_all();
	return 0;
}
