/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the Dead Simple Signing Envelope, v1. The encoding (PAE)
 * is shared by the signer and the verifier; dsse_sign() runs only in cupel-sign,
 * on a statement that cupel-sign itself wrote. Signatures are ECDSA P-256 with
 * SHA-256 in DER, which every independent verifier reads.
 */
#include "attest/dsse.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "attest/key.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"

void dsse_pae(
	const char *type, size_t type_size, const void *body, size_t body_size, struct buf *out)
{
	buf_printf(out, "DSSEv1 %zu ", type_size);
	buf_append(out, type, type_size);
	buf_printf(out, " %zu ", body_size);
	buf_append(out, body, body_size);
}

/* DER in *ret (caller frees). */
static int sign_bytes(const struct key *k, const struct buf *bytes, unsigned char **ret,
	size_t *ret_size, struct error *e)
{
	const unsigned char *data = (const unsigned char *)bytes->data;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *signature = NULL;
	size_t n = 0;
	int ok = context != NULL &&
		 EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
		 EVP_DigestSign(context, NULL, &n, data, bytes->size) == 1;

	if (ok)
		signature = malloc(n);
	ok = signature != NULL && EVP_DigestSign(context, signature, &n, data, bytes->size) == 1;
	EVP_MD_CTX_free(context);
	if (!ok) {
		free(signature);
		return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot sign");
	}
	*ret = signature;
	*ret_size = n;
	return 0;
}

static void put_envelope(
	const struct key *k, const struct buf *payload, const struct buf *sig, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_string_n(&j, "payload", payload->data, payload->size);
	json_string(&j, "payloadType", DSSE_PAYLOAD_TYPE);
	json_array_begin(&j, "signatures");
	json_object_begin(&j, NULL);
	json_string(&j, "keyid", k->keyid);
	json_string_n(&j, "sig", sig->data, sig->size);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
}

int dsse_sign(
	const struct key *k, const struct buf *statement, struct buf *envelope, struct error *e)
{
	_cleanup_(buf_deinit) struct buf pae = BUF_INIT, payload = BUF_INIT, sig = BUF_INIT;
	_cleanup_(cleanup_freep) unsigned char *der = NULL;
	size_t n;

	dsse_pae(DSSE_PAYLOAD_TYPE, strlen(DSSE_PAYLOAD_TYPE), statement->data, statement->size,
		&pae);
	encode_base64(statement->data, statement->size, 1, &payload);
	if (!buf_ok(statement) || !buf_ok(&pae) || !buf_ok(&payload))
		return error_set(e, 0, "out of memory");
	if (sign_bytes(k, &pae, &der, &n, e) < 0)
		return -1;
	encode_base64(der, n, 1, &sig);
	put_envelope(k, &payload, &sig, envelope);
	if (!buf_ok(&sig) || !buf_ok(envelope))
		return error_set(e, 0, "out of memory");
	return 0;
}

void dsse_put_bundle(const char *keyid, const struct buf *envelope, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_raw(&j, "dsseEnvelope", envelope->data, envelope->size);
	json_string(&j, "mediaType", "application/vnd.dev.sigstore.bundle.v0.3+json");
	json_object_begin(&j, "verificationMaterial");
	json_object_begin(&j, "publicKey");
	json_string(&j, "hint", keyid);
	json_object_end(&j);
	json_array_begin(&j, "tlogEntries");
	json_array_end(&j);
	json_object_end(&j);
	json_object_end(&j);
}
