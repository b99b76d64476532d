/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/sha.h>
#include <stdbool.h>
#include <stddef.h>

enum { DIGEST_SHA256_SIZE = 32, DIGEST_SHA512_SIZE = 64 };

/* SHA-256, and SHA-512 beside it when it was asked for. Owns nothing. */
struct digest {
	bool sha512;
	SHA256_CTX state256;
	SHA512_CTX state512;
};

/* May be called again after digest_final(). */
void digest_begin(struct digest *d, bool sha512);
void digest_update(struct digest *d, const void *data, size_t n);
/* n zero bytes, as a hole in a sparse file reads. */
void digest_update_zeros(struct digest *d, size_t n);
/* sha512 is left alone unless it was asked for; it may be NULL then. */
void digest_final(struct digest *d, unsigned char *sha256, unsigned char *sha512);
/* The SHA-256 of n bytes as 64 hexadecimal digits and a NUL. */
void digest_hex(const void *data, size_t n, char out[65]);
