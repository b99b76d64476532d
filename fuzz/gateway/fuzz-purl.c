/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any URL that has been normalised. What is said of it is a package
 * URL of printable bytes, or nothing.
 */
#include <assert.h>
#include <string.h>

#include "fuzz/driver.h"
#include "gateway/purl.h"
#include "gateway/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char url[URL_MAX + 32] = "https://registry.test", path[URL_MAX + 1], purl[PURL_MAX];
	const char *why = NULL;

	if (url_normalise((const char *)data, size, path, &why) < 0)
		return 0;
	memcpy(url + strlen(url), path, strlen(path) + 1);
	if (!purl_of(url, purl)) {
		assert(purl[0] == '\0');
		return 0;
	}
	assert(strncmp(purl, "pkg:", 4) == 0 && strlen(purl) < PURL_MAX);
	for (const char *c = purl; *c != '\0'; c++)
		assert(*c > 0x20 && *c < 0x7f);
	return 0;
}
