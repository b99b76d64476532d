/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as the list of what a build fetched, which
 * cupel-sign reads while it holds the key. A list that is accepted has one
 * spelling, is in order, and makes JSON.
 */
#include <assert.h>
#include <string.h>

#include "attest/fetched.h"
#include "attest/sign.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dependencies.h"
#include "base/error.h"
#include "base/json.h"
#include "fuzz/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sign_record record = {.requests_allowed = 8, .requests_uninspected = 4};
	_cleanup_(cleanup_freep) char *text = strndup((const char *)data, size);
	_cleanup_(cleanup_freep) char *list = strdup(text);
	_cleanup_(buf_deinit) struct buf again = BUF_INIT, out = BUF_INIT;
	char *cursor = text;
	struct dependency d;
	struct error e;
	struct json j;
	int found;

	while ((found = dependencies_next(&cursor, &d, &e)) == 1)
		dependencies_put(&again, &d);
	if (found == 0 && again.size > 0)
		assert(strcmp(again.data, list) == 0);
	json_init(&j, &out);
	json_array_begin(&j, NULL);
	if (fetched_put(list, &record, &j, &e) == 0)
		assert(found == 0);
	return 0;
}
