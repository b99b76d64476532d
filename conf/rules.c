/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pure judgements over values, made in the runner before
 * anything acts on them. A project's values are hostile: what it names as its
 * output directory is later made with the user's privileges, so it can neither
 * lead out of the project nor into a hidden directory such as .git, where files
 * are executed. The table has one row for each rule.
 */
#include "conf/rules.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/synthetic.h"

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

static bool holds_always(const struct conf_candidate *c)
{
	(void)c;
	return true;
}

static bool is_file_name(const struct conf_candidate *c)
{
	size_t n = strlen(c->text);

	return n <= 64 && c->text[0] != '.' && c->text[0] != '-' &&
	       strspn(c->text, DIGITS UPPER LOWER "._+-") == n;
}

/* Every component between slashes is there and is not the one given. */
static bool components_hold(const char *path, bool (*hold)(const char *s, size_t n))
{
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || !hold(path, n))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

static bool is_visible(const char *s, size_t n)
{
	(void)n;
	return s[0] != '.';
}

static bool is_not_up(const char *s, size_t n)
{
	return !(n == 2 && s[0] == '.' && s[1] == '.');
}

static bool is_directory(const struct conf_candidate *c)
{
	return c->level != CONF_LEVEL_PROJECT || components_hold(c->text, is_visible);
}

static bool is_glob(const struct conf_candidate *c)
{
	return components_hold(c->text, is_not_up);
}

static bool is_variable(const struct conf_candidate *c)
{
	size_t n = strspn(c->text, DIGITS UPPER LOWER "_");

	return n > 0 && c->text[n] == '=' && strchr(DIGITS, c->text[0]) == NULL;
}

static bool is_absolute(const struct conf_candidate *c)
{
	return c->text[0] == '/' || c->level == CONF_LEVEL_COMMAND_LINE;
}

static bool is_uri(const struct conf_candidate *c)
{
	size_t n = strspn(c->text, DIGITS UPPER LOWER "+-.");

	return n > 0 && strchr(DIGITS "+-.", c->text[0]) == NULL && c->text[n] == ':' &&
	       c->text[n + 1] != '\0' &&
	       strspn(c->text + n, DIGITS UPPER LOWER "-._~:/?#[]@!$&'()*+,;=%") ==
		       strlen(c->text + n);
}

static bool is_lock(const struct conf_candidate *c)
{
	return c->level == CONF_LEVEL_COMMAND_LINE || components_hold(c->text, is_not_up);
}

static bool is_registry(const struct conf_candidate *c)
{
	size_t n = strlen(c->text);

	return n > 0 && n <= 49 && c->text[0] != '.' && c->text[0] != '-' &&
	       strspn(c->text, DIGITS UPPER LOWER ".-") == n;
}

static bool is_range(const struct conf_candidate *c)
{
	struct synthetic_range r;

	return synthetic_parse(AF_INET, c->text, &r) == NULL;
}

static bool is_range6(const struct conf_candidate *c)
{
	struct synthetic_range r;

	return synthetic_parse(AF_INET6, c->text, &r) == NULL;
}

static bool is_proxy(const struct conf_candidate *c)
{
	static const char scheme[] = "http://";
	const char *host = c->text + strlen(scheme), *port;
	size_t n;

	if (strncmp(c->text, scheme, strlen(scheme)) != 0)
		return false;
	n = strspn(host, DIGITS UPPER LOWER ".-");
	port = host + n + 1;
	if (n == 0 || n > 253 || host[n] != ':' || port[0] == '0')
		return false;
	n = strspn(port, DIGITS);
	return n > 0 && (n < 5 || (n == 5 && strncmp(port, "65535", 5) <= 0)) &&
	       (port[n] == '\0' || strcmp(port + n, "/") == 0);
}

static bool is_positive(const struct conf_candidate *c)
{
	return c->number > 0;
}

static bool is_depth(const struct conf_candidate *c)
{
	return c->number > 0 && c->number <= 256;
}

static bool is_connections(const struct conf_candidate *c)
{
	return c->number > 0 && c->number <= 16384;
}

static bool is_head(const struct conf_candidate *c)
{
	return c->number >= 1 << 10 && c->number <= 60 << 10;
}

static bool is_grace(const struct conf_candidate *c)
{
	return c->number <= 60000;
}

static const struct {
	bool (*holds)(const struct conf_candidate *c);
	const char *text;
} rules[CONF_RULE_COUNT] = {
	[CONF_RULE_NONE] = {holds_always, NULL},
	[CONF_RULE_NAME] = {is_file_name, "at most 64 letters, digits, '.', '_', '+' and '-', "
					  "not beginning with '.' or '-'"},
	[CONF_RULE_DIRECTORY] = {is_directory, "in a project's file a path below the project, "
					       "no part of which begins with '.'"},
	[CONF_RULE_GLOB] = {is_glob, "a pattern of paths below the workspace, without '..'"},
	[CONF_RULE_VARIABLE] = {is_variable, "'NAME=value' with a name of letters, digits and '_'"},
	[CONF_RULE_ABSOLUTE] = {is_absolute, "an absolute path"},
	[CONF_RULE_URI] = {is_uri, "a URI such as 'https://example.org/builder'"},
	[CONF_RULE_LOCK] = {is_lock, "a path below the workspace, without '..'"},
	[CONF_RULE_REGISTRY] = {is_registry, "the name of a registry: at most 49 letters, digits, "
					     "'-' and '.', not beginning with '-' or '.'"},
	[CONF_RULE_RANGE] = {is_range, "a range such as '" SYNTHETIC_DEFAULT4 "', with a prefix of "
				       "8 to 19 bits and none set behind it, and neither loopback "
				       "nor link-local nor multicast"},
	[CONF_RULE_RANGE6] = {is_range6,
		"a range such as '" SYNTHETIC_DEFAULT6 "', with a prefix of "
		"8 to 96 bits and none set behind it, and neither "
		"loopback nor link-local nor multicast"},
	[CONF_RULE_PROXY] = {is_proxy, "'http://HOST:PORT'"},
	[CONF_RULE_POSITIVE] = {is_positive, "at least 1"},
	[CONF_RULE_DEPTH] = {is_depth, "from 1 to 256"},
	[CONF_RULE_CONNECTIONS] = {is_connections, "from 1 to 16384"},
	[CONF_RULE_HEAD] = {is_head, "from 1K to 60K"},
	[CONF_RULE_GRACE] = {is_grace, "at most 60s"},
};

bool conf_rule_holds(enum conf_rule rule, const struct conf_candidate *candidate)
{
	return rules[rule].holds(candidate);
}

const char *conf_rule_text(enum conf_rule rule)
{
	return rules[rule].text;
}
