/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HELLO_MAX = 16384 + 256 };

/* What a TLS ClientHello says before anything is encrypted (RFC 8446 §4.1.2, RFC 6066 §3). */
struct hello {
	char server_name[256]; /* "" when there is none; lower case, no final dot */
	bool encrypted; /* has an encrypted_client_hello extension (0xfe0d) that is not GREASE
			   by form: any is reported, the caller refuses */
	bool alpn_http1, alpn_h2, alpn_any;
};

enum hello_result {
	HELLO_MORE,	/* well-formed so far */
	HELLO_DONE,	/* *ret is filled */
	HELLO_NOT_TLS,	/* the first bytes are no handshake record */
	HELLO_MALFORMED /* also a second server_name, a name with a NUL or of another type */
};

/*
 * Reads the ClientHello at the start of n bytes of a connection, over any number of
 * TLS records. Looks at nothing behind it and changes nothing. Never needs more than
 * HELLO_MAX bytes: says HELLO_MALFORMED then.
 */
enum hello_result hello_parse(const uint8_t *bytes, size_t n, struct hello *ret);
/* The bytes of the records that hold it, for what hello_parse() was HELLO_DONE with; else 0. */
size_t hello_size(const uint8_t *bytes, size_t n);

/* Of a server's first record: as much as tells whether it is a HelloRetryRequest. */
enum { HELLO_SERVER_LEAST = 43 };
/* Whether it is: the client shall send another ClientHello (RFC 8446 §4.1.4). */
bool hello_is_retry(const uint8_t bytes[HELLO_SERVER_LEAST]);
