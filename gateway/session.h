/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <openssl/ssl.h>

/*
 * TLS sessions of registries, to be resumed: a registry's certificate is verified once and
 * then stands for the same host and port alone, for as long as SESSION_MS.
 */
enum { SESSIONS_MAX = 32, SESSION_MS = 600000 };

/* Keeps the last one of each place, and of places the last SESSIONS_MAX. Takes it over. */
void session_put(const char *host, unsigned short port, SSL_SESSION *session, uint64_t now_ms);
/* Borrowed until the next call; NULL when there is none, or it is too old. */
SSL_SESSION *session_get(const char *host, unsigned short port, uint64_t now_ms);
/* After a failure, of whichever side. */
void session_forget(const char *host, unsigned short port);
