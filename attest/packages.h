/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct error;
struct json;

/*
 * The image's package list: a first line "os ID CODENAME" (CODENAME may be
 * "-"), then "NAME VERSION ARCH" lines. Fields hold printable ASCII. Each
 * package becomes a ResourceDescriptor {name, uri} inside the array that is
 * open in j, with a purl (pkg:deb) as uri. text is NUL-terminated and changed.
 * 0, or -1 with *e filled (j is then incomplete).
 */
int packages_put(char *text, struct json *j, struct error *e);
