/* SPDX-License-Identifier: Apache-2.0 */
#include "locks/zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"

/* m@v1/go.mod, stored, and m@v1/a.go, deflated. */
static const uint8_t two[] = {0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x21, 0x00, 0xa7, 0x13, 0x09, 0x3e, 0x09, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00,
	0x0b, 0x00, 0x00, 0x00, 0x6d, 0x40, 0x76, 0x31, 0x2f, 0x67, 0x6f, 0x2e, 0x6d, 0x6f, 0x64,
	0x6d, 0x6f, 0x64, 0x75, 0x6c, 0x65, 0x20, 0x6d, 0x0a, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00,
	0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xfe, 0x5a, 0xa0, 0x45, 0x0f, 0x00, 0x00,
	0x00, 0xc8, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x6d, 0x40, 0x76, 0x31, 0x2f, 0x61,
	0x2e, 0x67, 0x6f, 0x2b, 0x48, 0x4c, 0xce, 0x4e, 0x4c, 0x4f, 0x55, 0x48, 0xe4, 0x2a, 0x18,
	0xd2, 0x2c, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x21, 0x00, 0xa7, 0x13, 0x09, 0x3e, 0x09, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00,
	0x00, 0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x6d, 0x40, 0x76, 0x31, 0x2f, 0x67, 0x6f, 0x2e, 0x6d, 0x6f, 0x64,
	0x50, 0x4b, 0x01, 0x02, 0x14, 0x00, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21,
	0x00, 0xfe, 0x5a, 0xa0, 0x45, 0x0f, 0x00, 0x00, 0x00, 0xc8, 0x00, 0x00, 0x00, 0x09, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x32, 0x00, 0x00,
	0x00, 0x6d, 0x40, 0x76, 0x31, 0x2f, 0x61, 0x2e, 0x67, 0x6f, 0x50, 0x4b, 0x05, 0x06, 0x00,
	0x00, 0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x70, 0x00, 0x00, 0x00, 0x68, 0x00, 0x00, 0x00,
	0x00, 0x00};
static const char two_h1[] = "47df01a3c956609b13988ab450bf7519c35cff7d81e0e6d674be6798b46870a8";
/* Where in it: the second local header, both entries of the directory, the end record. */
enum { LOCAL = 50, FIRST = 104, SECOND = 161, END = 216 };

static int hash(const uint8_t *bytes, size_t n, char hex[65])
{
	struct error e = {0};
	int result = zip_hash(bytes, n, hex, &e);

	assert_true(result == 0 || e.what[0] != '\0');
	return result;
}

static void test_hashes(void **state)
{
	static const uint8_t empty[22] = {'P', 'K', 5, 6};
	char hex[65];

	(void)state;
	assert_int_equal(hash(two, sizeof(two), hex), 0);
	assert_string_equal(hex, two_h1);
	/* the digest of no line */
	assert_int_equal(hash(empty, sizeof(empty), hex), 0);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* Versions, hints, times and attributes, which nobody who unpacks goes by. */
static bool is_slack(size_t at)
{
	if (at >= FIRST && at < END) {
		size_t i = at < SECOND ? at - FIRST : at - SECOND;

		return i < 10 || (i >= 12 && i < 16) || (i >= 36 && i < 42);
	}
	/* bits behind the end of what is deflated */
	if (at == FIRST - 1)
		return true;
	if (at < FIRST) {
		size_t i = at < LOCAL ? at : at - LOCAL;

		/* and what of a local header stands in the directory, too */
		return i >= 4 && i < 26 && i != 8 && i != 9;
	}
	return false;
}

/* Whatever is changed, it is refused or does not matter. */
static void test_every_byte(void **state)
{
	uint8_t bytes[sizeof(two)];
	char hex[65];

	(void)state;
	for (size_t i = 0; i < sizeof(two); i++)
		for (unsigned int bit = 0; bit < 8; bit++) {
			memcpy(bytes, two, sizeof(two));
			bytes[i] ^= (uint8_t)(1U << bit);
			if (hash(bytes, sizeof(bytes), hex) < 0)
				continue;
			if (!is_slack(i))
				print_message("bit %u of byte %zu\n", bit, i);
			assert_true(is_slack(i));
			assert_string_equal(hex, two_h1);
		}
}

static void test_every_length(void **state)
{
	char hex[65];

	(void)state;
	for (size_t n = 0; n < sizeof(two); n++) {
		_cleanup_(cleanup_freep) uint8_t *cut = malloc(n + 1);

		memcpy(cut, two, n);
		assert_int_equal(hash(cut, n, hex), -1);
		memcpy(cut, two + sizeof(two) - n, n);
		assert_int_equal(hash(cut, n, hex), -1);
	}
}

static void test_refuses(void **state)
{
	static const struct {
		size_t at, size;
		const char *bytes;
	} changes[] = {
		{END + 20, 2, "\1\0"},		      /* a comment */
		{END + 8, 4, "\1\0\1\0"},	      /* fewer entries than there are */
		{END + 8, 4, "\3\0\3\0"},	      /* more */
		{END + 8, 4, "\xff\xff\xff\xff"},     /* of the 64-bit kind */
		{FIRST + 24, 4, "\xff\xff\xff\xff"},  /* so is a size */
		{FIRST + 8, 1, "\1"},		      /* encrypted */
		{FIRST + 10, 1, "\x0c"},	      /* bzip2 */
		{SECOND + 42, 4, "\0\0\0\0"},	      /* another file's place */
		{SECOND + 42, 4, "\xf0\xff\xff\x7f"}, /* no place */
		{FIRST + 46, 11, "m@v1/go.mox"},      /* a name that the file has not */
		{FIRST + 46, 11, "m@v1/go.mo/"},      /* a directory */
		{FIRST + 46, 11, "m@v1/go\nmod"},     /* two lines */
		{SECOND + 24, 4, "\xff\xff\xff\x7f"}, /* two gigabytes */
	};
	uint8_t bytes[sizeof(two) + 1];
	char hex[65];

	(void)state;
	for (size_t i = 0; i < array_size(changes); i++) {
		memcpy(bytes, two, sizeof(two));
		memcpy(bytes + changes[i].at, changes[i].bytes, changes[i].size);
		assert_int_equal(hash(bytes, sizeof(two), hex), -1);
	}
	memcpy(bytes + 1, two, sizeof(two)); /* something in front */
	assert_int_equal(hash(bytes, sizeof(two) + 1, hex), -1);
}

/* One name twice, both with content: readers take the first or the last. */
static void test_twice(void **state)
{
	uint8_t bytes[4 * sizeof(two)];
	const size_t entry = SECOND - FIRST;
	size_t n = 0;
	char hex[65];

	(void)state;
	memcpy(bytes, two, LOCAL);
	n = LOCAL;
	memcpy(bytes + n, two, LOCAL);
	n += LOCAL;
	memcpy(bytes + n, two + FIRST, entry);
	n += entry;
	memcpy(bytes + n, two + FIRST, entry);
	bytes[n + 42] = LOCAL;
	n += entry;
	memcpy(bytes + n, two + END, sizeof(two) - END);
	bytes[n + 12] = (uint8_t)(2 * entry);
	bytes[n + 16] = 2 * LOCAL;
	assert_int_equal(hash(bytes, n + sizeof(two) - END, hex), -1);
	/* the test's own proof: with another name it is read */
	bytes[LOCAL + 30] = 'n';
	bytes[2 * LOCAL + entry + 46] = 'n';
	assert_int_equal(hash(bytes, n + sizeof(two) - END, hex), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_every_byte), cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_refuses), cmocka_unit_test(test_twice)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
