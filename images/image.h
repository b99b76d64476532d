/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "base/msg.h"

/*
 * What cupel-image tells the runner. It is asked by its arguments: "host" makes
 * it answer IMAGE_HOST or MSG_ERROR at once, and end.
 */
enum {
	IMAGE_HOST = MSG_FIRST, /* payload: struct image_host; fd: the list, a sealed memfd */
};

struct image_host {
	char sha256[65]; /* of the list: the identity of the image */
};

/* What the identity of the host image is made of; both have to be the same, or it is made anew. */
#define IMAGE_STATUS_PATH "/var/lib/dpkg/status"
#define IMAGE_OS_RELEASE_PATH "/usr/lib/os-release"
