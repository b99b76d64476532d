/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the heart of cupel-sign, confined, holding the key, fed
 * by a runner that may have been taken over. What it may ask is one table: which
 * request, in which state, with how much, leading where. There is no way back
 * in it, so a second SIGN cannot be answered, and no way around DESTROYED. The
 * first request that does not fit ends the process without a signature.
 */
#include "attest/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "attest/dsse.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "plan/plan.h"

enum { MANIFEST_MAX = 256 << 20, PACKAGES_MAX = 16 << 20 };
enum { NETWORK_LOG_MAX = 256 << 20, DEPENDENCIES_MAX = 64 << 20 };

enum state { STATE_PLAN, STATE_RECORD, STATE_DESTROYED, STATE_SIGN, STATE_END };

struct request {
	uint32_t type;
	enum state permitted, next;
	size_t payload_size;
	int fd_count;
	int network_fds; /* further ones, when the build had a network */
	int (*handle)(struct monitor *m, struct msg *request, int socket, struct error *e);
};

static struct sign_ready ready(const struct monitor *m)
{
	struct sign_ready answer = {.keyid = ""};

	_Static_assert(sizeof(answer.keyid) == KEY_ID_SIZE, "a keyid fits into its message");
	memcpy(answer.keyid, m->key.keyid, sizeof(answer.keyid));
	return answer;
}

static int handle_plan(struct monitor *m, struct msg *request, int socket, struct error *e)
{
	struct sign_ready answer = ready(m);

	m->input.plan = plan_map(request->fds[0], e);
	if (m->input.plan == NULL)
		return -1;
	return msg_send(socket, SIGN_READY, &answer, sizeof(answer), NULL, 0, e);
}

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static int read_list(int fd, const char *what, size_t max, char **ret, size_t *n, struct error *e)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, max, ret, n) < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot read the %s", what);
	return 0;
}

/* The whole file through the hash, in pieces: nothing of the log is looked at. */
static int hash_all(int fd, EVP_MD_CTX *context, struct error *e)
{
	static char block[1 << 16];
	size_t size = 0;
	ssize_t n;

	while ((n = fd_read_full(fd, block, sizeof(block))) > 0) {
		size += (size_t)n;
		if (size > NETWORK_LOG_MAX)
			return error_set_kind(
				e, ERROR_OUTPUT, EFBIG, "cannot read the network's log");
		if (EVP_DigestUpdate(context, block, (size_t)n) != 1)
			return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot hash");
	}
	if (n < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot read the network's log");
	return 0;
}

static int hash_log(int fd, char hex[65], struct error *e)
{
	_cleanup_(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[32];

	if (lseek(fd, 0, SEEK_SET) < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot read the network's log");
	if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot hash");
	if (hash_all(fd, context, e) < 0)
		return -1;
	if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
		return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot hash");
	encode_hex(digest, sizeof(digest), hex);
	return 0;
}

static int read_network(struct statement_input *in, const int fds[2], struct error *e)
{
	if (in->plan->network == PLAN_NETWORK_NONE)
		return 0;
	if (hash_log(fds[0], in->network_sha256, e) < 0)
		return -1;
	return read_list(fds[1], "dependencies", DEPENDENCIES_MAX, &in->dependencies,
		&in->dependencies_size, e);
}

static int handle_record(struct monitor *m, struct msg *request, int socket, struct error *e)
{
	struct statement_input *in = &m->input;

	(void)socket;
	(void)msg_payload(request, &in->record, sizeof(in->record));
	if (read_list(request->fds[0], "outputs' manifest", MANIFEST_MAX, &in->outputs,
		    &in->outputs_size, e) < 0)
		return -1;
	if (read_list(request->fds[1], "package list", PACKAGES_MAX, &in->packages,
		    &in->packages_size, e) < 0)
		return -1;
	return read_network(in, request->fds + 2, e);
}

static int handle_destroyed(struct monitor *m, struct msg *request, int socket, struct error *e)
{
	(void)socket;
	(void)msg_payload(request, &m->input.destroyed, sizeof(m->input.destroyed));
	return statement_check(&m->input, e);
}

static int send_signed(int socket, const struct monitor *m, struct buf *envelope, struct error *e)
{
	_cleanup_(buf_deinit) struct buf bundle = BUF_INIT;
	_cleanup_(fd_closep) int jsonl_fd = -1, bundle_fd = -1;
	struct sign_ready answer = ready(m);

	dsse_put_bundle(m->key.keyid, envelope, &bundle);
	buf_puts(envelope, "\n");
	if (!buf_ok(envelope) || !buf_ok(&bundle))
		return error_set(e, ENOMEM, "cannot write the attestation");
	jsonl_fd = fd_memfd_sealed("attestation", envelope->data, envelope->size);
	bundle_fd = fd_memfd_sealed("bundle", bundle.data, bundle.size);
	if (jsonl_fd < 0 || bundle_fd < 0)
		return error_set(e, errno, "cannot write the attestation");
	return msg_send(
		socket, SIGN_DONE, &answer, sizeof(answer), (int[]){jsonl_fd, bundle_fd}, 2, e);
}

static int handle_sign(struct monitor *m, struct msg *request, int socket, struct error *e)
{
	_cleanup_(buf_deinit) struct buf statement = BUF_INIT, envelope = BUF_INIT;
	int signed_ok;

	(void)request;
	if (getrandom(m->input.random, sizeof(m->input.random), 0) !=
		(ssize_t)sizeof(m->input.random))
		return error_set(e, errno, "cannot get random bytes");
	if (statement_build(&m->input, &statement, e) < 0)
		return -1;
	signed_ok = dsse_sign(&m->key, &statement, &envelope, e);
	/* Before anything is answered: from here on there is nothing left to misuse. */
	key_deinit(&m->key);
	buf_deinit(&statement);
	return signed_ok < 0 ? -1 : send_signed(socket, m, &envelope, e);
}

static const struct request requests[] = {
	{SIGN_PLAN, STATE_PLAN, STATE_RECORD, 0, 1, 0, handle_plan},
	{SIGN_RECORD, STATE_RECORD, STATE_DESTROYED, sizeof(struct sign_record), 2, 2,
		handle_record},
	{SIGN_DESTROYED, STATE_DESTROYED, STATE_SIGN, sizeof(struct sign_destroyed), 0, 0,
		handle_destroyed},
	{SIGN_SIGN, STATE_SIGN, STATE_END, 0, 0, 0, handle_sign},
};

void monitor_init(struct monitor *m, struct key *key, const char *builder_id, const char *machine,
	const char *linux_release)
{
	*m = (struct monitor){
		.key = *key,
		.state = STATE_PLAN,
		.input = {.builder_id = builder_id,
			.machine = machine,
			.linux_release = linux_release,
			.openssl = OpenSSL_version(OPENSSL_VERSION_STRING)},
	};
	key->pkey = NULL;
}

void monitor_deinit(struct monitor *m)
{
	key_deinit(&m->key);
	cleanup_freep(&m->input.outputs);
	cleanup_freep(&m->input.packages);
	cleanup_freep(&m->input.dependencies);
	m->input.outputs = m->input.packages = m->input.dependencies = NULL;
}

/* Neither a build without network can have a record of it, nor one with it have none. */
static int fds_due(const struct monitor *m, const struct request *known)
{
	bool network = m->input.plan != NULL && m->input.plan->network != PLAN_NETWORK_NONE;

	return known->fd_count + (network ? known->network_fds : 0);
}

static int answer(struct monitor *m, struct msg *request, int socket, struct error *e)
{
	for (size_t i = 0; i < array_size(requests); i++) {
		const struct request *known = &requests[i];

		if (known->type != request->type)
			continue;
		if (known->permitted != m->state)
			return error_set(e, EPROTO, "request %u is out of order", request->type);
		if (known->payload_size != request->size || fds_due(m, known) != request->fd_count)
			return error_set(e, EPROTO, "request %u is malformed", request->type);
		/* Moved on before it is handled: what fails half-way cannot be tried again. */
		m->state = known->next;
		return known->handle(m, request, socket, e);
	}
	return error_set(e, EPROTO, "unknown request %u", request->type);
}

int monitor_run(struct monitor *m, int socket, struct error *e)
{
	for (;;) {
		_cleanup_(msg_deinit) struct msg request = {MSG_INIT_FIELDS};
		int result = msg_recv(socket, &request, e);

		if (result == 0 && request.type == MSG_EOF)
			return 0;
		if (result == 0)
			result = answer(m, &request, socket, e);
		if (result < 0) {
			key_deinit(&m->key);
			error_wrap(e, "signer");
			msg_send_error(socket, e);
			return -1;
		}
	}
}
