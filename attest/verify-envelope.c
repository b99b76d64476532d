/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify, confined, on a file that a stranger
 * wrote. Takes a DSSE envelope, bare or in a Sigstore bundle v0.3, apart into
 * bytes. The payload that is decoded here is the one that is verified and the
 * one that is parsed; keyids and hints are compared with each other but choose
 * nothing.
 */
#include "attest/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "attest/dsse.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/strict-json.h"

/* More than any real threshold, less than what would make us busy for long. */
enum { SIGNATURES_MAX = 1024 };

void envelope_deinit(struct envelope *v)
{
	for (size_t i = 0; i < v->signature_count; i++)
		free(v->signatures[i].bytes);
	free(v->signatures);
	free(v->payload);
	strict_json_freep(&v->root);
	*v = (struct envelope)ENVELOPE_INIT;
}

static bool malformed(struct report *r, const char *source, const char *problem)
{
	return report_check(r, "envelope", false, source, "a DSSE envelope", problem);
}

static bool decode_signature(const json_t *entry, struct signature *ret)
{
	const json_t *keyid = strict_json_get(entry, "keyid");
	const char *text;
	size_t n;

	if (!json_is_object(entry) || (keyid != NULL && !json_is_string(keyid)))
		return false;
	text = strict_json_text(entry, "sig", &n);
	return text != NULL && decode_base64(text, n, &ret->bytes, &ret->size) == 0;
}

static bool decode_signatures(const json_t *object, struct envelope *v, struct report *r)
{
	const json_t *list = strict_json_get(object, "signatures");
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count == 0)
		return malformed(r, "signatures", "no list of signatures");
	if (count > SIGNATURES_MAX)
		return malformed(r, "signatures", "too many signatures");
	v->signatures = calloc(count, sizeof(*v->signatures));
	if (v->signatures == NULL)
		return malformed(r, "signatures", "out of memory");
	for (size_t i = 0; i < count; i++) {
		if (!decode_signature(json_array_get(list, i), &v->signatures[i]))
			return malformed(
				r, "signatures", "a signature without sig, or not in base64");
		v->signature_count++;
	}
	return true;
}

static bool decode_envelope(const json_t *object, struct envelope *v, struct report *r)
{
	const json_t *type = strict_json_get(object, "payloadType");
	const json_t *payload = strict_json_get(object, "payload");

	if (!json_is_object(object))
		return malformed(r, "dsseEnvelope", "no object");
	if (!json_is_string(payload) || !json_is_string(type))
		return malformed(r, "payload", "no payload or no payloadType");
	if (decode_base64(json_string_value(payload), json_string_length(payload), &v->payload,
		    &v->payload_size) < 0)
		return malformed(r, "payload", "not in base64");
	v->type = json_string_value(type);
	v->type_size = json_string_length(type);
	return decode_signatures(object, v, r);
}

static bool bad_bundle(struct report *r, const char *source, const char *problem)
{
	return report_check(r, "bundle", false, source, "a Sigstore bundle v0.3", problem);
}

/* What vouches for the key: exactly one kind, and only the kind that we judge. */
static bool check_material(const json_t *material, struct report *r)
{
	static const char *const foreign[] = {"certificate", "x509CertificateChain"};
	const json_t *key = strict_json_get(material, "publicKey");
	size_t kinds = key == NULL ? 0 : 1;

	if (!json_is_object(material))
		return bad_bundle(r, "verificationMaterial", "no object");
	for (size_t i = 0; i < array_size(foreign); i++)
		kinds += strict_json_get(material, foreign[i]) == NULL ? 0 : 1;
	if (kinds != 1)
		return bad_bundle(
			r, "verificationMaterial", "not exactly one kind of key material");
	if (key == NULL) {
		r->undecided = true;
		return bad_bundle(r, "verificationMaterial",
			"a certificate, which is not supported here: only keys are");
	}
	if (!json_is_object(key))
		return bad_bundle(r, "verificationMaterial.publicKey", "no object");
	return true;
}

static bool check_hint(const json_t *bundle, const json_t *envelope, struct report *r)
{
	const json_t *key =
		strict_json_get(strict_json_get(bundle, "verificationMaterial"), "publicKey");
	const json_t *list = strict_json_get(envelope, "signatures");
	size_t hint_size, id_size;
	const char *hint = strict_json_text(key, "hint", &hint_size);
	const char *id = strict_json_text(json_array_get(list, 0), "keyid", &id_size);

	if (json_array_size(list) != 1)
		return bad_bundle(r, "dsseEnvelope.signatures", "not exactly one signature");
	if (hint != NULL && id != NULL && !strict_json_is(hint, hint_size, id))
		return report_check(
			r, "bundle", false, "verificationMaterial.publicKey.hint", id, hint);
	return true;
}

/* The envelope inside a bundle, or NULL. */
static const json_t *open_bundle(const json_t *bundle, struct report *r)
{
	size_t n;
	const char *type = strict_json_text(bundle, "mediaType", &n);
	const json_t *envelope = strict_json_get(bundle, "dsseEnvelope");
	const json_t *material = strict_json_get(bundle, "verificationMaterial");
	bool known =
		strict_json_is(type, n, "application/vnd.dev.sigstore.bundle.v0.3+json") ||
		strict_json_is(type, n, "application/vnd.dev.sigstore.bundle+json;version=0.3");

	/* A certificate in any version is told apart from what is simply wrong. */
	if (!known && strict_json_get(material, "x509CertificateChain") != NULL)
		r->undecided = true;
	if (!known)
		return bad_bundle(r, "mediaType", type == NULL ? "no media type" : type), NULL;
	if (envelope == NULL || strict_json_get(bundle, "messageSignature") != NULL)
		return bad_bundle(r, "dsseEnvelope", "no envelope, or not only an envelope"), NULL;
	if (!check_material(material, r) || !check_hint(bundle, envelope, r))
		return NULL;
	report_check(r, "bundle", true, "mediaType", NULL, type);
	return envelope;
}

int envelope_open(const char *text, size_t n, struct envelope *ret, struct report *r)
{
	_cleanup_(envelope_deinit) struct envelope v = ENVELOPE_INIT;
	const json_t *object;
	struct error why;
	char found[64];

	v.root = strict_json_parse(text, n, &why);
	if (v.root == NULL)
		return malformed(r, "the file", why.what), -1;
	object = v.root;
	if (json_object_get(v.root, "mediaType") != NULL)
		object = open_bundle(v.root, r);
	if (object == NULL || !decode_envelope(object, &v, r))
		return -1;
	snprintf(found, sizeof(found), "%zu signature%s over %zu bytes", v.signature_count,
		v.signature_count == 1 ? "" : "s", v.payload_size);
	report_check(r, "envelope", true, "the file", "a DSSE envelope", found);
	*ret = v;
	v = (struct envelope)ENVELOPE_INIT;
	return 0;
}

void envelope_verify(const struct envelope *v, const struct trust *t, bool *good)
{
	_cleanup_(buf_deinit) struct buf pae = BUF_INIT;

	dsse_pae(v->type, v->type_size, v->payload, v->payload_size, &pae);
	for (size_t k = 0; k < t->count; k++) {
		good[k] = false;
		for (size_t i = 0; buf_ok(&pae) && !good[k] && i < v->signature_count; i++)
			good[k] = signature_is_good(t->keys[k].key.pkey, &pae, &v->signatures[i]);
	}
}
