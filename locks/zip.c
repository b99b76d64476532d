/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a zip file that a registry sent, in cupel-lock, confined, far from
 * the authority of the build. The format has two tables of contents and much slack; here
 * there is one reading: the central directory is where the end record says and fills the
 * space up to it, local headers agree with it, every file inflates to exactly its size
 * and CRC. No zip64, no encryption, no comment, no directories: module proxies make none.
 */
#include "locks/zip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"

enum { END_SIZE = 22, CENTRAL_SIZE = 46, LOCAL_SIZE = 30 };
/* As the go command has it, of all files together. */
enum { CONTENT_MAX = 500 << 20 };
enum { STORED = 0, DEFLATED = 8 };

struct member {
	const char *name; /* name_size bytes */
	size_t name_size;
	uint32_t method, crc, packed_size, size, offset;
	char hex[65];
};

struct zip {
	const uint8_t *bytes;
	size_t size;
	uint32_t directory; /* where it begins */
	struct member *members;
	size_t count;
};

static int refuse(struct error *e, const char *why)
{
	return error_set_kind(e, ERROR_POLICY, 0, "the zip file %s", why);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | get16(p + 2) << 16;
}

static int read_end(struct zip *z, struct error *e)
{
	const uint8_t *p;
	uint32_t size;

	if (z->size < END_SIZE || z->size > UINT32_MAX)
		return refuse(e, "is too short or too long");
	p = z->bytes + z->size - END_SIZE;
	if (memcmp(p, "PK\5\6", 4) != 0 || get16(p + 20) != 0)
		return refuse(e, "has no end record at its end");
	z->count = get16(p + 10);
	size = get32(p + 12);
	z->directory = get32(p + 16);
	if (get16(p + 4) != 0 || get16(p + 6) != 0 || get16(p + 8) != z->count ||
		z->count == UINT16_MAX)
		return refuse(e, "has several parts or is of the 64-bit kind");
	if ((uint64_t)z->directory + size != z->size - END_SIZE)
		return refuse(e, "has something beside its directory");
	return 0;
}

/* Names are lines of what is hashed. */
static bool is_name(const char *s, size_t n)
{
	return n > 0 && s[n - 1] != '/' && memchr(s, '\n', n) == NULL && memchr(s, '\0', n) == NULL;
}

/* The entry at p, of `room` bytes; its size, or 0 with *e. */
static size_t read_member(const uint8_t *p, size_t room, struct member *m, struct error *e)
{
	size_t size;

	if (room < CENTRAL_SIZE || memcmp(p, "PK\1\2", 4) != 0)
		return refuse(e, "has a directory that is malformed"), 0;
	size = CENTRAL_SIZE + get16(p + 28) + get16(p + 30) + get16(p + 32);
	*m = (struct member){.name = (const char *)p + CENTRAL_SIZE,
		.name_size = get16(p + 28),
		.method = get16(p + 10),
		.crc = get32(p + 16),
		.packed_size = get32(p + 20),
		.size = get32(p + 24),
		.offset = get32(p + 42)};
	if (size > room || !is_name(m->name, m->name_size))
		return refuse(e, "has a directory that is malformed"), 0;
	if ((get16(p + 8) & 0x2041) != 0 || (m->method != STORED && m->method != DEFLATED))
		return refuse(e, "has a file that is encrypted or of an unknown method"), 0;
	if (m->size == UINT32_MAX || m->packed_size == UINT32_MAX || m->offset == UINT32_MAX ||
		get16(p + 34) != 0)
		return refuse(e, "has several parts or is of the 64-bit kind"), 0;
	return size;
}

static int read_directory(struct zip *z, struct error *e)
{
	size_t at = z->directory, end = z->size - END_SIZE;
	uint64_t sum = 0;

	z->members = calloc(z->count + 1, sizeof(*z->members));
	if (z->members == NULL)
		return error_set(e, ENOMEM, "cannot read a zip file");
	for (size_t i = 0; i < z->count; i++) {
		size_t n = read_member(z->bytes + at, end - at, &z->members[i], e);

		if (n == 0)
			return -1;
		at += n;
		sum += z->members[i].size;
	}
	if (at != end)
		return refuse(e, "has a directory with more in it than it says");
	return sum <= CONTENT_MAX ? 0 : refuse(e, "has more than 500 MiB in it");
}

/* What is packed of a member, or NULL with *e: the local header has to say the same. */
static const uint8_t *find_content(const struct zip *z, const struct member *m, struct error *e)
{
	const uint8_t *p = z->bytes + m->offset;
	size_t room = m->offset < z->directory ? z->directory - m->offset : 0, head;

	if (room < LOCAL_SIZE || memcmp(p, "PK\3\4", 4) != 0)
		return refuse(e, "has no file where its directory says"), NULL;
	head = LOCAL_SIZE + (size_t)get16(p + 26) + get16(p + 28);
	if (room < head || room - head < m->packed_size || get16(p + 8) != m->method ||
		get16(p + 26) != m->name_size || memcmp(p + LOCAL_SIZE, m->name, m->name_size) != 0)
		return refuse(e, "has a file that its directory describes otherwise"), NULL;
	return p + head;
}

/* The sum so far of what comes out. */
struct sums {
	EVP_MD_CTX *sha256;
	uint32_t crc, size;
};

static int add(struct sums *s, const uint8_t *data, size_t n)
{
	s->crc = (uint32_t)crc32(s->crc, data, (uInt)n);
	s->size += (uint32_t)n;
	return EVP_DigestUpdate(s->sha256, data, n) == 1 ? 0 : -1;
}

/* 0 when the stream ends with its input, and not after more than `max` bytes. */
static int unpack(z_stream *stream, uint32_t max, struct sums *s)
{
	static uint8_t out[65536];
	int result;

	do {
		stream->next_out = out;
		stream->avail_out = sizeof(out);
		result = inflate(stream, Z_NO_FLUSH);
		if (result != Z_OK && result != Z_STREAM_END)
			return -1;
		if (sizeof(out) - stream->avail_out > max - s->size ||
			add(s, out, sizeof(out) - stream->avail_out) < 0)
			return -1;
	} while (result == Z_OK);
	return stream->avail_in == 0 ? 0 : -1;
}

static int read_content(const struct member *m, const uint8_t *packed, struct sums *s)
{
	z_stream stream = {.avail_in = m->packed_size};
	int result;

	if (m->method == STORED)
		return m->packed_size == m->size ? add(s, packed, m->size) : -1;
	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return -1;
	stream.next_in = (z_const Bytef *)(uintptr_t)packed;
	result = unpack(&stream, m->size, s);
	inflateEnd(&stream);
	return result;
}

static int hash_member(const struct zip *z, struct member *m, struct sums *s, struct error *e)
{
	const uint8_t *packed = find_content(z, m, e);
	unsigned char digest[EVP_MAX_MD_SIZE];

	if (packed == NULL)
		return -1;
	s->crc = s->size = 0;
	if (EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) != 1 ||
		read_content(m, packed, s) < 0 || s->crc != m->crc || s->size != m->size)
		return refuse(e, "has a file that is damaged");
	if (EVP_DigestFinal_ex(s->sha256, digest, NULL) != 1)
		return error_set(e, 0, "libcrypto cannot hash");
	encode_hex(digest, 32, m->hex);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct member *l = a, *r = b;
	size_t n = l->name_size < r->name_size ? l->name_size : r->name_size;
	int order = memcmp(l->name, r->name, n);

	if (order != 0)
		return order;
	return l->name_size == r->name_size ? 0 : l->name_size < r->name_size ? -1 : 1;
}

static int put_lines(struct zip *z, struct buf *lines, struct error *e)
{
	qsort(z->members, z->count, sizeof(*z->members), compare_names);
	for (size_t i = 0; i < z->count; i++) {
		if (i > 0 && compare_names(&z->members[i - 1], &z->members[i]) == 0)
			return refuse(e, "has two files of one name");
		buf_puts(lines, z->members[i].hex);
		buf_puts(lines, "  ");
		buf_append(lines, z->members[i].name, z->members[i].name_size);
		buf_puts(lines, "\n");
	}
	return buf_ok(lines) ? 0 : error_set(e, ENOMEM, "cannot hash a zip file");
}

static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

static int hash_all(struct zip *z, char ret_hex[65], struct error *e)
{
	_cleanup_(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
	_cleanup_(buf_deinit) struct buf lines = BUF_INIT;
	struct sums s = {.sha256 = context};
	unsigned char digest[32];

	if (context == NULL)
		return error_set(e, ENOMEM, "cannot hash a zip file");
	for (size_t i = 0; i < z->count; i++)
		if (hash_member(z, &z->members[i], &s, e) < 0)
			return -1;
	if (put_lines(z, &lines, e) < 0)
		return -1;
	if (EVP_Digest(lines.data != NULL ? lines.data : "", lines.size, digest, NULL, EVP_sha256(),
		    NULL) != 1)
		return error_set(e, 0, "libcrypto cannot hash");
	encode_hex(digest, sizeof(digest), ret_hex);
	return 0;
}

int zip_hash(const uint8_t *bytes, size_t n, char ret_hex[65], struct error *e)
{
	struct zip z = {.bytes = bytes, .size = n};
	int result = -1;

	if (read_end(&z, e) == 0 && read_directory(&z, e) == 0)
		result = hash_all(&z, ret_hex, e);
	free(z.members);
	return result;
}
