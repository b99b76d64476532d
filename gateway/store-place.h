/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a store's directory looks like: the runner makes it, cupel-gateway fills it and
 * cupel-gc tidies it up. It belongs to one user and nobody else may enter it (0700).
 */
#define STORE_OBJECTS "sha256" /* below it 00 to ff, then objects by their whole digest */
#define STORE_LAST_FAN "sha256/ff"
#define STORE_TEMPORARY "tmp" /* what is being written, where the file system needs names */
/*
 * Decimal digits, STORE_USED_SIZE - 1 and a LF: bytes of all objects together, kept under
 * flock(2). It may lag behind by what was under way when a gateway was killed; `cupel gc`
 * counts anew.
 */
#define STORE_USED "used"
enum { STORE_USED_SIZE = 21, STORE_FANS = 256 };
