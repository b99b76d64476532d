/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What every target defines: reads one input, returns 0. A wrong result is an
 * assert(3) that fails; the rest is the sanitizers' business.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
