/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

struct run_options;

/* What `cupel registry learn` was told besides what a run is told. */
struct learn_options {
	bool write, force; /* files of registries; those that say something else */
	bool enforce;
};
/*
 * Runs the build with a network that only learns, prints the registries that it needs, and
 * maybe runs it again with nothing but these. Says itself what went wrong; the exit code.
 */
int learn_run(struct run_options *run, const struct learn_options *o);
