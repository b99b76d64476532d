/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in a task of cupel-gateway, on bytes of a registry that was given a
 * credential. Some repeat what they were asked, in an error page perhaps; then the build
 * would learn what it must not. A registry that wants to tell it can, in a form of its own:
 * this is about those that do not know what they do.
 */
#include "gateway/echo.h"

#include <stdlib.h>
#include <string.h>

#include "base/needle.h"

void echo_deinit(struct echo *e)
{
	if (e->data != NULL)
		explicit_bzero(e->data, e->room);
	free(e->data);
	*e = (struct echo){0};
}

static int grow(struct echo *e, size_t room)
{
	char *data = malloc(room);

	if (data == NULL)
		return -1;
	if (e->data != NULL) {
		memcpy(data, e->data, e->size);
		explicit_bzero(e->data, e->room);
		free(e->data);
	}
	e->data = data;
	e->room = room;
	return 0;
}

int echo_take(struct echo *e, const char *data, size_t n, const char **ret, size_t *ret_size)
{
	const struct needle *found;

	if (e->passed > 0) {
		e->size -= e->passed;
		memmove(e->data, e->data + e->passed, e->size);
		e->passed = 0;
	}
	if (e->size + n > e->room && grow(e, e->hold + e->size + n) < 0)
		return -1;
	memcpy(e->data + e->size, data, n);
	e->size += n;
	found = needles_find(e->needles, e->data, e->size);
	if (found != NULL) {
		e->found = found->name;
		return -1;
	}
	e->passed = e->size > e->hold ? e->size - e->hold : 0;
	*ret = e->data;
	*ret_size = e->passed;
	return 0;
}

const char *echo_rest(const struct echo *e, size_t *ret_size)
{
	*ret_size = e->size - e->passed;
	return e->data == NULL ? "" : e->data + e->passed;
}
