/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-lock, started by the runner with an empty environment and one
 * socket when a registry is in lock mode. It gives up every way to open anything before it
 * gets its first descriptor; then it reads the project's lock files, which may be hostile,
 * into the one list that the gateway goes by, and takes zip files apart for the gateway.
 * It holds no key, no network and no file that it could write; its answers are checked by
 * who gets them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/filter.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "locks/lock.h"
#include "locks/reading.h"
#include "locks/zip.h"

#include "seccomp-lock.h"

static lock_parser *const parsers[] = {
	[LOCK_KIND_ATTESTATION] = attestation_read,
	[LOCK_KIND_CARGO] = cargo_read,
	[LOCK_KIND_GO] = go_read,
	[LOCK_KIND_NPM] = npm_read,
	[LOCK_KIND_REQUIREMENTS] = requirements_read,
};
_Static_assert(array_size(parsers) == LOCK_KIND_COUNT, "a parser for every kind");

/* What all files say so far, and where the gateway asks. */
static struct reading all;
static int gateway_fd = -1;

static int confine(struct error *e)
{
	static const struct confine what = {
		.filter = seccomp_lock, .filter_length = SECCOMP_LOCK_LENGTH};

	/* While /dev/urandom can be opened: a stranger must not foresee the hash tables. */
	json_object_seed(0);
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) !=
		1)
		return error_set(e, 0, "cannot initialise libcrypto");
	return confine_self(&what, e);
}

static int hash_file(const char *text, size_t n, char hex[65], struct error *e)
{
	unsigned char digest[32];

	if (EVP_Digest(text, n, digest, NULL, EVP_sha256(), NULL) != 1)
		return error_set(e, 0, "libcrypto cannot hash");
	encode_hex(digest, sizeof(digest), hex);
	return 0;
}

/* Its lines go to those of the other files; what it leaves out is told of it alone. */
static int read_file(uint32_t kind, int fd, struct lock_file_read *ret, struct error *e)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	uint64_t before = all.count;
	size_t n;

	if (fd_read_all(fd, LOCK_FILE_BYTES_MAX, &text, &n) < 0)
		return error_set_kind(e, ERROR_USAGE, errno, "it cannot be read");
	if (hash_file(text, n, ret->sha256, e) < 0 || reading_check(text, n, e) < 0)
		return -1;
	all.left_out = 0;
	all.first_left_out[0] = '\0';
	if (parsers[kind](text, n, &all, e) < 0)
		return -1;
	ret->count = all.count - before;
	ret->left_out = all.left_out;
	memcpy(ret->first_left_out, all.first_left_out, sizeof(ret->first_left_out));
	return 0;
}

static int handle_file(struct msg *m, struct error *e)
{
	_cleanup_(fd_closep) int fd = msg_take_fd(m, 0);
	struct lock_file_read done = {0};
	uint32_t kind;

	if (fd < 0 || msg_payload(m, &kind, sizeof(kind)) < 0 || kind >= LOCK_KIND_COUNT)
		return error_set(e, EBADMSG, "malformed message to cupel-lock");
	if (read_file(kind, fd, &done, e) < 0)
		return -1;
	return msg_send(MSG_CONTROL_FD, LOCKS_FILE_READ, &done, sizeof(done), NULL, 0, e);
}

static int handle_list(struct msg *m, struct error *e)
{
	_cleanup_(buf_deinit) struct buf list = BUF_INIT;
	_cleanup_(fd_closep) int fd = -1;
	char none[] = "";

	(void)m;
	if (locks_sort(all.lines.data != NULL ? all.lines.data : none, &list, e) < 0)
		return -1;
	reading_deinit(&all);
	fd = fd_memfd_sealed("locks", list.data, list.size);
	if (fd < 0)
		return error_set(e, errno, "cannot keep what is locked");
	return msg_send(MSG_CONTROL_FD, LOCKS_LISTED, NULL, 0, &fd, 1, e);
}

static int handle_serve(struct msg *m, struct error *e)
{
	gateway_fd = msg_take_fd(m, 0);
	return gateway_fd >= 0 ? 0 : error_set(e, EBADMSG, "malformed message to cupel-lock");
}

static const struct {
	uint32_t type;
	int (*handle)(struct msg *m, struct error *e);
} requests[] = {{LOCKS_FILE, handle_file}, {LOCKS_LIST, handle_list}, {LOCKS_SERVE, handle_serve}};

/* 1 to go on, 0 at the runner's end, -1 with *e. */
static int obey_runner(struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};

	if (msg_recv(MSG_CONTROL_FD, &m, e) < 0)
		return -1;
	if (m.type == MSG_EOF)
		return 0;
	for (size_t i = 0; i < array_size(requests); i++)
		if (requests[i].type == m.type)
			return requests[i].handle(&m, e) < 0 ? -1 : 1;
	return error_set(e, EBADMSG, "unexpected message %u to cupel-lock", m.type);
}

/* Sealed, so that nobody changes it or cuts it short while it is read. */
static int hash_zip(int fd, struct locks_hashed *ret, struct error *e)
{
	const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK;
	struct stat st;
	uint8_t *bytes;
	int result;

	if ((fcntl(fd, F_GET_SEALS) & wanted) != wanted || fstat(fd, &st) < 0 || st.st_size <= 0)
		return error_set(e, EBADMSG, "malformed message to cupel-lock");
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return error_set(e, errno, "cannot map a zip file");
	result = zip_hash(bytes, (size_t)st.st_size, ret->h1, e);
	munmap(bytes, (size_t)st.st_size);
	return result;
}

/* A gateway that is gone is the runner's business. */
static void obey_gateway(void)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct locks_hashed hashed = {0};
	struct error e = {0};

	if (msg_recv(gateway_fd, &m, &e) < 0 || m.type == MSG_EOF) {
		fd_closep(&gateway_fd);
		return;
	}
	if (m.type != LOCKS_HASH || m.fd_count != 1 || hash_zip(m.fds[0], &hashed, &e) < 0)
		msg_send_error(gateway_fd, &e);
	else
		(void)msg_send(gateway_fd, LOCKS_HASHED, &hashed, sizeof(hashed), NULL, 0, &e);
}

static int serve(struct error *e)
{
	int result = 1;

	while (result > 0) {
		struct pollfd polls[] = {{.fd = MSG_CONTROL_FD, .events = POLLIN},
			{.fd = gateway_fd, .events = POLLIN}};

		if (poll(polls, array_size(polls), -1) < 0 && errno != EINTR)
			return error_set(e, errno, "cannot wait for work");
		if (polls[0].revents != 0)
			result = obey_runner(e);
		else if (polls[1].revents != 0)
			obey_gateway();
	}
	return result;
}

int main(void)
{
	struct error e = {0};
	int result;

	result = confine(&e) < 0 ? -1 : serve(&e);
	reading_deinit(&all);
	if (result == 0)
		return 0;
	msg_send_error(MSG_CONTROL_FD, &e);
	return 1;
}
