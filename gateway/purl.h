/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

enum { PURL_MAX = 1024 };

/*
 * The package URL (purl-spec) of what lies at a URL, where the URL's form says what it
 * is: files of npm, Debian, PyPI, Cargo, Go and Maven registries. False, and "", when it does
 * not. The URL is normalised (gateway/url.h).
 */
bool purl_of(const char *url, char out[PURL_MAX]);
