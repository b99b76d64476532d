/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct error;
struct secret;

/*
 * Gets a passphrase: from fd up to its first line end, or, when fd is -1, from
 * the terminal without echo (twice, if confirm). *ret must be SECRET_INIT.
 * Empty ones are refused. 0, or -1 with *e filled.
 */
int passphrase_get(int fd, bool confirm, struct secret *ret, struct error *e);
