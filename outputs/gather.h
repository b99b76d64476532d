/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;
struct items;
struct plan;

/*
 * Finds and judges everything that is to be kept, without reading a byte of any
 * file: all of $OUT, and what the plan's patterns match below the workspace
 * (workspace_fd is -1 when the plan has none). *ret is sorted by tree and has
 * each path once. 0, or -1 with *e filled.
 */
int gather_outputs(
	const struct plan *plan, int out_fd, int workspace_fd, struct items *ret, struct error *e);
