/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct buf;
struct http_head;

/* The fields of a request that a registry needs, each a line; Host and framing are not among them.
 */
void fields_put_request(const struct http_head *h, struct buf *out);
/*
 * SHA-256 of those that an answer depends on, besides method and URL: which form, which
 * part, which version of it.
 */
void fields_digest_variants(const struct http_head *h, char out[65]);
/* The same for a file as it is: all of it, and in no coding. */
void fields_put_whole_request(const struct http_head *h, struct buf *out);
/* The same of an answer that is such a file. */
void fields_put_whole_answer(const struct http_head *h, struct buf *out);
/* The fields of an answer but those of one connection (RFC 9110 §7.6.1) and its framing. */
void fields_put_answer(const struct http_head *h, struct buf *out);
