/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-gateway, the only way out of one build. The runner starts it
 * in the host's network namespace, with an empty environment and one socket, before the
 * sandbox; it starts cupel-resolve, makes the build's certificate authority, gives up every
 * way to reach a file or another process, and only then takes listeners from inside the
 * build's namespace. It never opens anything by dying: the runner ends the build then. All
 * that it knows ends with it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/client.h"
#include "gateway/credentials.h"
#include "gateway/dns-server.h"
#include "gateway/gateway-state.h"
#include "gateway/gateway.h"
#include "gateway/harden.h"
#include "gateway/learn.h"
#include "gateway/proxy.h"
#include "gateway/needles.h"
#include "gateway/record.h"
#include "gateway/replay.h"
#include "gateway/resolver.h"
#include "gateway/route.h"
#include "gateway/store.h"
#include "gateway/upstream.h"
#include "plan/plan.h"
#include "seccomp-gateway-replay.h"
#include "seccomp-gateway.h"

enum { BUNDLE_MAX = 900 << 10 };
enum { KEPT_BYTES = 1 << 20 };
enum { FILES_MAX = 65536, LAST_MS = 1000 };
/* A CA outlives its build by nothing, and a build without a time limit for a week. */
enum { LIFETIME_MAX = 7 * 24 * 3600 };

/* Memory that is given back to the kernel comes again page by page, for each connection. */
static void keep_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
	mallopt(M_TRIM_THRESHOLD, 4 * KEPT_BYTES);
}

static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int receive_start(struct msg *m, struct error *e)
{
	for (;;) {
		if (msg_recv(MSG_CONTROL_FD, m, e) < 0)
			return -1;
		if (m->type != GATEWAY_CREDENTIAL)
			break;
		if (credentials_receive(m, e) < 0)
			return -1;
		msg_deinit(m);
	}
	return m->type == GATEWAY_START
		       ? 0
		       : error_set(e, EBADMSG, "unexpected message %u at the start", m->type);
}

static int receive_inputs(
	int inputs[GATEWAY_INPUT_COUNT], struct gateway_start *ret_start, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};

	for (size_t i = 0; i < GATEWAY_INPUT_COUNT; i++)
		inputs[i] = -1;
	if (receive_start(&m, e) < 0)
		return -1;
	if (msg_payload(&m, ret_start, sizeof(*ret_start)) < 0)
		return error_set(e, EBADMSG, "malformed start message");
	for (int i = 0; i < m.fd_count && i < GATEWAY_INPUT_COUNT; i++)
		if (ret_start->inputs[i] < GATEWAY_INPUT_COUNT && inputs[ret_start->inputs[i]] < 0)
			inputs[ret_start->inputs[i]] = msg_take_fd(&m, i);
	return inputs[GATEWAY_PLAN] >= 0 ? 0 : error_set(e, EBADMSG, "malformed start message");
}

/* The record to replay; -1: this is not a replay. */
static int replay_fd = -1;

static int read_ranges(const struct plan *p, struct error *e)
{
	const char *four = plan_string(p, p->range), *six = plan_string(p, p->range6);

	if (synthetic_parse(AF_INET, four, &gateway.names.range4) == NULL &&
		synthetic_parse(AF_INET6, six, &gateway.names.range6) == NULL)
		return 0;
	return error_set(e, EBADMSG, "the plan's ranges are malformed");
}

/* Without a list nothing is in the lock. */
static int receive_locks(int list_fd, int server_fd, struct error *e)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	size_t n;

	gateway.lock_fd = server_fd;
	if (list_fd < 0)
		return 0;
	if (fd_read_all(list_fd, LOCKS_BYTES_MAX + LOCKS_MAX, &text, &n) < 0)
		return error_set(e, errno, "cannot read the list of what is locked");
	close(list_fd);
	if (strlen(text) != n)
		return error_set(e, EBADMSG, "locks: not a text");
	return lock_set_read(take_ptr(text), &gateway.locks, e);
}

static int receive_plan(const struct plan **ret, struct error *e)
{
	int inputs[GATEWAY_INPUT_COUNT];
	struct gateway_start start;

	if (receive_inputs(inputs, &start, e) < 0)
		return -1;
	*ret = plan_map(inputs[GATEWAY_PLAN], e);
	close(inputs[GATEWAY_PLAN]);
	replay_fd = inputs[GATEWAY_REPLAY];
	if (*ret == NULL || read_ranges(*ret, e) < 0 || rules_read(*ret, &gateway.rules, e) < 0 ||
		receive_locks(inputs[GATEWAY_LOCKS], inputs[GATEWAY_LOCK_SERVER], e) < 0)
		return -1;
	limits_init(&gateway.limits, *ret);
	gateway.learning = (*ret)->network == PLAN_NETWORK_LEARN;
	gateway.learns_private = (*ret)->net_private != 0;
	start.proxy[sizeof(start.proxy) - 1] = '\0';
	if (proxy_set(start.proxy, e) < 0)
		return -1;
	if (((*ret)->network == PLAN_NETWORK_REPLAY) != (replay_fd >= 0))
		return error_set(e, EBADMSG, "a record to replay does not fit the plan");
	return store_open(inputs[GATEWAY_STORE], start.store_quota, e);
}

static int make_authority(const struct plan *p, struct error *e)
{
	uint64_t lifetime = p->timeout_ms / 1000 + 600;

	if (p->timeout_ms == 0 || lifetime > LIFETIME_MAX)
		lifetime = LIFETIME_MAX;
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return error_set(e, 0, "libcrypto cannot be initialised");
	/* As strong as the default, which is made of AES: that has every cipher looked up. */
	if (RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA2-256") != 1)
		return error_set(e, 0, "libcrypto has no generator of random bits");
	return ca_init(&gateway.ca, lifetime, e);
}

/* Files: the system's authorities, the store. Ports: those of the rules, and of redirects. */
static int confine(struct error *e)
{
	static const char *const directories[] = {"/etc/ssl/certs", "/usr/lib/ssl",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/etc/pki"};
	struct confine_path paths[array_size(directories) + 1];
	uint16_t ports[RULES_MAX + 2] = {80, 443};
	const bool online = replay_fd < 0;
	struct confine what = {.filter = online ? seccomp_gateway : seccomp_gateway_replay,
		.filter_length = online ? SECCOMP_GATEWAY_LENGTH : SECCOMP_GATEWAY_REPLAY_LENGTH,
		.paths = paths,
		.connect_ports = ports,
		.connect_port_count = online ? 2 : 0};
	size_t opened;
	int result;

	for (size_t i = 0; online && i < array_size(directories); i++) {
		int fd = open(directories[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			paths[what.path_count++] = (struct confine_path){fd, CONFINE_READ};
	}
	for (size_t i = 0; online && !proxy_is_set() && i < gateway.rules.count; i++)
		ports[what.connect_port_count++] = gateway.rules.rules[i].port;
	if (online && proxy_is_set()) {
		ports[0] = proxy_port();
		what.connect_port_count = 1;
	}
	opened = what.path_count;
	if (store_directory() >= 0)
		paths[what.path_count++] = (struct confine_path){store_directory(), CONFINE_FILES};
	result = confine_self(&what, e);
	for (size_t i = 0; i < opened; i++)
		close(paths[i].fd);
	return result;
}

enum { MEMFDS_MAX = 4 };

static int send_memfds(uint32_t type, const void *payload, size_t n, const struct buf *const *texts,
	size_t count, struct error *e)
{
	int fds[MEMFDS_MAX], made = 0, result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		int fd = fd_memfd_sealed("gateway", texts[i]->data, texts[i]->size);

		if (fd < 0)
			result = error_set(e, errno, "cannot make a memfd");
		else
			fds[made++] = fd;
	}
	if (result == 0)
		result = msg_send(MSG_CONTROL_FD, type, payload, n, fds, made, e);
	for (int i = 0; i < made; i++)
		close(fds[i]);
	return result;
}

/* A tunnel's client sees the registry's own certificate, and so needs the public authorities. */
static int put_public(struct buf *pem, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(UPSTREAM_BUNDLE, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_freep) char *text = NULL;
	size_t n;

	if (!rules_have_tunnel(&gateway.rules) || replay_is_on())
		return 0;
	if (fd < 0 || fd_read_all(fd, BUNDLE_MAX, &text, &n) < 0) {
		error_set(e, errno, "cannot read '%s', which clients of tunnels need",
			UPSTREAM_BUNDLE);
		return error_hint(e, "install ca-certificates, or set mode = inspect");
	}
	buf_append(pem, text, n);
	return 0;
}

static int send_ready(struct error *e)
{
	_cleanup_(buf_deinit) struct buf pem = BUF_INIT, jks = BUF_INIT;

	if (put_public(&pem, e) < 0)
		return -1;
	if (ca_put_pem(&gateway.ca, &pem) < 0 || ca_put_jks(&gateway.ca, &jks) < 0)
		return error_set(e, 0, "libcrypto cannot write a certificate");
	return send_memfds(GATEWAY_READY, NULL, 0, (const struct buf *const[]){&pem, &jks}, 2, e);
}

/* The only one at the build's loopback address: others are at the synthetic network's, or at all.
 */
static bool is_resolver(int listener)
{
	struct sockaddr_in address = {.sin_family = AF_UNSPEC};
	socklen_t size = sizeof(address);

	return getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
	       address.sin_family == AF_INET && address.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static void accept_connections(void *context)
{
	struct watch *w = context;
	const bool is_dns = is_resolver(w->fd);

	for (;;) {
		int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		task_breathe();
		if (fd >= 0 && is_dns)
			dns_serve_stream(fd);
		else if (fd >= 0)
			client_start(fd);
		else if (errno == EAGAIN)
			task_wait(w, EPOLLIN, 0);
		else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			task_sleep(task_now() + LAST_MS);
	}
}

static int listen_to(int fd, struct error *e)
{
	int type = 0;
	socklen_t size = sizeof(type);
	struct watch *w;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return error_set(e, errno, "cannot tell what a listener is");
	if (type == SOCK_DGRAM)
		return dns_serve_datagrams(fd) < 0 ? error_set(e, errno, "cannot answer names") : 0;
	w = calloc(1, sizeof(*w));
	if (w == NULL || task_watch(w, fd) < 0 || task_spawn(accept_connections, w) < 0) {
		free(w);
		return error_set(e, errno, "cannot accept connections");
	}
	return 0;
}

static void await_clients(void)
{
	uint64_t deadline = task_now() + LAST_MS;

	while (gateway.clients > 0 && task_now() < deadline)
		task_sleep(task_now() + 1);
}

static int finish(struct error *e)
{
	_cleanup_(buf_deinit) struct buf log = BUF_INIT, dependencies = BUF_INIT;
	_cleanup_(buf_deinit) struct buf needles = BUF_INIT;
	_cleanup_(buf_deinit) struct buf learned = BUF_INIT;
	struct gateway_done done;
	struct store_counts stored;

	/* Nobody is left inside: what is under way ends by itself, is cut, or is given up. */
	await_clients();
	client_interrupt_all();
	await_clients();
	client_abandon_all();
	if (gateway.learning)
		learn_print(&learned);
	if (record_finish(&log, &dependencies, &done) < 0 || !buf_ok(&learned))
		return error_set(e, ENOMEM, "cannot write the record of the network");
	store_count(&stored);
	done.kept = stored.kept;
	done.kept_bytes = stored.kept_bytes;
	done.unkept = stored.unkept;
	done.unkept_error = stored.error;
	replay_count(&done);
	credentials_put_needles(&needles);
	if (needles_put_authority(&needles, &gateway.ca) < 0 || !needles_are_complete(&needles))
		return error_set(e, ENOMEM, "cannot say what the outputs must not hold");
	return send_memfds(GATEWAY_DONE, &done, sizeof(done),
		(const struct buf *const[]){&log, &dependencies, &needles, &learned},
		gateway.learning ? 4 : 3, e);
}

/* 1 to go on, 0 at the end, -1 with *e filled. */
static int obey(struct msg *m, struct error *e)
{
	switch (m->type) {
	case GATEWAY_LISTEN:
		for (int i = 0; i < m->fd_count; i++)
			if (listen_to(msg_take_fd(m, i), e) < 0)
				return -1;
		return 1;
	case GATEWAY_FINISH:
		return finish(e);
	case MSG_EOF:
		return 0;
	default:
		return error_set(e, EBADMSG, "unexpected message %u", m->type);
	}
}

static void obey_runner(void *context)
{
	static struct watch control;
	struct error e = {0};
	int result = 1;

	(void)context;
	if (task_watch(&control, MSG_CONTROL_FD) < 0)
		result = error_set(&e, errno, "cannot watch the runner");
	while (result > 0) {
		_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
		char byte;

		/* A message is waited for here, so that reading it cannot block everybody. */
		if (recv(MSG_CONTROL_FD, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
			errno == EAGAIN) {
			task_wait(&control, EPOLLIN, 0);
			continue;
		}
		result = msg_recv(MSG_CONTROL_FD, &m, &e) < 0 ? -1 : obey(&m, &e);
	}
	if (result < 0) {
		error_wrap(&e, "gateway");
		msg_send_error(MSG_CONTROL_FD, &e);
	}
	credentials_forget();
	/* Not a return from main: tasks still hold what they hold. */
	_exit(result < 0 ? 1 : 0);
}

/* Nobody is asked where a name is. */
static int load_replay(struct error *e)
{
	resolver_stop();
	return replay_load(replay_fd, e);
}

static int run(struct error *e)
{
	const struct plan *plan;

	/* What looks names up is started before there is anything that it could know. */
	if (harden(e) < 0 || resolver_start(e) < 0)
		return -1;
	allow_files();
	keep_memory();
	if (receive_plan(&plan, e) < 0 || make_authority(plan, e) < 0 || route_open(e) < 0 ||
		task_loop_open(e) < 0 || credentials_make_room(e) < 0 || confine(e) < 0)
		return -1;
	if (credentials_read(&gateway.rules, e) < 0)
		return -1;
	if ((replay_fd < 0 ? resolver_listen(e) : load_replay(e)) < 0 || send_ready(e) < 0)
		return -1;
	if (task_spawn(obey_runner, NULL) < 0)
		return error_set(e, errno, "cannot start a task");
	return task_loop_run(e);
}

int main(void)
{
	struct error e = {0};

	if (run(&e) == 0)
		return 0;
	error_wrap(&e, "gateway");
	msg_send_error(MSG_CONTROL_FD, &e);
	return 1;
}
