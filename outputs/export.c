/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: carries a build's outputs into the staging directory, in
 * a confined cupel-collect, after every process of the build is dead. gather.c
 * has judged all names; here each file is opened once, judged by what only a
 * descriptor tells (identity, extended attributes), copied and hashed. Files
 * are created in sorted order whoever copies their content. Whether any of it
 * is published is the runner's decision: on an error nothing here is cleaned up.
 */
#include "outputs/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/dest.h"
#include "outputs/gather.h"
#include "outputs/items.h"
#include "outputs/pool.h"
#include "outputs/rules.h"
#include "outputs/scan.h"
#include "plan/plan.h"

static const char sums_name[] = "SHA256SUMS";

struct export
{
	const struct plan *plan;
	const struct export_fds *fds;
	struct dest dest;
	struct pool pool;
};

static int64_t latest_time(const struct plan *plan)
{
	return plan->source_date_epoch > INT64_MAX ? INT64_MAX : (int64_t)plan->source_date_epoch;
}

static struct dest_look look_of(const struct export *x, const struct item *item)
{
	return (struct dest_look){
		.mode = item->mode,
		.mtime = dest_clamp(item->mtime, latest_time(x->plan)),
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
	};
}

static int source_fd(const struct export *x, const struct item *item)
{
	return item->source == ITEM_WORKSPACE ? x->fds->workspace : x->fds->out;
}

static int copy_directory(struct export *x, const struct item *item, struct error *e)
{
	struct dest_look look = look_of(x, item);

	if (item->source != ITEM_OWN) {
		_cleanup_(fd_closep) int fd =
			fd_open_beneath(source_fd(x, item), item->path, O_RDONLY | O_DIRECTORY, 0);

		if (fd < 0)
			return error_set(e, errno, "cannot open directory '%s'", item->path);
		if (rules_check_xattrs(fd, item->path, e) < 0)
			return -1;
	}
	return dest_mkdir(&x->dest, item->path, &look, e);
}

static int copy_file(struct export *x, struct item *item, struct error *e)
{
	_cleanup_(fd_closep) int from_fd = copy_open(source_fd(x, item), item->path, item, e);
	struct copy_job job = {.item = item, .look = look_of(x, item)};

	/* The workspace may still show through to a directory of the host. */
	job.settled = item->source == ITEM_TREE;
	if (from_fd < 0 || rules_check_xattrs(from_fd, item->path, e) < 0)
		return -1;
	job.to_fd = dest_create(&x->dest, item->path, item->mode, e);
	if (job.to_fd < 0)
		return -1;
	job.from_fd = take_fd(&from_fd);
	return pool_submit(&x->pool, &job, e);
}

static int copy_item(struct export *x, struct item *item, struct error *e)
{
	struct dest_look look;

	switch (item->type) {
	case MANIFEST_DIR:
		return copy_directory(x, item, e);
	case MANIFEST_FILE:
		return copy_file(x, item, e);
	case MANIFEST_LINK:
		look = look_of(x, item);
		return dest_symlink(&x->dest, item->path, item->target, &look, e);
	}
	return -1;
}

static int copy_items(struct export *x, struct items *items, struct error *e)
{
	if (dest_begin(&x->dest, x->fds->staging, e) < 0)
		return -1;
	if (items->files > 1 && pool_expect(&x->pool, items->files, items->bytes, e) < 0)
		return -1;
	for (size_t i = 0; i < items->count; i++)
		if (copy_item(x, items->list[i], e) < 0)
			return -1;
	if (dest_end(&x->dest, e) < 0)
		return -1;
	return pool_finish(&x->pool, e);
}

int export_copy(
	const struct plan *plan, const struct export_fds *fds, struct items *items, struct error *e)
{
	struct export *x = calloc(1, sizeof(*x));
	int result = -1;

	if (x == NULL)
		return error_set(e, ENOMEM, "cannot copy the outputs");
	x->plan = plan;
	x->fds = fds;
	if (pool_init(&x->pool, 0, plan->sha512 != 0, e) == 0) {
		pool_look_for(&x->pool, fds->needles);
		result = copy_items(x, items, e);
	}
	pool_deinit(&x->pool);
	dest_deinit(&x->dest);
	free(x);
	return result;
}

/* A new file at the top of staging that the collector itself writes. */
static int create_own(const struct export_fds *fds, const char *name, struct error *e)
{
	int fd = fd_open_beneath(fds->staging, name, O_WRONLY | O_CREAT | O_EXCL, 0644);

	if (fd < 0)
		return error_set(e, errno, "cannot create '%s'", name);
	return fd;
}

static int finish_own(const struct plan *plan, int fd, const char *name, struct error *e)
{
	struct dest_look look = {
		.mtime = {.tv_sec = latest_time(plan)},
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
	};

	return dest_finish(fd, name, &look, e);
}

static int copy_log_bytes(
	const struct export_fds *fds, int to_fd, struct collect_done *ret, struct error *e)
{
	struct needle_stream stream = {.size = 0};
	_cleanup_(copier_deinit) struct copier c = {0};
	unsigned char raw[DIGEST_SHA256_SIZE];

	if (copier_init(&c, false, e) < 0)
		return -1;
	digest_begin(&c.digest, false);
	for (;;) {
		ssize_t n = pread(fds->log, c.buffer, COPY_BUFFER_SIZE, (off_t)ret->log_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(e, errno, "cannot read the build's log");
		if (n == 0)
			break;
		if (scan_bytes(fds->needles, &stream, c.buffer, (size_t)n, "the build's log", e) <
			0)
			return -1;
		digest_update(&c.digest, c.buffer, (size_t)n);
		if (fd_write_all(to_fd, c.buffer, (size_t)n) < 0)
			return error_set(e, errno, "cannot write 'build.log'");
		ret->log_bytes += (uint64_t)n;
	}
	digest_final(&c.digest, raw, NULL);
	encode_hex(raw, sizeof(raw), ret->log_sha256);
	return 0;
}

static int export_log(const struct plan *plan, const struct export_fds *fds,
	struct collect_done *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = create_own(fds, "build.log", e);

	if (fd < 0 || copy_log_bytes(fds, fd, ret, e) < 0)
		return -1;
	return finish_own(plan, fd, "build.log", e);
}

/* As sha256sum(1) writes a name: a backslash doubled, and one before the line. */
static void put_sum(struct buf *out, const struct item *item)
{
	char hex[2 * DIGEST_SHA256_SIZE + 1];

	encode_hex(item->sha256, sizeof(item->sha256), hex);
	if (strchr(item->path, '\\') != NULL)
		buf_puts(out, "\\");
	buf_puts(out, hex);
	buf_puts(out, "  ");
	for (const char *c = item->path; *c != '\0'; c++)
		buf_append(out, *c == '\\' ? "\\\\" : c, *c == '\\' ? 2 : 1);
	buf_puts(out, "\n");
}

static int write_sums(const struct plan *plan, const struct export_fds *fds, const struct buf *text,
	struct item *item, struct error *e)
{
	_cleanup_(fd_closep) int fd = create_own(fds, sums_name, e);
	struct digest d;

	if (fd < 0)
		return -1;
	if (fd_write_all(fd, text->data, text->size) < 0)
		return error_set(e, errno, "cannot write '%s'", sums_name);
	digest_begin(&d, plan->sha512 != 0);
	digest_update(&d, text->data, text->size);
	digest_final(&d, item->sha256, item->sha512);
	return finish_own(plan, fd, sums_name, e);
}

/* Too many files to name each in an attestation: a list that names them all. */
static int export_sums(
	const struct plan *plan, const struct export_fds *fds, struct items *items, struct error *e)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct item *own;

	items_sort_by_path(items);
	for (size_t i = 0; i < items->count; i++)
		if (items->list[i]->type == MANIFEST_FILE)
			put_sum(&text, items->list[i]);
	if (!buf_ok(&text))
		return error_set(e, ENOMEM, "cannot write '%s'", sums_name);
	own = items_add(
		items, MANIFEST_FILE, sums_name, &(struct stat){.st_size = (off_t)text.size}, e);
	if (own == NULL)
		return -1;
	own->source = ITEM_OWN;
	own->mode = 0644;
	return write_sums(plan, fds, &text, own, e);
}

static void fill_single(const struct items *items, struct collect_done *ret)
{
	const char *single = NULL;

	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = items->list[i];

		if (item->type != MANIFEST_FILE || strchr(item->path, '/') != NULL)
			continue;
		if (single != NULL)
			return;
		single = item->path;
	}
	if (single != NULL && strlen(single) < sizeof(ret->single))
		memcpy(ret->single, single, strlen(single) + 1);
}

static int export_all(const struct plan *plan, const struct export_fds *fds, struct items *items,
	struct collect_done *ret, struct error *e)
{
	if (gather_outputs(plan, fds->out, fds->workspace, items, e) < 0)
		return -1;
	if (items->files > RULES_MANY_FILES &&
		items_find(items, sums_name, strlen(sums_name)) != NULL) {
		error_set(e, 0, "output '%s' has a reserved name", sums_name);
		return error_hint(e,
			"with more than %d files the runner writes this list itself: give "
			"yours another name",
			RULES_MANY_FILES);
	}
	if (scan_names(fds->needles, items, e) < 0 || export_copy(plan, fds, items, e) < 0 ||
		export_log(plan, fds, ret, e) < 0)
		return -1;
	if (items->files > RULES_MANY_FILES && export_sums(plan, fds, items, e) < 0)
		return -1;
	fill_single(items, ret);
	ret->files = items->files;
	ret->dirs = items->dirs;
	ret->links = items->links;
	ret->bytes = items->bytes;
	return items_manifest(items, plan->sha512 != 0, ret->sha256, e);
}

int export_run(const struct plan *plan, const struct export_fds *fds, struct collect_done *ret,
	struct error *e)
{
	_cleanup_(items_deinit) struct items items = ITEMS_INIT;
	struct collect_done done = {0};
	int fd = export_all(plan, fds, &items, &done, e);

	if (fd >= 0) {
		*ret = done;
		return fd;
	}
	if (e->errnum == ENOSPC || e->errnum == EDQUOT)
		error_hint(e,
			"the outputs need %llu MiB in the file system of the output directory: "
			"make room there, or choose another one with -o",
			(unsigned long long)(items.bytes >> 20) + 1);
	if (e->errnum == EACCES)
		error_hint(e, "make it readable at the end of the build with 'chmod -R u+rX'");
	return e->kind == ERROR_POLICY ? -1 : error_kind(e, ERROR_OUTPUT);
}
