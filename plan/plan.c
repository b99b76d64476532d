/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reading a plan. It was written by the runner, from
 * checked configuration, and is sealed; yet pid 1 of the sandbox and the signer
 * trust no offset in it before plan_check() has seen every one. No allocation,
 * so that cupel-init may use it.
 */
#include "plan/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "plan/format.h"

enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

static bool string_is_inside(const struct plan *p, uint32_t offset)
{
	const char *start = (const char *)p + offset;

	return offset >= sizeof(*p) && offset < p->size &&
	       memchr(start, '\0', p->size - offset) != NULL;
}

static bool list_is_inside(const struct plan *p, struct plan_list list)
{
	const struct plan_string *items;

	if (list.count == 0)
		return true;
	if (list.offset < sizeof(*p) || list.offset > p->size || list.offset % 4 != 0 ||
		list.count > (p->size - list.offset) / sizeof(*items))
		return false;
	items = (const struct plan_string *)(const void *)((const char *)p + list.offset);
	for (uint32_t i = 0; i < list.count; i++)
		if (!string_is_inside(p, items[i].offset))
			return false;
	return true;
}

static bool field_is_valid(const struct plan *p, const struct plan_field *field)
{
	const char *at = (const char *)p + field->offset;
	struct plan_string string;
	struct plan_list list;
	uint64_t number;

	switch (field->type) {
	case PLAN_STRING:
		memcpy(&string, at, sizeof(string));
		return string_is_inside(p, string.offset);
	case PLAN_LIST:
		memcpy(&list, at, sizeof(list));
		return list_is_inside(p, list);
	case PLAN_U64:
		return true;
	case PLAN_BOOL:
		memcpy(&number, at, sizeof(number));
		return number <= 1;
	case PLAN_ENUM:
		memcpy(&number, at, sizeof(number));
		return number < field->count;
	}
	return false;
}

const struct plan *plan_check(const void *bytes, size_t size, struct error *e)
{
	const struct plan *p = bytes;

	if (size < sizeof(*p) || size > UINT32_MAX || p->size != size ||
		memcmp(p->magic, PLAN_MAGIC, sizeof(p->magic)) != 0) {
		error_set(e, EBADMSG, "this is not a plan");
		return NULL;
	}
	for (size_t i = 0; i < plan_field_count; i++) {
		if (!field_is_valid(p, &plan_fields[i])) {
			error_set(e, EBADMSG, "the plan's '%s' is malformed", plan_fields[i].name);
			return NULL;
		}
	}
	if (p->command.count == 0) {
		error_set(e, EBADMSG, "the plan has no command");
		return NULL;
	}
	return p;
}

const struct plan *plan_map(int fd, struct error *e)
{
	struct stat st;
	void *bytes;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0 || st.st_size <= 0) {
		error_set(e, EBADMSG, "the plan is not sealed");
		return NULL;
	}
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED) {
		error_set(e, errno, "cannot map the plan");
		return NULL;
	}
	return plan_check(bytes, (size_t)st.st_size, e);
}

const char *plan_string(const struct plan *p, struct plan_string s)
{
	return (const char *)p + s.offset;
}

const char *plan_item(const struct plan *p, struct plan_list list, uint32_t i)
{
	const struct plan_string *items;

	if (i >= list.count)
		return NULL;
	items = (const struct plan_string *)(const void *)((const char *)p + list.offset);
	return plan_string(p, items[i]);
}

const char *plan_enum_name(const struct plan_field *field, uint64_t value)
{
	return value < field->count ? field->names[value] : "?";
}
