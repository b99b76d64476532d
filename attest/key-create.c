/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: makes signing keys, in cupel-sign, before it confines
 * itself, below a directory that belongs to whoever calls. A key file appears
 * complete or not at all: it is written under a name of our own (O_EXCL, 0600)
 * and then linked to its place, which fails when somebody was faster; the
 * faster one's key is then everybody's key. The public half follows from the
 * private one, so replacing it by rename is harmless however often it happens.
 */
#include "attest/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "attest/secret.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fd.h"

/* RFC 7914's figures for somebody who waits: 16 MiB for each guess. */
enum { SCRYPT_N = 16384, SCRYPT_R = 8, SCRYPT_P = 1 };

/* A private key as PEM in a secure BIO, or NULL. */
static BIO *encode_private(EVP_PKEY *pkey, const struct secret *passphrase)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(pkey);
	X509_ALGOR *scheme = NULL;
	X509_SIG *sealed = NULL;
	int written = 0;

	if (bio != NULL && plain != NULL && passphrase == NULL) {
		written = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain);
	} else if (bio != NULL && plain != NULL) {
		scheme = PKCS5_pbe2_set_scrypt(
			EVP_aes_256_cbc(), NULL, 0, NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
		if (scheme != NULL)
			sealed = PKCS8_set0_pbe(
				passphrase->data, (int)passphrase->size, plain, scheme);
		if (sealed != NULL)
			written = PEM_write_bio_PKCS8(bio, sealed);
		else
			X509_ALGOR_free(scheme);
	}
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(plain);
	if (written == 1)
		return bio;
	BIO_free(bio);
	return NULL;
}

/* Directories that lead to path and are not there yet, closed to others. */
static int make_parents(const char *path, struct error *e)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return error_set(e, ENAMETOOLONG, "cannot make '%s'", path);
	for (const char *slash = strchr(path + 1, '/'); path[0] != '\0' && slash != NULL;
		slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);

		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdirat(AT_FDCWD, part, 0700) < 0 && errno != EEXIST)
			return error_set(e, errno, "cannot make the directory '%s'", part);
	}
	return 0;
}

/* A new file beside path; its name goes to temporary (PATH_MAX bytes). */
static int open_beside(const char *path, mode_t mode, char *temporary, struct error *e)
{
	unsigned long long unique = 0;
	int fd, n;

	if (getrandom(&unique, sizeof(unique), 0) != (ssize_t)sizeof(unique))
		return error_set(e, errno, "cannot get random bytes");
	n = snprintf(temporary, PATH_MAX, "%s.%llx.tmp", path, unique);
	if (n < 0 || n >= PATH_MAX)
		return error_set(e, ENAMETOOLONG, "cannot make '%s'", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno, "cannot make '%s'", path);
	return fd;
}

static int write_private(int fd, const struct key *k, const struct secret *passphrase)
{
	BIO *bio = encode_private(k->pkey, passphrase);
	char *text = NULL;
	long n = bio == NULL ? 0 : BIO_get_mem_data(bio, &text);
	int written = -1;

	if (n > 0 && (!k->developer || fd_write_all(fd, KEY_DEVELOPER_MARK "\n",
					       sizeof(KEY_DEVELOPER_MARK)) == 0))
		written = fd_write_all(fd, text, (size_t)n);
	BIO_free(bio);
	return written == 0 ? fsync(fd) : -1;
}

static int place_private(
	const char *path, const struct key *k, const struct secret *passphrase, struct error *e)
{
	char temporary[PATH_MAX];
	_cleanup_(fd_closep) int fd = open_beside(path, 0600, temporary, e);
	int result = KEY_CREATED;

	if (fd < 0)
		return -1;
	if (write_private(fd, k, passphrase) < 0)
		result = error_set_kind(e, ERROR_OUTPUT, errno, "cannot write the key '%s'", path);
	else if (linkat(AT_FDCWD, temporary, AT_FDCWD, path, 0) < 0)
		result = errno == EEXIST ? KEY_EXISTED
					 : error_set_kind(e, ERROR_OUTPUT, errno,
						   "cannot make the key '%s'", path);
	unlink(temporary);
	return result;
}

int key_publish(const char *pub_path, const struct key *k, struct error *e)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	_cleanup_(fd_closep) int fd = -1;
	char temporary[PATH_MAX];

	if (faccessat(AT_FDCWD, pub_path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (key_put_public(k, &text, e) < 0)
		return -1;
	fd = open_beside(pub_path, 0644, temporary, e);
	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text.data, text.size) == 0 && fsync(fd) == 0 &&
		renameat(AT_FDCWD, temporary, AT_FDCWD, pub_path) == 0)
		return 0;
	error_set_kind(e, ERROR_OUTPUT, errno, "cannot write the public key '%s'", pub_path);
	unlink(temporary);
	return -1;
}

int key_create(const char *path, const char *pub_path, const struct secret *passphrase,
	bool developer, struct error *e)
{
	_cleanup_(key_deinit) struct key key = {.pkey = NULL, .developer = developer};
	int result;

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return KEY_EXISTED;
	if (make_parents(path, e) < 0 || make_parents(pub_path, e) < 0)
		return -1;
	key.pkey = EVP_EC_gen("P-256");
	if (key.pkey == NULL)
		return error_set(e, 0, "cannot make a P-256 key");
	if (key_fingerprint(key.pkey, key.keyid, e) < 0)
		return -1;
	result = place_private(path, &key, passphrase, e);
	if (result != KEY_CREATED)
		return result;
	return key_publish(pub_path, &key, e);
}
