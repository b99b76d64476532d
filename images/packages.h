/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;
struct error;

/*
 * The package list of a Debian machine, from which the identity of the `host`
 * image is made: first "os ID CODENAME", then a line "NAME VERSION ARCH" for each
 * installed package, sorted bytewise. Every line ends in LF.
 */
enum { PACKAGES_MAX = 200000 };

/*
 * Appends the first line, taken from the text of os-release(5). CODENAME is "-"
 * when there is none, ID "linux". 0, or -1 with *e filled.
 */
int packages_put_os(const char *os_release, size_t size, struct buf *out, struct error *e);
/*
 * Appends the lines of the packages in the text of dpkg's status file that are
 * installed, be it wanted ("install", "hold") or about to be removed, or waiting
 * for triggers. A package in any other state has no line. 0, or -1 with *e filled
 * ("…: line 12: …"): what is not plain is refused, because it is a part of what
 * gets signed.
 */
int packages_put_status(const char *status, size_t size, struct buf *out, struct error *e);
