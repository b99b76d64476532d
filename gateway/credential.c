/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: reads a credential's file in cupel-gateway, after it confined
 * itself, in memory that is locked: nothing is copied out of the file's own bytes. The
 * file is its owner's, but what could be read in two ways would send a secret where it
 * was not meant to go, so every line is exactly "key = value", and no fault repeats a byte
 * of it. Not conf/ini.h's reader: that copies, and refuses lines as long as tokens are.
 */
#include "gateway/credential.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "gateway/ascii.h"
#include "gateway/url.h"

struct reading {
	struct credential *to;
	const char *url, *expires;
	bool has_kind, in_section;
};

typedef const char *set_fn(struct reading *r, char *value);

static bool is_visible(const char *s)
{
	while (ascii_is_visible(*s))
		s++;
	return *s == '\0';
}

static const char *set_text(const char **to, char *value)
{
	if (*to != NULL)
		return "the key is set a second time";
	if (value[0] == '\0' || !is_visible(value))
		return "the value is empty, or has a blank or a byte that is not ASCII in it";
	*to = value;
	return NULL;
}

static const char *set_registry(struct reading *r, char *value)
{
	return set_text(&r->to->registry, value);
}

static const char *set_url(struct reading *r, char *value)
{
	return set_text(&r->url, value);
}

static const char *set_expires(struct reading *r, char *value)
{
	return set_text(&r->expires, value);
}

static const char *set_header(struct reading *r, char *value)
{
	return set_text(&r->to->header, value);
}

static const char *check_secret(const char *value)
{
	size_t n = strlen(value);

	if (n < CREDENTIAL_SECRET_MIN)
		return "the secret is shorter than 16 bytes: too short to be looked for in outputs";
	return n > CREDENTIAL_SECRET_MAX ? "the secret is longer than 4096 bytes" : NULL;
}

static const char *set_token(struct reading *r, char *value)
{
	const char *bad = set_text(&r->to->token, value);

	return bad != NULL ? bad : check_secret(value);
}

static const char *set_password(struct reading *r, char *value)
{
	const char *bad = set_text(&r->to->password, value);

	return bad != NULL ? bad : check_secret(value);
}

static const char *set_user(struct reading *r, char *value)
{
	if (strchr(value, ':') != NULL || strlen(value) > 256)
		return "the user's name has a ':' in it, or is longer than 256 bytes";
	return set_text(&r->to->user, value);
}

static const char *add_method(struct reading *r, char *value)
{
	static const char *const methods[CREDENTIAL_METHODS] = {"GET", "HEAD", "OPTIONS", "POST"};
	struct credential *c = r->to;

	for (size_t i = 0; i < c->method_count; i++)
		if (strcmp(c->methods[i], value) == 0)
			return "the same method is there already";
	for (size_t i = 0; i < array_size(methods); i++)
		if (strcmp(methods[i], value) == 0) {
			c->methods[c->method_count++] = value;
			return NULL;
		}
	return "there is no such method: it is GET, HEAD, OPTIONS or POST";
}

static const char *const kind_names[] = {"bearer", "basic", "header", "proxy"};
_Static_assert(array_size(kind_names) == CREDENTIAL_KIND_COUNT, "each kind has a name");

static const char *set_kind(struct reading *r, char *value)
{
	if (r->has_kind)
		return "the key is set a second time";
	r->has_kind = true;
	for (size_t i = 0; i < array_size(kind_names); i++)
		if (strcmp(kind_names[i], value) == 0) {
			r->to->kind = (enum credential_kind)i;
			return NULL;
		}
	return "there is no such kind: it is bearer, basic, header or proxy";
}

static const struct {
	const char *name;
	set_fn *set;
} keys[] = {
	{"registry", set_registry},
	{"url", set_url},
	{"method", add_method},
	{"kind", set_kind},
	{"token", set_token},
	{"header", set_header},
	{"user", set_user},
	{"password", set_password},
	{"expires", set_expires},
};

/* Without the blanks at its end. */
static void cut_blanks(char *begin, char *end)
{
	while (end > begin && end[-1] == ' ')
		end--;
	*end = '\0';
}

/* line is NUL-terminated and has no control characters in it. */
static const char *take_line(struct reading *r, char *line)
{
	char *equals = strchr(line, '=');

	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return NULL;
	if (line[0] == '[') {
		if (r->in_section || strcmp(line, "[credential]") != 0)
			return "there is one section, [credential], and nothing else";
		r->in_section = true;
		return NULL;
	}
	if (!r->in_section)
		return "the line stands before '[credential]'";
	if (equals == NULL)
		return "the line is neither a comment nor 'key = value'";
	cut_blanks(line, equals);
	for (equals++; *equals == ' ';)
		equals++;
	cut_blanks(equals, equals + strlen(equals));
	for (size_t i = 0; i < array_size(keys); i++)
		if (strcmp(keys[i].name, line) == 0)
			return keys[i].set(r, equals);
	return "there is no such key";
}

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ascii_is_control(s[i]))
			return true;
	return false;
}

static const char *take_lines(struct reading *r, char *text, size_t n, unsigned int *line)
{
	char *end = text + n;

	*end = '\0';
	for (char *at = text; at < end;) {
		char *lf = memchr(at, '\n', (size_t)(end - at));
		char *stop = lf != NULL ? lf : end;
		const char *bad = NULL;

		++*line;
		if (has_control(at, (size_t)(stop - at)))
			return "the line has a control character in it, a tab or CR perhaps";
		*stop = '\0';
		bad = take_line(r, at);
		if (bad != NULL)
			return bad;
		at = stop + 1;
	}
	*line = 0;
	return NULL;
}

/* Cuts the host out of the url, where it stands. */
static const char *split_url(struct credential *c, char *url)
{
	struct url u;
	char normal[URL_MAX + 1];
	const char *why;
	char *host, *path;
	size_t n;

	if (url_split(url, strlen(url), &u, &why) < 0)
		return why;
	host = strstr(url, "://") + 3;
	path = strchr(host, '/');
	/* Whole directories: "/team" would hold for "/teammates", too. */
	if (path == NULL || path[strlen(path) - 1] != '/' || strpbrk(path, "?*") != NULL)
		return "the url's path does not end in '/', or has a query or '*' in it";
	if (url_normalise(path, strlen(path), normal, &why) < 0 || strcmp(path, normal) != 0)
		return "the url's path is not written as requests have it";
	n = strcspn(host, ":/");
	if (n != strlen(u.host) || strncasecmp(host, u.host, n) != 0)
		return "the url has no plain host";
	/* One byte to the left, so that its end does not take the place of the path's '/'. */
	memcpy(host - 1, u.host, n + 1);
	c->host = host - 1;
	c->path = path;
	c->tls = u.tls;
	c->port = u.port;
	return NULL;
}

/* So that no field takes the place of one that says where a request ends, or for whom it is. */
static bool is_header(const char *name)
{
	static const char *const ends[] = {"-Token", "-Key", "-Api", "-Auth", "-Authorization"};
	size_t n = strlen(name);

	for (const char *c = name; *c != '\0'; c++)
		if (!ascii_is_alnum(*c) && *c != '-')
			return false;
	if (n > 64 || strncasecmp(name, "Proxy-", 6) == 0)
		return false;
	if (strcasecmp(name, "Authorization") == 0)
		return true;
	for (size_t i = 0; i < array_size(ends); i++)
		if (n > strlen(ends[i]) && strcasecmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* Which keys a kind has besides url and expires. */
static const char *check_keys(const struct credential *c)
{
	bool is_proxy = c->kind == CREDENTIAL_PROXY;
	bool has_user = is_proxy || c->kind == CREDENTIAL_BASIC;

	if ((c->registry != NULL) == is_proxy)
		return is_proxy ? "a proxy's credential has no 'registry'"
				: "there is no 'registry'";
	if (is_proxy && c->method_count > 0)
		return "a proxy's credential has no 'method'";
	if ((c->user != NULL) != has_user || (c->password != NULL) != has_user)
		return "'user' and 'password' belong to kind = basic and kind = proxy, and these "
		       "need them";
	if ((c->token != NULL) == has_user)
		return "'token' belongs to kind = bearer and kind = header, and these need it";
	if ((c->header != NULL) != (c->kind == CREDENTIAL_HEADER))
		return "'header' belongs to kind = header, and this needs it";
	if (c->header != NULL && !is_header(c->header))
		return "the header is not Authorization, nor does its name end in -Token, -Key, "
		       "-Api or -Auth";
	return NULL;
}

static const char *finish(struct reading *r)
{
	struct credential *c = r->to;
	const char *bad;

	if (!r->has_kind)
		return "there is no 'kind'";
	if (r->url == NULL)
		return "there is no 'url'";
	if (r->expires == NULL)
		return "there is no 'expires': every credential has an end";
	if (credential_parse_time(r->expires, &c->expires) < 0)
		return "'expires' is neither a date such as 2026-12-31 nor a time of RFC 3339";
	bad = check_keys(c);
	if (bad == NULL)
		bad = split_url(c, (char *)(uintptr_t)r->url);
	if (bad != NULL)
		return bad;
	if (c->kind != CREDENTIAL_PROXY && !c->tls)
		return "the url is not https://: a credential is not sent in the clear";
	if (c->kind == CREDENTIAL_PROXY && (c->tls || strcmp(c->path, "/") != 0))
		return "a proxy's url is 'http://HOST:PORT/'";
	if (c->method_count == 0) {
		c->methods[c->method_count++] = "GET";
		c->methods[c->method_count++] = "HEAD";
	}
	return NULL;
}

int credential_parse(
	char *text, size_t n, struct credential *ret, const char **why, unsigned int *line)
{
	struct credential c = {0};
	struct reading r = {.to = &c};

	*line = 0;
	*why = take_lines(&r, text, n, line);
	if (*why == NULL)
		*why = finish(&r);
	if (*why != NULL)
		return -1;
	*ret = c;
	return 0;
}

const char *credential_secret(const struct credential *c)
{
	return c->token != NULL ? c->token : c->password;
}
