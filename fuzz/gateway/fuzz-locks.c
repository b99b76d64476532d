/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as the list of what is locked, which cupel-lock hands to
 * cupel-gateway; the first line is a request's target. What holds is in the list.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "fuzz/driver.h"
#include "gateway/lock.h"
#include "gateway/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct rule rule = {.host = "r.example", .path = "/", .tls = true, .port = 443};
	_cleanup_(lock_set_deinit) struct lock_set s = {0};
	_cleanup_(cleanup_freep) char *target = strndup((const char *)data, size);
	struct lock_match m;
	struct error e = {0};
	char *list;

	assert(target != NULL);
	list = strchr(target, '\n');
	if (list == NULL)
		return 0;
	*list++ = '\0';
	if (lock_set_read(strdup(list), &s, &e) < 0) {
		assert(e.what[0] != '\0');
		return 0;
	}
	if (target[0] != '/')
		return 0;
	lock_set_find(&s, &rule, target, &m);
	for (size_t i = 0; i < m.count; i++)
		assert(lock_match_holds(&m, m.items[i].algorithm, lock_match_hex(&m, i)));
	return 0;
}
