/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include <openssl/ssl.h>

struct buf;
struct error;

/*
 * The authority that the clients of one build trust, and nobody else: made when the
 * gateway starts, never written anywhere, gone with the process.
 */
struct ca {
	EVP_PKEY *key, *leaf_key;
	X509 *certificate;
	SSL_CTX *server; /* for connections of the build; made late */
	struct ca_leaf *leaves;
};

/* lifetime in seconds, from now. 0, or -1 with *e filled. */
int ca_init(struct ca *ca, uint64_t lifetime, struct error *e);
void ca_deinit(struct ca *ca); /* also for _cleanup_ */
/* What the first session would wait for. 0, or -1 without memory. */
int ca_warm_up(struct ca *ca);
/* A session in which we are `host`: TLS 1.2 or newer, ALPN http/1.1. NULL without memory. */
SSL *ca_session(struct ca *ca, const char *host);
/* The certificate in PEM, and as a Java keystore with the usual password "changeit". */
int ca_put_pem(const struct ca *ca, struct buf *out);
int ca_put_jks(const struct ca *ca, struct buf *out);
