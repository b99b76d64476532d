/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;
struct json;
struct sign_record;

/*
 * Writes what the build fetched (text of base/dependencies.h, changed in place) as
 * elements of resolvedDependencies. -1 with *e filled when the text is malformed, not
 * sorted, names something twice, or lists more than r says that the gateway counted.
 */
int fetched_put(char *text, const struct sign_record *r, struct json *j, struct error *e);
