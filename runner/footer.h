/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * One line at the bottom of the terminal while a build runs, for people who wait.
 * There is one terminal, so there is one footer. Until footer_start() has found
 * that it is wanted, and after footer_stop(), every function here does nothing.
 * Times are milliseconds of one monotonic clock, and never 0.
 */
/* wanted: what the caller knows; the terminal and the environment are looked at only then. */
void footer_start(bool wanted, uint64_t now);
/* Erases it. Never waits: while the terminal takes nothing, the next footer_erase() does it. */
void footer_stop(void);

/* How long to wait for the next drawing, for poll(2); -1: for ever. */
int footer_wait(uint64_t now);
/* Draws it if it is time and the screen is at the start of a line. Never waits. */
void footer_draw(uint64_t now, uint64_t log_bytes);

/* Before anything of our own goes to standard error. */
void footer_erase(void);
/* Before the build's output goes to standard output or standard error. */
void footer_make_way(int fd);
/* Output has gone there, and this was its last byte. */
void footer_passed(int fd, char last);
