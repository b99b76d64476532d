/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct names;

enum { DNS_MESSAGE_MAX = 4096, DNS_UDP_MAX = 1232 };

/*
 * Answers one query (RFC 1035, EDNS RFC 6891) out of nothing but names: A and AAAA
 * of every well-formed name get its synthetic address (TTL 60), PTR of one of
 * those its name, everything else of class IN an empty NOERROR (so HTTPS, SVCB,
 * TXT: no ECH). "localhost" and names below it are ::1 and 127.0.0.1. What is not
 * a query with exactly one question gets FORMERR or NOTIMP; malformed names
 * FORMERR; a full table SERVFAIL. Never forwarded anywhere.
 * max is what the transport takes (DNS_UDP_MAX or less when the client's EDNS says
 * so is handled inside; DNS_MESSAGE_MAX over TCP).
 * names NULL: more was asked than is answered; each query that has an answer gets REFUSED.
 * Bytes written to out, or 0: not worth an answer (shorter than a header, or itself
 * an answer).
 */
size_t dns_answer(const uint8_t *query, size_t n, struct names *names, uint8_t *out, size_t max);
