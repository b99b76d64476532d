/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/evp.h>

#include "gateway/http.h"
#include "gateway/limit.h"
#include "gateway/stream.h"

struct echo;
struct store_file;

/* A body on its way from one stream to another, hashed as it is delivered. */
struct body {
	struct stream *from, *to; /* to may be NULL: read and forget */
	enum http_framing framing;
	uint64_t left;		 /* of HTTP_LENGTH */
	bool chunked;		 /* how it is written */
	uint64_t limit;		 /* bytes; 0: none */
	uint64_t until;		 /* task_now() when it takes too long; 0: never */
	bool is_answer;		 /* the build's own limits hold, too */
	bool sha512;		 /* besides SHA-256 */
	struct store_file *keep; /* where it is written to besides, or NULL */
	char *head;		 /* keeps the first head_room bytes, or NULL */
	size_t head_room;
	struct echo *echo; /* what must not be delivered, or NULL */

	enum limit broken; /* the build's limit that it would have gone beyond */
	uint64_t size;
	size_t head_size;
	char sha256_hex[65], sha512_hex[129];
};

/* Until when something has to come, when the whole has to be there at `until` (0: no matter when).
 */
uint64_t body_deadline(uint64_t until);
/* A piece of it to where it goes, in the framing it is written in. 0, or -1 with errno. */
int body_write(struct body *b, const char *data, size_t n);
/* The whole of it. 0, or -1 and why in `why`; size and digests are of what was delivered. */
int body_move(struct body *b, char *why, size_t size);
