/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a credential's file. What is accepted is bound to a
 * place, has an end and a secret of a fair size, and could be put into a field as it is.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/ascii.h"
#include "gateway/credential.h"

static void check_visible(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		assert(ascii_is_visible(*s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(cleanup_freep) char *text = malloc(size + 1);
	struct credential c;
	const char *why = NULL;
	unsigned int line;

	memcpy(text, data, size);
	if (credential_parse(text, size, &c, &why, &line) < 0) {
		assert(why != NULL);
		return 0;
	}
	assert(c.host[0] != '\0' && c.path[0] == '/' && c.port != 0 && c.method_count > 0);
	assert(c.tls == (c.kind != CREDENTIAL_PROXY));
	assert(strlen(credential_secret(&c)) >= CREDENTIAL_SECRET_MIN);
	check_visible(credential_secret(&c));
	check_visible(c.user);
	check_visible(c.header);
	assert(c.header == NULL || strchr(c.header, ':') == NULL);
	return 0;
}
