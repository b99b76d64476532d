/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/manifest.h"
#include "outputs/digest.h"

struct error;

/* The entries of a tree that is imported or exported, each on its own in memory. */
enum item_source { ITEM_TREE, ITEM_WORKSPACE, ITEM_OWN };

struct item {
	enum manifest_type type;
	enum item_source source; /* export: $OUT, the workspace, or made by the collector */
	unsigned int mode;	 /* in the copy */
	uint64_t size;
	uint64_t inode, device, blocks; /* of the original, to recognise it on opening */
	struct timespec mtime;		/* of the original */
	char *target;			/* of a link, owned */
	unsigned char sha256[DIGEST_SHA256_SIZE];
	unsigned char sha512[DIGEST_SHA512_SIZE];
	char path[]; /* relative to the top */
};

struct items {
	struct item **list;
	size_t count, room;
	uint64_t files, dirs, links, bytes;
};
#define ITEMS_INIT ((struct items){0})

void items_deinit(struct items *items); /* also for _cleanup_ */
/* A new item at the end; it belongs to the list. st may be NULL. NULL with *e: no memory. */
struct item *items_add(struct items *items, enum manifest_type type, const char *path,
	const struct stat *st, struct error *e);
/* What the link `name` in dirfd says becomes item->target. 0 or -1. */
int items_read_link(struct item *item, int dirfd, const char *name, struct error *e);

/* Each directory directly before what is in it, names bytewise: the order of creation. */
void items_sort_by_tree(struct items *items);
/* The order of the manifest. */
void items_sort_by_path(struct items *items);
/* In a list sorted by tree: the item with the n bytes at path as its path, or NULL. */
struct item *items_find(const struct items *items, const char *path, size_t n);

/*
 * Sorts by path and writes the tree manifest: a sealed memfd, whose SHA-256 goes
 * to sha256. fd, or -1 with *e filled.
 */
int items_manifest(struct items *items, bool sha512, char sha256[65], struct error *e);
