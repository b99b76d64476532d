/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the command line of cupel-verify, which is its user's.
 * verify-options.h says what there is; the table here says where it goes.
 */
#include "attest/verify.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest/statement.h"
#include "attest/verify-options.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"

enum kind { KIND_TEXT, KIND_LIST, KIND_FLAG, KIND_NUMBER, KIND_DURATION, KIND_TIME };

static const struct {
	enum kind kind;
	size_t offset;
} members[] = {
#define MEMBER(id, kind, member) [VERIFY_##id] = {kind, offsetof(struct verify_policy, member)}
	MEMBER(ATTESTATION, KIND_TEXT, attestation),
	MEMBER(KEY, KIND_LIST, keys),
	MEMBER(SIGNER, KIND_LIST, signers),
	MEMBER(TRUST_DIR, KIND_LIST, trust_dirs),
	MEMBER(BUILDER_ID, KIND_TEXT, builder_id),
	MEMBER(BUILD_TYPE, KIND_TEXT, build_type),
	MEMBER(PREDICATE_TYPE, KIND_TEXT, predicate_type),
	MEMBER(PARAMETER, KIND_LIST, parameters),
	MEMBER(STRICT_PARAMETERS, KIND_FLAG, strict_parameters),
	MEMBER(THRESHOLD, KIND_NUMBER, threshold),
	MEMBER(AT, KIND_TIME, at_ms),
	MEMBER(MAX_AGE, KIND_DURATION, max_age_ms),
	MEMBER(SOURCE_COMMIT, KIND_TEXT, source_commit),
	MEMBER(REQUIRE_DIGESTS, KIND_FLAG, require_digests),
	MEMBER(NETWORK, KIND_LIST, networks),
	MEMBER(REGISTRY, KIND_LIST, registries),
	MEMBER(DOWNLOAD_HOST, KIND_LIST, hosts),
	MEMBER(REQUIRE_INSPECTED, KIND_FLAG, require_inspected),
	MEMBER(BYPRODUCT, KIND_LIST, byproducts),
	MEMBER(AS_BYPRODUCT, KIND_TEXT, as_byproduct),
	MEMBER(MAX_DENIED, KIND_NUMBER, max_denied),
	MEMBER(JSON, KIND_FLAG, json),
	MEMBER(HELP, KIND_FLAG, help),
#undef MEMBER
};
_Static_assert(array_size(members) == VERIFY_OPTION_COUNT, "a place for every option");

static int list_add(struct text_list *list, const char *value, struct error *e)
{
	const char **bigger = reallocarray(list->items, list->count + 1, sizeof(*bigger));

	if (bigger == NULL)
		return error_set(e, 0, "out of memory");
	list->items = bigger;
	list->items[list->count++] = value;
	return 0;
}

static int set_number(char *member, enum kind kind, const char *value)
{
	uint64_t number = 0;
	int64_t time_ms = 0;
	int result;

	if (kind == KIND_TIME) {
		result = verify_parse_time(value, strlen(value), &time_ms);
		memcpy(member, &time_ms, sizeof(time_ms));
		return result;
	}
	result = kind == KIND_NUMBER ? text_to_u64(value, &number)
				     : text_to_duration_ms(value, &number);
	memcpy(member, &number, sizeof(number));
	return result;
}

static int set_option(
	struct verify_policy *p, size_t option, const char *value, bool again, struct error *e)
{
	char *member = (char *)p + members[option].offset;
	const bool yes = true;

	if (again && members[option].kind != KIND_LIST)
		return error_set_kind(
			e, ERROR_USAGE, 0, "--%s is given twice", verify_options[option].name);
	switch (members[option].kind) {
	case KIND_LIST:
		return list_add((struct text_list *)(void *)member, value, e);
	case KIND_TEXT:
		memcpy(member, &value, sizeof(value));
		return 0;
	case KIND_FLAG:
		memcpy(member, &yes, sizeof(yes));
		return 0;
	case KIND_NUMBER:
	case KIND_DURATION:
	case KIND_TIME:
		break;
	}
	if (set_number(member, members[option].kind, value) < 0)
		return error_set_kind(e, ERROR_USAGE, 0, "--%s: cannot read '%s'",
			verify_options[option].name, value);
	return 0;
}

/* The option that arg names; *ret_value points behind '=', or is NULL. */
static size_t find_option(const char *arg, const char **ret_value)
{
	*ret_value = NULL;
	for (size_t i = 0; i < VERIFY_OPTION_COUNT; i++) {
		const char *name = verify_options[i].name;
		size_t n = strlen(name);

		if (arg[1] != '-' && arg[1] == verify_options[i].letter && arg[2] == '\0')
			return i;
		if (arg[1] != '-' || strncmp(arg + 2, name, n) != 0)
			continue;
		if (arg[2 + n] == '=' && verify_options[i].argument != NULL)
			*ret_value = arg + 2 + n + 1;
		if (arg[2 + n] == '\0' || *ret_value != NULL)
			return i;
	}
	return VERIFY_OPTION_COUNT;
}

static int parse_option(
	int argc, char *const argv[], int *i, bool *seen, struct verify_policy *p, struct error *e)
{
	const char *value, *arg = argv[*i];
	size_t option = find_option(arg, &value);
	bool again;

	if (option == VERIFY_OPTION_COUNT) {
		error_set_kind(e, ERROR_USAGE, 0, "unknown option '%s'", arg);
		return error_hint(e, "see 'cupel verify --help'");
	}
	if (verify_options[option].argument != NULL && value == NULL) {
		if (++*i == argc)
			return error_set_kind(e, ERROR_USAGE, 0, "%s needs a value", arg);
		value = argv[*i];
	}
	again = seen[option];
	seen[option] = true;
	return set_option(p, option, value, again, e);
}

/* One that could never match would only look like a demand. */
static bool is_host(const char *text)
{
	char url[512];
	size_t n = strlen(text), found;

	if (n > sizeof(url) - sizeof("https://"))
		return false;
	memcpy(url, "https://", 8);
	memcpy(url + 8, text, n + 1);
	return verify_url_host(url, &found) != NULL && found == n;
}

static int check_policy(const struct verify_policy *p, struct error *e)
{
	if (p->help)
		return 0;
	if (p->files.count == 0)
		return error_set_kind(e, ERROR_USAGE, 0, "which file is to be verified?");
	if (p->threshold == 0)
		return error_set_kind(e, ERROR_USAGE, 0, "--threshold must be at least 1");
	for (size_t i = 0; i < p->parameters.count; i++)
		if (strchr(p->parameters.items[i], '=') == NULL)
			return error_set_kind(e, ERROR_USAGE, 0,
				"--parameter: '%s' is no NAME=VALUE", p->parameters.items[i]);
	for (size_t i = 0; i < p->signers.count; i++)
		if (strchr(p->signers.items[i], '=') == NULL)
			return error_set_kind(e, ERROR_USAGE, 0, "--signer: '%s' is no PUB=ID",
				p->signers.items[i]);
	for (size_t i = 0; i < p->hosts.count; i++)
		if (!is_host(p->hosts.items[i]))
			return error_set_kind(e, ERROR_USAGE, 0,
				"--download-host: '%s' is no host name", p->hosts.items[i]);
	return 0;
}

int verify_args_parse(int argc, char *const argv[], struct verify_policy *ret, struct error *e)
{
	bool seen[VERIFY_OPTION_COUNT] = {false}, options = true;
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	*ret = (struct verify_policy){.threshold = 1,
		.max_denied = UINT64_MAX,
		.at_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		.predicate_type = STATEMENT_PROVENANCE};
	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
			continue;
		}
		if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (parse_option(argc, argv, &i, seen, ret, e) < 0)
				return -1;
		} else if (list_add(&ret->files, argv[i], e) < 0) {
			return -1;
		}
	}
	return check_policy(ret, e);
}

void verify_policy_deinit(struct verify_policy *p)
{
	for (size_t i = 0; i < array_size(members); i++)
		if (members[i].kind == KIND_LIST)
			free(((struct text_list *)(void *)((char *)p + members[i].offset))->items);
	free(p->files.items);
	*p = (struct verify_policy){0};
}

void verify_args_help(FILE *out)
{
	fputs("Usage: cupel verify [options] FILE…\n"
	      "Checks what a build's signed attestation says about FILE (a file or a whole output\n"
	      "directory). Exit code: 0 good, 1 bad, 2 usage, 3 could not decide.\n\n",
		out);
	for (size_t i = 0; i < VERIFY_OPTION_COUNT; i++) {
		const struct verify_option *o = &verify_options[i];
		char letter[] = {'-', o->letter, ',', '\0'};

		fprintf(out, "  %3s --%s%s%s\n        %s\n", o->letter != 0 ? letter : "", o->name,
			o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "",
			o->help);
	}
}
