/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "outputs/collect.h"

struct error;

/*
 * Copies (dest_fd >= 0) or only hashes the tree at source_fd. The manifest's
 * descriptor, or -1 with *e filled: then the destination holds rubbish.
 */
int import_run(const struct collect_import *what, int source_fd, int dest_fd,
	struct collect_done *ret, struct error *e);
