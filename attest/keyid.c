/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: names keys the way ssh-keygen -l does, SHA-256 over the
 * SSH wire form of the public key (RFC 4253 §6.6, RFC 5656, RFC 8709), because
 * that is the one spelling that independent verifiers of Sigstore bundles take
 * both as hint and as keyid. Pure functions over public halves; used by the
 * signer and the verifier. A keyid is only a name: it never decides anything.
 */
#include "attest/key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"

static void put_string(struct buf *out, const void *data, size_t n)
{
	const unsigned char length[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
		(unsigned char)(n >> 8), (unsigned char)n};

	buf_append(out, length, sizeof(length));
	buf_append(out, data, n);
}

static int put_point(struct buf *out, EVP_PKEY *pkey)
{
	unsigned char point[256];
	size_t n;

	if (EVP_PKEY_get_octet_string_param(
		    pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) != 1)
		return -1;
	/* SSH names only the uncompressed form. */
	if (n == 0 || point[0] != 4)
		return -1;
	put_string(out, point, n);
	return 0;
}

static int put_ec(struct buf *out, EVP_PKEY *pkey)
{
	static const struct {
		const char *group, *type, *curve;
	} curves[] = {
		{"prime256v1", "ecdsa-sha2-nistp256", "nistp256"},
		{"secp384r1", "ecdsa-sha2-nistp384", "nistp384"},
	};
	char group[64];

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return -1;
	for (size_t i = 0; i < array_size(curves); i++) {
		if (strcmp(group, curves[i].group) != 0)
			continue;
		put_string(out, curves[i].type, strlen(curves[i].type));
		put_string(out, curves[i].curve, strlen(curves[i].curve));
		return put_point(out, pkey);
	}
	return -1;
}

static int put_ed25519(struct buf *out, EVP_PKEY *pkey)
{
	unsigned char raw[32];
	size_t n = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(pkey, raw, &n) != 1 || n != sizeof(raw))
		return -1;
	put_string(out, "ssh-ed25519", 11);
	put_string(out, raw, n);
	return 0;
}

static int put_number(struct buf *out, EVP_PKEY *pkey, const char *name)
{
	/* A leading zero keeps the number positive (RFC 4251 mpint). */
	unsigned char bytes[1 + 2048] = {0};
	BIGNUM *number = NULL;
	int n = -1;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
		BN_num_bytes(number) < (int)sizeof(bytes))
		n = BN_bn2bin(number, bytes + 1);
	BN_free(number);
	if (n <= 0)
		return -1;
	if ((bytes[1] & 0x80) != 0)
		put_string(out, bytes, (size_t)n + 1);
	else
		put_string(out, bytes + 1, (size_t)n);
	return 0;
}

static int put_rsa(struct buf *out, EVP_PKEY *pkey)
{
	put_string(out, "ssh-rsa", 7);
	if (put_number(out, pkey, OSSL_PKEY_PARAM_RSA_E) < 0)
		return -1;
	return put_number(out, pkey, OSSL_PKEY_PARAM_RSA_N);
}

static int put_wire_form(struct buf *out, EVP_PKEY *pkey)
{
	static const struct {
		const char *type;
		int (*put)(struct buf *out, EVP_PKEY *pkey);
	} types[] = {
		{"EC", put_ec},
		{"ED25519", put_ed25519},
		{"RSA", put_rsa},
	};

	for (size_t i = 0; i < array_size(types); i++)
		if (EVP_PKEY_is_a(pkey, types[i].type) == 1)
			return types[i].put(out, pkey);
	return -1;
}

int key_fingerprint(EVP_PKEY *pkey, char out[KEY_ID_SIZE], struct error *e)
{
	_cleanup_(buf_deinit) struct buf wire = BUF_INIT, text = BUF_INIT;
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char type[64];

	if (put_wire_form(&wire, pkey) < 0 || !buf_ok(&wire)) {
		key_describe(pkey, type, sizeof(type));
		return error_set(e, 0, "keys of type %s are not supported", type);
	}
	SHA256((const unsigned char *)wire.data, wire.size, digest);
	buf_puts(&text, "SHA256:");
	encode_base64(digest, sizeof(digest), 0, &text);
	if (!buf_ok(&text) || text.size >= KEY_ID_SIZE)
		return error_set(e, 0, "cannot name a key");
	memcpy(out, text.data, text.size + 1);
	return 0;
}
