/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on what the build sent, for the record alone. The
 * caller bounds what goes in and what comes out.
 */
#include "gateway/gunzip.h"

#include <stdint.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"

enum { GZIP_ONLY = 16, PIECE = 16384 };

static enum gunzip inflate_all(z_stream *z, size_t limit, struct buf *out)
{
	char piece[PIECE];
	size_t size = 0;
	int result;

	do {
		size_t room = limit - size < PIECE ? limit - size : PIECE, got;

		z->next_out = (unsigned char *)piece;
		z->avail_out = (unsigned int)room;
		result = inflate(z, Z_NO_FLUSH);
		got = room - z->avail_out;
		buf_append(out, piece, got);
		size += got;
	} while (result == Z_OK && size < limit && (z->avail_in > 0 || z->avail_out == 0));
	if (result == Z_STREAM_END)
		return z->avail_in == 0 ? GUNZIP_WHOLE : GUNZIP_MALFORMED;
	return result == Z_OK || result == Z_BUF_ERROR ? GUNZIP_CUT : GUNZIP_MALFORMED;
}

enum gunzip gunzip(const void *bytes, size_t n, size_t limit, struct buf *out)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned int)n};
	enum gunzip result;

	if (inflateInit2(&z, MAX_WBITS + GZIP_ONLY) != Z_OK)
		return GUNZIP_CUT;
	result = inflate_all(&z, limit, out);
	inflateEnd(&z);
	return result;
}
