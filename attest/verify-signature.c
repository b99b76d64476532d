/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined, on hostile signatures.
 * libcrypto answers 1, 0 or less than 0; only 1 is a proof. ECDSA signatures
 * come as DER (everybody's) or as raw r||s (the DSSE specification's own
 * example); the hash follows from the key, never from the message.
 */
#include "attest/judge.h"

#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/cleanup.h"

static const struct {
	const char *type;
	const EVP_MD *(*hash)(void); /* NULL: the scheme hashes by itself */
	size_t raw_half;	     /* bytes of r, 0: no raw form */
} schemes[] = {
	{"EC prime256v1", EVP_sha256, 32},
	{"EC secp384r1", EVP_sha384, 48},
	{"ED25519", NULL, 0},
	{"RSA 3072", EVP_sha256, 0},
	{"RSA 4096", EVP_sha256, 0},
};

static bool verify_once(EVP_PKEY *key, const EVP_MD *hash, const struct buf *bytes,
	const unsigned char *sig, size_t size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && EVP_DigestVerifyInit(context, NULL, hash, NULL, key) == 1 &&
		    EVP_DigestVerify(context, sig, size, (const unsigned char *)bytes->data,
			    bytes->size) == 1;

	EVP_MD_CTX_free(context);
	ERR_clear_error();
	return good;
}

static bool verify_raw(EVP_PKEY *key, const EVP_MD *hash, size_t half, const struct buf *bytes,
	const struct signature *sig)
{
	ECDSA_SIG *parts = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig->bytes, (int)half, NULL);
	BIGNUM *s = BN_bin2bn(sig->bytes + half, (int)half, NULL);
	unsigned char *der = NULL;
	bool good = false;
	int n;

	if (parts != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(parts, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(parts, &der);
		good = n > 0 && verify_once(key, hash, bytes, der, (size_t)n);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(parts);
	OPENSSL_free(der);
	return good;
}

bool signature_is_good(EVP_PKEY *key, const struct buf *bytes, const struct signature *sig)
{
	char type[64];

	key_describe(key, type, sizeof(type));
	for (size_t i = 0; i < array_size(schemes); i++) {
		const EVP_MD *hash = schemes[i].hash == NULL ? NULL : schemes[i].hash();
		size_t half = schemes[i].raw_half;

		if (strcmp(type, schemes[i].type) != 0)
			continue;
		if (verify_once(key, hash, bytes, sig->bytes, sig->size))
			return true;
		return half > 0 && sig->size == 2 * half && verify_raw(key, hash, half, bytes, sig);
	}
	return false;
}
