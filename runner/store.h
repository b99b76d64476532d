/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct error;

/*
 * The directory of the caller's content store, as gateway/store-place.h describes it;
 * make: also when there is none yet. fd, or -1 with *e filled (ENOENT: there is none).
 */
int store_place_open(bool make, struct error *e);
