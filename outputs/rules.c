/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the judgement on a hostile output tree, in cupel-collect,
 * mostly before a byte of its content is read. Whatever could act on the person
 * or program that unpacks, lists or runs the outputs is refused with a word on
 * what to do, not repaired silently: a build that makes such a thing meant it.
 */
#include "outputs/rules.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "outputs/items.h"
#include "plan/plan.h"

static int refuse(struct error *e, const char *path, const char *what, const char *hint)
{
	error_set_kind(e, ERROR_OUTPUT, 0, "output '%.300s' %s", path, what);
	return error_hint(e, "%s", hint);
}

static const struct {
	mode_t type;
	const char *what;
} refused_types[] = {
	{S_IFIFO, "is a named pipe"},
	{S_IFSOCK, "is a socket"},
	{S_IFCHR, "is a character device"},
	{S_IFBLK, "is a block device"},
};

static int check_type(const char *path, mode_t mode, struct error *e)
{
	for (size_t i = 0; i < array_size(refused_types); i++)
		if ((mode & S_IFMT) == refused_types[i].type)
			return refuse(e, path, refused_types[i].what,
				"only files, directories and links can be kept: remove it at the "
				"end of the build, or put outputs elsewhere");
	if (S_ISREG(mode) && (mode & (S_ISUID | S_ISGID | S_ISVTX)) != 0)
		return refuse(e, path, "has a setuid, setgid or sticky bit",
			"take it away with 'chmod u-s,g-s,-t'; whoever installs the file sets it");
	return 0;
}

static int check_name(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/'), *name = slash == NULL ? path : slash + 1;
	size_t n = strlen(path);

	if (!text_is_utf8(path, n))
		return refuse(e, path, "has a name that is not UTF-8",
			"give it a name in UTF-8 (the build runs with LANG=C.UTF-8)");
	if (text_has_control(path, n))
		return refuse(e, path, "has a control character in its name",
			"give it a name of printable characters");
	if (strlen(name) > RULES_NAME_MAX || n > RULES_PATH_MAX)
		return refuse(e, path, "has too long a name",
			"a name has at most 255 bytes, and a path 1024");
	return 0;
}

int rules_check_entry(const struct plan *plan, const char *path, int depth, const struct stat *st,
	struct error *e)
{
	if ((uint64_t)depth > plan->output_depth) {
		error_set_kind(e, ERROR_OUTPUT, 0, "output '%.300s' lies deeper than %llu levels",
			path, (unsigned long long)plan->output_depth);
		return error_hint(
			e, "pack the tree into an archive, or raise output-depth in [limits]");
	}
	if (check_name(path, e) < 0)
		return -1;
	return check_type(path, st->st_mode, e);
}

int rules_check_reserved(const struct plan *plan, const char *path, struct error *e)
{
	static const char *const suffixes[] = {".intoto.jsonl", ".network.jsonl", ".sigstore.json"};
	static const char hint[] = "the runner writes this file itself: give yours another name";
	const char *name = plan_string(plan, plan->name);
	size_t n = strlen(name);

	if (strcmp(path, "build.log") == 0)
		return refuse(e, path, "has a reserved name", hint);
	for (size_t i = 0; i < array_size(suffixes); i++)
		if (strncmp(path, name, n) == 0 && strcmp(path + n, suffixes[i]) == 0)
			return refuse(e, path, "has a reserved name", hint);
	return 0;
}

int rules_too_many(const struct plan *plan, struct error *e)
{
	error_set_kind(e, ERROR_OUTPUT, 0, "there are more than %llu outputs",
		(unsigned long long)plan->output_files);
	return error_hint(e, "pack them into an archive, or raise output-files in [limits]");
}

int rules_check_totals(
	const struct plan *plan, const struct items *items, const char *path, struct error *e)
{
	if (items->count > plan->output_files)
		return rules_too_many(plan, e);
	if (items->bytes > plan->output_bytes) {
		error_set_kind(e, ERROR_OUTPUT, 0,
			"the outputs are larger than %llu bytes, counting up to '%.200s'",
			(unsigned long long)plan->output_bytes, path);
		return error_hint(e, "keep less (holes in sparse files count as well), or raise "
				     "output-size in [limits]");
	}
	return 0;
}

static const struct {
	const char *name, *what, *hint;
} refused_xattrs[] = {
	{"security.capability", "has file capabilities",
		"take them away with 'setcap -r'; whoever installs the file sets them"},
	{"system.posix_acl_access", "has an access control list", "take it away with 'setfacl -b'"},
	{"system.posix_acl_default", "has an access control list",
		"take it away with 'setfacl -b'"},
};

static int check_xattr_names(const char *list, ssize_t n, const char *path, struct error *e)
{
	for (const char *name = list; name < list + n; name += strlen(name) + 1)
		for (size_t i = 0; i < array_size(refused_xattrs); i++)
			if (strcmp(name, refused_xattrs[i].name) == 0)
				return refuse(
					e, path, refused_xattrs[i].what, refused_xattrs[i].hint);
	return 0;
}

int rules_check_xattrs(int fd, const char *path, struct error *e)
{
	_cleanup_(cleanup_freep) char *large = NULL;
	char small[1024], *list = small;
	ssize_t n = flistxattr(fd, small, sizeof(small));

	if (n < 0 && errno == ERANGE) {
		list = large = malloc(XATTR_LIST_MAX);
		n = large == NULL ? -1 : flistxattr(fd, large, XATTR_LIST_MAX);
	}
	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return error_set_kind(e, ERROR_OUTPUT, errno,
			"cannot list the extended attributes of '%.300s'", path);
	return check_xattr_names(list, n, path, e);
}

static bool is_link(const struct items *items, const char *path, size_t n)
{
	const struct item *item = items_find(items, path, n);

	return item != NULL && item->type == MANIFEST_LINK;
}

/*
 * Follows target from the link's directory, which is a real one. ".." after a
 * component that is a link itself goes to wherever that link leads, so it is no
 * longer possible to say where it ends without following: that is refused too.
 * Without it, any chain of links stays inside, because each of them does.
 */
static bool stays_inside(const struct items *items, const struct item *link)
{
	char at[PATH_MAX + RULES_PATH_MAX + 2];
	const char *slash = strrchr(link->path, '/'), *rest = link->target;
	size_t n = slash == NULL ? 0 : (size_t)(slash - link->path);
	bool through_link = false;

	memcpy(at, link->path, n);
	while (*(rest += strspn(rest, "/")) != '\0') {
		size_t length = strcspn(rest, "/");
		bool up = length == 2 && rest[0] == '.' && rest[1] == '.';

		if (up && (n == 0 || through_link))
			return false;
		if (up) {
			while (n > 0 && at[n - 1] != '/')
				n--;
			n -= n > 0;
		} else if (length != 1 || rest[0] != '.') {
			if (n > 0)
				at[n++] = '/';
			memcpy(at + n, rest, length);
			n += length;
			through_link = through_link || is_link(items, at, n);
		}
		rest += length;
	}
	return true;
}

int rules_check_link(const struct items *items, const struct item *link, struct error *e)
{
	const char *target = link->target;
	size_t n = strlen(target);
	char what[256];

	if (n > RULES_PATH_MAX || !text_is_utf8(target, n) || text_has_control(target, n))
		return refuse(e, link->path, "is a link to a name that cannot be kept",
			"its target has at most 1024 bytes of printable UTF-8");
	if (target[0] != '/' && stays_inside(items, link))
		return 0;
	snprintf(what, sizeof(what), "is a link that leads out, to '%.200s'", target);
	return refuse(e, link->path, what,
		"link to something among the outputs with a relative path, or copy the file");
}
