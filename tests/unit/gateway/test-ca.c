/* SPDX-License-Identifier: Apache-2.0 */
/* The authority of one build: what clients see of it, and where they look for it. */
#include "tests/unit/base/helper.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "gateway/ca.h"

static int make(void **state)
{
	static struct ca ca;
	struct error e = {0};

	*state = &ca;
	return ca_init(&ca, 600, &e);
}

static int unmake(void **state)
{
	ca_deinit(*state);
	return 0;
}

/* A private number of P-256 has 32 bytes. */
static void test_its_keys_are_in_locked_memory(void **state)
{
	struct ca other;
	struct error e;
	size_t before = CRYPTO_secure_used();

	(void)state;
	assert_true(CRYPTO_secure_malloc_initialized());
	assert_int_equal(ca_init(&other, 600, &e), 0);
	assert_true(CRYPTO_secure_used() >= before + 64);
	ca_deinit(&other);
	assert_int_equal(CRYPTO_secure_used(), before);
}

/* sandbox/trust.c gives the bundle this name, without libcrypto to work it out. */
static void test_its_name_has_the_known_hash(void **state)
{
	const struct ca *ca = *state;

	assert_int_equal(X509_subject_name_hash(ca->certificate), 0xa700db52);
}

static void test_it_may_only_sign_leaves(void **state)
{
	const struct ca *ca = *state;

	assert_int_equal(X509_get_pathlen(ca->certificate), 0);
	assert_int_equal(X509_get_key_usage(ca->certificate), X509v3_KU_KEY_CERT_SIGN);
	assert_true(X509_get_extension_flags(ca->certificate) & EXFLAG_CA);
}

static void test_a_leaf_is_for_one_host_and_not_for_another(void **state)
{
	struct ca *ca = *state;
	SSL *ssl = ca_session(ca, "registry.test");
	X509 *leaf = SSL_get_certificate(ssl);

	assert_int_equal(X509_check_host(leaf, "registry.test", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(leaf, "sub.registry.test", 0, 0, NULL), 0);
	assert_int_equal(X509_check_host(leaf, "other.test", 0, 0, NULL), 0);
	assert_int_equal(X509_verify(leaf, X509_get0_pubkey(ca->certificate)), 1);
	assert_int_equal(X509_get_extension_flags(leaf) & EXFLAG_CA, 0);
	SSL_free(ssl);
}

static void test_a_leaf_is_made_once(void **state)
{
	struct ca *ca = *state;
	SSL *first = ca_session(ca, "again.test"), *second = ca_session(ca, "again.test");

	assert_ptr_equal(SSL_get_certificate(first), SSL_get_certificate(second));
	SSL_free(first);
	SSL_free(second);
}

/* A name of 253 characters does not fit into a common name. */
static void test_a_long_name_has_a_leaf_too(void **state)
{
	char name[254];
	SSL *ssl;

	memset(name, 'a', sizeof(name) - 1);
	name[253] = '\0';
	for (int i = 60; i < 253; i += 61)
		name[i] = '.';
	ssl = ca_session(*state, name);
	assert_non_null(ssl);
	assert_int_equal(X509_check_host(SSL_get_certificate(ssl), name, 0, 0, NULL), 1);
	SSL_free(ssl);
}

static void test_the_keystore_holds_the_certificate(void **state)
{
	_cleanup_(buf_deinit) struct buf jks = BUF_INIT;
	const struct ca *ca = *state;
	unsigned char *der = NULL;
	int n = i2d_X509(ca->certificate, &der);

	assert_int_equal(ca_put_jks(ca, &jks), 0);
	assert_memory_equal(jks.data, "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\2\0\5cupel", 23);
	assert_memory_equal(jks.data + jks.size - 20 - n, der, (size_t)n);
	OPENSSL_free(der);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_its_keys_are_in_locked_memory),
		cmocka_unit_test(test_its_name_has_the_known_hash),
		cmocka_unit_test(test_it_may_only_sign_leaves),
		cmocka_unit_test(test_a_leaf_is_for_one_host_and_not_for_another),
		cmocka_unit_test(test_a_leaf_is_made_once),
		cmocka_unit_test(test_a_long_name_has_a_leaf_too),
		cmocka_unit_test(test_the_keystore_holds_the_certificate),
	};

	return cmocka_run_group_tests(tests, make, unmake);
}
