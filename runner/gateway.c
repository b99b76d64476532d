/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner's side of cupel-gateway, the build's only way out. It is
 * started before the sandbox, so that its start-up is hidden, and gets the listeners that
 * pid 1 made inside. What it brings at the end, the record of every request, is not read
 * here but handed to the signer; here only its counts decide.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "runner/build.h"
#include "runner/store.h"

/* It gives itself two seconds. */
enum { FINISH_MS = 20000 };

static bool has_network(const struct build *b)
{
	return b->plan->network != PLAN_NETWORK_NONE;
}

/* Of a rule's line: "url=https://host:443/". The plan is our own; 0 when it is not so. */
static uint16_t port_of(const char *line)
{
	const char *url = strstr(line, " url="), *host = url == NULL ? NULL : strstr(url, "://");
	const char *slash = host == NULL ? NULL : strchr(host + 3, '/');
	const char *colon = slash;

	while (colon != NULL && colon > host && *colon != ':')
		colon--;
	return colon == NULL || colon <= host ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
}

static int add_port(struct launch_stdio *stdio, uint16_t port, struct error *e)
{
	for (uint32_t i = 0; i < stdio->port_count; i++)
		if (stdio->ports[i] == port)
			return 0;
	if (stdio->port_count == INIT_PORTS_MAX)
		return error_set_kind(e, ERROR_USAGE, 0,
			"the registries use more than %d different ports", INIT_PORTS_MAX);
	stdio->ports[stdio->port_count++] = port;
	return 0;
}

int build_choose_ports(const struct build *b, struct launch_stdio *stdio, struct error *e)
{
	if (!has_network(b))
		return 0;
	/* Also for names that no rule is about: their refusal says why. */
	if (add_port(stdio, 80, e) < 0 || add_port(stdio, 443, e) < 0)
		return -1;
	for (uint32_t i = 0; i < b->plan->registries.count; i++)
		if (add_port(stdio, port_of(plan_item(b->plan, b->plan->registries, i)), e) < 0)
			return -1;
	return 0;
}

/* Without it the build goes on: nothing of what it fetches is kept. */
static int open_store(const struct build *b)
{
	struct error e = {0};
	char why[600];
	int fd;

	if (!conf_bool(&b->conf, CONF_STORE_ENABLED))
		return -1;
	fd = store_place_open(true, &e);
	if (fd < 0) {
		error_format(&e, why, sizeof(why));
		build_note(b, "store: nothing is kept: %s", why);
	}
	return fd;
}

static void add_input(
	struct gateway_start *start, int *fds, int *count, enum gateway_input input, int fd)
{
	if (fd < 0)
		return;
	start->inputs[*count] = input;
	fds[(*count)++] = fd;
}

static void note_store(const struct build *b)
{
	const struct gateway_done *d = &b->network;
	char bytes[32];

	if (d->kept > 0) {
		build_format_bytes(d->kept_bytes, bytes, sizeof(bytes));
		build_note(b, "store: %llu new objects, %s", (unsigned long long)d->kept, bytes);
	}
	if (d->unkept > 0)
		build_note(b, "store: %llu answers or their heads were not kept: %s",
			(unsigned long long)d->unkept,
			d->unkept_error == EDQUOT ? "the quota is reached (see 'cupel gc')"
						  : strerror(d->unkept_error));
}

int build_start_gateway(struct build *b, struct error *e)
{
	static const char *const argv[] = {"cupel-gateway", NULL};
	struct gateway_start start = {.inputs = {GATEWAY_PLAN}};
	_cleanup_(fd_closep) int store_fd = -1;
	int fds[GATEWAY_INPUT_COUNT] = {b->plan_fd}, count = 1;

	if (!has_network(b) && b->options->credential_count > 0) {
		error_set_kind(e, ERROR_USAGE, 0, "--credential: the build has no network");
		return error_hint(e, "run it with --network trusted");
	}
	if (!has_network(b))
		return 0;
	if (conf_is_set(&b->conf, CONF_NETWORK_PROXY))
		snprintf(start.proxy, sizeof(start.proxy), "%s",
			conf_string(&b->conf, CONF_NETWORK_PROXY));
	store_fd = b->replay_fd >= 0 ? store_place_open(false, e) : open_store(b);
	if (store_fd < 0 && b->replay_fd >= 0)
		return error_wrap(e, "replay");
	start.store_quota = conf_u64(&b->conf, CONF_STORE_QUOTA);
	add_input(&start, fds, &count, GATEWAY_STORE, store_fd);
	add_input(&start, fds, &count, GATEWAY_REPLAY, b->replay_fd);
	add_input(&start, fds, &count, GATEWAY_LOCKS, b->locks_fd);
	add_input(&start, fds, &count, GATEWAY_LOCK_SERVER, b->lock_server_fd);
	if (process_start("cupel-gateway", argv, &b->gateway, e) < 0 ||
		build_send_credentials(b, e) < 0)
		return -1;
	if (msg_send(b->gateway.socket, GATEWAY_START, &start, sizeof(start), fds, count, e) < 0)
		return -1;
	fd_closep(&b->lock_server_fd);
	return 0;
}

static void note_listening(const struct build *b, const struct init_listening *l)
{
	if (l->errnum != 0)
		build_note(b,
			"network: the build cannot use the registries' ports for itself, because "
			"this kernel has no nftables with tproxy (%s)",
			strerror((int)l->errnum));
}

int build_connect_gateway(struct build *b, struct error *e)
{
	struct init_listening listening;
	struct msg m;
	int result;

	if (!has_network(b))
		return 0;
	if (build_await(b, b->launch.init.socket, INIT_LISTENING, &m, e) < 0)
		return error_wrap(e, "sandbox");
	if (msg_payload(&m, &listening, sizeof(listening)) < 0) {
		msg_deinit(&m);
		return error_set(e, EBADMSG, "sandbox: malformed message about listeners");
	}
	note_listening(b, &listening);
	result = msg_send(b->gateway.socket, GATEWAY_LISTEN, NULL, 0, m.fds, m.fd_count, e);
	if (result < 0)
		build_explain_gateway(b, e);
	msg_deinit(&m);
	return result;
}

int build_await_gateway(struct build *b, int fds[2], struct error *e)
{
	struct msg m;

	if (!has_network(b))
		return 0;
	if (build_await(b, b->gateway.socket, GATEWAY_READY, &m, e) < 0)
		return -1;
	fds[0] = msg_take_fd(&m, 0);
	fds[1] = msg_take_fd(&m, 1);
	msg_deinit(&m);
	return fds[1] < 0 ? error_set(e, EBADMSG, "malformed answer of cupel-gateway") : 0;
}

void build_explain_gateway(struct build *b, struct error *e)
{
	struct msg m;

	/* It is gone, so this does not wait. What it said while all was well comes first. */
	if (msg_expect(b->gateway.socket, GATEWAY_READY, &m, e) < 0) {
		error_wrap(e, "network: cupel-gateway");
		return;
	}
	msg_deinit(&m);
	if (msg_expect(b->gateway.socket, GATEWAY_DONE, &m, e) == 0) {
		msg_deinit(&m);
		error_set(e, EPROTO, "it ended early");
	}
	error_wrap(e, "network: cupel-gateway");
}

static int take_record(struct build *b, struct error *e)
{
	struct msg m;
	int result;

	if (msg_send(b->gateway.socket, GATEWAY_FINISH, NULL, 0, NULL, 0, e) < 0 ||
		build_await_for(b, b->gateway.socket, GATEWAY_DONE, FINISH_MS, &m, e) < 0)
		return error_wrap(e, "network");
	result = msg_payload(&m, &b->network, sizeof(b->network));
	b->network_log_fd = msg_take_fd(&m, 0);
	b->dependencies_fd = msg_take_fd(&m, 1);
	b->needles_fd = msg_take_fd(&m, 2);
	b->learned_fd = b->plan->network == PLAN_NETWORK_LEARN ? msg_take_fd(&m, 3) : -1;
	msg_deinit(&m);
	if (result < 0 || b->needles_fd < 0)
		return error_set(e, EBADMSG, "malformed answer of cupel-gateway");
	b->network.first_unanswered[sizeof(b->network.first_unanswered) - 1] = '\0';
	b->network.first_denied[sizeof(b->network.first_denied) - 1] = '\0';
	note_store(b);
	if (process_finish(&b->lock, e) < 0)
		return -1;
	/* It holds the build's network namespace, which is to be gone. */
	return process_finish(&b->gateway, e);
}

/* Whatever the command made of it: it did not have what it had then. */
static int judge_replay(const struct build *b, struct error *e)
{
	error_set_kind(e, ERROR_POLICY, 0,
		"network: the replay has no answer to %llu %s, the first was %s",
		(unsigned long long)b->network.unanswered,
		b->network.unanswered == 1 ? "request" : "requests", b->network.first_unanswered);
	e->hint[0] = '\0';
	return error_hint(e, "a build only replays if it asks for the same things; make a new "
			     "record with --network trusted");
}

int build_finish_gateway(struct build *b, int supervised, struct error *e)
{
	struct error later = {0};

	/* Without pid 1's end nothing is over, and a gateway that is gone has nothing to say. */
	if (!has_network(b) || b->cancelled_by != 0 || !b->ended)
		return supervised;
	if (take_record(b, &later) < 0) {
		/* The first failure is the one that is told. */
		if (supervised == 0)
			*e = later;
		return -1;
	}
	if (b->network.unanswered > 0)
		return judge_replay(b, e);
	if (b->network.denied == 0 || b->plan->on_deny == PLAN_ON_DENY_CONTINUE)
		return supervised;
	error_set_kind(e, ERROR_POLICY, 0, "network: %llu %s refused, the first was %s",
		(unsigned long long)b->network.denied,
		b->network.denied == 1 ? "request was" : "requests were", b->network.first_denied);
	e->hint[0] = '\0';
	return error_hint(e, "let the build do without it, add it to a registry's rule (see "
			     "cupel.registry(5)), or set on-deny = continue in [network]");
}
