/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a zip file that a registry sent.
 */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "fuzz/driver.h"
#include "locks/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = {0};
	char hex[65];

	if (zip_hash(data, size, hex, &e) < 0)
		assert(e.what[0] != '\0');
	else
		assert(strspn(hex, "0123456789abcdef") == 64);
	return 0;
}
