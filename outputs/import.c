/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: carries a workspace into the sandbox's own file system,
 * in a confined cupel-collect, from a tree that anybody may have written and
 * that may still be changing. What lands there depends on names, contents and
 * rwx bits only: sorted order, clamped times, one owner, no extended
 * attributes. Links are kept as they are, since they are only ever followed
 * inside the sandbox. What cannot be copied faithfully (FIFOs, sockets,
 * devices) is left out and counted.
 */
#include "outputs/import.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/walk.h"
#include "outputs/dest.h"
#include "outputs/items.h"
#include "outputs/pool.h"

struct import {
	const struct collect_import *what;
	bool copies;
	struct items items;
	struct dest dest;
	struct pool pool;
	uint64_t skipped;
};

static void import_deinit(struct import **p)
{
	struct import *m = *p;

	if (m == NULL)
		return;
	pool_deinit(&m->pool);
	dest_deinit(&m->dest);
	items_deinit(&m->items);
	free(m);
}

static struct dest_look look_of(const struct import *m, const struct stat *st)
{
	return (struct dest_look){
		.mode = st->st_mode & 0777,
		.mtime = dest_clamp(st->st_mtim, m->what->clamp_mtime),
		.uid = m->what->uid,
		.gid = m->what->gid,
	};
}

static struct item *add_item(
	struct import *m, enum manifest_type type, const struct walk_entry *entry, struct error *e)
{
	struct item *item = items_add(&m->items, type, entry->path, &entry->st, e);

	if (item != NULL)
		item->mode = entry->st.st_mode & 0777;
	return item;
}

static int import_directory(struct import *m, const struct walk_entry *entry, struct error *e)
{
	struct dest_look look = look_of(m, &entry->st);

	if (add_item(m, MANIFEST_DIR, entry, e) == NULL)
		return -1;
	return m->copies ? dest_mkdir(&m->dest, entry->path, &look, e) : 0;
}

static int import_link(struct import *m, const struct walk_entry *entry, struct error *e)
{
	struct dest_look look = look_of(m, &entry->st);
	struct item *item = add_item(m, MANIFEST_LINK, entry, e);

	if (item == NULL || items_read_link(item, entry->dirfd, entry->name, e) < 0)
		return -1;
	return m->copies ? dest_symlink(&m->dest, entry->path, item->target, &look, e) : 0;
}

static int import_file(struct import *m, const struct walk_entry *entry, struct error *e)
{
	struct item *item = add_item(m, MANIFEST_FILE, entry, e);
	struct copy_job job = {.to_fd = -1, .item = item, .look = look_of(m, &entry->st)};
	_cleanup_(fd_closep) int from_fd = -1;

	if (item == NULL)
		return -1;
	if (m->what->max_bytes != 0 && m->items.bytes > m->what->max_bytes) {
		error_set_kind(e, ERROR_LIMIT, 0, "there is more than %llu bytes, up to '%s'",
			(unsigned long long)m->what->max_bytes, entry->path);
		return error_hint(e, "leave out what the build does not need, or raise the limit");
	}
	from_fd = copy_open(entry->dirfd, entry->name, item, e);
	if (from_fd < 0 || pool_expect(&m->pool, m->items.files, m->items.bytes, e) < 0)
		return -1;
	if (m->copies) {
		job.to_fd = dest_create(&m->dest, entry->path, job.look.mode, e);
		if (job.to_fd < 0)
			return -1;
	}
	job.from_fd = take_fd(&from_fd);
	return pool_submit(&m->pool, &job, e);
}

static int visit(void *context, const struct walk_entry *entry, struct error *e)
{
	struct import *m = context;

	switch (entry->st.st_mode & S_IFMT) {
	case S_IFDIR:
		return import_directory(m, entry, e);
	case S_IFREG:
		return import_file(m, entry, e);
	case S_IFLNK:
		return import_link(m, entry, e);
	default:
		m->skipped++;
		return 0;
	}
}

static int walk_source(struct import *m, int source_fd, struct error *e)
{
	const char *skip[array_size(m->what->skip) + 1] = {NULL};
	struct walk_options options = {
		.skip = skip,
		.max_depth = WALK_DEPTH_MAX,
		.max_entries = m->what->max_entries,
	};

	for (uint32_t i = 0; i < m->what->skip_count; i++)
		skip[i] = m->what->skip[i];
	return walk_tree(source_fd, &options, visit, m, e);
}

static int finish(struct import *m, int source_fd, int dest_fd, struct error *e)
{
	struct dest_look look;
	struct stat st;

	if (pool_finish(&m->pool, e) < 0)
		return -1;
	if (!m->copies)
		return 0;
	if (dest_end(&m->dest, e) < 0)
		return -1;
	if (fstat(source_fd, &st) < 0)
		return error_set(e, errno, "cannot look at the source");
	look = look_of(m, &st);
	return dest_finish(dest_fd, ".", &look, e);
}

static int import_tree(
	struct import *m, int source_fd, int dest_fd, struct collect_done *ret, struct error *e)
{
	if (pool_init(&m->pool, 0, false, e) < 0)
		return -1;
	if (m->copies && dest_begin(&m->dest, dest_fd, e) < 0)
		return -1;
	if (walk_source(m, source_fd, e) < 0 || finish(m, source_fd, dest_fd, e) < 0)
		return -1;
	ret->files = m->items.files;
	ret->dirs = m->items.dirs;
	ret->links = m->items.links;
	ret->bytes = m->items.bytes;
	ret->skipped = m->skipped;
	return items_manifest(&m->items, false, ret->sha256, e);
}

/* What to do about it, where the cause leaves little doubt. */
static void add_hint(const struct import *m, struct error *e)
{
	switch (e->errnum) {
	case EACCES:
	case EPERM:
		error_hint(e, "make it readable for the user who starts the build, or move it out "
			      "of the workspace");
		break;
	case EXDEV:
		error_hint(e, "unmount it, or start the build in a directory without mounts in it");
		break;
	case ENOSPC:
	case EDQUOT:
		error_kind(e, ERROR_LIMIT);
		error_hint(e, "the files need more than %llu MiB: raise scratch in [limits]",
			(unsigned long long)(m->items.bytes >> 20));
		break;
	case ELOOP:
		e->errnum = 0;
		error_hint(e, "make it less deep than %d levels", WALK_DEPTH_MAX);
		break;
	case EFBIG:
		e->errnum = 0;
		error_kind(e, ERROR_LIMIT);
		error_hint(e, "leave out what the build does not need, or raise the limit");
		break;
	default:
		break;
	}
}

int import_run(const struct collect_import *what, int source_fd, int dest_fd,
	struct collect_done *ret, struct error *e)
{
	_cleanup_(import_deinit) struct import *m = calloc(1, sizeof(*m));
	struct collect_done done = {0};
	int fd;

	if (m == NULL)
		return error_set(e, ENOMEM, "cannot read the workspace");
	m->what = what;
	m->copies = dest_fd >= 0;
	fd = import_tree(m, source_fd, dest_fd, &done, e);
	if (fd < 0) {
		add_hint(m, e);
		return error_wrap(e, "workspace");
	}
	*ret = done;
	return fd;
}
