/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: base/needle.c: a window is found wherever it is, also when it comes
 * in parts, and nothing else is.
 */
#include "base/needle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const char window[NEEDLE_WINDOW + 1] = "0123456789abcdef";
static unsigned int digests;

/* Not SHA-256, but told apart as well as these tests need it. */
static void digest(const void *data, size_t n, unsigned char sha256[32])
{
	digests++;
	memset(sha256, 0, 32);
	assert_true(n <= 32);
	memcpy(sha256, data, n);
}

static void make(struct needles *ret, const void *bytes)
{
	struct needle needle;

	needle_make(&needle, "npm", bytes, digest);
	assert_int_equal(needles_init(ret, &needle, sizeof(needle), digest), 0);
}

static void test_everywhere(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};
	char text[64];

	(void)state;
	make(&s, window);
	for (size_t n = NEEDLE_WINDOW; n <= sizeof(text); n++)
		for (size_t at = 0; at + NEEDLE_WINDOW <= n; at++) {
			const struct needle *found;

			memset(text, 'x', n);
			memcpy(text + at, window, NEEDLE_WINDOW);
			found = needles_find(&s, text, n);
			assert_non_null(found);
			assert_string_equal(found->name, "npm");
			text[at + NEEDLE_WINDOW - 1] ^= 1;
			assert_null(needles_find(&s, text, n));
		}
	assert_null(needles_find(&s, window, NEEDLE_WINDOW - 1));
	assert_null(needles_find(&s, "", 0));
}

/* Exactly as much memory as there are bytes: a sanitizer sees a look behind them. */
static void test_edges(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};

	(void)state;
	make(&s, window);
	for (size_t n = 1; n < 3 * NEEDLE_WINDOW; n++) {
		_cleanup_(cleanup_freep) char *text = malloc(n);

		for (size_t i = 0; i < n; i++)
			text[i] = window[i % NEEDLE_WINDOW];
		assert_int_equal(needles_find(&s, text, n) != NULL, n >= NEEDLE_WINDOW);
		/* Only its tail is there. */
		memmove(text, window + NEEDLE_WINDOW - (n < 15 ? n : 15), n < 15 ? n : 15);
		if (n < 2 * NEEDLE_WINDOW - 1)
			assert_null(needles_find(&s, text, n < 15 ? n : 15));
	}
}

static void test_parts(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};
	char text[80];

	(void)state;
	make(&s, window);
	for (size_t part = 1; part <= sizeof(text); part++)
		for (size_t at = 0; at + NEEDLE_WINDOW <= sizeof(text); at++) {
			struct needle_stream stream = {.size = 0};
			bool found = false;

			memset(text, 'x', sizeof(text));
			memcpy(text + at, window, NEEDLE_WINDOW);
			for (size_t i = 0; i < sizeof(text); i += part) {
				size_t n = sizeof(text) - i < part ? sizeof(text) - i : part;

				found = found || needles_feed(&s, &stream, text + i, n) != NULL;
			}
			assert_true(found);
		}
}

static void test_holes(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};
	static const unsigned char half[NEEDLE_WINDOW] = {1, 2, 3, 4, 5};
	struct needle_stream stream = {.size = 0};

	(void)state;
	make(&s, half);
	assert_null(needles_feed_zeros(&s, &stream, 1ULL << 40));
	assert_null(needles_feed(&s, &stream, half, 5));
	assert_non_null(needles_feed_zeros(&s, &stream, 1ULL << 40));
	stream.size = 0;
	assert_null(needles_feed(&s, &stream, half, 5));
	assert_null(needles_feed_zeros(&s, &stream, 10));
	assert_null(needles_feed(&s, &stream, "x", 1));
	/* Parts that were apart are not joined. */
	assert_null(needles_feed(&s, &stream, window, 8));
	assert_null(needles_feed_zeros(&s, &stream, 1));
	assert_null(needles_feed(&s, &stream, window + 8, 8));
}

/* What only looks like it costs a digest, and is no hit. */
static void test_false_hits(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};
	char text[4096];

	(void)state;
	make(&s, window);
	digests = 0;
	/* At odd places, all but its first byte, which no short hash is of then. */
	text[0] = 'x';
	for (size_t i = 0; i + 1 < sizeof(text); i++)
		text[i + 1] = i % NEEDLE_WINDOW == 0 ? 'x' : window[i % NEEDLE_WINDOW];
	assert_null(needles_find(&s, text, sizeof(text)));
	assert_true(digests > 100);
	digests = 0;
	srand(1);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)rand();
	assert_null(needles_find(&s, text, sizeof(text)));
	assert_true(digests < 10);
}

static void test_list(void **state)
{
	_cleanup_(needles_deinit) struct needles s = {0};
	static struct needle list[NEEDLES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < NEEDLES_MAX; i++) {
		char bytes[NEEDLE_WINDOW + 1] = "................";

		memcpy(bytes + 3, &i, sizeof(i));
		needle_make(&list[i], "", (const unsigned char *)bytes, digest);
	}
	assert_int_equal(needles_init(&s, list, sizeof(list), digest), -1);
	needles_deinit(&s);
	assert_int_equal(needles_init(&s, list, sizeof(list[0]) + 1, digest), -1);
	needles_deinit(&s);
	/* A name without an end gets one. */
	memset(list[7].name, 'n', sizeof(list[7].name));
	assert_int_equal(needles_init(&s, list, NEEDLES_MAX * sizeof(list[0]), digest), 0);
	for (size_t i = 0; i < NEEDLES_MAX; i++) {
		char bytes[NEEDLE_WINDOW + 1] = "................";

		memcpy(bytes + 3, &i, sizeof(i));
		assert_ptr_equal(needles_find(&s, bytes, NEEDLE_WINDOW), &s.list[i]);
	}
	assert_int_equal(strlen(s.list[7].name), NEEDLE_NAME_ROOM - 1);
	needles_deinit(&s);
	assert_int_equal(needles_init(&s, NULL, 0, digest), 0);
	assert_null(needles_find(&s, window, NEEDLE_WINDOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everywhere),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_false_hits),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
