/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct buf;

enum git_wants {
	GIT_WANTS_ALL,	    /* every object that the request asks for */
	GIT_WANTS_SOME,	    /* the bytes end before the list does */
	GIT_WANTS_MALFORMED /* those before what is wrong */
};

/*
 * The ids of the objects that a request to git-upload-pack asks for (gitprotocol-pack(5);
 * gitprotocol-v2(5), of whose commands only fetch has any), n bytes of pkt-lines: in lower case,
 * each followed by a blank. Appended to ids.
 */
enum git_wants git_wants_parse(const char *bytes, size_t n, struct buf *ids);
