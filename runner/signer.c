/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner's side of cupel-sign, which alone holds the
 * key. It is started before the sandbox, so that its start-up is hidden; what
 * it signs it writes itself, from the plan and from facts that are sent in one
 * order, once. The runner never sees the key.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"
#include "runner/paths.h"

enum { KEY_PATH_MAX = 4200 };

/* The configured key, or the developer's own, which is made when there is none. */
static int key_paths(const struct build *b, char *key, char *pub, bool *ret_create, struct error *e)
{
	const char *configured = conf_string(&b->conf, CONF_SIGN_KEY);
	char data[4096];

	*ret_create = configured == NULL;
	if (configured != NULL) {
		snprintf(key, KEY_PATH_MAX, "%s", configured);
	} else {
		if (paths_data(data, sizeof(data), e) < 0)
			return -1;
		snprintf(key, KEY_PATH_MAX, "%s/developer.key", data);
	}
	snprintf(pub, KEY_PATH_MAX, "%.4190s.pub", key);
	return 0;
}

int build_start_signer(struct build *b, struct error *e)
{
	char key[KEY_PATH_MAX], pub[KEY_PATH_MAX];
	char passphrase[8];
	const char *argv[12] = {"cupel-sign", "--key", key, "--pub", pub, "--builder-id",
		plan_string(b->plan, b->plan->builder_id)};
	bool create;

	if (!b->plan->attest)
		return 0;
	snprintf(passphrase, sizeof(passphrase), "%d", PROCESS_EXTRA_FD);
	if (key_paths(b, key, pub, &create, e) < 0)
		return -1;
	if (create)
		argv[7] = "--create";
	if (b->options->passphrase_fd >= 0) {
		argv[create ? 8 : 7] = "--passphrase-fd";
		argv[create ? 9 : 8] = passphrase;
	}
	if (process_start_with("cupel-sign", argv, b->options->passphrase_fd, &b->signer, e) < 0)
		return error_kind(e, ERROR_OUTPUT);
	return msg_send(b->signer.socket, SIGN_PLAN, NULL, 0, &b->plan_fd, 1, e);
}

/* A key that cannot be used is told before the build, not after it. */
int build_await_signer(struct build *b, struct error *e)
{
	struct sign_ready ready;
	struct msg m;

	if (b->signer.pid == 0)
		return 0;
	if (build_await(b, b->signer.socket, SIGN_READY, &m, e) < 0)
		return b->cancelled_by != 0 ? -1 : error_kind(e, ERROR_OUTPUT);
	if (msg_payload(&m, &ready, sizeof(ready)) < 0)
		return error_set(e, EBADMSG, "malformed answer of cupel-sign");
	snprintf(b->keyid, sizeof(b->keyid), "%.63s", ready.keyid);
	return 0;
}

static int send_record(struct build *b, struct error *e)
{
	struct sign_record record = {.started_ms = b->started_ms,
		.finished_ms = b->finished_ms,
		.log_bytes = b->outputs.log_bytes,
		.requests_allowed = b->network.allowed,
		.requests_denied = b->network.denied,
		.requests_failed = b->network.failed,
		.requests_uninspected = b->network.uninspected};
	bool networked = b->plan->network != PLAN_NETWORK_NONE;
	int fds[] = {b->manifest_fd, b->packages_fd, b->network_log_fd, b->dependencies_fd};

	memcpy(record.log_sha256, b->outputs.log_sha256, sizeof(record.log_sha256));
	memcpy(record.source_sha256, b->source.sha256, sizeof(record.source_sha256));
	memcpy(record.outputs_sha256, b->outputs.sha256, sizeof(record.outputs_sha256));
	snprintf(record.workspace_when, sizeof(record.workspace_when), "%s",
		b->plan->workspace == PLAN_WORKSPACE_COPY ? "before" : "during");
	return msg_send(
		b->signer.socket, SIGN_RECORD, &record, sizeof(record), fds, networked ? 4 : 2, e);
}

/* What is signed was measured; it is sent before the environment is destroyed. */
int build_record(struct build *b, struct error *e)
{
	if (b->signer.pid == 0 || b->manifest_fd < 0)
		return 0;
	return send_record(b, e) < 0 ? error_kind(e, ERROR_OUTPUT) : 0;
}

int build_attest(struct build *b, struct error *e)
{
	struct msg m;

	if (b->signer.pid == 0 || b->manifest_fd < 0)
		return 0;
	if (msg_send(b->signer.socket, SIGN_SIGN, NULL, 0, NULL, 0, e) < 0 ||
		build_await(b, b->signer.socket, SIGN_DONE, &m, e) < 0) {
		error_wrap(e, "attestation");
		return b->cancelled_by != 0 ? -1 : error_kind(e, ERROR_OUTPUT);
	}
	b->attestation_fd = msg_take_fd(&m, 0);
	b->bundle_fd = msg_take_fd(&m, 1);
	msg_deinit(&m);
	if (b->attestation_fd < 0 || b->bundle_fd < 0)
		return error_set_kind(e, ERROR_OUTPUT, EBADMSG, "malformed answer of cupel-sign");
	return 0;
}
