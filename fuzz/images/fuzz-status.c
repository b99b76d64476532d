/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as dpkg's status file and as os-release. What
 * comes out must be lines of three plain fields, sorted.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "fuzz/driver.h"
#include "images/packages.h"

/* Cuts the next line off *cursor and checks that it has three fields of printable ASCII. */
static const char *take_line(char **cursor)
{
	char *line = *cursor, *end = strchr(line, '\n');
	int blanks = 0;

	assert(end != NULL);
	*end = '\0';
	*cursor = end + 1;
	for (const char *c = line; *c != '\0'; c++) {
		assert(*c >= ' ' && *c <= '~');
		blanks += *c == ' ';
	}
	assert(blanks == 2);
	return line;
}

static void check(struct buf *list)
{
	char *cursor = list->data;
	const char *last = "";

	assert(strlen(list->data) == list->size);
	while (*cursor != '\0') {
		const char *line = take_line(&cursor);

		assert(strcmp(last, line) < 0);
		last = line;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(buf_deinit) struct buf list = BUF_INIT, os = BUF_INIT;
	const char *text = (const char *)data;
	struct error e;

	buf_puts(&list, "");
	buf_puts(&os, "");
	if (packages_put_status(text, size, &list, &e) == 0)
		check(&list);
	if (packages_put_os(text, size, &os, &e) == 0)
		check(&os);
	return 0;
}
