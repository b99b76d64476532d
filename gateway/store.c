/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the content store of cupel-gateway, in a directory that only this
 * user can enter. A file is written without a name, or with a temporary one where the
 * file system cannot do without, and gets its name by link(2) when it is whole: it is
 * never replaced, nor opened for writing again. Whoever writes here, another build's
 * gateway that was taken over among them, can put anything under any name; so nothing is
 * believed that is read, and what is not what its name says is removed. No sync: what a
 * power failure tears is found out in the same way.
 */
#include "gateway/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "gateway/store-place.h"

enum { PATH_SIZE = sizeof("ab/") + 64 };

static struct {
	int fd, objects_fd, temporary_fd, used_fd;
	uint64_t quota, used; /* used: of all builds, as of the last look */
	uint64_t uncounted;   /* ours, not yet in the file */
	uint64_t under_way;
	unsigned int last; /* temporary's number */
	bool needs_names, full;
	struct store_counts counts;
} store = {.fd = -1, .objects_fd = -1, .temporary_fd = -1, .used_fd = -1};

int store_directory(void)
{
	return store.fd;
}

void store_count(struct store_counts *ret)
{
	*ret = store.counts;
}

/* Adds what is ours to the count of all, unless somebody else has it in hand: then later. */
static void count(void)
{
	char text[STORE_USED_SIZE + 1] = "";

	if (flock(store.used_fd, LOCK_EX | LOCK_NB) < 0)
		return;
	if (pread(store.used_fd, text, STORE_USED_SIZE, 0) == STORE_USED_SIZE) {
		text[STORE_USED_SIZE - 1] = '\0';
		if (text_to_u64(text, &store.used) < 0)
			store.used = 0;
		store.used += store.uncounted;
		snprintf(text, sizeof(text), "%020llu\n", (unsigned long long)store.used);
		if (store.uncounted > 0 &&
			pwrite(store.used_fd, text, STORE_USED_SIZE, 0) == STORE_USED_SIZE)
			store.uncounted = 0;
	}
	flock(store.used_fd, LOCK_UN);
}

int store_open(int fd, uint64_t quota, struct error *e)
{
	static const int directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	store = (__typeof__(store)){.fd = fd, .quota = quota};
	if (fd < 0)
		return 0;
	store.objects_fd = openat(fd, STORE_OBJECTS, directory);
	store.temporary_fd = openat(fd, STORE_TEMPORARY, directory);
	store.used_fd = openat(fd, STORE_USED, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (store.objects_fd < 0 || store.temporary_fd < 0 || store.used_fd < 0)
		return error_set(e, errno, "cannot open the content store");
	count();
	return 0;
}

int store_hold(struct error *e)
{
	if (store.fd < 0)
		return error_set(e, ENOENT, "there is no content store");
	return flock(store.fd, LOCK_SH) < 0 ? error_set(e, errno, "cannot lock the content store")
					    : 0;
}

/* Nothing more is kept in this build. */
static void give_up(int error)
{
	store.full = true;
	if (store.counts.error == 0)
		store.counts.error = error;
}

static bool has_room(uint64_t n)
{
	return store.quota == 0 ||
	       store.used + store.uncounted + store.under_way + n <= store.quota;
}

void store_begin(struct store_file *f)
{
	*f = (struct store_file){.fd = -1, .failed = store.fd < 0 || store.full};
}

void store_begin_spool(struct store_file *f)
{
	*f = (struct store_file){.fd = -1, .spool = true, .memory = store.fd < 0 || store.full};
}

/* The lock tells `cupel gc` that it is in use. */
static int make_named(struct store_file *f)
{
	for (int i = 0; i < 100; i++) {
		snprintf(f->name, sizeof(f->name), "%d-%u", (int)getpid(), ++store.last);
		f->fd = openat(store.temporary_fd, f->name,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
		if (f->fd >= 0)
			return flock(f->fd, LOCK_EX | LOCK_NB);
		if (errno != EEXIST)
			break;
	}
	f->name[0] = '\0';
	return -1;
}

static int make(struct store_file *f)
{
	if (f->memory) {
		f->fd = memfd_create("spool", MFD_CLOEXEC);
		return f->fd < 0 ? -1 : 0;
	}
	if (!store.needs_names)
		f->fd = openat(store.temporary_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0444);
	if (f->fd >= 0)
		return 0;
	if (!store.needs_names && errno != EOPNOTSUPP && errno != EISDIR)
		return -1;
	store.needs_names = true;
	return make_named(f);
}

static void release(struct store_file *f)
{
	if (f->fd >= 0 && !f->memory && !f->spool)
		store.under_way -= f->size;
	fd_closep(&f->fd);
	if (f->name[0] != '\0')
		(void)unlinkat(store.temporary_fd, f->name, 0);
	f->name[0] = '\0';
}

/* What a spool has on a disk that is full goes on in memory. */
static int move_to_memory(struct store_file *f)
{
	struct store_file moved = {.fd = -1, .spool = true, .memory = true};
	char block[16384];
	uint64_t at = 0;
	ssize_t n = 0;

	if (make(&moved) < 0)
		return -1;
	while (at < f->size && (n = store_read_back(f, at, block, sizeof(block))) > 0) {
		if (fd_write_all(moved.fd, block, (size_t)n) < 0)
			break;
		at += (uint64_t)n;
	}
	if (at < f->size) {
		store_abandon(&moved);
		return -1;
	}
	moved.size = f->size;
	release(f);
	*f = moved;
	return 0;
}

static int append(struct store_file *f, const void *data, size_t n)
{
	if (f->fd < 0 && make(f) < 0)
		return -1;
	if (fd_write_all(f->fd, data, n) == 0)
		return 0;
	return -1;
}

int store_append(struct store_file *f, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	if (f->failed) {
		f->size += n;
		return -1;
	}
	if (!f->spool && !has_room(n)) {
		errno = EDQUOT;
	} else if (append(f, data, n) == 0) {
		f->size += n;
		if (!f->spool)
			store.under_way += n;
		return 0;
	}
	if (!f->memory)
		give_up(errno);
	if (f->spool && !f->memory && move_to_memory(f) == 0)
		return store_append(f, data, n);
	release(f);
	f->failed = true;
	f->size += n;
	return -1;
}

ssize_t store_read_back(const struct store_file *f, uint64_t offset, void *data, size_t n)
{
	ssize_t got;

	if (f->fd < 0 || offset >= f->size)
		return 0;
	if (n > f->size - offset)
		n = (size_t)(f->size - offset);
	do {
		got = pread(f->fd, data, n, (off_t)offset);
	} while (got < 0 && errno == EINTR);
	return got;
}

static bool is_digest(const char *sha256)
{
	return strlen(sha256) == 64 && strspn(sha256, "0123456789abcdef") == 64;
}

static void path_of(const char *sha256, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%.2s/%s", sha256, sha256);
}

/* One of another size is what a power failure left of it. */
static bool has_already(const char *path, uint64_t size)
{
	struct stat st;

	if (fstatat(store.objects_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size == size) {
		(void)utimensat(store.objects_fd, path, NULL, AT_SYMLINK_NOFOLLOW);
		return true;
	}
	(void)unlinkat(store.objects_fd, path, 0);
	return false;
}

static int give_name(const struct store_file *f, const char *path)
{
	char from[64];

	if (f->name[0] != '\0')
		return linkat(store.temporary_fd, f->name, store.objects_fd, path, 0);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, from, store.objects_fd, path, AT_SYMLINK_FOLLOW);
}

static bool commit(struct store_file *f, const char *sha256)
{
	char path[PATH_SIZE];

	if (!is_digest(sha256))
		return false;
	path_of(sha256, path);
	if (has_already(path, f->size))
		return true;
	if (f->failed || f->memory || f->fd < 0 || !has_room(f->spool ? f->size : 0))
		return false;
	if (give_name(f, path) < 0 && errno != EEXIST) {
		give_up(errno);
		return false;
	}
	store.counts.kept++;
	store.counts.kept_bytes += f->size;
	store.uncounted += f->size;
	return true;
}

bool store_commit(struct store_file *f, const char *sha256)
{
	bool kept = store.fd >= 0 && f->size > 0 && commit(f, sha256);

	if (!kept && store.fd >= 0 && f->size > 0) {
		store.counts.unkept++;
		if (store.counts.error == 0)
			store.counts.error = EDQUOT;
	}
	if (!f->spool)
		release(f);
	if (store.uncounted > 0)
		count();
	return kept;
}

void store_abandon(struct store_file *f)
{
	release(f);
	*f = STORE_FILE_INIT;
}

bool store_put(const void *data, size_t n, char ret_sha256[65])
{
	_cleanup_(store_abandon) struct store_file f = STORE_FILE_INIT;
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256(data, n, digest);
	encode_hex(digest, sizeof(digest), ret_sha256);
	store_begin(&f);
	(void)store_append(&f, data, n);
	return store_commit(&f, ret_sha256);
}

int store_find(const char *sha256, struct store_object *ret)
{
	_cleanup_(store_close) struct store_object o = STORE_OBJECT_INIT;
	char path[PATH_SIZE];
	struct stat st;

	if (store.fd < 0 || !is_digest(sha256)) {
		errno = ENOENT;
		return -1;
	}
	path_of(sha256, path);
	snprintf(o.sha256, sizeof(o.sha256), "%s", sha256);
	o.fd = openat(store.objects_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (o.fd < 0 || fstat(o.fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = ENOENT;
		return -1;
	}
	o.size = o.left = (uint64_t)st.st_size;
	o.hash = EVP_MD_CTX_new();
	if (o.hash == NULL || EVP_DigestInit_ex(o.hash, EVP_sha256(), NULL) != 1) {
		errno = ENOMEM;
		return -1;
	}
	(void)futimens(o.fd, NULL);
	*ret = o;
	o = STORE_OBJECT_INIT;
	return 0;
}

static bool is_what_it_says(struct store_object *o)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(o->hash, digest, &n) != 1)
		return false;
	encode_hex(digest, n, hex);
	return strcmp(hex, o->sha256) == 0;
}

static ssize_t spoil(struct store_object *o)
{
	char path[PATH_SIZE];

	path_of(o->sha256, path);
	(void)unlinkat(store.objects_fd, path, 0);
	errno = EBADMSG;
	return -1;
}

ssize_t store_read(struct store_object *o, void *data, size_t n)
{
	ssize_t got;

	if (o->left == 0)
		return o->size > 0 ? 0 : spoil(o);
	if (n > o->left)
		n = (size_t)o->left;
	got = fd_read_full(o->fd, data, n);
	if (got < 0)
		return -1;
	/* Shorter than it was when it was opened: somebody changes it. */
	if ((size_t)got < n || EVP_DigestUpdate(o->hash, data, n) != 1)
		return spoil(o);
	o->left -= n;
	return o->left == 0 && !is_what_it_says(o) ? spoil(o) : got;
}

char *store_get(const char *sha256, size_t max, size_t *ret_size)
{
	_cleanup_(store_close) struct store_object o = STORE_OBJECT_INIT;
	_cleanup_(cleanup_freep) char *data = NULL;

	if (store_find(sha256, &o) < 0)
		return NULL;
	if (o.size > max) {
		errno = EFBIG;
		return NULL;
	}
	*ret_size = (size_t)o.size;
	data = malloc(*ret_size + 1);
	if (data == NULL || store_read(&o, data, *ret_size) < 0)
		return NULL;
	data[*ret_size] = '\0';
	return take_ptr(data);
}

void store_close(struct store_object *o)
{
	EVP_MD_CTX_free(o->hash);
	fd_closep(&o->fd);
	*o = STORE_OBJECT_INIT;
}
