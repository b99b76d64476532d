/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner puts a plan together, from configuration that
 * is already typed and checked, and seals it. Offsets are from the start of the
 * plan; strings and lists lie behind the struct in the order they were added.
 */
#include "plan/builder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/format.h"

void plan_builder_init(struct plan_builder *b)
{
	*b = (struct plan_builder){.strings = BUF_INIT};
	memcpy(b->head.magic, PLAN_MAGIC, sizeof(b->head.magic));
}

void plan_builder_deinit(struct plan_builder *b)
{
	buf_deinit(&b->strings);
}

static uint32_t next_offset(const struct plan_builder *b)
{
	return (uint32_t)(sizeof(b->head) + b->strings.size);
}

struct plan_string plan_add_string(struct plan_builder *b, const char *s)
{
	struct plan_string added = {next_offset(b)};

	buf_append(&b->strings, s, strlen(s) + 1);
	return added;
}

struct plan_list plan_add_list(struct plan_builder *b, const char *const *items, uint32_t count)
{
	_cleanup_(cleanup_freep) struct plan_string *offsets = calloc(count + 1, sizeof(*offsets));
	struct plan_list added = {0, count};

	if (offsets == NULL) {
		b->strings.failed = true;
		return added;
	}
	for (uint32_t i = 0; i < count; i++)
		offsets[i] = plan_add_string(b, items[i]);
	while (next_offset(b) % sizeof(*offsets) != 0)
		buf_append(&b->strings, "", 1);
	added.offset = next_offset(b);
	buf_append(&b->strings, offsets, count * sizeof(*offsets));
	return added;
}

int plan_seal(struct plan_builder *b, struct error *e)
{
	_cleanup_(buf_deinit) struct buf whole = BUF_INIT;
	int fd;

	if (b->strings.size > UINT32_MAX / 2)
		return error_set_kind(e, ERROR_USAGE, E2BIG, "the plan is too large");
	b->head.size = next_offset(b);
	buf_append(&whole, &b->head, sizeof(b->head));
	buf_append(&whole, b->strings.data, b->strings.size);
	if (!buf_ok(&b->strings) || !buf_ok(&whole))
		return error_set(e, ENOMEM, "cannot put the plan together");
	if (plan_check(whole.data, whole.size, e) == NULL)
		return -1;
	fd = fd_memfd_sealed("plan", whole.data, whole.size);
	return fd < 0 ? error_set(e, errno, "cannot seal the plan") : fd;
}
