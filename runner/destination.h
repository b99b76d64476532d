/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct destination;
struct error;

/*
 * Opens the directory that will hold the outputs, relative to base_fd, and
 * reclaims what dead runs left there. Existing outputs are an error unless
 * force. 0, or -1 with *e filled.
 */
int destination_open(
	struct destination *d, int base_fd, const char *path, bool force, struct error *e);
/* Makes the hidden staging directory beside it, locked while we live. */
int destination_stage(struct destination *d, struct error *e);
/* Writes a file into the staging directory, and to disk. */
int destination_put(struct destination *d, const char *name, int from_fd, struct error *e);
/* Staging becomes the destination, in one step; what was there before is removed with force. */
int destination_publish(struct destination *d, bool force, struct error *e);
/* Removes what is staged and not published; also for _cleanup_. */
void destination_deinit(struct destination *d);
