/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, which alone knows the secrets of a build, makes
 * what others can find them with. Windows are taken from the end, where what people and
 * programs prepend to secrets is not. A second one 24 bytes before it makes sure that the
 * line break of wrapped base64 cuts only one of them.
 */
#include "gateway/needles.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/needle.h"
#include "gateway/ca.h"

enum { SECOND = 24, BASE64_UNIT = 3, TAIL = 36 };

void needles_digest(const void *data, size_t n, unsigned char sha256[32])
{
	SHA256(data, n, sha256);
}

static void put_window(struct buf *out, const char *name, const unsigned char *window)
{
	struct needle needle;

	needle_make(&needle, name, window, needles_digest);
	buf_append(out, &needle, sizeof(needle));
}

/* The URL-safe alphabet differs in two letters. */
static void put_url_safe(struct buf *out, const char *name, const unsigned char *window)
{
	unsigned char other[NEEDLE_WINDOW];

	for (size_t i = 0; i < sizeof(other); i++)
		other[i] = window[i] == '+' ? '-' : window[i] == '/' ? '_' : window[i];
	if (memcmp(other, window, sizeof(other)) != 0)
		put_window(out, name, other);
	explicit_bzero(other, sizeof(other));
}

static void put_form(
	struct buf *out, const char *name, const unsigned char *text, size_t n, int is_base64)
{
	for (size_t back = NEEDLE_WINDOW; back <= n && back <= NEEDLE_WINDOW + SECOND;
		back += SECOND) {
		put_window(out, name, text + n - back);
		if (is_base64)
			put_url_safe(out, name, text + n - back);
	}
}

/* As base64 has it behind `before` bytes: only what these do not change. */
static void put_base64(
	struct buf *out, const char *name, const unsigned char *secret, size_t n, size_t before)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	size_t skip = (BASE64_UNIT - before) % BASE64_UNIT;

	encode_base64(secret + skip, (n - skip) / BASE64_UNIT * BASE64_UNIT, 0, &text);
	if (buf_ok(&text))
		put_form(out, name, (const unsigned char *)text.data, text.size, 1);
	else
		out->failed = true;
	if (text.data != NULL)
		explicit_bzero(text.data, text.size);
}

void needles_put(struct buf *out, const char *name, const void *secret, size_t n)
{
	const unsigned char *bytes = secret;

	while (n > NEEDLE_WINDOW && bytes[n - 1] == '=')
		n--;
	put_form(out, name, bytes, n, 0);
	/* No more than both windows need, so that no buffer grows and leaves it behind. */
	if (n > TAIL) {
		bytes += n - TAIL;
		n = TAIL;
	}
	for (size_t before = 0; before < BASE64_UNIT; before++)
		put_base64(out, name, bytes, n, before);
}

int needles_put_authority(struct buf *out, const struct ca *ca)
{
	static const char end[] = "-----END";
	_cleanup_(buf_deinit) struct buf pem = BUF_INIT;
	unsigned char *der = NULL;
	int n = i2d_X509(ca->certificate, &der);
	const char *stop;

	if (n < NEEDLE_WINDOW || ca_put_pem(ca, &pem) < 0 || !buf_ok(&pem)) {
		OPENSSL_free(der);
		return -1;
	}
	/* Both end in the signature, which nothing else has in common with it. */
	needles_put(out, "", der, (size_t)n);
	OPENSSL_free(der);
	stop = strstr(pem.data, end);
	if (stop == NULL || stop - pem.data < NEEDLE_WINDOW)
		return -1;
	needles_put(out, "", pem.data, (size_t)(stop - pem.data));
	return 0;
}

int needles_are_complete(const struct buf *out)
{
	return buf_ok(out) && out->size <= NEEDLES_MAX * sizeof(struct needle);
}
