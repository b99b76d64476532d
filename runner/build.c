/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the life of one build, in the runner, a foreground
 * process with its caller's privileges and no key. It reads configuration and
 * messages of our own programs, never a byte that the build made. Everything
 * that must not outlive the build hangs on descriptors in struct build: when
 * this process ends, however it ends, the kernel takes the sandbox down.
 */
#include "runner/build.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/destination.h"

int build_run(struct build *b, struct error *e)
{
	int supervised;

	if (build_configure(b, e) < 0)
		return -1;
	/* A run alone: `cupel plan`, which goes the same way to the plan, changes nothing. */
	if (!b->options->discard)
		destination_reclaim(&b->destination);
	if (build_examine_source(b, e) < 0 || build_identify_image(b, e) < 0 ||
		build_make_plan(b, e) < 0)
		return -1;
	if (build_start_signer(b, e) < 0 || build_start_gateway(b, e) < 0 ||
		build_start_sandbox(b, e) < 0)
		return -1;
	/* Ends when every process of the build has ended, so nobody is left to race. */
	supervised = build_supervise(b, e);
	/* Also when it failed: what it was refused may be why. */
	if (build_finish_gateway(b, supervised, e) < 0)
		return -1;
	if (b->options->discard)
		return build_destroy(b, e);
	if (build_collect(b, e) < 0 || build_record(b, e) < 0)
		return -1;
	/* Before signing, so that "destroyed" is part of what is signed. */
	if (build_destroy(b, e) < 0)
		return -1;
	if (build_attest(b, e) < 0)
		return -1;
	return build_publish(b, e);
}

void build_init(struct build *b, const struct run_options *options)
{
	*b = (struct build){
		.options = options,
		.workspace = {.fd = -1},
		.destination = {.parent_fd = -1, .staging_fd = -1},
		.ids = LAUNCH_IDS_INIT,
		.packages_fd = -1,
		.plan_fd = -1,
		.signer = PROCESS_INIT,
		.collector = PROCESS_INIT,
		.gateway = PROCESS_INIT,
		.replay_fd = -1,
		.lock = PROCESS_INIT,
		.locks_fd = -1,
		.lock_server_fd = -1,
		.network_log_fd = -1,
		.dependencies_fd = -1,
		.needles_fd = -1,
		.learned_fd = -1,
		.launch = LAUNCH_INIT,
		.signal_fd = -1,
		.manifest_fd = -1,
		.attestation_fd = -1,
		.bundle_fd = -1,
	};
	relay_init(&b->relay);
}

void build_deinit(struct build *b)
{
	launch_deinit(&b->launch);
	process_deinit(&b->gateway);
	process_deinit(&b->lock);
	process_deinit(&b->collector);
	process_deinit(&b->signer);
	relay_deinit(&b->relay);
	destination_deinit(&b->destination);
	fd_closep(&b->workspace.fd);
	fd_closep(&b->packages_fd);
	fd_closep(&b->plan_fd);
	fd_closep(&b->signal_fd);
	fd_closep(&b->manifest_fd);
	fd_closep(&b->attestation_fd);
	fd_closep(&b->bundle_fd);
	fd_closep(&b->replay_fd);
	fd_closep(&b->network_log_fd);
	fd_closep(&b->dependencies_fd);
	fd_closep(&b->needles_fd);
	fd_closep(&b->learned_fd);
	fd_closep(&b->locks_fd);
	fd_closep(&b->lock_server_fd);
	for (size_t i = 0; i < b->locks.count; i++)
		free(b->locks.lines[i]);
	free(b->locks.lines);
	registry_rules_deinit(&b->registries);
	launch_ids_deinit(&b->ids);
	conf_deinit(&b->conf);
}
