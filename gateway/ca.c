/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, which the build can only reach through TLS.
 * P-256 everywhere (an RSA key takes 150 ms to make); one key serves all leaf
 * certificates, because whoever has it sits in this process anyhow. A leaf is made when
 * a name is first asked for and kept.
 */
#include "gateway/ca.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "gateway/names.h"
#include "gateway/stream.h"

enum { BACKDATE = 3600 };
/* With room for the keys of handshakes; and below the limit of old kernels, for ours alone. */
enum { LOCKED_MANY = 512 << 10, LOCKED_FEW = 32 << 10, LOCKED_LEAST = 32 };

struct ca_leaf {
	struct ca_leaf *next;
	X509 *certificate;
	char host[];
};

static int set_validity(X509 *x, uint64_t lifetime)
{
	return X509_gmtime_adj(X509_getm_notBefore(x), -BACKDATE) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x), (long)lifetime) != NULL;
}

/* 127 bits, positive (RFC 5280 §4.1.2.2). */
static int set_serial(X509 *x)
{
	unsigned char bytes[16];
	BIGNUM *number;
	int ok;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return 0;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
	BN_free(number);
	return ok;
}

static int add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	int ok;

	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension != NULL && X509_add_ext(x, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static X509 *new_certificate(EVP_PKEY *key, const char *common_name, uint64_t lifetime)
{
	X509 *x = X509_new();

	if (x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
		set_validity(x, lifetime) && X509_set_pubkey(x, key) == 1 &&
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
			(const unsigned char *)common_name, -1, -1, 0) == 1)
		return x;
	X509_free(x);
	return NULL;
}

static X509 *make_authority(EVP_PKEY *key, uint64_t lifetime)
{
	X509 *x = new_certificate(key, "Cupel gateway of one build", lifetime);

	if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
		add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		add_extension(x, x, NID_key_usage, "critical,keyCertSign") &&
		add_extension(x, x, NID_subject_key_identifier, "hash") &&
		X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static X509 *make_leaf(const struct ca *ca, const char *host)
{
	const ASN1_TIME *end = X509_get0_notAfter(ca->certificate);
	/* A common name has 64 characters at most; what counts is the alternative name. */
	X509 *x = new_certificate(ca->leaf_key, strlen(host) <= 64 ? host : "build", 0);
	char name[NAME_SIZE + 8];

	snprintf(name, sizeof(name), "DNS:%s", host);
	if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(ca->certificate)) == 1 &&
		X509_set1_notAfter(x, end) == 1 &&
		add_extension(x, ca->certificate, NID_subject_alt_name, name) &&
		add_extension(x, ca->certificate, NID_ext_key_usage, "serverAuth") &&
		add_extension(x, ca->certificate, NID_authority_key_identifier, "keyid:always") &&
		X509_sign(x, ca->key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size,
	const unsigned char *in, unsigned int in_size, void *context)
{
	static const unsigned char http1[] = "\x08http/1.1";

	(void)ssl;
	(void)context;
	/* A client that insists on something else is told so by an alert. */
	if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_size, http1,
		    sizeof(http1) - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_server(void)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method());

	if (server == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(server, TLS1_2_VERSION);
	SSL_CTX_set_options(server, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					    SSL_OP_IGNORE_UNEXPECTED_EOF |
					    SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* Nothing is resumed: what would be kept for it is not even offered. */
	SSL_CTX_set_session_cache_mode(server, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(server, 0);
	stream_tune(server);
	SSL_CTX_set_alpn_select_cb(server, choose_protocol, NULL);
	return server;
}

/*
 * libcrypto keeps private keys in this heap: never in swap, in no core dump. The process
 * makes no other that could get a copy. Where RLIMIT_MEMLOCK allows none of it, the keys
 * can reach swap for as long as the build lasts, which is no reason not to build.
 */
static void lock_keys(void)
{
	if (CRYPTO_secure_malloc_initialized() ||
		CRYPTO_secure_malloc_init(LOCKED_MANY, LOCKED_LEAST) == 1)
		return;
	if (CRYPTO_secure_malloc_done() == 1)
		(void)CRYPTO_secure_malloc_init(LOCKED_FEW, LOCKED_LEAST);
}

int ca_init(struct ca *ca, uint64_t lifetime, struct error *e)
{
	lock_keys();
	*ca = (struct ca){.key = EVP_EC_gen("P-256"), .leaf_key = EVP_EC_gen("P-256")};
	if (ca->key != NULL && ca->leaf_key != NULL)
		ca->certificate = make_authority(ca->key, lifetime);
	if (ca->certificate != NULL)
		return 0;
	ca_deinit(ca);
	return error_set(e, 0, "libcrypto cannot make the build's certificate authority");
}

void ca_deinit(struct ca *ca)
{
	while (ca->leaves != NULL) {
		struct ca_leaf *leaf = ca->leaves;

		ca->leaves = leaf->next;
		X509_free(leaf->certificate);
		free(leaf);
	}
	SSL_CTX_free(ca->server);
	X509_free(ca->certificate);
	EVP_PKEY_free(ca->leaf_key);
	EVP_PKEY_free(ca->key);
	*ca = (struct ca){0};
}

static X509 *find_leaf(struct ca *ca, const char *host)
{
	size_t size = strlen(host) + 1;
	struct ca_leaf *leaf = ca->leaves;

	while (leaf != NULL && strcmp(leaf->host, host) != 0)
		leaf = leaf->next;
	if (leaf != NULL)
		return leaf->certificate;
	leaf = malloc(sizeof(*leaf) + size);
	if (leaf == NULL)
		return NULL;
	memcpy(leaf->host, host, size);
	leaf->certificate = make_leaf(ca, host);
	if (leaf->certificate == NULL) {
		free(leaf);
		return NULL;
	}
	leaf->next = ca->leaves;
	ca->leaves = leaf;
	return leaf->certificate;
}

/* Made when it is first needed: many builds never connect, and all wait for ca_init(). */
int ca_warm_up(struct ca *ca)
{
	if (ca->server == NULL)
		ca->server = make_server();
	return ca->server == NULL ? -1 : 0;
}

SSL *ca_session(struct ca *ca, const char *host)
{
	X509 *leaf = find_leaf(ca, host);
	SSL *ssl = leaf == NULL || ca_warm_up(ca) < 0 ? NULL : SSL_new(ca->server);

	if (ssl != NULL && SSL_use_certificate(ssl, leaf) == 1 &&
		SSL_use_PrivateKey(ssl, ca->leaf_key) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int ca_put_pem(const struct ca *ca, struct buf *out)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *data;
	long n;
	int ok = memory != NULL && PEM_write_bio_X509(memory, ca->certificate) == 1;

	if (ok) {
		n = BIO_get_mem_data(memory, &data);
		buf_append(out, data, (size_t)n);
	}
	BIO_free(memory);
	return ok && buf_ok(out) ? 0 : -1;
}

static void put_number(struct buf *out, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		buf_append(out, &(unsigned char){(unsigned char)(value >> (8 * i))}, 1);
}

static void put_text(struct buf *out, const char *text)
{
	put_number(out, strlen(text), 2);
	buf_puts(out, text);
}

/* The integrity check of a keystore: SHA-1 over the password in UTF-16, a word, and all of it. */
static void put_seal(struct buf *out, const char *password)
{
	_cleanup_(buf_deinit) struct buf sealed = BUF_INIT;
	unsigned char digest[SHA_DIGEST_LENGTH];

	for (; *password != '\0'; password++)
		put_number(&sealed, (unsigned char)*password, 2);
	buf_puts(&sealed, "Mighty Aphrodite");
	buf_append(&sealed, out->data, out->size);
	SHA1((const unsigned char *)sealed.data, sealed.size, digest);
	if (!buf_ok(&sealed))
		out->failed = true;
	buf_append(out, digest, sizeof(digest));
}

int ca_put_jks(const struct ca *ca, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_X509(ca->certificate, &der);

	if (n <= 0)
		return -1;
	put_number(out, 0xfeedfeed, 4);
	put_number(out, 2, 4); /* version */
	put_number(out, 1, 4); /* entries */
	put_number(out, 2, 4); /* a trusted certificate */
	put_text(out, "cupel");
	put_number(out, (uint64_t)time(NULL) * 1000, 8);
	put_text(out, "X.509");
	put_number(out, (uint64_t)n, 4);
	buf_append(out, der, (size_t)n);
	OPENSSL_free(der);
	put_seal(out, "changeit");
	return buf_ok(out) ? 0 : -1;
}
