/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as the two lists that cupel-sign reads while it
 * holds the key. A manifest that is accepted has one spelling: written anew, it
 * reads back as the same.
 */
#include <assert.h>
#include <string.h>

#include "attest/packages.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/manifest.h"
#include "fuzz/driver.h"

/* 0 or -1, as manifest_next(); text is changed. */
static int rewrite(char *text, struct buf *out)
{
	struct manifest_entry entry;
	struct error e;
	int found;

	while ((found = manifest_next(&text, &entry, &e)) == 1)
		manifest_put(out, &entry);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_freep) char *text = strndup((const char *)data, size);
	_cleanup_(cleanup_freep) char *list = strndup((const char *)data, size);
	_cleanup_(buf_deinit) struct buf once = BUF_INIT, twice = BUF_INIT, packages = BUF_INIT;
	struct error e;
	struct json j;

	if (rewrite(text, &once) == 0 && once.size > 0) {
		_cleanup_(cleanup_freep) char *copy = strdup(once.data);

		assert(rewrite(copy, &twice) == 0);
		assert(twice.size == once.size && memcmp(twice.data, once.data, once.size) == 0);
	}
	json_init(&j, &packages);
	(void)packages_put(list, &j, &e);
	return 0;
}
