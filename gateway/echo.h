/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct needles;

/*
 * The body of an answer to a request that carried a credential, on its way to the
 * build: so much is held back that a secret is found before any of it has gone on.
 */
struct echo {
	const struct needles *needles;
	size_t hold; /* as long as the longest secret in any form */
	char *data;  /* owned */
	size_t size, room, passed;
	const char *found; /* the credential's name */
};

void echo_deinit(struct echo *e);
/*
 * Takes n bytes. 0, with *ret the bytes that may go on now, valid until the next call; -1:
 * a secret is in them, and e->found says which, or there is no memory and it is NULL.
 */
int echo_take(struct echo *e, const char *data, size_t n, const char **ret, size_t *ret_size);
/* The rest, at the body's end. */
const char *echo_rest(const struct echo *e, size_t *ret_size);
