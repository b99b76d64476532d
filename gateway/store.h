/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <openssl/evp.h>

struct error;

/*
 * The content store: what registries answered, each body and each head once, under its
 * SHA-256 (STORE/sha256/ab/<64 digits>, mode 0444). Shared by all builds of one user, so
 * nothing in it is believed: what is read is hashed on its way. Writing never fails a
 * build: without room, or without a store, nothing is kept.
 */
struct store_counts {
	uint64_t kept, kept_bytes; /* new in the store */
	uint64_t unkept; /* bodies and heads that were not kept although they were whole */
	int error;	 /* why the first was not: EDQUOT (the quota), ENOSPC, …; 0 */
};

/*
 * Takes the store's directory over (-1: there is none), which the runner has prepared as
 * gateway/store-place.h says. quota: bytes of all objects together; 0: no limit. Once,
 * before confinement. 0, or -1 with *e filled.
 */
int store_open(int fd, uint64_t quota, struct error *e);
/* For a replay: until the process ends, `cupel gc` leaves the objects alone. 0 or -1 with *e. */
int store_hold(struct error *e);
/* For confinement: what is to stay accessible, or -1. */
int store_directory(void);
void store_count(struct store_counts *ret);

/*
 * A file being written. To keep a body: store_begin(), store_append() as it comes, and at
 * its end store_commit() or store_abandon(). A *spool* is for who has to have a body whole
 * before it is decided whether it goes on: it is there without a store, too (a memfd), can
 * be read back before it is committed, and does not end at the quota.
 */
struct store_file {
	int fd;	       /* owned; -1: none yet */
	bool spool;    /* read back by its owner */
	bool memory;   /* not in the store: it cannot be committed */
	bool failed;   /* nothing of it is left: what follows is not written either */
	char name[32]; /* of a temporary below STORE/tmp, or "": it has none */
	uint64_t size;
};
#define STORE_FILE_INIT ((struct store_file){.fd = -1, .failed = true})

/* Never fails: what cannot be kept is not. No file is made before the first byte. */
void store_begin(struct store_file *f);
void store_begin_spool(struct store_file *f);
/*
 * 0; or -1 with errno: only a spool's caller needs to look. A full disk goes on in memory,
 * so that a spool fails for want of memory alone: its caller sets the limit of its size.
 */
int store_append(struct store_file *f, const void *data, size_t n);
/* Of a spool, what was appended: bytes read, 0 at the end, -1 with errno. */
ssize_t store_read_back(const struct store_file *f, uint64_t offset, void *data, size_t n);
/*
 * Puts it under its digest (64 lower-case hexadecimal digits, which the caller computed of
 * what it appended); one that is there already is as good, and counts as used now. True
 * when the store has it. Empty files are never kept, and never needed.
 * A spool stays readable until it is abandoned; others are closed.
 */
bool store_commit(struct store_file *f, const char *sha256);
void store_abandon(struct store_file *f); /* after a commit too; also for _cleanup_ */
/* The three steps for what is in memory already; its digest is given in any case. */
bool store_put(const void *data, size_t n, char ret_sha256[65]);

/* An object being read. */
struct store_object {
	int fd; /* owned */
	uint64_t size, left;
	EVP_MD_CTX *hash; /* owned */
	char sha256[65];
};
#define STORE_OBJECT_INIT ((struct store_object){.fd = -1})

/* 0, or -1 with errno: ENOENT: the store does not have it. Counts as used now. */
int store_find(const char *sha256, struct store_object *ret);
/*
 * The next bytes. > 0: bytes read; 0: the end, and all of it was what its digest says;
 * -1 with errno: EBADMSG: it was not (the file is then removed), or what read(2) says. The
 * last bytes only come once the whole is known to be good: who passes on what it reads
 * and stops at -1 has never delivered a whole body that was changed.
 */
ssize_t store_read(struct store_object *o, void *data, size_t n);
/* All of a small object, NUL-terminated; the caller frees it. NULL with errno (EFBIG). */
char *store_get(const char *sha256, size_t max, size_t *ret_size);
void store_close(struct store_object *o); /* also for _cleanup_ */
