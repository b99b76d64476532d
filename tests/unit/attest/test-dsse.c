/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/dsse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "attest/key.h"
#include "attest/report.h"
#include "attest/judge.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "sample.h"

/* The example of the DSSE specification, and one whose type is not ASCII. */
static void test_pae_counts_bytes(void **state)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	(void)state;
	dsse_pae("http://example.com/HelloWorld", 29, "hello world", 11, &out);
	assert_string_equal(out.data, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	out.size = 0;
	dsse_pae("\xc3\xa4", 2, "", 0, &out);
	assert_string_equal(out.data, "DSSEv1 2 \xc3\xa4 0 ");
}

static void sign_sample(struct key *k, struct buf *envelope)
{
	_cleanup_(buf_deinit) struct buf statement = BUF_INIT;
	struct error e;

	buf_puts(&statement, "{\"_type\":\"x\"}");
	*k = sample_key();
	assert_int_equal(dsse_sign(k, &statement, envelope, &e), 0);
}

static void test_envelope_verifies(void **state)
{
	_cleanup_(buf_deinit) struct buf envelope = BUF_INIT;
	_cleanup_(envelope_deinit) struct envelope v = ENVELOPE_INIT;
	_cleanup_(report_deinit) struct report r = REPORT_INIT;
	_cleanup_(key_deinit) struct key k = KEY_INIT, other = sample_key();
	struct trusted_key keys[2] = {{.key = other}};
	const struct trust trust = {.keys = keys, .count = 2};
	bool good[2] = {true, false};

	(void)state;
	sign_sample(&k, &envelope);
	keys[1].key = k;
	assert_int_equal(envelope_open(envelope.data, envelope.size, &v, &r), 0);
	envelope_verify(&v, &trust, good);
	assert_false(good[0]);
	assert_true(good[1]);
	v.payload[0] ^= 1;
	envelope_verify(&v, &trust, good);
	assert_false(good[1]);
}

/* Raw r||s is accepted beside DER; one bit or one byte more is not. */
static void test_signature_forms(void **state)
{
	_cleanup_(buf_deinit) struct buf envelope = BUF_INIT, bytes = BUF_INIT;
	_cleanup_(envelope_deinit) struct envelope v = ENVELOPE_INIT;
	_cleanup_(report_deinit) struct report r = REPORT_INIT;
	_cleanup_(key_deinit) struct key k = KEY_INIT;
	unsigned char raw[65] = {0}, longer[256];
	struct signature sig;

	(void)state;
	sign_sample(&k, &envelope);
	assert_int_equal(envelope_open(envelope.data, envelope.size, &v, &r), 0);
	dsse_pae(v.type, v.type_size, v.payload, v.payload_size, &bytes);
	sig = v.signatures[0];
	assert_true(signature_is_good(k.pkey, &bytes, &sig));
	for (size_t i = 0, at = 4, size; i < 2; i++, at += size + 2) {
		const unsigned char *number = sig.bytes + at;
		size_t skip;

		size = sig.bytes[at - 1];
		skip = size > 32 ? 1 : 0;
		memcpy(raw + 32 * i + 32 - (size - skip), number + skip, size - skip);
	}
	assert_true(signature_is_good(k.pkey, &bytes, &(struct signature){raw, 64}));
	assert_false(signature_is_good(k.pkey, &bytes, &(struct signature){raw, 65}));
	raw[10] ^= 1;
	assert_false(signature_is_good(k.pkey, &bytes, &(struct signature){raw, 64}));
	memcpy(longer, sig.bytes, sig.size);
	longer[sig.size] = 0;
	assert_false(signature_is_good(k.pkey, &bytes, &(struct signature){longer, sig.size + 1}));
	assert_false(signature_is_good(k.pkey, &bytes, &(struct signature){longer, sig.size - 1}));
	assert_false(signature_is_good(k.pkey, &bytes, &(struct signature){longer, 0}));
}

static void test_bundle_holds_same_envelope(void **state)
{
	_cleanup_(buf_deinit) struct buf envelope = BUF_INIT, bundle = BUF_INIT;
	_cleanup_(key_deinit) struct key k = KEY_INIT;
	json_t *inside, *whole, *alone;

	(void)state;
	sign_sample(&k, &envelope);
	dsse_put_bundle(k.keyid, &envelope, &bundle);
	whole = json_loadb(bundle.data, bundle.size, JSON_REJECT_DUPLICATES, NULL);
	alone = json_loadb(envelope.data, envelope.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(whole);
	assert_non_null(alone);
	inside = json_object_get(whole, "dsseEnvelope");
	assert_true(json_equal(inside, alone));
	assert_string_equal(json_string_value(json_object_get(whole, "mediaType")),
		"application/vnd.dev.sigstore.bundle.v0.3+json");
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(json_object_get(whole, "verificationMaterial"),
					    "publicKey"),
				    "hint")),
		k.keyid);
	json_decref(whole);
	json_decref(alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pae_counts_bytes),
		cmocka_unit_test(test_envelope_verifies),
		cmocka_unit_test(test_signature_forms),
		cmocka_unit_test(test_bundle_holds_same_envelope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
