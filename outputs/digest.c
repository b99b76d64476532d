/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: libcrypto's SHA-2, in cupel-collect, on hostile bytes
 * (to a hash function all bytes are alike). The functions are the direct ones:
 * the EVP interface first builds its tables of providers and algorithms, which
 * costs about 1.2 ms of CPU time in each run of a program that lives for a few,
 * and it may look for a configuration file, which a confined program cannot
 * read. The code that hashes is the same, with SHA-NI where the CPU has it.
 * Linked statically they bring 20 KiB instead of a library of 4 MiB.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "outputs/digest.h"

#include "base/encode.h"

void digest_begin(struct digest *d, bool sha512)
{
	d->sha512 = sha512;
	SHA256_Init(&d->state256);
	if (sha512)
		SHA512_Init(&d->state512);
}

void digest_update(struct digest *d, const void *data, size_t n)
{
	SHA256_Update(&d->state256, data, n);
	if (d->sha512)
		SHA512_Update(&d->state512, data, n);
}

void digest_update_zeros(struct digest *d, size_t n)
{
	static const unsigned char zeros[65536];

	while (n > 0) {
		size_t part = n < sizeof(zeros) ? n : sizeof(zeros);

		digest_update(d, zeros, part);
		n -= part;
	}
}

void digest_final(struct digest *d, unsigned char *sha256, unsigned char *sha512)
{
	SHA256_Final(sha256, &d->state256);
	if (d->sha512)
		SHA512_Final(sha512, &d->state512);
}

void digest_hex(const void *data, size_t n, char out[65])
{
	unsigned char raw[DIGEST_SHA256_SIZE];
	struct digest d;

	digest_begin(&d, false);
	digest_update(&d, data, n);
	digest_final(&d, raw, NULL);
	encode_hex(raw, sizeof(raw), out);
}
