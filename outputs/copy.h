/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/needle.h"
#include "outputs/dest.h"
#include "outputs/digest.h"

struct error;
struct item;

enum { COPY_BUFFER_SIZE = 128 << 10 };

/* One file to copy and hash; the descriptors belong to whoever runs the job. */
struct copy_job {
	int from_fd;
	int to_fd;	   /* -1: hash only */
	struct item *item; /* says what the file was like; gets the digests */
	bool settled;	   /* nobody is left who could change the file */
	struct dest_look look;
};

/* What one thread needs to run jobs. */
struct copier {
	struct digest digest;
	unsigned char *buffer; /* COPY_BUFFER_SIZE bytes, owned */
	bool sha512;
	const struct needles *needles; /* what no file may hold, or NULL */
	struct needle_stream stream;
};

int copier_init(struct copier *c, bool sha512, struct error *e);
void copier_deinit(struct copier *c); /* also for _cleanup_ */

/*
 * Opens the regular file `name` in dirfd and makes sure that it is still the one
 * that item describes. fd, or -1 with *e filled.
 */
int copy_open(int dirfd, const char *name, const struct item *item, struct error *e);
/*
 * Reads, hashes and writes in one pass, holes included, and closes both
 * descriptors. A file that is not what item says at the end is an error.
 */
int copy_run(struct copier *c, struct copy_job *job, struct error *e);
