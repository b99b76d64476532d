/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on Location fields of registries whose rule
 * allowed the request. A grant says no more than the registry did, and is used up by the
 * first request that fits it, whatever becomes of that.
 */
#include "gateway/grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/task.h"

enum { GRANT_MS = 60000, GRANTS_MAX = 1024 };

static struct {
	struct grant *first;
	unsigned int count;
} grants;

static void drop_old(void)
{
	struct grant **at = &grants.first;

	while (*at != NULL) {
		struct grant *g = *at;

		if (g->until > task_now()) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		grants.count--;
		free(g);
	}
}

/* A Location relative to the host begins with one '/'; other forms are not followed. */
static int resolve(const struct url *from, const char *location, size_t n, struct url *to)
{
	char target[URL_MAX + 1];
	const char *why;

	if (n > 1 && location[0] == '/' && location[1] != '/') {
		*to = *from;
		if (n > URL_MAX)
			return -1;
		memcpy(to->path, location, n);
		to->path[n] = '\0';
	} else if (url_split(location, n, to, &why) < 0) {
		return -1;
	}
	if (url_normalise(to->path, strlen(to->path), target, &why) < 0)
		return -1;
	memcpy(to->path, target, sizeof(target));
	/* Never from TLS into the clear. */
	return from->tls && !to->tls ? -1 : 0;
}

void grant_give(const struct url *from, const char *location, size_t n, const char *registry,
	const struct lock_match *lock)
{
	struct grant *g = calloc(1, sizeof(*g));

	drop_old();
	if (g == NULL || grants.count >= GRANTS_MAX || resolve(from, location, n, &g->to) < 0) {
		free(g);
		return;
	}
	snprintf(g->registry, sizeof(g->registry), "%s", registry);
	snprintf(g->from, sizeof(g->from), "%s://%s:%u%.380s", from->tls ? "https" : "http",
		from->host, from->port, from->path);
	g->lock = *lock;
	g->until = task_now() + GRANT_MS;
	g->next = grants.first;
	grants.first = g;
	grants.count++;
}

struct grant *grant_take(
	const char *host, unsigned short port, bool tls, const char *method, const char *target)
{
	drop_old();
	if (strcmp(method, "GET") != 0)
		return NULL;
	for (struct grant **at = &grants.first; *at != NULL; at = &(*at)->next) {
		struct grant *g = *at;

		if (strcmp(g->to.host, host) != 0 || g->to.port != port || g->to.tls != tls ||
			strcmp(g->to.path, target) != 0)
			continue;
		*at = g->next;
		grants.count--;
		return g;
	}
	return NULL;
}
