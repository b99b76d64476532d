/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: tidying up a content store, in cupel-gc, confined to it. Whoever
 * writes to a store may have put anything there, so what is found is removed by its name
 * in its own directory, never followed, and read only to be hashed. The longest unused
 * goes first; being used sets an object's time.
 */
#include "gateway/gc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/store-place.h"

/* A temporary may be a moment old and not locked yet. */
enum { TEMPORARY_AGE_S = 60, DIGEST_DIGITS = 64, BLOCK = 1 << 18 };

struct object {
	unsigned char digest[DIGEST_DIGITS / 2];
	uint64_t size;
	struct timespec used;
	bool gone;
};

struct gc {
	int store_fd, objects_fd, temporary_fd, used_fd;
	const struct gc_wish *wish;
	struct object *objects;
	size_t count, room;
	struct gc_done done;
};

static void gc_deinit(struct gc *g)
{
	free(g->objects);
	fd_closep(&g->objects_fd);
	fd_closep(&g->temporary_fd);
	fd_closep(&g->used_fd);
}

static int open_below(struct gc *g, const char *name, int flags)
{
	return openat(g->store_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Calls fn for each name in a directory below fd; nothing, or a link, is as good as empty. */
static int each_name(int fd, const char *directory, struct gc *g,
	int (*fn)(struct gc *g, int dirfd, const char *name))
{
	int below = openat(fd, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = below < 0 ? NULL : fdopendir(below);
	struct dirent *entry;
	int result = 0;

	if (d == NULL) {
		result = below < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR) ? 0
											      : -1;
		fd_closep(&below);
		return result;
	}
	while (result == 0 && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			result = fn(g, dirfd(d), entry->d_name);
	closedir(d);
	return result;
}

static bool remove_one(struct gc *g, int dirfd, const char *name)
{
	if (g->wish->dry_run || unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return true;
	g->done.failed++;
	return false;
}

static int judge_temporary(struct gc *g, int dirfd, const char *name)
{
	_cleanup_(fd_closep) int fd = -1;
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		st.st_mtime > time(NULL) - TEMPORARY_AGE_S)
		return 0;
	if (S_ISREG(st.st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
			return 0;
	}
	if (remove_one(g, dirfd, name))
		g->done.temporaries++;
	return 0;
}

static void path_of(const struct object *o, char out[DIGEST_DIGITS + 4])
{
	char hex[DIGEST_DIGITS + 1];

	encode_hex(o->digest, sizeof(o->digest), hex);
	snprintf(out, DIGEST_DIGITS + 4, "%.2s/%s", hex, hex);
}

/* What has no digest for a name is not ours to touch. */
static int note_object(struct gc *g, int dirfd, const char *name)
{
	struct object o = {.size = 0};
	struct stat st;

	if (strlen(name) != DIGEST_DIGITS || decode_hex(name, o.digest, sizeof(o.digest)) < 0 ||
		fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
		return 0;
	/* Of a link or a FIFO nothing is left but its removal. */
	o.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	o.used = st.st_mtim;
	if (g->count == g->room) {
		size_t room = g->room == 0 ? 1024 : g->room * 2;
		struct object *bigger = reallocarray(g->objects, room, sizeof(*bigger));

		if (bigger == NULL)
			return -1;
		g->objects = bigger;
		g->room = room;
	}
	g->objects[g->count++] = o;
	g->done.bytes += o.size;
	return 0;
}

static int note_objects(struct gc *g)
{
	char fan[4];

	for (int i = 0; i < STORE_FANS; i++) {
		snprintf(fan, sizeof(fan), "%02x", (unsigned int)i);
		if (each_name(g->objects_fd, fan, g, note_object) < 0)
			return -1;
	}
	g->done.objects = g->count;
	return 0;
}

static void drop(struct gc *g, struct object *o)
{
	char path[DIGEST_DIGITS + 4];

	path_of(o, path);
	if (o->gone || !remove_one(g, g->objects_fd, path))
		return;
	o->gone = true;
	g->done.objects--;
	g->done.bytes -= o->size;
	g->done.removed++;
	g->done.removed_bytes += o->size;
}

static bool hash_fits(int fd, EVP_MD_CTX *context, unsigned char *block, const struct object *o)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	ssize_t n;

	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		return false;
	while ((n = fd_read_full(fd, block, BLOCK)) > 0)
		EVP_DigestUpdate(context, block, (size_t)n);
	return n == 0 && EVP_DigestFinal_ex(context, digest, NULL) == 1 &&
	       memcmp(digest, o->digest, sizeof(o->digest)) == 0;
}

static int verify_objects(struct gc *g)
{
	_cleanup_(cleanup_freep) unsigned char *block = malloc(BLOCK);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	for (size_t i = 0; block != NULL && context != NULL && i < g->count; i++) {
		char path[DIGEST_DIGITS + 4];
		_cleanup_(fd_closep) int fd = -1;
		struct stat st;

		path_of(&g->objects[i], path);
		fd = openat(g->objects_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		/* Gone meanwhile; or a link, which is damage. */
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
			hash_fits(fd, context, block, &g->objects[i]))
			continue;
		g->done.damaged++;
		drop(g, &g->objects[i]);
	}
	EVP_MD_CTX_free(context);
	return block == NULL || context == NULL ? -1 : 0;
}

static int compare_use(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return memcmp(x->digest, y->digest, sizeof(x->digest));
}

static void shrink(struct gc *g)
{
	const struct gc_wish *w = g->wish;

	if (!w->all && (w->quota == 0 || g->done.bytes <= w->quota))
		return;
	/* Also between two looks of a replay its objects stay. */
	if (flock(g->store_fd, LOCK_EX | LOCK_NB) < 0) {
		g->done.busy = true;
		return;
	}
	qsort(g->objects, g->count, sizeof(*g->objects), compare_use);
	for (size_t i = 0; i < g->count && (w->all || g->done.bytes > w->quota); i++)
		drop(g, &g->objects[i]);
	flock(g->store_fd, LOCK_UN);
}

static int write_count(struct gc *g, struct error *e)
{
	char text[STORE_USED_SIZE + 1];

	snprintf(text, sizeof(text), "%020llu\n", (unsigned long long)g->done.bytes);
	if (!g->wish->dry_run && pwrite(g->used_fd, text, STORE_USED_SIZE, 0) != STORE_USED_SIZE)
		return error_set(e, errno, "cannot write down how much is in the store");
	return 0;
}

int gc_run(int store_fd, const struct gc_wish *wish, struct gc_done *ret, struct error *e)
{
	_cleanup_(gc_deinit) struct gc g = {.store_fd = store_fd, .wish = wish};

	g.objects_fd = open_below(&g, STORE_OBJECTS, O_RDONLY | O_DIRECTORY);
	g.temporary_fd = open_below(&g, STORE_TEMPORARY, O_RDONLY | O_DIRECTORY);
	g.used_fd = open_below(&g, STORE_USED, O_RDWR);
	if (g.objects_fd < 0 || g.temporary_fd < 0 || g.used_fd < 0)
		return error_set(e, errno, "cannot open the content store");
	/* Gateways that keep something meanwhile count it afterwards. */
	if (flock(g.used_fd, LOCK_EX) < 0)
		return error_set(e, errno, "cannot lock the content store");
	if (each_name(g.temporary_fd, ".", &g, judge_temporary) < 0 || note_objects(&g) < 0 ||
		(wish->verify && verify_objects(&g) < 0))
		return error_set(e, errno, "cannot look through the content store");
	shrink(&g);
	if (write_count(&g, e) < 0)
		return -1;
	*ret = g.done;
	return 0;
}
