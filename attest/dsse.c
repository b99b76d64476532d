/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the Dead Simple Signing Envelope, v1. The encoding (PAE)
 * is shared by the signer and the verifier; dsse_sign() runs only in cupel-sign,
 * on a statement that cupel-sign itself wrote. Signatures are ECDSA P-256 with
 * SHA-256 in DER, which every independent verifier reads.
 */
#include "attest/dsse.h"

#include <string.h>

#include <openssl/evp.h>

#include "attest/key.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/json.h"

static void put_pae_head(const char *type, size_t type_size, size_t body_size, struct buf *out)
{
	buf_printf(out, "DSSEv1 %zu ", type_size);
	buf_append(out, type, type_size);
	buf_printf(out, " %zu ", body_size);
}

void dsse_pae(
	const char *type, size_t type_size, const void *body, size_t body_size, struct buf *out)
{
	put_pae_head(type, type_size, body_size, out);
	buf_append(out, body, body_size);
}

/*
 * Signs head and body as if they were one, DER in *sig. The body, with its list
 * of packages, is large for a process that has just been started: not copied.
 */
static int sign_bytes(const struct key *k, const struct buf *head, const struct buf *body,
	struct buf *sig, struct error *e)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[256];
	size_t n = sizeof(der);
	int ok = context != NULL &&
		 EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
		 EVP_DigestSignUpdate(context, head->data, head->size) == 1 &&
		 EVP_DigestSignUpdate(context, body->data, body->size) == 1 &&
		 EVP_DigestSignFinal(context, der, &n) == 1;

	EVP_MD_CTX_free(context);
	if (!ok)
		return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot sign");
	buf_append(sig, der, n);
	return 0;
}

static void put_base64(struct json *j, const char *key, const struct buf *bytes)
{
	json_raw(j, key, "\"", 1);
	encode_base64(bytes->data, bytes->size, 1, j->out);
	buf_puts(j->out, "\"");
}

static void put_envelope(
	const struct key *k, const struct buf *payload, const struct buf *sig, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	put_base64(&j, "payload", payload);
	json_string(&j, "payloadType", DSSE_PAYLOAD_TYPE);
	json_array_begin(&j, "signatures");
	json_object_begin(&j, NULL);
	json_string(&j, "keyid", k->keyid);
	put_base64(&j, "sig", sig);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
}

int dsse_sign(
	const struct key *k, const struct buf *statement, struct buf *envelope, struct error *e)
{
	_cleanup_(buf_deinit) struct buf head = BUF_INIT, sig = BUF_INIT;

	put_pae_head(DSSE_PAYLOAD_TYPE, strlen(DSSE_PAYLOAD_TYPE), statement->size, &head);
	if (!buf_ok(statement) || !buf_ok(&head))
		return error_set(e, 0, "out of memory");
	if (sign_bytes(k, &head, statement, &sig, e) < 0)
		return -1;
	put_envelope(k, statement, &sig, envelope);
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
