/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the plan as text, for people, and as canonical JSON, for
 * machines and for its digest. Both follow plan_fields[], so nothing that is
 * run can be missing from what is shown and signed.
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "plan/plan.h"

static uint64_t number_at(const struct plan *p, const struct plan_field *field)
{
	uint64_t number;

	memcpy(&number, (const char *)p + field->offset, sizeof(number));
	return number;
}

static const char *string_at(const struct plan *p, const struct plan_field *field)
{
	struct plan_string string;

	memcpy(&string, (const char *)p + field->offset, sizeof(string));
	return plan_string(p, string);
}

static struct plan_list list_at(const struct plan *p, const struct plan_field *field)
{
	struct plan_list list;

	memcpy(&list, (const char *)p + field->offset, sizeof(list));
	return list;
}

static void field_to_json(const struct plan *p, const struct plan_field *field, struct json *j)
{
	struct plan_list list;

	switch (field->type) {
	case PLAN_U64:
		json_u64(j, field->name, number_at(p, field));
		break;
	case PLAN_BOOL:
		json_bool(j, field->name, number_at(p, field) != 0);
		break;
	case PLAN_ENUM:
		json_string(j, field->name, plan_enum_name(field, number_at(p, field)));
		break;
	case PLAN_STRING:
		json_string(j, field->name, string_at(p, field));
		break;
	case PLAN_LIST:
		list = list_at(p, field);
		json_array_begin(j, field->name);
		for (uint32_t i = 0; i < list.count; i++)
			json_string(j, NULL, plan_item(p, list, i));
		json_array_end(j);
		break;
	}
}

void plan_to_json(const struct plan *p, struct buf *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	for (size_t i = 0; i < plan_field_count; i++)
		field_to_json(p, &plan_fields[i], &j);
	json_object_end(&j);
}

static void put_line(struct buf *out, const char *name, const char *value)
{
	char shown[4096];

	text_escape(value, strlen(value), shown, sizeof(shown));
	buf_printf(out, "%-18s = %s\n", name, shown);
}

static void field_to_text(const struct plan *p, const struct plan_field *field, struct buf *out)
{
	struct plan_list list;

	switch (field->type) {
	case PLAN_U64:
		buf_printf(out, "%-18s = %llu\n", field->name,
			(unsigned long long)number_at(p, field));
		break;
	case PLAN_BOOL:
		put_line(out, field->name, number_at(p, field) != 0 ? "yes" : "no");
		break;
	case PLAN_ENUM:
		put_line(out, field->name, plan_enum_name(field, number_at(p, field)));
		break;
	case PLAN_STRING:
		put_line(out, field->name, string_at(p, field));
		break;
	case PLAN_LIST:
		list = list_at(p, field);
		for (uint32_t i = 0; i < list.count; i++)
			put_line(out, field->name, plan_item(p, list, i));
		break;
	}
}

void plan_to_text(const struct plan *p, struct buf *out)
{
	for (size_t i = 0; i < plan_field_count; i++)
		field_to_text(p, &plan_fields[i], out);
}
