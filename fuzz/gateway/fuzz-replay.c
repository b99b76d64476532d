/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a line of a record. What is accepted has an outcome,
 * texts that end inside the line, and digests that are digests.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/replay-log.h"

static void check_digest(const char *s, size_t n)
{
	assert(s == NULL || (strlen(s) == n && strspn(s, "0123456789abcdef") == n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Exactly as long, so that a byte behind it is found. */
	_cleanup_(cleanup_freep) char *line = malloc(size > 0 ? size : 1);
	struct replay_entry e = {.outcome = NULL};
	const char *why = NULL;

	memcpy(line, data, size);
	if (replay_log_read(line, size, &e, &why) < 0) {
		assert(why != NULL && e.outcome == NULL);
		return 0;
	}
	const char *const texts[] = {e.outcome, e.method, e.url, e.why};

	assert(e.outcome != NULL);
	for (size_t i = 0; i < array_size(texts); i++)
		assert(texts[i] == NULL ||
			(texts[i] > line && texts[i] + strlen(texts[i]) < line + size));
	check_digest(e.head, 64);
	check_digest(e.sha256, 64);
	check_digest(e.sha512, 128);
	check_digest(e.vary, 64);
	check_digest(e.request_sha256, 64);
	return 0;
}
