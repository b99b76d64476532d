/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as package-lock.json. What comes out of it, cupel-gateway can
 * read.
 */
#include "fuzz/driver.h"
#include "fuzz/locks/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(npm_read, data, size);
	return 0;
}
