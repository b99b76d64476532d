/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as an earlier attestation. What comes out of it, cupel-gateway can
 * read.
 */
#include "fuzz/driver.h"
#include "fuzz/locks/parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_parser(attestation_read, data, size);
	return 0;
}
