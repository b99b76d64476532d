/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what cupel-collect remembers of a tree while it copies
 * it, and the manifest that it makes of that. Items never move, so that a
 * copying thread may write digests into one while the list grows. How many
 * there can be is bounded by whoever fills the list.
 */
#include "outputs/items.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"

void items_deinit(struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->list[i]->target);
		free(items->list[i]);
	}
	free(items->list);
	*items = ITEMS_INIT;
}

static int make_room(struct items *items)
{
	size_t room = items->room == 0 ? 64 : items->room * 2;
	struct item **bigger;

	if (items->count < items->room)
		return 0;
	bigger = reallocarray(items->list, room, sizeof(*bigger));
	if (bigger == NULL)
		return -1;
	items->list = bigger;
	items->room = room;
	return 0;
}

static void count_item(struct items *items, const struct item *item)
{
	switch (item->type) {
	case MANIFEST_FILE:
		items->files++;
		/* Two sparse files of 8 EiB would otherwise come out as nothing. */
		if (__builtin_add_overflow(items->bytes, item->size, &items->bytes))
			items->bytes = UINT64_MAX;
		break;
	case MANIFEST_DIR:
		items->dirs++;
		break;
	case MANIFEST_LINK:
		items->links++;
		break;
	}
}

struct item *items_add(struct items *items, enum manifest_type type, const char *path,
	const struct stat *st, struct error *e)
{
	size_t n = strlen(path) + 1;
	struct item *item = calloc(1, sizeof(*item) + n);

	if (item == NULL || make_room(items) < 0) {
		free(item);
		error_set(e, ENOMEM, "cannot remember '%s'", path);
		return NULL;
	}
	item->type = type;
	memcpy(item->path, path, n);
	if (st != NULL) {
		item->size = (uint64_t)st->st_size;
		item->inode = st->st_ino;
		item->device = st->st_dev;
		item->blocks = (uint64_t)st->st_blocks;
		item->mtime = st->st_mtim;
	}
	count_item(items, item);
	items->list[items->count++] = item;
	return item;
}

int items_read_link(struct item *item, int dirfd, const char *name, struct error *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

	if (n < 0)
		return error_set(e, errno, "cannot read link '%s'", item->path);
	if (n >= (ssize_t)sizeof(target))
		return error_set(e, ENAMETOOLONG, "cannot read link '%s'", item->path);
	target[n] = '\0';
	item->target = strdup(target);
	if (item->target == NULL)
		return error_set(e, ENOMEM, "cannot remember '%s'", item->path);
	return 0;
}

/* A separator sorts before every other byte, so a directory's content follows it. */
static int tree_rank(char c)
{
	if (c == '\0')
		return 0;
	return c == '/' ? 1 : (unsigned char)c + 1;
}

static int compare_tree(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return tree_rank(*a) - tree_rank(*b);
}

static int by_tree(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;
	int order = compare_tree((*left)->path, (*right)->path);

	return order != 0 ? order : (int)(*left)->source - (int)(*right)->source;
}

static int by_path(const void *a, const void *b)
{
	const struct item *const *left = a, *const *right = b;

	return strcmp((*left)->path, (*right)->path);
}

void items_sort_by_tree(struct items *items)
{
	if (items->count > 1)
		qsort(items->list, items->count, sizeof(*items->list), by_tree);
}

void items_sort_by_path(struct items *items)
{
	if (items->count > 1)
		qsort(items->list, items->count, sizeof(*items->list), by_path);
}

struct item *items_find(const struct items *items, const char *path, size_t n)
{
	char wanted[PATH_MAX];
	size_t low = 0, high = items->count;

	if (n >= sizeof(wanted))
		return NULL;
	memcpy(wanted, path, n);
	wanted[n] = '\0';
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_tree(wanted, items->list[middle]->path);

		if (order == 0)
			return items->list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void put_item(struct buf *out, const struct item *item, bool sha512)
{
	struct manifest_entry entry = {
		.type = item->type,
		.mode = item->mode,
		.size = item->size,
		.path = item->path,
		.target = item->target,
	};

	if (item->type == MANIFEST_FILE) {
		encode_hex(item->sha256, sizeof(item->sha256), entry.sha256);
		if (sha512)
			encode_hex(item->sha512, sizeof(item->sha512), entry.sha512);
	}
	manifest_put(out, &entry);
}

int items_manifest(struct items *items, bool sha512, char sha256[65], struct error *e)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	int fd;

	items_sort_by_path(items);
	for (size_t i = 0; i < items->count; i++)
		put_item(&text, items->list[i], sha512);
	if (!buf_ok(&text))
		return error_set(e, ENOMEM, "cannot write the tree manifest");
	digest_hex(text.data, text.size, sha256);
	fd = fd_memfd_sealed("manifest", text.data, text.size);
	if (fd < 0)
		return error_set(e, errno, "cannot write the tree manifest");
	return fd;
}
