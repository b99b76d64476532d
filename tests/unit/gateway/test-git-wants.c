/* SPDX-License-Identifier: Apache-2.0 */
/* What git asks for, in both versions of its protocol, and how it could be hidden. */
#include "tests/unit/base/helper.h"

#include <string.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/git-wants.h"
#include "gateway/gunzip.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define V2                                                                                         \
	"0012command=fetch\n"                                                                      \
	"000eagent=me/1"                                                                           \
	"0001"

static const struct {
	const char *bytes;
	enum git_wants result;
	const char *ids;
} cases[] = {
	{"0040want " A40 " agent=x/1 \n0032want " B40 "\n0032have " A40 "\n0000",
		GIT_WANTS_MALFORMED, ""},
	{"003dwant " A40 " agent=x/1 \n0032want " B40 "\n00000009done\n", GIT_WANTS_ALL,
		A40 " " B40 " "},
	{"0031want " A40 "0000", GIT_WANTS_ALL, A40 " "},
	{"0032want " A40 "\n0035shallow " B40 "\n000cdeepen 10000", GIT_WANTS_ALL, A40 " "},
	{V2 "000dthin-pack"
	    "0032want " A40 "\n0032have " B40 "\n0009done\n0000",
		GIT_WANTS_ALL, A40 " "},
	{V2 "004awant " A64 "\n0000", GIT_WANTS_ALL, A64 " "},
	{V2 "0032want AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0000", GIT_WANTS_ALL, A40 " "},
	{"0000", GIT_WANTS_ALL, ""},
	/* One line in another, and behind the end: git does not see it either. */
	{V2 "0037have want " A40 "\n0000", GIT_WANTS_ALL, ""},
	{V2 "0000"
	    "0032want " A40 "\n",
		GIT_WANTS_ALL, ""},
	/* Cut. */
	{"", GIT_WANTS_SOME, ""},
	{"00", GIT_WANTS_SOME, ""},
	{"0032want " A40, GIT_WANTS_SOME, ""},
	{"0032want " A40 "\n", GIT_WANTS_SOME, A40 " "},
	{"0012command=fetch\n", GIT_WANTS_SOME, ""},
	/* Other commands. */
	{"0014command=ls-refs\n0000", GIT_WANTS_ALL, ""},
	{"0013command=fetchx\n0000", GIT_WANTS_ALL, ""},
	/* Nothing that can be told. */
	{"0012command=fetch\n0000", GIT_WANTS_MALFORMED, ""},
	{V2 "0033want " A40 "a\n0000", GIT_WANTS_MALFORMED, ""},
	{V2 "0030want aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n0000", GIT_WANTS_MALFORMED, ""},
	{V2 "0033want " A40 "x\n0000", GIT_WANTS_MALFORMED, ""},
	{V2 "0032want " A40 "\n0001", GIT_WANTS_MALFORMED, A40 " "},
	{"0002", GIT_WANTS_MALFORMED, ""},
	{"0003", GIT_WANTS_MALFORMED, ""},
	{"0004", GIT_WANTS_MALFORMED, ""},
	{"fff1", GIT_WANTS_MALFORMED, ""},
	{"want " A40, GIT_WANTS_MALFORMED, ""},
};

static void test_wants(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(buf_deinit) struct buf ids = BUF_INIT;
		enum git_wants result =
			git_wants_parse(cases[i].bytes, strlen(cases[i].bytes), &ids);

		buf_puts(&ids, "");
		if (result != cases[i].result ||
			(result != GIT_WANTS_MALFORMED && strcmp(ids.data, cases[i].ids) != 0))
			fail_msg("%d and '%s' of '%s'", result, ids.data, cases[i].bytes);
	}
}

static size_t compress_it(const void *data, size_t n, unsigned char *out, size_t room)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)data,
		.avail_in = (unsigned int)n,
		.next_out = out,
		.avail_out = (unsigned int)room};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return room - z.avail_out;
}

static void test_gunzip(void **state)
{
	static char plain[100000];
	unsigned char packed[1000];
	size_t n = compress_it(plain, sizeof(plain), packed, sizeof(packed) - 1);
	const struct {
		size_t n, limit;
		enum gunzip result;
		size_t size;
	} some[] = {
		{n, sizeof(plain) + 1, GUNZIP_WHOLE, sizeof(plain)},
		{n, 1000, GUNZIP_CUT, 1000},
		{n - 9, sizeof(plain) + 1, GUNZIP_CUT, SIZE_MAX},
		{0, 1000, GUNZIP_CUT, 0},
		{n + 1, sizeof(plain) + 1, GUNZIP_MALFORMED, SIZE_MAX},
	};

	(void)state;
	for (size_t i = 0; i < array_size(some); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;

		assert_int_equal(gunzip(packed, some[i].n, some[i].limit, &out), some[i].result);
		if (some[i].size != SIZE_MAX)
			assert_int_equal(out.size, some[i].size);
	}
	packed[n - 8] ^= 1; /* its checksum */
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	assert_int_equal(gunzip(packed, n, sizeof(plain) + 1, &out), GUNZIP_MALFORMED);
	assert_int_equal(gunzip("not gzip at all", 15, 1000, &out), GUNZIP_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_gunzip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
