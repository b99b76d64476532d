/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: digests, in a task of cupel-gateway, of bodies that are held
 * back; most are Go's. Zip files are unpacked by cupel-lock and not here, where the build's
 * authority is: it gets a sealed copy, one at a time, and says no more than a digest. When it is
 * gone or stands still, nothing that needs it is delivered any more.
 */
#include "gateway/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/locks.h"
#include "gateway/gateway-state.h"
#include "gateway/store.h"
#include "gateway/task.h"

enum { ANSWER_MS = 120000, TURN_MS = 10, PIECE = 65536 };
/* As the go command has it. */
enum { ZIP_MAX = 500 << 20 };

void hash_go_mod(const char *sha256, char ret_hex[65])
{
	unsigned char digest[32] = {0};
	char line[80];
	int n = snprintf(line, sizeof(line), "%.64s  go.mod\n", sha256);

	if (EVP_Digest(line, (size_t)n, digest, NULL, EVP_sha256(), NULL) == 1)
		encode_hex(digest, sizeof(digest), ret_hex);
}

static int hash_pieces(const struct store_file *spool, EVP_MD_CTX *context)
{
	char piece[PIECE];

	for (uint64_t done = 0; done < spool->size;) {
		ssize_t n = store_read_back(spool, done, piece, sizeof(piece));

		if (n <= 0 || EVP_DigestUpdate(context, piece, (size_t)n) != 1)
			return -1;
		done += (uint64_t)n;
		task_breathe();
	}
	return 0;
}

int hash_sha512(const struct store_file *spool, char ret_hex[129])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[64];
	int ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha512(), NULL) == 1 &&
		 hash_pieces(spool, context) == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1;

	EVP_MD_CTX_free(context);
	if (ok)
		encode_hex(digest, sizeof(digest), ret_hex);
	return ok ? 0 : -1;
}

/* What is sealed cannot change under who reads it, nor be changed by him. */
static int copy_sealed(const struct store_file *spool)
{
	_cleanup_(fd_closep) int fd = memfd_create("zip", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char piece[PIECE];

	for (uint64_t done = 0; fd >= 0 && done < spool->size;) {
		ssize_t n = store_read_back(spool, done, piece, sizeof(piece));

		if (n <= 0 || fd_write_all(fd, piece, (size_t)n) < 0)
			return -1;
		done += (uint64_t)n;
		task_breathe();
	}
	if (fd < 0 || fcntl(fd, F_ADD_SEALS,
			      F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	return take_fd(&fd);
}

/* 0; or -1 with *e; what comes late would be taken for the answer to another question. */
static int ask(int fd, char ret_hex[65], struct error *e)
{
	static struct watch watch = {.fd = -1};
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct locks_hashed hashed;
	char byte;

	if (watch.fd < 0 && task_watch(&watch, gateway.lock_fd) < 0)
		return error_set(e, errno, "cannot wait for cupel-lock");
	if (msg_send(gateway.lock_fd, LOCKS_HASH, NULL, 0, &fd, 1, e) < 0)
		return -1;
	while (recv(gateway.lock_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN)
		if (task_wait(&watch, EPOLLIN, task_now() + ANSWER_MS) < 0) {
			task_unwatch(&watch);
			fd_closep(&gateway.lock_fd);
			return error_set(e, errno, "cupel-lock does not answer");
		}
	if (msg_expect(gateway.lock_fd, LOCKS_HASHED, &m, e) < 0)
		return -1;
	if (msg_payload(&m, &hashed, sizeof(hashed)) < 0 || hashed.h1[64] != '\0')
		return error_set(e, EBADMSG, "malformed answer of cupel-lock");
	memcpy(ret_hex, hashed.h1, sizeof(hashed.h1));
	return 0;
}

int hash_zip(const struct store_file *spool, char ret_hex[65], char *why, size_t size)
{
	static bool busy;
	_cleanup_(fd_closep) int fd = -1;
	struct error e = {0};
	int result;

	while (busy)
		task_sleep(task_now() + TURN_MS);
	if (gateway.lock_fd < 0 || spool->size > ZIP_MAX) {
		snprintf(why, size, "its digest cannot be computed");
		return -1;
	}
	busy = true;
	fd = copy_sealed(spool);
	result = fd < 0 ? error_set(&e, errno, "there is no memory for a copy")
			: ask(fd, ret_hex, &e);
	busy = false;
	if (result < 0)
		error_format(&e, why, size);
	return result;
}
