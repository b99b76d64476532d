/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the credentials of one build, in cupel-gateway, the only program that
 * ever reads one. The runner opened the files and judged whose they are; they are read once
 * we have confined ourselves, into memory that is locked and in no core dump. A secret
 * leaves it by one way: the field of a request over verified TLS, to the host, below the
 * path and by the method that it is bound to. Where mlock(2) is not allowed they can reach
 * swap, which is no worse than their files.
 */
#include "gateway/credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "gateway/gateway-state.h"
#include "gateway/gateway.h"
#include "gateway/needles.h"
#include "gateway/url.h"

static struct {
	struct gateway_credential announced[GATEWAY_CREDENTIALS_MAX];
	int fds[GATEWAY_CREDENTIALS_MAX];
	size_t count;
	struct held *list;
	struct buf needle_bytes;
	struct needles needles;
	size_t longest;
} store;

int credentials_receive(struct msg *m, struct error *e)
{
	struct gateway_credential *c = &store.announced[store.count];

	if (store.count == GATEWAY_CREDENTIALS_MAX || m->fd_count != 1 ||
		msg_payload(m, c, sizeof(*c)) < 0 ||
		memchr(c->name, '\0', sizeof(c->name)) == NULL ||
		memchr(c->file, '\0', sizeof(c->file)) == NULL || c->name[0] == '\0')
		return error_set(e, EBADMSG, "malformed credential message");
	store.fds[store.count++] = msg_take_fd(m, 0);
	return 0;
}

static size_t list_size(void)
{
	return store.count * sizeof(*store.list);
}

int credentials_make_room(struct error *e)
{
	void *memory;

	if (store.count == 0)
		return 0;
	memory =
		mmap(NULL, list_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return error_set(e, errno, "cannot get memory for credentials");
	(void)mlock(memory, list_size());
	(void)madvise(memory, list_size(), MADV_DONTDUMP);
	(void)madvise(memory, list_size(), MADV_DONTFORK);
	store.list = memory;
	for (size_t i = 0; i < store.count; i++) {
		struct held *h = &store.list[i];

		memcpy(h->name, store.announced[i].name, sizeof(h->name));
		memcpy(h->file, store.announced[i].file, sizeof(h->file));
		h->wanted = store.announced[i].wanted != 0;
		h->fd = store.fds[i];
	}
	return 0;
}

static int refuse(const struct held *h, unsigned int line, const char *why, struct error *e)
{
	if (line > 0)
		error_set_kind(e, ERROR_USAGE, 0, "%s:%u: %s", h->file, line, why);
	else
		error_set_kind(e, ERROR_USAGE, 0, "%s: %s", h->file, why);
	return error_hint(e, "see cupel.credential(5)");
}

static int read_file(struct held *h, struct error *e)
{
	_cleanup_(fd_closep) int fd = take_fd(&h->fd);
	ssize_t n = fd_read_full(fd, h->text, CREDENTIAL_FILE_MAX + 1);
	const char *why;
	unsigned int line;

	if (n < 0)
		return error_set(e, errno, "cannot read '%s'", h->file);
	if (n > CREDENTIAL_FILE_MAX)
		return refuse(h, 0, "the file is larger than 8192 bytes", e);
	if (credential_parse(h->text, (size_t)n, &h->credential, &why, &line) < 0)
		return refuse(h, line, why, e);
	return 0;
}

static bool lies_in(const struct credential *c, const struct rule *r)
{
	return r->mode == RULE_INSPECT && r->port == c->port && strcmp(r->host, c->host) == 0 &&
	       strncmp(c->path, r->path, strlen(r->path)) == 0;
}

/* 1: it is of use; 0: it is for another build. */
static int judge(const struct held *h, const struct rules *rules, struct error *e)
{
	const struct credential *c = &h->credential;
	bool has_registry = false, fits = false;

	for (size_t i = 0; i < rules->count; i++)
		if (c->registry != NULL && strcmp(rules->rules[i].name, c->registry) == 0) {
			has_registry = true;
			fits = fits || lies_in(c, &rules->rules[i]);
		}
	if (c->kind == CREDENTIAL_PROXY)
		return 1;
	if (!has_registry)
		return h->wanted ? refuse(h, 0,
					   "this build does not have the credential's registry", e)
				 : 0;
	if (!fits)
		return refuse(h, 0,
			"the url is not below one of the registry's own, or that is a tunnel", e);
	return 1;
}

static int check_end(const struct held *h, struct error *e)
{
	if (!credentials_is_over(h))
		return 0;
	error_set_kind(e, ERROR_POLICY, 0, "%s: the credential '%s' has expired", h->file, h->name);
	return error_hint(e, "renew it, and its 'expires'");
}

/* Everything stays in locked memory: the buffer has room enough and never grows. */
static void put_basic(struct held *h, struct buf *out)
{
	const struct credential *c = &h->credential;
	int n = snprintf(h->scratch, sizeof(h->scratch), "%s:%s", c->user, c->password);

	encode_base64(h->scratch, (size_t)n, 1, out);
	explicit_bzero(h->scratch, sizeof(h->scratch));
}

static void write_line(struct held *h)
{
	const struct credential *c = &h->credential;
	struct buf out = {.data = h->line, .room = sizeof(h->line)};

	switch (c->kind) {
	case CREDENTIAL_BEARER:
		buf_puts(&out, "Authorization: Bearer ");
		buf_puts(&out, c->token);
		break;
	case CREDENTIAL_HEADER:
		buf_puts(&out, c->header);
		buf_puts(&out, ": ");
		buf_puts(&out, c->token);
		break;
	case CREDENTIAL_BASIC:
	case CREDENTIAL_PROXY:
		buf_puts(&out, c->kind == CREDENTIAL_PROXY ? "Proxy-Authorization: Basic "
							   : "Authorization: Basic ");
		put_basic(h, &out);
		break;
	case CREDENTIAL_KIND_COUNT:
		break;
	}
	buf_puts(&out, "\r\n\r\n");
	h->line_size = out.size;
}

static void drop(size_t i)
{
	struct held *last = &store.list[--store.count];

	explicit_bzero(&store.list[i], sizeof(*last));
	if (&store.list[i] == last)
		return;
	/* Texts point into the entry itself: it is read anew where it comes to lie. */
	store.list[i] = *last;
	explicit_bzero(last, sizeof(*last));
}

static int keep(struct held *h, struct error *e)
{
	const char *secret = credential_secret(&h->credential);

	if (check_end(h, e) < 0)
		return -1;
	write_line(h);
	needles_put(&store.needle_bytes, h->name, secret, strlen(secret));
	if (h->line_size > store.longest)
		store.longest = h->line_size;
	return 0;
}

int credentials_read(const struct rules *rules, struct error *e)
{
	for (size_t i = 0; i < store.count;) {
		int use;

		if (read_file(&store.list[i], e) < 0)
			return -1;
		use = judge(&store.list[i], rules, e);
		if (use < 0 || (use > 0 && keep(&store.list[i], e) < 0))
			return -1;
		if (use > 0)
			i++;
		else
			drop(i);
	}
	if (store.count == 0)
		return 0;
	if (!needles_are_complete(&store.needle_bytes) ||
		needles_init(&store.needles, store.needle_bytes.data, store.needle_bytes.size,
			needles_digest) < 0)
		return error_set(e, ENOMEM, "cannot make what finds the credentials");
	return 0;
}

static bool has_method(const struct credential *c, const char *method)
{
	for (size_t i = 0; i < c->method_count; i++)
		if (strcmp(c->methods[i], method) == 0)
			return true;
	return false;
}

const struct held *credentials_find(
	const char *host, unsigned short port, const char *method, const char *target)
{
	const struct held *best = NULL;

	for (size_t i = 0; i < store.count; i++) {
		const struct credential *c = &store.list[i].credential;

		if (c->kind == CREDENTIAL_PROXY || c->port != port || strcmp(c->host, host) != 0 ||
			!has_method(c, method) || !url_path_matches(c->path, target))
			continue;
		if (best == NULL || strlen(best->credential.path) < strlen(c->path))
			best = &store.list[i];
	}
	return best;
}

const struct held *credentials_find_proxy(const char *host, unsigned short port)
{
	for (size_t i = 0; i < store.count; i++) {
		const struct credential *c = &store.list[i].credential;

		if (c->kind == CREDENTIAL_PROXY && c->port == port && strcmp(c->host, host) == 0)
			return &store.list[i];
	}
	return NULL;
}

bool credentials_is_over(const struct held *h)
{
	return gateway_wall_ms() / 1000 >= h->credential.expires;
}

const struct needles *credentials_needles(size_t *ret_longest)
{
	/* In base64 once more, perhaps. */
	*ret_longest = store.longest / 3 * 4 + 8;
	return &store.needles;
}

void credentials_put_needles(struct buf *out)
{
	if (store.needle_bytes.size > 0)
		buf_append(out, store.needle_bytes.data, store.needle_bytes.size);
}

void credentials_forget(void)
{
	if (store.list != NULL)
		explicit_bzero(store.list, list_size());
	store.count = 0;
}
