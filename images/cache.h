/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct host_identity;
struct host_source;

/* What the files of a source look like at one moment. */
struct cache_stamp {
	char text[256]; /* device, inode, size, times of each file */
	bool settled;	/* the next change of either file will be seen */
};

/* Never fails: a file that is not there has a stamp, too. */
void cache_stamp(const struct host_source *source, struct cache_stamp *ret);
/* Fills *ret from the cache if it has an identity with this stamp. */
bool cache_get(const char *dir, const struct cache_stamp *stamp, struct host_identity *ret);
/* Keeps the identity for this stamp, which was taken before it was made; best effort. */
void cache_put(const char *dir, const struct cache_stamp *stamp, const struct host_identity *h);
