/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as the body of a request to git-upload-pack, as it is and
 * inside gzip. What is found is a list of ids, and what follows changes nothing of it.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/git-wants.h"
#include "gateway/gunzip.h"

enum { LIMIT = 1 << 20 };

static void check(const char *bytes, size_t n)
{
	_cleanup_(buf_deinit) struct buf ids = BUF_INIT, again = BUF_INIT;
	enum git_wants whole = git_wants_parse(bytes, n, &ids);
	enum git_wants half = git_wants_parse(bytes, n / 2, &again);

	assert(again.size <= ids.size &&
		(again.size == 0 || memcmp(ids.data, again.data, again.size) == 0));
	assert(half != GIT_WANTS_ALL || (whole == GIT_WANTS_ALL && ids.size == again.size));
	for (size_t i = 0; i < ids.size;) {
		size_t id = strspn(ids.data + i, "0123456789abcdef");

		assert((id == 40 || id == 64) && ids.data[i + id] == ' ');
		i += id + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_deinit) struct buf plain = BUF_INIT;

	check((const char *)data, size);
	if (gunzip(data, size, LIMIT, &plain) != GUNZIP_MALFORMED && plain.size > 0)
		check(plain.data, plain.size);
	assert(plain.size <= LIMIT);
	return 0;
}
