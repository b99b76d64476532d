/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What must not be found in what a build leaves behind, told to those who look for it
 * without being told to them: of each secret a few windows, and of a window its SHA-256
 * and three short hashes of parts of it, which say where to look more closely.
 */
enum { NEEDLE_WINDOW = 16, NEEDLE_STRIDE = 2, NEEDLE_NAME_ROOM = 50, NEEDLES_MAX = 1024 };
enum { NEEDLE_TAGS_MAX = NEEDLE_STRIDE * NEEDLES_MAX, NEEDLE_HEADS = 1024 };

/* One window. Sent between our programs as it is. */
struct needle {
	uint16_t tags[NEEDLE_STRIDE]; /* of the eight bytes at 0, at 1 */
	uint16_t check;		      /* of those at 8: what spares most of the SHA-256 */
	char name[NEEDLE_NAME_ROOM];  /* of the credential; "": the build's own authority */
	unsigned char sha256[32];
};

/* Whoever looks brings the hash function along: not every program has one. */
typedef void needle_digest_fn(const void *data, size_t n, unsigned char sha256[32]);

struct needles {
	struct needle *list; /* owned */
	size_t count;
	needle_digest_fn *digest;
	uint64_t filter[1024]; /* of tags, a bit each */
	/* Tags that end in the same bits, one chain; numbers from 1 on, needle by needle. */
	uint16_t heads[NEEDLE_HEADS], next[NEEDLE_TAGS_MAX + 1];
};

/* window: NEEDLE_WINDOW bytes. name: shorter than NEEDLE_NAME_ROOM. */
void needle_make(struct needle *ret, const char *name, const unsigned char *window,
	needle_digest_fn *digest);

/* Copies size bytes of needles, from whoever made them. 0, or -1: malformed, or no memory. */
int needles_init(struct needles *s, const void *bytes, size_t size, needle_digest_fn *digest);
void needles_deinit(struct needles *s); /* also for _cleanup_; takes a zeroed struct too */
/* The needle that is in n bytes, or NULL. */
const struct needle *needles_find(const struct needles *s, const void *data, size_t n);

/* The same in what comes in parts: what a window may have begun in the parts before. */
struct needle_stream {
	unsigned char tail[NEEDLE_WINDOW - 1];
	size_t size;
};
const struct needle *needles_feed(
	const struct needles *s, struct needle_stream *stream, const void *data, size_t n);
/* n zero bytes, as a hole of a file reads. */
const struct needle *needles_feed_zeros(
	const struct needles *s, struct needle_stream *stream, uint64_t n);
