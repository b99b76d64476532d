/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;

/*
 * What cupel-gateway and cupel-resolve do first of all: no capabilities, no privilege
 * that could be gained, no core dumps, not dumpable. 0, or -1 with *e filled.
 */
int harden(struct error *e);
