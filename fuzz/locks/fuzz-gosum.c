/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as go.sum. What comes out of it, cupel-gateway can read.
 */
#include "fuzz/driver.h"
#include "fuzz/locks/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(go_read, data, size);
	return 0;
}
