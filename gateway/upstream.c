/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway's way to a registry. A name is looked up, its
 * addresses are judged for each connection, and exactly the address that was judged is
 * connected to. TLS is verified against the system's authorities for the rule's own host,
 * never for what the build said; there is no way to switch that off. Certificates of
 * authorities are read one by one from the hashed directory when they are needed:
 * parsing the whole bundle would take longer than everything else, so that is done only
 * when the directory was not enough.
 */
#include "gateway/upstream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "gateway/address.h"
#include "gateway/proxy.h"
#include "gateway/resolver.h"
#include "gateway/route.h"
#include "gateway/session.h"

enum { CONNECT_MS = 20000, IDLE_MS = 15000, IDLE_MAX = 64 };

static struct {
	SSL_CTX *client;
	bool has_bundle;
	struct upstream *idle;
	unsigned int idle_count;
} pool;

/* What the registry offers for the next connection. 1: it is ours now. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	const struct upstream *u = SSL_get_app_data(ssl);

	session_put(u->host, u->port, session, task_now());
	return 1;
}

static SSL_CTX *make_client(void)
{
	SSL_CTX *client = SSL_CTX_new(TLS_client_method());

	if (client == NULL || SSL_CTX_load_verify_dir(client, X509_get_default_cert_dir()) != 1 ||
		SSL_CTX_set_min_proto_version(client, TLS1_2_VERSION) != 1) {
		SSL_CTX_free(client);
		return NULL;
	}
	SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_options(client, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, keep_session);
	stream_tune(client);
	return client;
}

int upstream_warm_up(void)
{
	if (pool.client == NULL)
		pool.client = make_client();
	return pool.client == NULL ? -1 : 0;
}

static void set_port(struct sockaddr_storage *address, unsigned short port)
{
	if (address->ss_family == AF_INET)
		((struct sockaddr_in *)address)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

static void write_address(const struct sockaddr_storage *address, char out[64])
{
	const void *bytes = address->ss_family == AF_INET
				    ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
				    : &((const struct sockaddr_in6 *)address)->sin6_addr;

	if (inet_ntop(address->ss_family, bytes, out, 64) == NULL)
		out[0] = '\0';
}

/* What a redirect may never lead to, not even from a registry with private addresses. */
static bool is_forbidden(const struct place *p, const char *not_public)
{
	static const char *const never[] = {
		"link-local", "a cloud's metadata service", "unspecified", "multicast"};

	if (not_public == NULL)
		return false;
	for (size_t i = 0; p->granted && i < array_size(never); i++)
		if (strcmp(not_public, never[i]) == 0)
			return true;
	return !p->private_addresses;
}

static const char *judge_address(const struct sockaddr_storage *address)
{
	const char *what = address_not_public(address);

	return what != NULL ? what : route_not_outside(address);
}

static int connect_to(const struct sockaddr_storage *address)
{
	socklen_t size = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						       : sizeof(struct sockaddr_in6);
	_cleanup_(fd_closep) int fd =
		socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct watch watch;
	int error = 0, one = 1;
	socklen_t error_size = sizeof(error);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)address, size) == 0)
		return take_fd(&fd);
	if (errno != EINPROGRESS || task_watch(&watch, fd) < 0)
		return -1;
	if (task_wait(&watch, EPOLLOUT, task_now() + CONNECT_MS) < 0)
		error = ETIMEDOUT;
	else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) < 0)
		error = errno;
	task_unwatch(&watch);
	errno = error;
	return error == 0 ? take_fd(&fd) : -1;
}

int upstream_connect_directly(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size)
{
	struct resolved found;

	resolver_look_up(p->host, &found);
	if (found.count == 0)
		snprintf(why, size, "cannot look '%s' up: %s", p->host, found.why);
	for (int i = 0; i < found.count; i++) {
		const char *not_public = judge_address(&found.addresses[i]);
		int fd;

		write_address(&found.addresses[i], address);
		if (is_forbidden(p, not_public)) {
			snprintf(why, size, "'%s' has the address %s (%s)", p->host, address,
				not_public);
			continue;
		}
		set_port(&found.addresses[i], p->port);
		fd = connect_to(&found.addresses[i]);
		if (fd >= 0) {
			*ret_private = not_public != NULL;
			return fd;
		}
		snprintf(why, size, "cannot connect to '%s' (%s): %s", p->host, address,
			strerror(errno));
	}
	/* What was kept of it is no longer true. */
	resolver_forget(p->host);
	return -1;
}

int upstream_connect(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size)
{
	return proxy_is_set() ? proxy_connect(p, address, ret_private, why, size)
			      : upstream_connect_directly(p, address, ret_private, why, size);
}

static void note_key(struct upstream *u)
{
	X509 *certificate = SSL_get0_peer_certificate(u->stream.ssl);
	unsigned char *der = NULL, digest[SHA256_DIGEST_LENGTH];
	int n = certificate == NULL ? 0 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);

	if (n <= 0)
		return;
	SHA256(der, (size_t)n, digest);
	OPENSSL_free(der);
	encode_hex(digest, sizeof(digest), u->spki);
}

/*
 * An authority that somebody added may be in the file alone. It is read when the directory
 * was not enough, once. Whether it is worth another attempt.
 */
static bool add_bundle(const struct upstream *u)
{
	long result = u->stream.ssl == NULL ? X509_V_OK : SSL_get_verify_result(u->stream.ssl);

	if (pool.has_bundle || (result != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY &&
				       result != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT &&
				       result != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN))
		return false;
	pool.has_bundle = true;
	return SSL_CTX_load_verify_file(pool.client, UPSTREAM_BUNDLE) == 1;
}

/* It was verified for this very host, by the same rules as everybody is. */
static void offer_session(struct upstream *u, SSL *ssl)
{
	SSL_SESSION *session = session_get(u->host, u->port, task_now());

	SSL_set_app_data(ssl, u);
	if (session != NULL)
		SSL_set_session(ssl, session);
}

static int secure(struct upstream *u, char *why, size_t size)
{
	static const unsigned char http1[] = "\x08http/1.1";
	SSL *ssl = upstream_warm_up() < 0 ? NULL : SSL_new(pool.client);
	char reason[160];
	long verified;

	if (ssl == NULL || SSL_set1_host(ssl, u->host) != 1 ||
		SSL_set_tlsext_host_name(ssl, u->host) != 1 ||
		SSL_set_alpn_protos(ssl, http1, sizeof(http1) - 1) != 0) {
		SSL_free(ssl);
		snprintf(why, size, "no memory");
		return -1;
	}
	offer_session(u, ssl);
	SSL_set_hostflags(
		ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (stream_connect_tls(&u->stream, ssl) == 0) {
		note_key(u);
		return 0;
	}
	session_forget(u->host, u->port);
	stream_why(reason, sizeof(reason));
	verified = SSL_get_verify_result(ssl);
	snprintf(why, size, "'%s' (%s): %s", u->host, u->address,
		verified != X509_V_OK ? X509_verify_cert_error_string(verified) : reason);
	return -1;
}

static bool is_for(const struct upstream *u, const struct place *p)
{
	return strcmp(u->host, p->host) == 0 && u->port == p->port && u->tls == p->tls &&
	       (p->private_addresses || !u->private_address);
}

/* Still open, and nothing came that nobody asked for. */
static bool is_usable(const struct upstream *u)
{
	char byte;

	if (task_now() - u->idle_since > IDLE_MS)
		return false;
	return recv(u->stream.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static struct upstream *take_idle(const struct place *p)
{
	struct upstream **at = &pool.idle;

	while (*at != NULL) {
		struct upstream *u = *at;

		if (!is_for(u, p)) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		pool.idle_count--;
		if (is_usable(u)) {
			u->reused = true;
			return u;
		}
		upstream_drop(u);
	}
	return NULL;
}

struct upstream *upstream_get(const struct place *p, bool fresh, char *why, size_t size)
{
	struct upstream *u = fresh ? NULL : take_idle(p);
	int fd;

	if (u != NULL)
		return u;
	u = calloc(1, sizeof(*u));
	if (u == NULL) {
		snprintf(why, size, "no memory");
		return NULL;
	}
	u->stream = STREAM_INIT;
	snprintf(u->host, sizeof(u->host), "%s", p->host);
	u->port = p->port;
	u->tls = p->tls;
	fd = upstream_connect(p, u->address, &u->private_address, why, size);
	if (fd < 0 || stream_open(&u->stream, fd) < 0) {
		upstream_drop(u);
		return NULL;
	}
	u->stream.deadline = task_now() + CONNECT_MS;
	if (p->tls && secure(u, why, size) < 0) {
		bool again = add_bundle(u);

		upstream_drop(u);
		return again ? upstream_get(p, true, why, size) : NULL;
	}
	return u;
}

static void drop_oldest(void)
{
	struct upstream **at = &pool.idle, *oldest;

	while ((*at)->next != NULL)
		at = &(*at)->next;
	oldest = *at;
	*at = NULL;
	pool.idle_count--;
	upstream_drop(oldest);
}

void upstream_keep(struct upstream *u)
{
	if (u->stream.start != u->stream.end ||
		(u->stream.ssl != NULL && SSL_has_pending(u->stream.ssl))) {
		upstream_drop(u);
		return;
	}
	if (pool.idle_count >= IDLE_MAX)
		drop_oldest();
	u->idle_since = task_now();
	u->next = pool.idle;
	pool.idle = u;
	pool.idle_count++;
}

void upstream_drop(struct upstream *u)
{
	if (u == NULL)
		return;
	stream_close(&u->stream);
	free(u);
}
