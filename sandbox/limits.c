/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pid 1 takes the resource limits of the build upon itself
 * just before it makes the build's user namespace, which then inherits them and
 * is bounded by them as a whole. Real root may raise hard limits here, and no
 * longer inside.
 */
#include <errno.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/state.h"

enum { OWN_FILES = 256 };

/*
 * Fixed, so that every build sees the same; only a lower hard limit of an
 * ordinary user stays, because he cannot raise it.
 */
int sandbox_limits(struct sandbox *s, struct error *e)
{
	/* We have the mounts open ourselves: the build goes down to its limit by itself. */
	const rlim_t open_files = s->plan->open_files > OWN_FILES ? s->plan->open_files : OWN_FILES;
	const struct {
		__rlimit_resource_t resource;
		rlim_t value;
	} limits[] = {
		{RLIMIT_CORE, 0},
		/* Of the user namespace that is made below: mapped ids do not escape it. */
		{RLIMIT_NPROC, s->plan->processes},
		{RLIMIT_NOFILE, open_files},
		{RLIMIT_STACK, 8 << 20},
		{RLIMIT_MEMLOCK, 8 << 20},
		{RLIMIT_MSGQUEUE, 819200},
		{RLIMIT_SIGPENDING, s->plan->processes},
		{RLIMIT_FSIZE, RLIM_INFINITY},
		{RLIMIT_DATA, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY},
		{RLIMIT_CPU, RLIM_INFINITY},
		{RLIMIT_NICE, 0},
		{RLIMIT_RTPRIO, 0},
	};

	for (size_t i = 0; i < array_size(limits); i++) {
		struct rlimit wanted = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].resource, &wanted) == 0)
			continue;
		if (errno != EPERM || getrlimit(limits[i].resource, &wanted) < 0)
			return error_set(e, errno, "cannot set a resource limit");
		wanted.rlim_cur = wanted.rlim_max;
		if (setrlimit(limits[i].resource, &wanted) < 0)
			return error_set(e, errno, "cannot set a resource limit");
	}
	return 0;
}
