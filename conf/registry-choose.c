/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what [network] of the configuration makes of the trusted
 * registries, in the runner, before the plan is sealed. Names may come from a
 * hostile project: it can only pick, and not beyond what the administrator's list
 * holds (conf/conf.c has seen to that). The rules are in the order of the
 * registries' names, whatever the order in which they were picked: the same trust
 * gives the same plan.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "conf/conf.h"
#include "conf/registry.h"

/* A rule in the making: the url i of a registry. */
struct rule {
	const struct registry *registry;
	size_t i;
};

bool registry_is_standard(const struct registry *r)
{
	return r->level != CONF_LEVEL_VENDOR;
}

void registry_rules_deinit(struct registry_rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->lines[i]);
	free(r->lines);
	*r = (struct registry_rules){0};
}

static bool is_picked(const struct conf *c, const struct registry *r)
{
	size_t count;
	const char *const *names = conf_list(c, CONF_NETWORK_REGISTRIES, &count);

	if (!conf_is_set(c, CONF_NETWORK_REGISTRIES))
		return registry_is_standard(r);
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], r->name) == 0)
			return true;
	return false;
}

static int check_names(const struct conf *c, const struct registries *all, struct error *e)
{
	size_t count;
	const char *const *names = conf_list(c, CONF_NETWORK_REGISTRIES, &count);

	for (size_t i = 0; i < count; i++) {
		if (registries_find(all, names[i]) != NULL)
			continue;
		error_set_kind(e, ERROR_USAGE, 0, "%s: there is no registry '%s'",
			conf_origin(c, CONF_NETWORK_REGISTRIES), names[i]);
		return error_hint(e, "'cupel registry list' shows those that there are, "
				     "'cupel registry detect' what this machine uses");
	}
	return 0;
}

/* "host:port" of the url, n bytes. */
static const char *place_of(const struct rule *rule, size_t *n)
{
	const char *host = strstr(rule->registry->urls.items[rule->i].text, "://") + 3;

	*n = strcspn(host, "/");
	return host;
}

static bool contradict(const struct rule *a, const struct rule *b)
{
	size_t a_size, b_size;
	const char *a_place = place_of(a, &a_size), *b_place = place_of(b, &b_size);

	if (a_size != b_size || memcmp(a_place, b_place, a_size) != 0)
		return false;
	return a->registry->private_addresses != b->registry->private_addresses ||
	       a->registry->locked != b->registry->locked ||
	       strcmp(registry_mode_name(a->registry, a->i),
		       registry_mode_name(b->registry, b->i)) != 0;
}

/* The laxer of two rules for one place would undo the other. */
static int check_contradictions(const struct rule *rules, size_t count, struct error *e)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct rule *a = &rules[k], *b = &rules[i];

			if (!contradict(a, b))
				continue;
			error_set_kind(e, ERROR_USAGE, 0,
				"%s:%u contradicts %s:%u about the same host and port",
				b->registry->file, b->registry->urls.items[b->i].line,
				a->registry->file, a->registry->urls.items[a->i].line);
			return error_hint(e, "give both the same mode, digest and private, or "
					     "pick only one of them");
		}
	return 0;
}

static size_t collect(
	const struct conf *c, const struct registries *all, struct rule rules[REGISTRY_RULES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->all[i].urls.count && is_picked(c, &all->all[i]); k++) {
			if (count < REGISTRY_RULES_MAX)
				rules[count] = (struct rule){&all->all[i], k};
			count++;
		}
	return count;
}

static int check_count(const struct conf *c, size_t count, struct error *e)
{
	if (count == 0) {
		error_set_kind(e, ERROR_USAGE, 0,
			"%s: the network is to be trusted registries, and there are none",
			conf_origin(c, CONF_NETWORK_MODE));
		return error_hint(e, "'cupel registry detect --write' takes those that this "
				     "machine uses; or pick one that 'cupel registry list' shows");
	}
	if (count <= REGISTRY_RULES_MAX)
		return 0;
	error_set_kind(e, ERROR_USAGE, 0, "the trusted registries have more than %d urls",
		REGISTRY_RULES_MAX);
	return error_hint(e, "pick fewer with 'registries' in section [network]");
}

/* [network] can lock what is not, and never the other way round. */
static void print_rule(const struct rule *rule, bool locked, struct buf *out)
{
	struct registry g = *rule->registry;

	g.locked = g.locked || locked;
	registry_print_rule(&g, rule->i, out);
}

static int check_tunnels(
	const struct conf *c, const struct rule *rules, size_t count, struct error *e)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].registry->mode != REGISTRY_TUNNEL)
			continue;
		error_set_kind(e, ERROR_USAGE, 0,
			"%s: registry '%s' is a tunnel, and cannot be "
			"locked",
			conf_origin(c, CONF_NETWORK_DIGEST), rules[i].registry->name);
		return error_hint(e, "pick other ones with 'registries' in section [network]");
	}
	return 0;
}

static int print(const struct rule *rules, size_t count, bool locked, struct registry_rules *ret,
	struct error *e)
{
	_cleanup_(registry_rules_deinit) struct registry_rules made = {
		calloc(count, sizeof(*made.lines)), 0};

	for (; made.lines != NULL && made.count < count; made.count++) {
		_cleanup_(buf_deinit) struct buf line = BUF_INIT;

		print_rule(&rules[made.count], locked, &line);
		made.locked = made.locked || locked || rules[made.count].registry->locked;
		if (!buf_ok(&line))
			break;
		made.lines[made.count] = take_ptr(line.data);
	}
	if (made.count < count)
		return error_set(e, ENOMEM, "cannot make the registries' rules");
	*ret = made;
	made = (struct registry_rules){0};
	return 0;
}

int registry_choose(const struct conf *c, const struct registries *all, struct registry_rules *ret,
	struct error *e)
{
	struct rule rules[REGISTRY_RULES_MAX];
	bool locked = conf_u64(c, CONF_NETWORK_DIGEST) == CONF_DIGEST_LOCK;
	size_t count;

	*ret = (struct registry_rules){0};
	if (conf_u64(c, CONF_NETWORK_MODE) == CONF_NETWORK_NONE)
		return 0;
	if (check_names(c, all, e) < 0)
		return -1;
	count = collect(c, all, rules);
	if (check_count(c, count, e) < 0 || check_contradictions(rules, count, e) < 0)
		return -1;
	if (locked && check_tunnels(c, rules, count, e) < 0)
		return -1;
	return print(rules, count, locked, ret, e);
}

int registry_take_all(const struct registries *all, struct registry_rules *ret, struct error *e)
{
	struct rule rules[REGISTRY_RULES_MAX];
	size_t count = 0;

	*ret = (struct registry_rules){0};
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->all[i].urls.count && registry_is_standard(&all->all[i]);
			k++) {
			if (count == REGISTRY_RULES_MAX)
				return error_set_kind(e, ERROR_USAGE, 0,
					"the registries have more than %d urls",
					REGISTRY_RULES_MAX);
			rules[count++] = (struct rule){&all->all[i], k};
		}
	if (count == 0)
		return 0;
	if (check_contradictions(rules, count, e) < 0)
		return -1;
	if (print(rules, count, false, ret, e) < 0)
		return -1;
	/* Who learns what is asked for has no lock file to hold it against. */
	ret->locked = false;
	return 0;
}

int registry_rules_load(const struct conf *c, const char *user_config_dir,
	struct registry_rules *ret, struct error *e)
{
	_cleanup_(registries_deinit) struct registries all = {0};

	*ret = (struct registry_rules){0};
	if (conf_u64(c, CONF_NETWORK_MODE) == CONF_NETWORK_NONE)
		return 0;
	if (registries_load(&all, user_config_dir, e) < 0)
		return -1;
	return registry_choose(c, &all, ret, e);
}
