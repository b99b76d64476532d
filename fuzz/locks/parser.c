/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the targets of the lock files have in common: an error says
 * something, and a list can be read again, is in order, and has each line once.
 */
#include "fuzz/locks/parser.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

static void check_list(char *lines)
{
	_cleanup_(buf_deinit) struct buf list = BUF_INIT, again = BUF_INIT;
	_cleanup_(cleanup_freep) char *text = NULL;
	struct lock l, previous;
	struct error e;
	char *cursor;
	int found;

	assert(locks_sort(lines, &list, &e) == 0);
	cursor = text = strdup(list.data != NULL ? list.data : "");
	assert(text != NULL);
	for (bool first = true; (found = locks_next(&cursor, &l, &e)) == 1; first = false) {
		assert(first || locks_compare(&previous, &l) < 0);
		locks_put(&again, &l);
		previous = l;
	}
	assert(found == 0 && list.size == again.size);
	assert(list.size == 0 || memcmp(list.data, again.data, list.size) == 0);
}

void fuzz_parser(lock_parser *parser, const uint8_t *data, size_t size)
{
	_cleanup_(reading_deinit) struct reading r = READING_INIT;
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct error e = {0};

	buf_append(&text, data, size);
	buf_append(&text, "", 1);
	if (reading_check(text.data, size, &e) < 0 || parser(text.data, size, &r, &e) < 0)
		assert(e.what[0] != '\0');
	else if (r.lines.size > 0)
		check_list(r.lines.data);
}
