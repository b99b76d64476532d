/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct destination;
struct error;

/* What names of staging directories begin with; eight random hexadecimal digits follow. */
#define DESTINATION_STAGING ".cupel-staging-"

enum {
	DESTINATION_FORCE = 1, /* existing outputs are no error */
	DESTINATION_BENEATH =
		2, /* the path is a project's: it stays below base_fd, without links */
};
/*
 * Opens the directory that will hold the outputs, relative to base_fd; changes
 * nothing. how: DESTINATION_* or 0. 0, or -1 with *e filled.
 */
int destination_open(
	struct destination *d, int base_fd, const char *path, int how, struct error *e);
/* Removes the staging directories that dead runs left there. */
void destination_reclaim(const struct destination *d);
/* Makes the hidden staging directory beside it, locked while we live. */
int destination_stage(struct destination *d, struct error *e);
/* Writes a file into the staging directory. */
int destination_put(struct destination *d, const char *name, int from_fd, struct error *e);
/*
 * Staging becomes the destination, in one step; what was there before is removed
 * with force. Nothing is synchronised: a power failure is the file system's affair.
 */
int destination_publish(struct destination *d, bool force, struct error *e);
/* Removes what is staged and not published; also for _cleanup_. */
void destination_deinit(struct destination *d);
