/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a pattern and a path (split at the first
 * NUL). Besides not crashing, what is promised of every pattern must hold: below
 * a path that matches nothing can match, and a path with its ASCII characters
 * escaped matches itself.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "outputs/glob.h"

static void check_escaped(const char *path)
{
	_cleanup_(buf_deinit) struct buf pattern = BUF_INIT;

	for (const char *c = path; *c != '\0'; c++) {
		if ((*c & 0x80) == 0 && *c != '/' && *c != '.')
			buf_puts(&pattern, "\\");
		buf_append(&pattern, c, 1);
	}
	if (path[0] != '/' && pattern.size > 0)
		assert(glob_match(pattern.data, path) == GLOB_YES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_freep) char *pattern = calloc(1, size + 2);
	_cleanup_(buf_deinit) struct buf below = BUF_INIT;
	enum glob_result match;
	const char *path;

	if (pattern == NULL)
		return 0;
	if (size > 0)
		memcpy(pattern, data, size);
	path = pattern + strlen(pattern) + 1;
	if (path > pattern + size)
		path = pattern + size;
	match = glob_match(pattern, path);
	buf_printf(&below, "%s/x", path);
	if (match == GLOB_NO)
		assert(glob_match(pattern, below.data) == GLOB_NO);
	check_escaped(path);
	return 0;
}
