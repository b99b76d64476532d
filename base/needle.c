/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: looks for secrets that it does not know in bytes that a stranger
 * wrote, in cupel-collect and, in answers of registries, in cupel-gateway. A window is
 * found by the hash of eight of its bytes: every other position is looked at, and each
 * window has a tag for both of its parities. A hash has 16 bits, so that all of them
 * say little about a secret, and a filter of 8 KiB tells in one look that a position is
 * not worth another. What is, is decided by SHA-256. A stranger who knows the
 * authority's windows can make us compute many of those, which costs him what it costs us:
 * his own time limit.
 */
#include "base/needle.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { CHECK_AT = 8 };

_Static_assert(sizeof(struct needle) == 88, "the same for all who send and take it");

static uint16_t tag_of(const unsigned char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof(word));
	return (uint16_t)((word * 0x9e3779b97f4a7c15ULL) >> 48);
}

void needle_make(
	struct needle *ret, const char *name, const unsigned char *window, needle_digest_fn *digest)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, name, strlen(name) + 1);
	for (size_t i = 0; i < NEEDLE_STRIDE; i++)
		ret->tags[i] = tag_of(window + i);
	ret->check = tag_of(window + CHECK_AT);
	digest(window, NEEDLE_WINDOW, ret->sha256);
}

static void add_tags(struct needles *s, size_t i)
{
	for (size_t k = 0; k < NEEDLE_STRIDE; k++) {
		uint16_t tag = s->list[i].tags[k];
		size_t number = i * NEEDLE_STRIDE + k + 1;

		s->filter[tag / 64] |= 1ULL << tag % 64;
		s->next[number] = s->heads[tag % NEEDLE_HEADS];
		s->heads[tag % NEEDLE_HEADS] = (uint16_t)number;
	}
}

int needles_init(struct needles *s, const void *bytes, size_t size, needle_digest_fn *digest)
{
	*s = (struct needles){.count = size / sizeof(struct needle), .digest = digest};
	if (size % sizeof(struct needle) != 0 || s->count > NEEDLES_MAX)
		return -1;
	s->list = malloc(size + 1);
	if (s->list == NULL)
		return -1;
	if (size > 0)
		memcpy(s->list, bytes, size);
	for (size_t i = 0; i < s->count; i++) {
		s->list[i].name[NEEDLE_NAME_ROOM - 1] = '\0';
		add_tags(s, i);
	}
	return 0;
}

void needles_deinit(struct needles *s)
{
	free(s->list);
	*s = (struct needles){0};
}

/* The window may begin at `at` itself, or before it as far as `before` goes. */
static const struct needle *look(
	const struct needles *s, const unsigned char *at, size_t before, size_t behind)
{
	uint16_t tag = tag_of(at);

	for (size_t number = s->heads[tag % NEEDLE_HEADS]; number != 0; number = s->next[number]) {
		const struct needle *n = &s->list[(number - 1) / NEEDLE_STRIDE];
		size_t k = (number - 1) % NEEDLE_STRIDE;
		unsigned char sha256[32];

		if (n->tags[k] != tag || k > before || behind + k < NEEDLE_WINDOW)
			continue;
		if (tag_of(at - k + CHECK_AT) != n->check)
			continue;
		s->digest(at - k, NEEDLE_WINDOW, sha256);
		if (memcmp(sha256, n->sha256, sizeof(sha256)) == 0)
			return n;
	}
	return NULL;
}

const struct needle *needles_find(const struct needles *s, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	if (n < NEEDLE_WINDOW || s->count == 0)
		return NULL;
	for (size_t i = 0; i + NEEDLE_WINDOW <= n + NEEDLE_STRIDE - 1; i += NEEDLE_STRIDE) {
		uint16_t tag = tag_of(bytes + i);
		const struct needle *found;

		if ((s->filter[tag / 64] >> tag % 64 & 1) == 0)
			continue;
		found = look(s, bytes + i, i, n - i);
		if (found != NULL)
			return found;
	}
	return NULL;
}

static void keep_tail(struct needle_stream *stream, const unsigned char *data, size_t n)
{
	size_t room = sizeof(stream->tail), old;

	if (n >= room) {
		memcpy(stream->tail, data + n - room, room);
		stream->size = room;
		return;
	}
	old = stream->size + n > room ? room - n : stream->size;
	memmove(stream->tail, stream->tail + stream->size - old, old);
	memcpy(stream->tail + old, data, n);
	stream->size = old + n;
}

const struct needle *needles_feed(
	const struct needles *s, struct needle_stream *stream, const void *data, size_t n)
{
	unsigned char seam[2 * (NEEDLE_WINDOW - 1)];
	size_t part = n < NEEDLE_WINDOW - 1 ? n : NEEDLE_WINDOW - 1;
	const struct needle *found;

	if (n == 0 || s->count == 0)
		return NULL;
	memcpy(seam, stream->tail, stream->size);
	memcpy(seam + stream->size, data, part);
	found = needles_find(s, seam, stream->size + part);
	keep_tail(stream, data, n);
	return found != NULL ? found : needles_find(s, data, n);
}

const struct needle *needles_feed_zeros(
	const struct needles *s, struct needle_stream *stream, uint64_t n)
{
	static const unsigned char zeros[NEEDLE_WINDOW - 1];

	/* No window is nothing but zeros, so more of them tell no more. */
	return needles_feed(s, stream, zeros, n < sizeof(zeros) ? (size_t)n : sizeof(zeros));
}
