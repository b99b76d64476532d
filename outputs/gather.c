/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the first half of an export, in a confined cupel-collect,
 * over trees that a build shaped (every process of it is dead). Only names,
 * links and stat(2) results are looked at; all rules that can be judged by
 * these are, so that a refused tree costs nothing and leaves nothing behind.
 */
#include "outputs/gather.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/walk.h"
#include "outputs/glob.h"
#include "outputs/items.h"
#include "outputs/rules.h"
#include "plan/plan.h"

struct gather {
	const struct plan *plan;
	struct items *items;
	enum item_source source;
	bool *matched; /* by pattern */
	int taken;     /* depth of the directory that is taken as a whole; 0: none */
	const struct item *parents[WALK_DEPTH_MAX + 1]; /* last directory added, by depth */
};

static enum manifest_type type_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return MANIFEST_DIR;
	return S_ISLNK(mode) ? MANIFEST_LINK : MANIFEST_FILE;
}

static unsigned int plain_mode(mode_t mode)
{
	return S_ISDIR(mode) || (mode & 0111) != 0 ? 0755 : 0644;
}

static int add_entry(struct gather *g, const struct walk_entry *entry, struct error *e)
{
	mode_t mode = entry->st.st_mode;
	struct item *item;

	if (rules_check_entry(g->plan, entry->path, entry->depth, &entry->st, e) < 0 ||
		rules_check_reserved(g->plan, entry->path, e) < 0)
		return -1;
	item = items_add(g->items, type_of(mode), entry->path, &entry->st, e);
	if (item == NULL || rules_check_totals(g->plan, g->items, entry->path, e) < 0)
		return -1;
	item->source = g->source;
	item->mode = plain_mode(mode);
	if (item->type == MANIFEST_DIR)
		g->parents[entry->depth] = item;
	if (item->type != MANIFEST_LINK)
		return 0;
	return items_read_link(item, entry->dirfd, entry->name, e);
}

static int visit_out(void *context, const struct walk_entry *entry, struct error *e)
{
	return add_entry(context, entry, e);
}

/* The directories on the way to a path that a pattern matched. */
static int add_parents(struct gather *g, const struct walk_entry *entry, struct error *e)
{
	const char *slash = entry->path;

	for (int depth = 1; depth < entry->depth; depth++, slash++) {
		const struct item *have = g->parents[depth];
		_cleanup_(cleanup_freep) char *path = NULL;
		struct item *item;

		slash = strchr(slash, '/');
		path = strndup(entry->path, (size_t)(slash - entry->path));
		if (path == NULL)
			return error_set(e, ENOMEM, "cannot remember '%s'", entry->path);
		if (have != NULL && strcmp(have->path, path) == 0)
			continue;
		if (rules_check_reserved(g->plan, path, e) < 0)
			return -1;
		item = items_add(g->items, MANIFEST_DIR, path, NULL, e);
		if (item == NULL || rules_check_totals(g->plan, g->items, path, e) < 0)
			return -1;
		item->source = ITEM_OWN;
		item->mode = 0755;
		item->mtime.tv_sec = INT64_MAX;
		g->parents[depth] = item;
	}
	return 0;
}

static enum glob_result match_patterns(struct gather *g, const char *path)
{
	enum glob_result best = GLOB_NO;

	for (uint32_t i = 0; i < g->plan->outputs.count; i++) {
		enum glob_result one = glob_match(plan_item(g->plan, g->plan->outputs, i), path);

		if (one == GLOB_YES)
			g->matched[i] = true;
		if (one > best)
			best = one;
	}
	return best;
}

static int visit_workspace(void *context, const struct walk_entry *entry, struct error *e)
{
	struct gather *g = context;
	enum glob_result match = match_patterns(g, entry->path);

	if (entry->depth <= g->taken)
		g->taken = 0;
	if (g->taken == 0 && match != GLOB_YES)
		return match == GLOB_NO ? WALK_SKIP : 0;
	if (g->taken == 0 && S_ISDIR(entry->st.st_mode))
		g->taken = entry->depth;
	if (add_parents(g, entry, e) < 0)
		return -1;
	return add_entry(g, entry, e);
}

static int check_matched(const struct gather *g, struct error *e)
{
	for (uint32_t i = 0; i < g->plan->outputs.count; i++) {
		if (g->matched[i])
			continue;
		error_set_kind(e, ERROR_OUTPUT, 0, "outputs: the pattern '%s' matches nothing",
			plan_item(g->plan, g->plan->outputs, i));
		return error_hint(e, "patterns are relative to the workspace and follow no link; "
				     "look at build.log for where the build put its results");
	}
	return 0;
}

static int walk_workspace(struct gather *g, int workspace_fd, struct error *e)
{
	struct walk_options options = {.max_depth = WALK_DEPTH_MAX};
	_cleanup_(cleanup_freep) bool *matched =
		calloc(g->plan->outputs.count + 1UL, sizeof(*matched));

	if (matched == NULL)
		return error_set(e, ENOMEM, "cannot match the patterns");
	g->matched = matched;
	g->source = ITEM_WORKSPACE;
	memset(g->parents, 0, sizeof(g->parents));
	if (walk_tree(workspace_fd, &options, visit_workspace, g, e) == 0)
		return check_matched(g, e);
	if (e->errnum != ELOOP)
		return -1;
	e->errnum = 0;
	return error_hint(e, "use patterns that do not reach there, or make fewer levels than %d",
		WALK_DEPTH_MAX);
}

static int walk_out(struct gather *g, int out_fd, struct error *e)
{
	/* One more than the limits, so that it is a rule that speaks. */
	struct walk_options options = {
		.max_depth = g->plan->output_depth < WALK_DEPTH_MAX ? (int)g->plan->output_depth + 1
								    : WALK_DEPTH_MAX,
	};

	if (g->plan->output_files < UINT64_MAX)
		options.max_entries = g->plan->output_files + 1;
	g->source = ITEM_TREE;
	if (walk_tree(out_fd, &options, visit_out, g, e) == 0)
		return 0;
	return e->errnum == EFBIG ? rules_too_many(g->plan, e) : -1;
}

/* The same directory from both trees is one; anything else twice is a mistake. */
static int merge(struct items *items, struct error *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < items->count; i++) {
		struct item *item = items->list[i],
			    *last = kept == 0 ? NULL : items->list[kept - 1];

		if (last == NULL || strcmp(last->path, item->path) != 0) {
			items->list[kept++] = item;
			continue;
		}
		if (last->type != MANIFEST_DIR || item->type != MANIFEST_DIR) {
			memmove(&items->list[kept], &items->list[i],
				(items->count - i) * sizeof(*items->list));
			items->count -= i - kept;
			error_set_kind(
				e, ERROR_OUTPUT, 0, "output '%.300s' is named twice", item->path);
			return error_hint(e,
				"it is in $OUT, and a pattern of files in [outputs] matches "
				"it in the workspace: keep one of them");
		}
		items->dirs--;
		free(item);
	}
	items->count = kept;
	return 0;
}

static int check_links(const struct items *items, struct error *e)
{
	for (size_t i = 0; i < items->count; i++)
		if (items->list[i]->type == MANIFEST_LINK &&
			rules_check_link(items, items->list[i], e) < 0)
			return -1;
	return 0;
}

int gather_outputs(
	const struct plan *plan, int out_fd, int workspace_fd, struct items *ret, struct error *e)
{
	struct gather g = {.plan = plan, .items = ret};

	if (walk_out(&g, out_fd, e) < 0)
		return -1;
	if (workspace_fd >= 0 && plan->outputs.count > 0 && walk_workspace(&g, workspace_fd, e) < 0)
		return -1;
	items_sort_by_tree(ret);
	if (merge(ret, e) < 0)
		return -1;
	return check_links(ret, e);
}
