/* SPDX-License-Identifier: Apache-2.0 */
#include "greet.h"

#include <stdio.h>

int greet(const char *name, char *out, size_t size)
{
	int n = snprintf(out, size, "Hello, %s!", name);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}
