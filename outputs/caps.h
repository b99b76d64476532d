/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct error;

/*
 * Should be called before any tree is touched: keeps, of the capabilities that
 * we have, CAP_DAC_READ_SEARCH (a tree may hold files that its maker cannot read)
 * and, if can_chown, CAP_CHOWN (to give copies to the build). 0 or -1.
 */
int caps_limit(bool can_chown, struct error *e);
