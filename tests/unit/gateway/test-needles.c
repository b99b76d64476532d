/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: gateway/needles.c and echo.c: a secret is found in every form in
 * which it may turn up, and answers that repeat one do not get as far as that.
 */
#include "gateway/needles.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/needle.h"
#include "gateway/ca.h"
#include "gateway/echo.h"

static const char secret[] = "glp-1+/8ahk3Lz==";

static void take(struct needles *ret, struct buf *made)
{
	assert_true(needles_are_complete(made));
	assert_int_equal(needles_init(ret, made->data, made->size, needles_digest), 0);
}

/* As it is, and in base64 with `before` bytes in front of it. */
static void check_forms(const struct needles *s, const void *bytes, size_t n)
{
	assert_non_null(needles_find(s, bytes, n));
	for (size_t before = 0; before < 7; before++) {
		_cleanup_(buf_deinit) struct buf raw = BUF_INIT, text = BUF_INIT;

		buf_append(&raw, "xxxxxxx", before);
		buf_append(&raw, bytes, n);
		buf_puts(&raw, "yy");
		assert_non_null(needles_find(s, raw.data, raw.size));
		encode_base64(raw.data, raw.size, 1, &text);
		assert_non_null(needles_find(s, text.data, text.size));
		for (char *c = text.data; *c != '\0'; c++)
			*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		assert_non_null(needles_find(s, text.data, text.size));
	}
}

static void test_secret(void **state)
{
	static const char *const secrets[] = {secret, "0123456789abcdef", "0123456789abcdef0",
		"0123456789abcdef01", "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/1+/+/2/"};

	(void)state;
	for (size_t i = 0; i < array_size(secrets); i++) {
		_cleanup_(needles_deinit) struct needles s = {0};
		_cleanup_(buf_deinit) struct buf made = BUF_INIT;

		needles_put(&made, "x", secrets[i], strlen(secrets[i]));
		take(&s, &made);
		check_forms(&s, secrets[i], strlen(secrets[i]));
	}
}

/* Base64 in lines: one of two windows is whole, wherever the lines end. */
static void check_wrapped(const struct needles *s, const struct buf *raw)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;

	encode_base64(raw->data, raw->size, 1, &text);
	for (size_t first = 1; first <= 64; first++) {
		_cleanup_(buf_deinit) struct buf lines = BUF_INIT;

		buf_append(&lines, text.data, first);
		for (size_t at = first; at < text.size; at += 64) {
			buf_puts(&lines, "\n");
			buf_append(
				&lines, text.data + at, text.size - at < 64 ? text.size - at : 64);
		}
		assert_non_null(needles_find(s, lines.data, lines.size));
	}
}

static void test_authority(void **state)
{
	(void)state;
	/* Lengths and alignments of a certificate differ from one to the next. */
	for (int i = 0; i < 20; i++) {
		_cleanup_(needles_deinit) struct needles s = {0};
		_cleanup_(buf_deinit) struct buf made = BUF_INIT, pem = BUF_INIT, jks = BUF_INIT;
		_cleanup_(buf_deinit) struct buf der = BUF_INIT;
		_cleanup_(ca_deinit) struct ca ca = {0}, other = {0};
		unsigned char *bytes = NULL;
		struct error e;
		int n;

		assert_int_equal(ca_init(&ca, 60, &e), 0);
		assert_int_equal(ca_init(&other, 60, &e), 0);
		assert_int_equal(needles_put_authority(&made, &ca), 0);
		take(&s, &made);
		n = i2d_X509(ca.certificate, &bytes);
		assert_true(n > 0);
		buf_append(&der, bytes, (size_t)n);
		OPENSSL_free(bytes);
		check_forms(&s, der.data, der.size);
		check_wrapped(&s, &der);
		assert_int_equal(ca_put_pem(&ca, &pem), 0);
		assert_int_equal(ca_put_jks(&ca, &jks), 0);
		check_forms(&s, pem.data, pem.size);
		check_wrapped(&s, &pem);
		check_forms(&s, jks.data, jks.size);
		check_wrapped(&s, &jks);
		pem.size = jks.size = 0;
		assert_int_equal(ca_put_pem(&other, &pem), 0);
		assert_null(needles_find(&s, pem.data, pem.size));
	}
}

/* Not a byte of it goes on, in whatever parts it comes; everything else does. */
static void test_echo(void **state)
{
	static const char text[] = "The request was: Authorization: Bearer glp-1+/8ahk3Lz== Bye.";
	const char *at = strstr(text, secret);
	_cleanup_(needles_deinit) struct needles s = {0};
	_cleanup_(buf_deinit) struct buf made = BUF_INIT;

	(void)state;
	needles_put(&made, "x", secret, strlen(secret));
	take(&s, &made);
	for (size_t part = 1; part <= sizeof(text); part++) {
		_cleanup_(echo_deinit) struct echo e = {.needles = &s, .hold = strlen(secret)};
		_cleanup_(buf_deinit) struct buf passed = BUF_INIT;
		bool found = false;

		for (size_t i = 0; i < sizeof(text) - 1 && !found; i += part) {
			size_t n = sizeof(text) - 1 - i < part ? sizeof(text) - 1 - i : part;
			const char *bytes;

			found = echo_take(&e, text + i, n, &bytes, &n) < 0;
			if (!found)
				buf_append(&passed, bytes, n);
		}
		assert_true(found);
		assert_string_equal(e.found, "x");
		assert_true(passed.size <= (size_t)(at - text));
		assert_memory_equal(passed.data != NULL ? passed.data : "", text, passed.size);
	}
}

static void test_no_echo(void **state)
{
	static const char text[] = "The request was: Authorization: Bearer of nothing at all. Bye.";
	_cleanup_(needles_deinit) struct needles s = {0};
	_cleanup_(buf_deinit) struct buf made = BUF_INIT;

	(void)state;
	needles_put(&made, "x", secret, strlen(secret));
	take(&s, &made);
	for (size_t part = 1; part <= sizeof(text); part++) {
		_cleanup_(echo_deinit) struct echo e = {.needles = &s, .hold = strlen(secret)};
		_cleanup_(buf_deinit) struct buf passed = BUF_INIT;
		const char *bytes;
		size_t n;

		for (size_t i = 0; i < sizeof(text); i += part) {
			n = sizeof(text) - i < part ? sizeof(text) - i : part;
			assert_int_equal(echo_take(&e, text + i, n, &bytes, &n), 0);
			buf_append(&passed, bytes, n);
		}
		bytes = echo_rest(&e, &n);
		buf_append(&passed, bytes, n);
		assert_int_equal(passed.size, sizeof(text));
		assert_string_equal(passed.data, text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_authority),
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_no_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
