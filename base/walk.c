/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the one loop that looks into a tree which a stranger
 * shaped (a workspace, a build's output), in cupel-collect and wherever else a
 * tree is read, with the rights of that program. Directories are entered by
 * descriptor through fd_open_beneath() only, so a name that turns into a link
 * or a mount point while we look gives an error, never another tree. Depth is
 * bounded by WALK_DEPTH_MAX (also the number of open descriptors), memory by
 * max_entries: names are counted as they are read, before they are sorted.
 */
#include "base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

enum { DENTS_SIZE = 32768 };

struct walk {
	const struct walk_options *options;
	walk_visit *visit;
	void *context;
	uint64_t entries; /* names read so far */
	struct buf path;
	char *dents; /* DENTS_SIZE bytes, free again once a directory's names are kept */
};

/* The names in one directory: NUL-terminated, one behind the other, and sorted pointers. */
struct names {
	struct buf text;
	const char **sorted;
	size_t count;
};

static void names_deinit(struct names *n)
{
	buf_deinit(&n->text);
	free(n->sorted);
}

static const char *shown_path(const struct walk *w)
{
	return w->path.size > 0 ? w->path.data : ".";
}

static bool is_skipped(const struct walk *w, const char *name, int depth)
{
	const char *const *skip = w->options->skip;

	if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0')))
		return true;
	if (depth != 1 || skip == NULL)
		return false;
	for (; *skip != NULL; skip++) {
		size_t n = strlen(*skip);

		if (strcmp(*skip, name) == 0 ||
			(n > 0 && (*skip)[n - 1] == '*' && strncmp(*skip, name, n - 1) == 0))
			return true;
	}
	return false;
}

static int keep_name(struct walk *w, const char *name, int depth, struct names *n, struct error *e)
{
	uint64_t max = w->options->max_entries;

	if (is_skipped(w, name, depth))
		return 0;
	if (max != 0 && w->entries >= max)
		return error_set(
			e, EFBIG, "there are more than %llu entries", (unsigned long long)max);
	w->entries++;
	n->count++;
	buf_append(&n->text, name, strlen(name) + 1);
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int sort_names(struct names *n, struct error *e)
{
	const char *name = n->text.data;

	n->sorted = malloc((n->count + 1) * sizeof(*n->sorted));
	if (n->sorted == NULL || !buf_ok(&n->text))
		return error_set(e, ENOMEM, "cannot remember the names of a directory");
	for (size_t i = 0; i < n->count; i++) {
		n->sorted[i] = name;
		name += strlen(name) + 1;
	}
	qsort(n->sorted, n->count, sizeof(*n->sorted), by_bytes);
	return 0;
}

static int read_names(struct walk *w, int dirfd, int depth, struct names *n, struct error *e)
{
	for (;;) {
		ssize_t got = getdents64(dirfd, w->dents, DENTS_SIZE);

		if (got < 0)
			return error_set(e, errno, "cannot read directory '%s'", shown_path(w));
		if (got == 0)
			return sort_names(n, e);
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(w->dents + at);

			if (keep_name(w, entry->d_name, depth, n, e) < 0)
				return -1;
			at += entry->d_reclen;
		}
	}
}

static int walk_directory(struct walk *w, int dirfd, int depth, struct error *e);

static int enter(struct walk *w, const struct walk_entry *entry, struct error *e)
{
	_cleanup_(fd_closep) int fd =
		fd_open_beneath(entry->dirfd, entry->name, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 && errno == EXDEV)
		return error_set(e, errno, "'%s' is a mount point", entry->path);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR || errno == ENOENT))
		return error_set(e, errno, "'%s' changed while it was read", entry->path);
	if (fd < 0)
		return error_set(e, errno, "cannot open directory '%s'", entry->path);
	return walk_directory(w, fd, entry->depth + 1, e);
}

static int visit_name(struct walk *w, int dirfd, const char *name, int depth, struct error *e)
{
	struct walk_entry entry = {.dirfd = dirfd, .depth = depth};
	int verdict;

	if (w->path.size > 0)
		buf_append(&w->path, "/", 1);
	buf_puts(&w->path, name);
	if (!buf_ok(&w->path))
		return error_set(e, ENOMEM, "cannot remember a path");
	entry.path = w->path.data;
	entry.name = entry.path + w->path.size - strlen(name);
	if (depth > w->options->max_depth || depth > WALK_DEPTH_MAX)
		return error_set(e, ELOOP, "'%s' lies too deep", entry.path);
	if (fstatat(dirfd, name, &entry.st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return error_set(e, errno, "cannot look at '%s'", entry.path);
	verdict = w->visit(w->context, &entry, e);
	if (verdict < 0)
		return -1;
	return verdict == WALK_SKIP || !S_ISDIR(entry.st.st_mode) ? 0 : enter(w, &entry, e);
}

static int walk_directory(struct walk *w, int dirfd, int depth, struct error *e)
{
	_cleanup_(names_deinit) struct names names = {.text = BUF_INIT};
	size_t parent = w->path.size;

	if (read_names(w, dirfd, depth, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (visit_name(w, dirfd, names.sorted[i], depth, e) < 0)
			return -1;
		w->path.size = parent;
		w->path.data[parent] = '\0';
	}
	return 0;
}

int walk_tree(int rootfd, const struct walk_options *options, walk_visit *visit, void *context,
	struct error *e)
{
	/* A descriptor of its own: reading a directory moves the offset. */
	_cleanup_(fd_closep) int fd = fd_open_beneath(rootfd, ".", O_RDONLY | O_DIRECTORY, 0);
	_cleanup_(cleanup_freep) char *dents = malloc(DENTS_SIZE);
	struct walk w = {
		.options = options,
		.visit = visit,
		.context = context,
		.path = BUF_INIT,
		.dents = dents,
	};
	int result;

	if (fd < 0)
		return error_set(e, errno, "cannot open the directory");
	if (dents == NULL)
		return error_set(e, ENOMEM, "cannot read the directory");
	result = walk_directory(&w, fd, 1, e);
	buf_deinit(&w.path);
	return result;
}
