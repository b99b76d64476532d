/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway looks at the first bytes of a connection that
 * the build opened, before any TLS library does and without taking them off the
 * socket. The fragments of the records are put together in a buffer of fixed size,
 * then read as RFC 8446 §4.1.2 lays them out: every length must be used up exactly,
 * since a length that two readers could take in two ways would let the name that is
 * checked differ from the name that is used.
 */
#include "gateway/hello.h"

#include <string.h>

#include "gateway/names.h"

enum { RECORD_HEADER = 5, RECORD_HANDSHAKE = 22, RECORD_MAX = 16384 };
enum { HANDSHAKE_HEADER = 4, HANDSHAKE_CLIENT_HELLO = 1 };
enum { EXTENSION_SERVER_NAME = 0, EXTENSION_ALPN = 16, EXTENSION_ECH = 0xfe0d };
enum { NAME_TYPE_HOST = 0, RANDOM_SIZE = 32, SESSION_ID_MAX = 32 };

_Static_assert(sizeof(((struct hello *)0)->server_name) >= NAME_SIZE, "a name has room");

/* What is left to be read. */
struct span {
	const uint8_t *at;
	size_t left;
};

/* Big-endian number of `bytes` bytes. 0 or -1. */
static int take_number(struct span *s, size_t bytes, size_t *ret)
{
	size_t value = 0;

	if (s->left < bytes)
		return -1;
	for (size_t i = 0; i < bytes; i++)
		value = value << 8 | s->at[i];
	s->at += bytes;
	s->left -= bytes;
	*ret = value;
	return 0;
}

static int take_bytes(struct span *s, size_t n, struct span *ret)
{
	if (s->left < n)
		return -1;
	*ret = (struct span){s->at, n};
	s->at += n;
	s->left -= n;
	return 0;
}

/* A vector whose length takes `bytes` bytes. */
static int take_vector(struct span *s, size_t bytes, struct span *ret)
{
	size_t n;

	return take_number(s, bytes, &n) < 0 ? -1 : take_bytes(s, n, ret);
}

static int read_server_name(struct span body, struct hello *h)
{
	struct span list, name;
	size_t type;

	if (take_vector(&body, 2, &list) < 0 || body.left != 0)
		return -1;
	if (take_number(&list, 1, &type) < 0 || type != NAME_TYPE_HOST)
		return -1;
	if (take_vector(&list, 2, &name) < 0 || list.left != 0) /* one name only */
		return -1;
	return names_normalise((const char *)name.at, name.left, h->server_name);
}

static bool span_is(struct span s, const char *text)
{
	return s.left == strlen(text) && memcmp(s.at, text, s.left) == 0;
}

static int read_alpn(struct span body, struct hello *h)
{
	struct span list, protocol;

	if (take_vector(&body, 2, &list) < 0 || body.left != 0 || list.left == 0)
		return -1;
	while (list.left > 0) {
		if (take_vector(&list, 1, &protocol) < 0 || protocol.left == 0)
			return -1;
		h->alpn_http1 |= span_is(protocol, "http/1.1");
		h->alpn_h2 |= span_is(protocol, "h2");
	}
	h->alpn_any = true;
	return 0;
}

static int read_extension(size_t type, struct span body, struct hello *h)
{
	switch (type) {
	case EXTENSION_SERVER_NAME:
		return h->server_name[0] != '\0' ? -1 : read_server_name(body, h);
	case EXTENSION_ALPN:
		return h->alpn_any ? -1 : read_alpn(body, h);
	case EXTENSION_ECH:
		h->encrypted = true;
		return 0;
	default:
		return 0;
	}
}

static int read_extensions(struct span list, struct hello *h)
{
	struct span body;
	size_t type;

	while (list.left > 0) {
		if (take_number(&list, 2, &type) < 0 || take_vector(&list, 2, &body) < 0)
			return -1;
		if (read_extension(type, body, h) < 0)
			return -1;
	}
	return 0;
}

/* The body of a ClientHello. Before TLS 1.2 it could end without extensions. */
static int read_client_hello(struct span s, struct hello *h)
{
	struct span skipped, extensions;
	size_t version;

	if (take_number(&s, 2, &version) < 0 || version >> 8 != 3)
		return -1;
	if (take_bytes(&s, RANDOM_SIZE, &skipped) < 0)
		return -1;
	if (take_vector(&s, 1, &skipped) < 0 || skipped.left > SESSION_ID_MAX)
		return -1;
	if (take_vector(&s, 2, &skipped) < 0 || skipped.left < 2 || skipped.left % 2 != 0)
		return -1;
	if (take_vector(&s, 1, &skipped) < 0 || skipped.left == 0)
		return -1;
	if (s.left == 0)
		return 0;
	if (take_vector(&s, 2, &extensions) < 0 || s.left != 0)
		return -1;
	return read_extensions(extensions, h);
}

/* Of the first record, as much as is there. */
static bool looks_like_tls(const uint8_t *bytes, size_t n)
{
	return (n < 1 || bytes[0] == RECORD_HANDSHAKE) && (n < 2 || bytes[1] == 3) &&
	       (n < 3 || bytes[2] <= 4);
}

/* Length of the fragment whose header is at s, which is moved behind it; 0: malformed. */
static size_t take_record_header(struct span *s)
{
	size_t type = 0, version = 0, length = 0;

	take_number(s, 1, &type);
	take_number(s, 2, &version);
	take_number(s, 2, &length);
	if (type != RECORD_HANDSHAKE || version < 0x0300 || version > 0x0304)
		return 0;
	return length <= RECORD_MAX ? length : 0;
}

static bool has_message(const uint8_t *bytes, size_t n)
{
	struct span s = {bytes, n};
	size_t type, length;

	return take_number(&s, 1, &type) == 0 && take_number(&s, 3, &length) == 0 &&
	       s.left >= length;
}

/* Puts the fragments together, as far as they are there. */
static enum hello_result join_records(struct span in, uint8_t out[HELLO_MAX], size_t *ret_size)
{
	size_t size = 0;

	while (in.left >= RECORD_HEADER) {
		size_t length = take_record_header(&in);
		size_t there = length < in.left ? length : in.left;

		if (length == 0)
			return HELLO_MALFORMED;
		memcpy(out + size, in.at, there);
		size += there;
		in.at += there;
		in.left -= there;
		/* What comes behind the message is nobody's business here. */
		if (has_message(out, size))
			break;
	}
	*ret_size = size;
	return HELLO_DONE;
}

/* The same for the handshake message that the fragments make. */
static enum hello_result read_handshake(struct span s, struct hello *ret)
{
	struct hello h = {0};
	struct span body;
	size_t type, length;

	if (take_number(&s, 1, &type) < 0)
		return HELLO_MORE;
	if (type != HANDSHAKE_CLIENT_HELLO)
		return HELLO_MALFORMED;
	if (take_number(&s, 3, &length) < 0)
		return HELLO_MORE;
	if (length > HELLO_MAX - RECORD_HEADER - HANDSHAKE_HEADER)
		return HELLO_MALFORMED;
	if (take_bytes(&s, length, &body) < 0)
		return HELLO_MORE;
	if (read_client_hello(body, &h) < 0)
		return HELLO_MALFORMED;
	*ret = h;
	return HELLO_DONE;
}

enum hello_result hello_parse(const uint8_t *bytes, size_t n, struct hello *ret)
{
	struct span in = {bytes, n < HELLO_MAX ? n : HELLO_MAX};
	uint8_t message[HELLO_MAX];
	enum hello_result result;
	size_t size;

	if (!looks_like_tls(bytes, n))
		return HELLO_NOT_TLS;
	result = join_records(in, message, &size);
	if (result == HELLO_DONE)
		result = read_handshake((struct span){message, size}, ret);
	return result == HELLO_MORE && n >= HELLO_MAX ? HELLO_MALFORMED : result;
}

size_t hello_size(const uint8_t *bytes, size_t n)
{
	uint8_t message[HELLO_MAX];
	size_t size = 0, at = 0;

	while (at + RECORD_HEADER <= n) {
		size_t length = (size_t)bytes[at + 3] << 8 | bytes[at + 4];

		at += RECORD_HEADER;
		if (at + length > n || size + length > sizeof(message))
			break;
		memcpy(message + size, bytes + at, length);
		at += length;
		size += length;
		if (has_message(message, size))
			return at;
	}
	return 0;
}

bool hello_is_retry(const uint8_t bytes[HELLO_SERVER_LEAST])
{
	/* SHA-256 of "HelloRetryRequest", where a ServerHello has its random bytes. */
	static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe,
		0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c,
		0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	enum { RANDOM = RECORD_HEADER + HANDSHAKE_HEADER + 2, SERVER_HELLO = 2 };

	return bytes[0] == 22 && bytes[RECORD_HEADER] == SERVER_HELLO &&
	       memcmp(bytes + RANDOM, retry, sizeof(retry)) == 0;
}
