/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the one function behind _cleanup_(cleanup_freep). Used
 * in every program, holds nothing.
 */
#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

void cleanup_freep(void *p)
{
	void *owned;

	memcpy(&owned, p, sizeof(owned));
	free(owned);
}
