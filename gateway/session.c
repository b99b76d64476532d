/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway. A resumed session repeats no certificate and
 * nothing is verified again, so what a session may be used for is decided here: exactly
 * the host and port that its handshake was verified for. Only libcrypto looks into it.
 */
#include "gateway/session.h"

#include <stdio.h>
#include <string.h>

#include "gateway/names.h"

struct kept {
	char host[NAME_SIZE];
	unsigned short port;
	SSL_SESSION *session; /* owned, or NULL */
	uint64_t since;
};

static struct kept kept[SESSIONS_MAX];

static struct kept *find(const char *host, unsigned short port)
{
	for (size_t i = 0; i < SESSIONS_MAX; i++)
		if (kept[i].session != NULL && kept[i].port == port &&
			strcmp(kept[i].host, host) == 0)
			return &kept[i];
	return NULL;
}

static void drop(struct kept *k)
{
	SSL_SESSION_free(k->session);
	*k = (struct kept){.session = NULL};
}

static struct kept *oldest(void)
{
	struct kept *k = &kept[0];

	for (size_t i = 0; i < SESSIONS_MAX && k->session != NULL; i++)
		if (kept[i].session == NULL || kept[i].since < k->since)
			k = &kept[i];
	return k;
}

void session_put(const char *host, unsigned short port, SSL_SESSION *session, uint64_t now_ms)
{
	struct kept *k = find(host, port);

	if (k == NULL)
		k = oldest();
	drop(k);
	snprintf(k->host, sizeof(k->host), "%s", host);
	k->port = port;
	k->session = session;
	k->since = now_ms;
}

SSL_SESSION *session_get(const char *host, unsigned short port, uint64_t now_ms)
{
	struct kept *k = find(host, port);

	if (k != NULL && now_ms - k->since > SESSION_MS) {
		drop(k);
		k = NULL;
	}
	return k == NULL ? NULL : k->session;
}

void session_forget(const char *host, unsigned short port)
{
	struct kept *k = find(host, port);

	if (k != NULL)
		drop(k);
}
