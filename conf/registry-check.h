/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why a value is no good, and the cure, in static words that never repeat the value. */
struct registry_fault {
	const char *what, *hint;
};

enum { REGISTRY_URL_ROOM = 256 };
/*
 * Each gives NULL when the value is good. A url comes out in its one form,
 * "https://host:443/path/"; a longer one than fits is a fault.
 */
const struct registry_fault *registry_check_url(const char *url, char out[REGISTRY_URL_ROOM]);
/* A pattern of paths, as url_path_matches() of the gateway takes it. */
const struct registry_fault *registry_check_pattern(const char *pattern);
const struct registry_fault *registry_check_method(const char *method);
