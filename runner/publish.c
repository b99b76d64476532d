/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the last step of a build, in the runner: attestation,
 * outputs and the record of the network appear together.
 */
#include <stdio.h>

#include "base/error.h"
#include "runner/build.h"
#include "runner/destination.h"

static int put_attestation(struct build *b, struct error *e)
{
	const char *name = plan_string(b->plan, b->plan->name);
	char file[300];

	if (b->network_log_fd >= 0) {
		snprintf(file, sizeof(file), "%s.network.jsonl", name);
		if (destination_put(&b->destination, file, b->network_log_fd, e) < 0)
			return -1;
	}
	if (b->attestation_fd < 0)
		return 0;
	snprintf(file, sizeof(file), "%s.intoto.jsonl", name);
	if (destination_put(&b->destination, file, b->attestation_fd, e) < 0)
		return -1;
	snprintf(file, sizeof(file), "%s.sigstore.json", name);
	return destination_put(&b->destination, file, b->bundle_fd, e);
}

int build_publish(struct build *b, struct error *e)
{
	if (b->destination.staging_fd < 0)
		return 0;
	if (put_attestation(b, e) < 0 ||
		destination_publish(&b->destination, b->options->force, e) < 0)
		return -1;
	b->published = true;
	build_event(b, "published");
	return 0;
}
