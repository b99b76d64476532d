/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "outputs/collect.h"

struct error;
struct items;
struct needles;
struct plan;

struct export_fds { /* all the caller's */
	int staging;
	int out;
	int workspace; /* -1: the plan names no outputs there */
	int log;
	const struct needles *needles; /* what may be in none of it, or NULL */
};

/*
 * Copies everything that the plan calls an output, and the log, into the empty
 * staging directory. The manifest's descriptor, or -1 with *e filled: then
 * staging holds rubbish and must not be published.
 */
int export_run(const struct plan *plan, const struct export_fds *fds, struct collect_done *ret,
	struct error *e);
/* The part after gather_outputs(): copies what is in items. 0 or -1. */
int export_copy(const struct plan *plan, const struct export_fds *fds, struct items *items,
	struct error *e);
