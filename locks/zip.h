/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct error;

/*
 * Go's "h1:" digest (dirhash.Hash1) of the files in a zip file of n bytes: the SHA-256 of
 * one line for each, in order of names, with its own SHA-256. In hexadecimal digits. A
 * zip that two readers could read in two ways is refused. 0, or -1 with *e.
 */
int zip_hash(const uint8_t *bytes, size_t n, char ret_hex[65], struct error *e);
