/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/* "Hello, NAME!" into out, NUL-terminated; 0, or -1 when it does not fit. */
int greet(const char *name, char *out, size_t size);
