/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct error;
struct evp_pkey_st;
struct secret;

/*
 * A key and what it may say. A developer key is one that cupel made by itself:
 * its files carry KEY_DEVELOPER_MARK as a line before the PEM block (which PEM
 * readers skip), so wherever the file is copied to, it vouches for nothing but
 * builder ids that end in "/local".
 */
#define KEY_DEVELOPER_MARK "Cupel-Vouches-For: */local"
#define KEY_LOCAL_SUFFIX "/local"
enum { KEY_ID_SIZE = 64, KEY_FILE_MAX = 65536, KEY_PASSPHRASE_MAX = 1024 };

struct key {
	struct evp_pkey_st *pkey; /* owned */
	bool developer;
	char keyid[KEY_ID_SIZE]; /* "SHA256:…", as ssh-keygen -l prints it */
};
#define KEY_INIT                                                                                   \
	{                                                                                          \
		.pkey = NULL                                                                       \
	}

void key_deinit(struct key *k); /* also for _cleanup_ */

/* The fingerprint of a P-256, P-384, Ed25519 or RSA key. 0, or -1 with *e filled. */
int key_fingerprint(struct evp_pkey_st *pkey, char out[KEY_ID_SIZE], struct error *e);
/* "EC prime256v1", "RSA 3072", "ED25519" … into out. */
void key_describe(struct evp_pkey_st *pkey, char *out, size_t size);
/* True when a builder id ends in "/local", as a developer's must. */
bool key_id_is_local(const char *builder_id, size_t n);

/*
 * Key files. name is for messages. passphrase may be NULL. A private key for
 * signing must be P-256, its file regular, ours or root's, and nobody else's to
 * read; key_read_private() checks all of that, key_parse_private() only parses.
 */
int key_parse_private(const char *name, const struct secret *pem, const struct secret *passphrase,
	struct key *ret, struct error *e);
int key_read_private(
	const char *path, const struct secret *passphrase, struct key *ret, struct error *e);
int key_parse_public(const char *name, const char *pem, size_t n, struct key *ret, struct error *e);
int key_read_public(const char *path, struct key *ret, struct error *e);
/* 0, or -1 with *e filled: only P-256 signs. */
int key_check_signing(const char *name, const struct key *k, struct error *e);

/* The public half as PEM, after the developer's mark when it has one. */
int key_put_public(const struct key *k, struct buf *out, struct error *e);

/*
 * Makes a P-256 key in the new file `path` (0600), and its public half in
 * pub_path, both appearing complete. Does nothing when there is a private key:
 * KEY_EXISTED. Two at once are safe. passphrase may be NULL: not encrypted.
 */
enum { KEY_CREATED = 0, KEY_EXISTED = 1 };
int key_create(const char *path, const char *pub_path, const struct secret *passphrase,
	bool developer, struct error *e);
/* Writes the public half of k to pub_path unless it is there already. */
int key_publish(const char *pub_path, const struct key *k, struct error *e);
