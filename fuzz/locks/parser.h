/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "locks/reading.h"

/* As cupel-lock has a file parsed; the list that comes out is read as cupel-gateway does. */
void fuzz_parser(lock_parser *parser, const uint8_t *data, size_t size);
