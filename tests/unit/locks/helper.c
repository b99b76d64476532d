/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/locks/helper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/error.h"

static void check_sample(lock_parser *parser, const struct sample *s)
{
	_cleanup_(cleanup_freep) char *text = strdup(s->text);
	_cleanup_(reading_deinit) struct reading r = READING_INIT;
	struct error e = {0};
	int result = parser(text, strlen(text), &r, &e);

	if (result < 0)
		print_message("%s\n", e.what);
	assert_int_equal(result, s->expected != NULL ? 0 : -1);
	if (s->expected == NULL) {
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_non_null(strstr(e.what, s->why));
		return;
	}
	assert_string_equal(r.lines.data != NULL ? r.lines.data : "", s->expected);
	assert_int_equal(r.left_out > 0, s->why != NULL);
	if (s->why != NULL)
		assert_non_null(strstr(r.first_left_out, s->why));
}

void check_samples(lock_parser *parser, const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_message("sample %zu\n", i);
		check_sample(parser, &samples[i]);
	}
}
