/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway reads its rules once, from the sealed plan that the
 * runner made of the administrator's files, and asks them about each request of the
 * build. A line that is not exactly in the form of gateway/rule.h, or that could never
 * match (a path that is not as url_normalise() leaves it), ends the run: a rule that is
 * passed over in silence would be a hole or a riddle. Only a rule allows; nothing else does.
 */
#include "gateway/rule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "gateway/ascii.h"
#include "gateway/names.h"
#include "gateway/url.h"
#include "plan/plan.h"

static const char *const mode_names[] = {"inspect", "http", "tunnel", "raw"};
_Static_assert(array_size(mode_names) == RULE_MODE_COUNT, "each mode has a name");

static int set_name(struct rule *r, char *value)
{
	r->name = value;
	return value[0] != '\0' ? 0 : -1;
}

/* Cuts the host out of "https://host:443/path/", which must be written as it is read. */
static int set_url(struct rule *r, char *value)
{
	_cleanup_(cleanup_freep) struct url *u = calloc(1, sizeof(*u));
	const char *why;
	char *host, *port;

	if (u == NULL || url_split(value, strlen(value), u, &why) < 0)
		return -1;
	host = value + strlen(u->tls ? "https://" : "http://");
	port = strchr(host, ':');
	r->path = strchr(host, '/');
	if (port == NULL || r->path == NULL || port > r->path || strcmp(r->path, u->path) != 0)
		return -1;
	*port = '\0';
	if (strncmp(value, "http", 4) != 0 || strcmp(host, u->host) != 0 ||
		r->path[strlen(r->path) - 1] != '/')
		return -1;
	r->host = host;
	r->port = u->port;
	r->tls = u->tls;
	return 0;
}

/* "tcp://host:22/": any protocol, which only mode=raw lets through. */
static int set_place(struct rule *r, char *value)
{
	char normal[NAME_SIZE], written[8];
	char *host = value + strlen("tcp://"), *port = strchr(host, ':');
	unsigned long number = port == NULL ? 0 : strtoul(port + 1, NULL, 10);

	if (number == 0 || number > UINT16_MAX)
		return -1;
	snprintf(written, sizeof(written), "%lu/", number);
	*port = '\0';
	if (strcmp(port + 1, written) != 0 || names_normalise(host, strlen(host), normal) < 0 ||
		strcmp(host, normal) != 0)
		return -1;
	r->host = host;
	r->path = port + strlen(port + 1);
	r->port = (unsigned short)number;
	r->mode = RULE_RAW;
	return 0;
}

static int set_place_or_url(struct rule *r, char *value)
{
	return strncmp(value, "tcp://", 6) == 0 ? set_place(r, value) : set_url(r, value);
}

static int set_mode(struct rule *r, char *value)
{
	if (r->mode == RULE_RAW)
		return strcmp(value, "raw") == 0 ? 0 : -1;
	for (size_t i = 0; i < RULE_RAW; i++)
		if (strcmp(value, mode_names[i]) == 0) {
			r->mode = (enum rule_mode)i;
			return (r->mode == RULE_HTTP) != r->tls ? 0 : -1;
		}
	return -1;
}

static int add(const char **items, size_t *count, size_t max, const char *value)
{
	if (*count >= max)
		return -1;
	items[(*count)++] = value;
	return 0;
}

static int add_method(struct rule *r, char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c < 'A' || *c > 'Z')
			return -1;
	return value[0] != '\0' ? add(r->methods, &r->method_count, RULE_METHODS, value) : -1;
}

/* Also of a pattern: '*' stays what it is. */
static int check_path(const char *path)
{
	_cleanup_(cleanup_freep) char *normal = malloc(URL_MAX + 1);
	const char *why;

	if (normal == NULL || strchr(path, '?') != NULL)
		return -1;
	if (url_normalise(path, strlen(path), normal, &why) < 0)
		return -1;
	return strcmp(path, normal) == 0 ? 0 : -1;
}

static int add_path(struct rule *r, char *value)
{
	if (check_path(value) < 0)
		return -1;
	return add(r->paths, &r->path_count, RULE_PATTERNS, value);
}

static int add_post(struct rule *r, char *value)
{
	if (check_path(value) < 0)
		return -1;
	return add(r->posts, &r->post_count, RULE_PATTERNS, value);
}

static int set_digest(struct rule *r, char *value)
{
	bool again = r->locked;

	r->locked = strcmp(value, "lock") == 0;
	return r->locked && !again && r->mode != RULE_TUNNEL ? 0 : -1;
}

static int add_unlocked(struct rule *r, char *value)
{
	if (!r->locked || check_path(value) < 0)
		return -1;
	return add(r->unlocked, &r->unlocked_count, RULE_PATTERNS, value);
}

static int set_private(struct rule *r, char *value)
{
	r->private_addresses = strcmp(value, "yes") == 0;
	return r->private_addresses || strcmp(value, "no") == 0 ? 0 : -1;
}

static int set_from(struct rule *r, char *value)
{
	r->from = value;
	return value[0] != '\0' ? 0 : -1;
}

/* In the order in which a line has them. */
static const struct key {
	const char *name;
	int (*set)(struct rule *r, char *value);
	bool optional; /* and may come more than once */
} keys[] = {
	{"name", set_name, false},
	{"url", set_place_or_url, false},
	{"mode", set_mode, false},
	{"method", add_method, true},
	{"path", add_path, true},
	{"post", add_post, true},
	{"digest", set_digest, true},
	{"unlocked", add_unlocked, true},
	{"private", set_private, false},
	{"from", set_from, false},
};

static bool has_key(const char *field, const struct key *k)
{
	size_t n = strlen(k->name);

	return strncmp(field, k->name, n) == 0 && field[n] == '=';
}

/* The key of a field that may come after `done` keys of the table; moves *done. Or NULL. */
static const struct key *next_key(const char *field, size_t *done)
{
	for (size_t i = *done; i < array_size(keys); i++) {
		if (has_key(field, &keys[i])) {
			*done = keys[i].optional ? i : i + 1;
			return &keys[i];
		}
		if (!keys[i].optional)
			break;
	}
	return NULL;
}

/* Takes r->text apart. Where it went wrong, or NULL. */
static const char *split_rule(struct rule *r)
{
	char *at = r->text, *field;
	size_t done = 0;

	while ((field = strsep(&at, " ")) != NULL) {
		const struct key *k = next_key(field, &done);

		if (k == NULL)
			return field;
		if (k->set(r, field + strlen(k->name) + 1) < 0)
			return k->name;
	}
	return done == array_size(keys) ? NULL : "its end";
}

static int read_rule(const char *line, struct rule *r, struct error *e)
{
	const char *wrong;

	r->text = strdup(line);
	if (r->text == NULL)
		return error_set(e, ENOMEM, "cannot read the registry's rules");
	if (!text_is_utf8(line, strlen(line)) || text_has_control(line, strlen(line)))
		return error_set_kind(
			e, ERROR_USAGE, 0, "a registry's rule is not one line of text");
	wrong = split_rule(r);
	if (wrong == NULL && check_path(r->path) < 0)
		wrong = "url";
	if (wrong != NULL)
		return error_set_kind(e, ERROR_USAGE, 0,
			"a registry's rule is malformed at '%.40s': '%.300s'", wrong, line);
	return 0;
}

/* One place has one way to it: which rule counts would depend on their order. */
static int check_agreement(const struct rules *r, struct error *e)
{
	const struct rule *last = &r->rules[r->count - 1];
	const struct rule *first = rules_find(r, last->host, last->port);

	if (first == NULL || (first->mode == last->mode && first->tls == last->tls))
		return 0;
	return error_set_kind(e, ERROR_USAGE, 0,
		"registries '%.60s' and '%.60s' have different modes for '%s:%u'", first->name,
		last->name, last->host, last->port);
}

void rules_deinit(struct rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->rules[i].text);
	free(r->rules);
	*r = (struct rules){0};
}

static int read_rules(const struct plan *p, struct rules *r, struct error *e)
{
	for (uint32_t i = 0; i < p->registries.count; i++) {
		/* counted first, so that its text is freed whatever happens */
		if (read_rule(plan_item(p, p->registries, i), &r->rules[r->count++], e) < 0)
			return -1;
		if (check_agreement(r, e) < 0)
			return -1;
	}
	return 0;
}

int rules_read(const struct plan *p, struct rules *ret, struct error *e)
{
	_cleanup_(rules_deinit) struct rules r = {0};

	if (p->registries.count > RULES_MAX)
		return error_set_kind(
			e, ERROR_USAGE, 0, "there are more than %d URLs of registries", RULES_MAX);
	r.rules = calloc(RULES_MAX, sizeof(*r.rules));
	if (r.rules == NULL)
		return error_set(e, ENOMEM, "cannot read the registry's rules");
	if (read_rules(p, &r, e) < 0)
		return -1;
	*ret = (struct rules){take_ptr(r.rules), r.count};
	r.count = 0;
	return 0;
}

static bool is_place(const struct rule *r, const char *host, unsigned short port)
{
	return r->port == port && strcmp(r->host, host) == 0;
}

bool rules_have_tunnel(const struct rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].mode == RULE_TUNNEL)
			return true;
	return false;
}

bool rules_have_private(const struct rules *r, const char *host)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->rules[i].private_addresses && strcmp(r->rules[i].host, host) == 0)
			return true;
	return false;
}

const struct rule *rules_find(const struct rules *r, const char *host, unsigned short port)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_place(&r->rules[i], host, port))
			return &r->rules[i];
	return NULL;
}

/* Whether what is at s, decoded once and in lower case, begins with `word`; its size, or 0. */
static size_t match_decoded(const char *s, const char *word)
{
	size_t i = 0;

	for (; *word != '\0'; word++) {
		int high = s[i] == '%' ? ascii_hex(s[i + 1]) : -1;
		int low = high >= 0 ? ascii_hex(s[i + 2]) : -1;

		int byte = low < 0 ? s[i] : high << 4 | low;

		if (ascii_lower((char)byte) != *word)
			return 0;
		i += low < 0 ? 1 : 3;
	}
	return i;
}

/*
 * What "git push" asks for before and when it sends. The query is compared as a server
 * decodes it, and the path also where a server could still see its last segment so.
 */
static bool is_git_push(const char *target)
{
	size_t n = strcspn(target, "?");

	for (const char *at = target + n; *at != '\0'; at++)
		if (match_decoded(at, "service=git-receive-pack") != 0)
			return true;
	for (const char *at = target; at < target + n; at++) {
		size_t length = match_decoded(at, "/git-receive-pack");

		if (length != 0 && strchr("/;?%", at[length]) != NULL)
			return true; /* strchr() finds the end of the target, too */
	}
	return false;
}

static bool matches_any(const char *const *patterns, size_t count, const char *target)
{
	for (size_t i = 0; i < count; i++)
		if (url_path_matches(patterns[i], target))
			return true;
	return false;
}

bool rule_unlocks(const struct rule *r, const char *target)
{
	return matches_any(r->unlocked, r->unlocked_count, target);
}

static bool allows_path(const struct rule *r, const char *target)
{
	if (r->path_count == 0)
		return url_path_matches(r->path, target);
	return matches_any(r->paths, r->path_count, target);
}

/* Of another method than POST, which only a post= allows. */
static bool allows_method(const struct rule *r, const char *method)
{
	static const char *const never[] = {"CONNECT", "TRACE"};

	for (size_t i = 0; i < array_size(never); i++)
		if (strcmp(method, never[i]) == 0)
			return false;
	if (r->method_count == 0)
		return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	for (size_t i = 0; i < r->method_count; i++)
		if (strcmp(method, r->methods[i]) == 0)
			return true;
	return false;
}

/* How far a request comes with one rule, in this order. */
enum verdict {
	VERDICT_HOST,
	VERDICT_PORT,
	VERDICT_PATH,
	VERDICT_POST,
	VERDICT_METHOD,
	VERDICT_PUSH,
	VERDICT_ALLOWED,
	VERDICT_COUNT
};

static const char *const verdicts[] = {
	"no rule is for this host",
	"no rule is for this port of the host",
	"no rule allows this path",
	"POST is not allowed for this path",
	"no rule allows this method",
	"git push is refused",
	NULL,
};
_Static_assert(array_size(verdicts) == VERDICT_COUNT, "each verdict has its words");

static enum verdict judge(const struct rule *r, const char *host, unsigned short port,
	const char *method, const char *target)
{
	bool is_post = strcmp(method, "POST") == 0;

	if (strcmp(r->host, host) != 0)
		return VERDICT_HOST;
	if (r->port != port)
		return VERDICT_PORT;
	if (is_git_push(target))
		return VERDICT_PUSH;
	if (is_post)
		return matches_any(r->posts, r->post_count, target) ? VERDICT_ALLOWED
								    : VERDICT_POST;
	if (!allows_path(r, target))
		return VERDICT_PATH;
	return allows_method(r, method) ? VERDICT_ALLOWED : VERDICT_METHOD;
}

const struct rule *rules_allow(const struct rules *r, const char *host, unsigned short port,
	const char *method, const char *target, const char **why, const struct rule **nearest)
{
	enum verdict best = VERDICT_HOST;

	*nearest = NULL;
	for (size_t i = 0; i < r->count; i++) {
		enum verdict v = judge(&r->rules[i], host, port, method, target);

		if (v == VERDICT_ALLOWED)
			return &r->rules[i];
		if (v > best) {
			best = v;
			*nearest = &r->rules[i];
		}
	}
	*why = verdicts[best];
	return NULL;
}
