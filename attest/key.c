/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads keys. Private halves only in cupel-sign, before it
 * confines itself, from a path that its owner configured: the file must be
 * regular, owned by us or root and closed to everybody else, so that a key that
 * others could have read or put there is never signed with. Public halves also
 * in cupel-verify, which trusts them because of where they lie.
 */
#include "attest/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "attest/secret.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"

void key_deinit(struct key *k)
{
	EVP_PKEY_free(k->pkey);
	k->pkey = NULL;
}

bool key_id_is_local(const char *builder_id, size_t n)
{
	const size_t suffix = strlen(KEY_LOCAL_SUFFIX);

	return n > suffix && memcmp(builder_id + n - suffix, KEY_LOCAL_SUFFIX, suffix) == 0;
}

void key_describe(EVP_PKEY *pkey, char *out, size_t size)
{
	const char *type = EVP_PKEY_get0_type_name(pkey);
	char group[64];

	if (type == NULL)
		type = "unknown";
	if (EVP_PKEY_is_a(pkey, "EC") == 1 &&
		EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1)
		snprintf(out, size, "EC %s", group);
	else if (EVP_PKEY_is_a(pkey, "RSA") == 1)
		snprintf(out, size, "RSA %d", EVP_PKEY_get_bits(pkey));
	else
		snprintf(out, size, "%s", type);
}

/* True when the mark is a whole line before the PEM block. */
static bool has_developer_mark(const char *text, size_t n)
{
	static const char mark[] = KEY_DEVELOPER_MARK;
	const char *end = memmem(text, n, "-----BEGIN ", 11);
	const char *at = memmem(text, n, mark, sizeof(mark) - 1);
	const char *after = at == NULL ? NULL : at + sizeof(mark) - 1;

	if (at == NULL || end == NULL || at > end || after >= text + n)
		return false;
	return (at == text || at[-1] == '\n') && (*after == '\n' || *after == '\r');
}

static BIO *reader(const char *text, size_t n)
{
	return n > KEY_FILE_MAX ? NULL : BIO_new_mem_buf(text, (int)n);
}

/* Never lets libcrypto prompt by itself. */
static int give_passphrase(char *out, int size, int writing, void *context)
{
	const struct secret *passphrase = context;

	(void)writing;
	if (passphrase == NULL || passphrase->size > (size_t)size)
		return -1;
	memcpy(out, passphrase->data, passphrase->size);
	return (int)passphrase->size;
}

static int private_failed(const char *name, const struct secret *pem,
	const struct secret *passphrase, struct error *e)
{
	bool encrypted = memmem(pem->data, pem->size, "ENCRYPTED", 9) != NULL;

	ERR_clear_error();
	if (encrypted && passphrase == NULL) {
		error_set_kind(e, ERROR_OUTPUT, 0, "the key '%s' is encrypted", name);
		return error_hint(e, "give its passphrase with --passphrase-fd");
	}
	if (encrypted)
		return error_set_kind(e, ERROR_OUTPUT, 0,
			"cannot decrypt the key '%s': the passphrase is wrong or it is damaged",
			name);
	error_set_kind(e, ERROR_OUTPUT, 0, "'%s' holds no private key in PEM form", name);
	return error_hint(e, "make one with 'cupel key new FILE'");
}

int key_parse_private(const char *name, const struct secret *pem, const struct secret *passphrase,
	struct key *ret, struct error *e)
{
	BIO *bio = reader(pem->data, pem->size);
	EVP_PKEY *pkey = NULL;

	if (bio != NULL)
		pkey = PEM_read_bio_PrivateKey(
			bio, NULL, give_passphrase, (void *)(uintptr_t)passphrase);
	BIO_free(bio);
	if (pkey == NULL)
		return private_failed(name, pem, passphrase, e);
	*ret = (struct key){.pkey = pkey, .developer = has_developer_mark(pem->data, pem->size)};
	if (key_fingerprint(pkey, ret->keyid, e) < 0) {
		key_deinit(ret);
		return error_wrap(e, "'%s'", name);
	}
	return 0;
}

int key_check_signing(const char *name, const struct key *k, struct error *e)
{
	char type[64];

	key_describe(k->pkey, type, sizeof(type));
	if (strcmp(type, "EC prime256v1") == 0)
		return 0;
	error_set_kind(e, ERROR_OUTPUT, 0,
		"the key '%s' is of type %s, wanted is EC prime256v1 (P-256)", name, type);
	return error_hint(e, "make one with 'cupel key new FILE'");
}

static int check_file(int fd, const char *path, struct error *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot look at the key '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set_kind(
			e, ERROR_OUTPUT, 0, "the key '%s' is not a regular file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		error_set_kind(e, ERROR_OUTPUT, 0,
			"the key '%s' belongs to user %u, not to us or root", path, st.st_uid);
		return error_hint(e, "sign with a key of your own: 'cupel key new FILE'");
	}
	if ((st.st_mode & 077) != 0) {
		error_set_kind(e, ERROR_OUTPUT, 0, "the key '%s' is open to others (mode %04o)",
			path, st.st_mode & 07777);
		return error_hint(e, "chmod 600 '%s'", path);
	}
	return 0;
}

int key_read_private(
	const char *path, const struct secret *passphrase, struct key *ret, struct error *e)
{
	/* O_NONBLOCK: a FIFO must not make us wait before it is refused. */
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(secret_deinit) struct secret pem = SECRET_INIT;
	_cleanup_(key_deinit) struct key key = KEY_INIT;

	if (fd < 0) {
		error_set_kind(e, ERROR_OUTPUT, errno, "cannot open the key '%s'", path);
		return errno == ENOENT ? error_hint(e, "make one with 'cupel key new FILE'") : -1;
	}
	if (check_file(fd, path, e) < 0 || secret_init(&pem, KEY_FILE_MAX, e) < 0 ||
		secret_read(&pem, fd, path, e) < 0 ||
		key_parse_private(path, &pem, passphrase, &key, e) < 0 ||
		key_check_signing(path, &key, e) < 0)
		return -1;
	*ret = key;
	key.pkey = NULL;
	return 0;
}

int key_parse_public(const char *name, const char *pem, size_t n, struct key *ret, struct error *e)
{
	BIO *bio = reader(pem, n);
	EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	if (pkey == NULL)
		return error_set(e, 0, "'%s' holds no public key in PEM form", name);
	*ret = (struct key){.pkey = pkey, .developer = has_developer_mark(pem, n)};
	if (key_fingerprint(pkey, ret->keyid, e) < 0) {
		key_deinit(ret);
		return error_wrap(e, "'%s'", name);
	}
	return 0;
}

int key_read_public(const char *path, struct key *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(cleanup_freep) char *pem = NULL;
	size_t n;

	if (fd < 0 || fd_read_all(fd, KEY_FILE_MAX, &pem, &n) < 0)
		return error_set(e, errno, "cannot read the public key '%s'", path);
	return key_parse_public(path, pem, n, ret, e);
}

int key_put_public(const struct key *k, struct buf *out, struct error *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;

	if (bio != NULL && PEM_write_bio_PUBKEY(bio, k->pkey) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0) {
		if (k->developer)
			buf_puts(out, KEY_DEVELOPER_MARK "\n");
		buf_append(out, text, (size_t)n);
	}
	BIO_free(bio);
	if (n <= 0 || !buf_ok(out))
		return error_set(e, 0, "cannot write a public key as PEM");
	return 0;
}
