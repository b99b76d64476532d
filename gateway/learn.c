/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in cupel-gateway, on what a build asked for, every byte of which it
 * chose. Hosts are names that were looked up and paths are normalised when they come here;
 * what is printed is held against a stricter list all the same, because it is to become a
 * trusted file: a path that is not plain is not printed but covered by the directory that
 * it is in. A pattern can say more than the path that it is made of: '*' is never taken
 * over, and a path that ends in '/' becomes one that allows that directory's names alone.
 */
#include "gateway/learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/ascii.h"
#include "gateway/names.h"
#include "gateway/rule.h"
#include "gateway/url.h"

enum { PLACES_MAX = 256, FEW = 8, PATH_SHOWN = 120, NAME_HOST = 34 };

/* Texts, each once; more than a few are only counted. */
struct few {
	char *texts[FEW];
	size_t count;
	bool more, unplain; /* one could not be printed */
};

struct place {
	char host[NAME_SIZE], directory[URL_MAX + 1]; /* of all that was asked for below it */
	struct rule rule;
	struct few gets, posts, refused;
	bool tls, tunnel, raw, private_address, asked, answered, distrusted;
	unsigned short port;
};

static struct {
	struct place *all[PLACES_MAX];
	size_t count;
	bool full;
} places;

static bool is_plain(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ascii_is_alnum(s[i]) && strchr("/%-._~!$&'()+,=:@", s[i]) == NULL)
			return false;
	return n <= PATH_SHOWN;
}

static bool is_plain_host(const char *host)
{
	for (const char *c = host; *c != '\0'; c++)
		if (!ascii_is_digit(*c) && (*c < 'a' || *c > 'z') && *c != '-' && *c != '.')
			return false;
	return host[0] != '\0' && host[0] != '-' && host[0] != '.' && strlen(host) <= NAME_HOST;
}

static void add(struct few *f, const char *text, size_t n)
{
	if (!is_plain(text, n)) {
		f->unplain = true;
		return;
	}
	for (size_t i = 0; i < f->count; i++)
		if (strlen(f->texts[i]) == n && memcmp(f->texts[i], text, n) == 0)
			return;
	if (f->count == FEW || (f->texts[f->count] = strndup(text, n)) == NULL)
		f->more = true;
	else
		f->count++;
}

/* What both paths are below of. */
static void join_directory(struct place *p, const char *path, size_t n)
{
	size_t same = 0, end = 0;

	if (p->directory[0] == '\0') {
		memcpy(p->directory, path, n);
		p->directory[n] = '\0';
	}
	while (same < n && p->directory[same] == path[same])
		if (path[same++] == '/')
			end = same;
	p->directory[end] = '\0';
}

static struct place *find(const char *host, unsigned short port)
{
	for (size_t i = 0; i < places.count; i++)
		if (places.all[i]->port == port && strcmp(places.all[i]->host, host) == 0)
			return places.all[i];
	return NULL;
}

static struct place *find_or_add(const char *host, unsigned short port, bool tls)
{
	struct place *p = find(host, port);

	if (p != NULL)
		return p;
	p = places.count < PLACES_MAX ? calloc(1, sizeof(*p)) : NULL;
	if (p == NULL) {
		places.full = true;
		return NULL;
	}
	snprintf(p->host, sizeof(p->host), "%s", host);
	p->port = port;
	p->tls = tls;
	p->rule = (struct rule){.name = "learned",
		.host = p->host,
		.path = "/",
		.from = "cupel registry learn",
		.tls = tls,
		.port = port,
		.mode = tls ? RULE_INSPECT : RULE_HTTP,
		.posts = {"/**/git-upload-pack"},
		.post_count = 1};
	places.all[places.count++] = p;
	return p;
}

const struct rule *learn_allow(const struct rules *configured, bool private_addresses,
	const char *host, unsigned short port, bool tls, const char *method, const char *target,
	const char **why)
{
	struct place *p = find_or_add(host, port, tls);
	const struct rule *known = rules_find(configured, host, port), *nearest;

	if (p == NULL || p->tls != tls) {
		*why = p == NULL ? "more hosts than can be learned"
				 : "the same port of this host had another scheme before";
		return NULL;
	}
	p->rule.private_addresses = known != NULL ? known->private_addresses : private_addresses;
	return rules_allow(&(struct rules){&p->rule, 1}, host, port, method, target, why, &nearest);
}

static void note_refused(struct place *p, const char *method, const char *path, size_t n)
{
	char line[PATH_SHOWN + 32];
	int size = snprintf(line, sizeof(line), "%s%.*s", method, (int)n, path);

	if (n > PATH_SHOWN || size < 0 || (size_t)size >= sizeof(line))
		p->refused.unplain = true;
	else
		add(&p->refused, line, (size_t)size);
}

void learn_note(const struct learned *l)
{
	struct place *p = find_or_add(l->host, l->port, l->tls);
	size_t n = strcspn(l->target, "?");

	if (p == NULL)
		return;
	if (l->refused || p->tls != l->tls) {
		note_refused(p, l->method, l->target, n);
		return;
	}
	p->asked = true;
	p->answered = p->answered || l->answered;
	p->private_address = p->private_address || l->private_address;
	join_directory(p, l->target, n);
	add(strcmp(l->method, "POST") == 0 ? &p->posts : &p->gets, l->target, n);
}

void learn_note_tunnel(const struct rule *rule)
{
	struct place *p = find_or_add(rule->host, rule->port, true);

	if (p == NULL)
		return;
	p->asked = p->answered = p->tunnel = true;
	p->raw = rule->mode == RULE_RAW;
	p->private_address = rule->private_addresses;
}

void learn_note_distrust(const char *host, unsigned short port)
{
	struct place *p = find_or_add(host, port, true);

	if (p != NULL)
		p->distrusted = true;
}

/* The directory as far as it is plain. */
static size_t plain_directory(const struct place *p)
{
	size_t n = strlen(p->directory);

	while (n > 1 && (p->directory[n - 1] != '/' || !is_plain(p->directory, n)))
		n--;
	return n;
}

static void print_url(const struct place *p, size_t n, struct buf *out)
{
	const char *scheme = p->raw ? "tcp" : p->tls ? "https" : "http";

	buf_printf(out, "url = %s://%s:%u", scheme, p->host, p->port);
	buf_append(out, n > 0 ? p->directory : "/", n > 0 ? n : 1);
	buf_puts(out, "\n");
}

static bool is_few(const struct few *f)
{
	return !f->more && !f->unplain;
}

static void print_patterns(const char *key, const struct few *f, struct buf *out)
{
	for (size_t i = 0; i < f->count; i++)
		buf_printf(out, "%s = %s%s\n", key, f->texts[i],
			f->texts[i][strlen(f->texts[i]) - 1] == '/' ? "*" : "");
}

static void print_posts(const struct place *p, size_t n, struct buf *out)
{
	if (is_few(&p->posts))
		print_patterns("post", &p->posts, out);
	else
		buf_printf(out, "post = %.*s**/git-upload-pack\n", (int)n, p->directory);
	/* Without a path, all below the url could be fetched. */
	if (is_few(&p->posts) && is_few(&p->gets) && p->gets.count == 0)
		print_patterns("path", &p->posts, out);
}

static void print_refused(const struct place *p, struct buf *out)
{
	for (size_t i = 0; i < p->refused.count; i++) {
		const char *text = p->refused.texts[i], *path = strchr(text, '/');

		buf_printf(out, "; refused: %.*s %s\n", (int)(path - text), text, path);
		if (p->asked && strncmp(text, "POST/", 5) == 0)
			buf_printf(out, ";   post = %s would allow it, with what is in its body\n",
				path);
		if (p->asked && strncmp(text, "OPTIONS/", 8) == 0)
			buf_puts(out, ";   method = OPTIONS would allow it, beside GET and HEAD\n");
	}
	if (p->refused.more || p->refused.unplain)
		buf_puts(out, "; refused: more than is shown here\n");
}

static void print_distrust(const struct place *p, struct buf *out)
{
	if (p->distrusted)
		buf_puts(out, "; a client accepted no certificate but the host's own: 'mode = "
			      "tunnel' would let it\n;   through, uninspected\n");
}

static void print_registry(const struct place *p, struct buf *out)
{
	size_t n = plain_directory(p);

	buf_puts(out, "; by 'cupel registry learn'; see cupel.registry(5)\n[registry]\n");
	if (!p->answered)
		buf_puts(out, "; nothing was answered from here\n");
	print_url(p, p->tunnel ? 0 : n, out);
	if (p->tunnel) {
		buf_puts(out, p->raw ? "mode = raw\n" : "mode = tunnel\n");
	} else {
		if (is_few(&p->gets))
			print_patterns("path", &p->gets, out);
		else
			buf_puts(out, "; more than a few paths, so all that is below\n");
		print_posts(p, n, out);
	}
	buf_printf(out, "private = %s\n",
		p->private_address || p->rule.private_addresses ? "yes" : "no");
	print_distrust(p, out);
	print_refused(p, out);
}

/* About what cannot be in a file of its own. */
static void print_rest(struct buf *out)
{
	for (size_t i = 0; i < places.count; i++) {
		const struct place *p = places.all[i];

		if (!is_plain_host(p->host)) {
			buf_puts(out, "; a host is left out: its name is long, or none of a "
				      "registry\n");
			continue;
		}
		if (p->asked)
			continue;
		buf_printf(out, "; of %s:%u nothing was let through\n", p->host, p->port);
		print_distrust(p, out);
		print_refused(p, out);
	}
	if (places.full)
		buf_puts(out, "; there were more hosts than can be learned\n");
}

void learn_print(struct buf *out)
{
	for (size_t i = 0; i < places.count; i++) {
		const struct place *p = places.all[i];

		if (!p->asked || !is_plain_host(p->host))
			continue;
		buf_printf(out, "learned-%s", p->host);
		if (p->port != 443)
			buf_printf(out, "-%u", p->port);
		buf_append(out, "", 1);
		print_registry(p, out);
		buf_append(out, "", 1);
	}
	buf_append(out, "", 1);
	print_rest(out);
	buf_append(out, "", 1);
}
