/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>
#include <sys/stat.h>

struct error;
struct item;
struct items;
struct plan;

/*
 * What may be an output, each rule with one error that names the path and the
 * cure. All return 0, or -1 with *e filled (ERROR_OUTPUT).
 */

enum { RULES_PATH_MAX = 1024, RULES_NAME_MAX = 255, RULES_MANY_FILES = 1000 };

/* Type, mode, name and depth of one entry. */
int rules_check_entry(const struct plan *plan, const char *path, int depth, const struct stat *st,
	struct error *e);
/* Names at the top that are for the runner to write. */
int rules_check_reserved(const struct plan *plan, const char *path, struct error *e);
/* For a walk that found more than it may: always -1. */
int rules_too_many(const struct plan *plan, struct error *e);
/* Number and total size of what was found so far. */
int rules_check_totals(
	const struct plan *plan, const struct items *items, const char *path, struct error *e);
/* Extended attributes that give rights; others are dropped in the copy. */
int rules_check_xattrs(int fd, const char *path, struct error *e);
/*
 * A link stays inside whatever is looked up along it. items is sorted by tree
 * and complete.
 */
int rules_check_link(const struct items *items, const struct item *link, struct error *e);
