/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-sign, which alone holds the signing key.
 * Passphrases and key files are only ever read into these pages. mlock(2) may
 * fail where RLIMIT_MEMLOCK is small; then the key can reach swap, which is no
 * worse than the key file itself, so signing goes on.
 */
#include "attest/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/error.h"
#include "base/fd.h"

enum { SECURE_HEAP = 65536, SECURE_HEAP_MIN = 32 };

int secret_init(struct secret *s, size_t room, struct error *e)
{
	void *data =
		mmap(NULL, room + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		return error_set(e, errno, "cannot get memory for a secret");
	(void)mlock(data, room + 1);
	(void)madvise(data, room + 1, MADV_DONTDUMP);
	(void)madvise(data, room + 1, MADV_DONTFORK);
	*s = (struct secret){.data = data, .size = 0, .room = room};
	return 0;
}

void secret_deinit(struct secret *s)
{
	if (s->data == NULL)
		return;
	explicit_bzero(s->data, s->room + 1);
	munmap(s->data, s->room + 1);
	*s = (struct secret)SECRET_INIT;
}

int secret_read(struct secret *s, int fd, const char *name, struct error *e)
{
	/* The byte behind room is there to tell "exactly full" from "too long". */
	ssize_t n = fd_read_full(fd, s->data, s->room + 1);

	if (n < 0)
		return error_set(e, errno, "cannot read '%s'", name);
	if ((size_t)n > s->room) {
		explicit_bzero(s->data, s->room + 1);
		return error_set(e, 0, "'%s' is longer than %zu bytes", name, s->room);
	}
	s->size = (size_t)n;
	return 0;
}

int secret_harden_process(struct error *e)
{
	static const struct rlimit no_core = {0, 0};

	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_set(e, errno, "cannot switch core dumps off");
	(void)CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_HEAP_MIN);
	/* openssl.cnf could load a module of somebody's choice beside the key. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return error_set(e, 0, "cannot initialise libcrypto");
	return 0;
}
