/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the command line of cupel-sign, which the runner or its
 * user wrote. One table; an option that is unknown, repeated or without its
 * value is an error.
 */
#include "attest/sign-options.h"

#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum kind { KIND_TEXT, KIND_FLAG, KIND_FD };

static const struct {
	const char *name;
	enum kind kind;
	bool monitor, key_mode;
	size_t offset;
} options[] = {
	{"--key", KIND_TEXT, true, false, offsetof(struct sign_options, key)},
	{"--pub", KIND_TEXT, true, false, offsetof(struct sign_options, pub)},
	{"--builder-id", KIND_TEXT, true, false, offsetof(struct sign_options, builder_id)},
	{"--create", KIND_FLAG, true, false, offsetof(struct sign_options, create)},
	{"--encrypt", KIND_FLAG, false, true, offsetof(struct sign_options, encrypt)},
	{"--passphrase-fd", KIND_FD, true, true, offsetof(struct sign_options, passphrase_fd)},
};

static int set_value(
	enum kind kind, char *member, const char *name, const char *value, struct error *e)
{
	const bool yes = true;
	uint64_t number;
	int fd;

	switch (kind) {
	case KIND_TEXT:
		memcpy(member, &value, sizeof(value));
		return 0;
	case KIND_FLAG:
		memcpy(member, &yes, sizeof(yes));
		return 0;
	case KIND_FD:
		break;
	}
	if (text_to_u64(value, &number) < 0 || number > 65535)
		return error_set_kind(e, ERROR_USAGE, 0, "%s: '%s' is no descriptor", name, value);
	fd = (int)number;
	memcpy(member, &fd, sizeof(fd));
	return 0;
}

static int find_option(const char *name, bool key_mode, size_t *ret, struct error *e)
{
	for (size_t i = 0; i < array_size(options); i++) {
		if (strcmp(options[i].name, name) == 0 &&
			(key_mode ? options[i].key_mode : options[i].monitor)) {
			*ret = i;
			return 0;
		}
	}
	return error_set_kind(e, ERROR_USAGE, 0, "unknown option '%s'", name);
}

int sign_options_parse(
	int argc, char *const argv[], bool key_mode, struct sign_options *ret, struct error *e)
{
	bool seen[array_size(options)] = {false};
	int first = argc;

	*ret = (struct sign_options){.passphrase_fd = -1};
	for (int i = key_mode ? 2 : 1; i < argc; i++) {
		const char *name = argv[i], *value = NULL;
		size_t option;

		if (name[0] != '-') {
			/* One operand, and nothing but options around it. */
			if (first != argc)
				return error_set_kind(
					e, ERROR_USAGE, 0, "unexpected argument '%s'", name);
			first = i;
			continue;
		}
		if (find_option(name, key_mode, &option, e) < 0)
			return -1;
		if (seen[option])
			return error_set_kind(e, ERROR_USAGE, 0, "%s is given twice", name);
		seen[option] = true;
		if (options[option].kind != KIND_FLAG && ++i == argc)
			return error_set_kind(e, ERROR_USAGE, 0, "%s needs a value", name);
		value = argv[i];
		if (set_value(options[option].kind, (char *)ret + options[option].offset, name,
			    value, e) < 0)
			return -1;
	}
	ret->first = first;
	return 0;
}
