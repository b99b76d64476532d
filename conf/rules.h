/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From the most trusted and least specific to the command line, which has the last word. */
enum conf_level {
	CONF_LEVEL_DEFAULT,
	CONF_LEVEL_VENDOR,
	CONF_LEVEL_ADMIN,
	CONF_LEVEL_USER,
	CONF_LEVEL_PROJECT,
	CONF_LEVEL_COMMAND_LINE
};

/* What a value has to be besides being of its type. */
enum conf_rule {
	CONF_RULE_NONE,
	CONF_RULE_NAME,	     /* a file name without surprises */
	CONF_RULE_DIRECTORY, /* a project's: below it, and no component begins with '.' */
	CONF_RULE_GLOB,	     /* relative, no ".." */
	CONF_RULE_VARIABLE,  /* "NAME=value" */
	CONF_RULE_ABSOLUTE,  /* an absolute path; on the command line any */
	CONF_RULE_URI,
	CONF_RULE_LOCK,	    /* below the workspace; on the command line any */
	CONF_RULE_REGISTRY, /* a registry's name */
	CONF_RULE_RANGE,    /* of a synthetic network, IPv4 */
	CONF_RULE_RANGE6,   /* IPv6 */
	CONF_RULE_PROXY,    /* "http://HOST:PORT" */
	CONF_RULE_POSITIVE,
	CONF_RULE_DEPTH,       /* 1 to 256 */
	CONF_RULE_CONNECTIONS, /* 1 to 16384 */
	CONF_RULE_HEAD,	       /* 1 KiB to 60 KiB */
	CONF_RULE_GRACE,       /* at most 60 s */
	CONF_RULE_COUNT
};

/* A value as it is judged: its text, and its number if its type has one. */
struct conf_candidate {
	const char *text;
	uint64_t number;
	enum conf_level level;
};

bool conf_rule_holds(enum conf_rule rule, const struct conf_candidate *candidate);
/* What the rule asks for: "a NAME=value pair …"; NULL for CONF_RULE_NONE. */
const char *conf_rule_text(enum conf_rule rule);
