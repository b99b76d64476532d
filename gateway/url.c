/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway compares, records and sends only what comes out of
 * url_normalise(), so that a rule and the registry cannot see two paths in one
 * target. The path is decoded into one record a byte, judged as a whole, and written
 * again from that; what a server might decode a second time, or might take for a step up,
 * is refused. Targets and Locations are a stranger's, patterns the administrator's.
 */
#include "gateway/url.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "gateway/ascii.h"
#include "gateway/names.h"

_Static_assert(sizeof(((struct url *)0)->host) == NAME_SIZE, "a host is a name");

struct path {
	size_t size;
	char bytes[URL_MAX];   /* decoded */
	bool escaped[URL_MAX]; /* whether it was written as %XX */
};

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

/* The byte that "%XX" at s (n bytes left) stands for, or -1. */
static int decode_escape(const char *s, size_t n)
{
	int high = n > 2 ? ascii_hex(s[1]) : -1;
	int low = n > 2 ? ascii_hex(s[2]) : -1;

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static const char *judge_raw(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!ascii_is_visible(s[i]))
			return "a byte in the URL that must be encoded";
		if (s[i] == '#' || s[i] == '\\')
			return "'#' or '\\' in the URL";
		if (s[i] == '%' && decode_escape(s + i, n - i) < 0)
			return "'%' without two hexadecimal digits in the URL";
	}
	return NULL;
}

/* n is at most URL_MAX, and judge_raw() has nothing to say. */
static void decode_path(const char *s, size_t n, struct path *p)
{
	p->size = 0;
	for (size_t i = 0; i < n; p->size++) {
		p->escaped[p->size] = s[i] == '%';
		p->bytes[p->size] = s[i] == '%' ? (char)decode_escape(s + i, n - i) : s[i];
		i += s[i] == '%' ? 3 : 1;
	}
}

static bool is_double(const struct path *p, size_t i)
{
	return p->bytes[i] == '%' && i + 2 < p->size && ascii_hex(p->bytes[i + 1]) >= 0 &&
	       ascii_hex(p->bytes[i + 2]) >= 0;
}

static const char *judge_bytes(const struct path *p)
{
	if (text_has_control(p->bytes, p->size))
		return "an encoded control character in the path";
	if (!text_is_utf8(p->bytes, p->size))
		return "ill-formed UTF-8 in the path";
	for (size_t i = 0; i < p->size; i++) {
		if (p->bytes[i] == '\\')
			return "an encoded '\\' in the path";
		if (is_double(p, i))
			return "a path that is encoded twice";
	}
	return NULL;
}

/* "." and "..", and with what some servers take for parameters: "..;x". */
static bool is_dots(const char *s, size_t n)
{
	const char *parameters = memchr(s, ';', n);

	if (parameters != NULL)
		n = (size_t)(parameters - s);
	return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

/* Whether the one encoded '/' at `slash` of a segment is the end of an npm scope. */
static bool ends_scope(const char *s, size_t n, size_t slash)
{
	return s[0] == '@' && slash > 1 && slash + 1 < n && !is_dots(s + 1, slash - 1) &&
	       !is_dots(s + slash + 1, n - slash - 1);
}

static const char *judge_segment(const struct path *p, size_t start, size_t n)
{
	const char *s = p->bytes + start;
	const char *slash = memchr(s, '/', n);

	if (is_dots(s, n))
		return "a '.' or '..' segment in the path";
	if (slash == NULL)
		return NULL;
	if (memchr(slash + 1, '/', n - (size_t)(slash + 1 - s)) != NULL ||
		!ends_scope(s, n, (size_t)(slash - s)))
		return "an encoded '/' in the path";
	return NULL;
}

/* p begins with '/'. */
static const char *judge_segments(const struct path *p)
{
	size_t start = 1;

	for (size_t i = 1; i <= p->size; i++) {
		const char *wrong = NULL;

		if (i < p->size && (p->bytes[i] != '/' || p->escaped[i]))
			continue;
		if (i == start && i < p->size)
			return "an empty segment in the path";
		if (i > start)
			wrong = judge_segment(p, start, i - start);
		if (wrong != NULL)
			return wrong;
		start = i + 1;
	}
	return NULL;
}

/* Whether byte i stands for itself in the one form that a path has. */
static bool stays_bare(const struct path *p, size_t i)
{
	char c = p->bytes[i];

	if (ascii_is_alnum(c) || (c != '\0' && strchr("-._~:@", c) != NULL))
		return true;
	return !p->escaped[i] && c != '\0' && strchr("!$&'()*+,;=/", c) != NULL;
}

/* Size, or 0: it does not fit. */
static size_t encode_path(const struct path *p, char out[URL_MAX + 1])
{
	static const char digits[] = "0123456789ABCDEF";
	size_t size = 0;

	for (size_t i = 0; i < p->size; i++) {
		bool bare = stays_bare(p, i);
		unsigned char c = (unsigned char)p->bytes[i];

		if (size + (bare ? 1 : 3) > URL_MAX)
			return 0;
		if (!bare) {
			out[size++] = '%';
			out[size++] = digits[c >> 4];
		}
		out[size++] = bare ? (char)c : digits[c & 15];
	}
	return size;
}

/* Keeps all but the case of hex digits. judge_raw() has nothing to say. */
static const char *copy_query(const char *s, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		int byte = s[i] == '%' ? decode_escape(s + i, n - i) : s[i];

		if (ascii_is_control((char)byte))
			return "an encoded control character in the query";
		out[i] = s[i];
		if (i > 0 && s[i - 1] == '%')
			out[i] = (char)(s[i] >= 'a' ? s[i] - 'a' + 'A' : s[i]);
		if (i > 1 && s[i - 2] == '%')
			out[i] = (char)(s[i] >= 'a' ? s[i] - 'a' + 'A' : s[i]);
	}
	out[n] = '\0';
	return NULL;
}

int url_normalise(const char *target, size_t n, char out[URL_MAX + 1], const char **why)
{
	const char *query = n > 0 ? memchr(target, '?', n) : NULL;
	size_t path_size = query != NULL ? (size_t)(query - target) : n;
	const char *wrong;
	struct path p;
	size_t size;

	if (n > URL_MAX)
		return refuse(why, "a URL that is too long");
	if (n == 0 || target[0] != '/')
		return refuse(why, "a path that does not begin with '/'");
	wrong = judge_raw(target, n);
	if (wrong == NULL) {
		decode_path(target, path_size, &p);
		wrong = judge_bytes(&p);
	}
	if (wrong == NULL)
		wrong = judge_segments(&p);
	if (wrong != NULL)
		return refuse(why, wrong);
	size = encode_path(&p, out);
	if (size == 0 || size + (n - path_size) > URL_MAX)
		return refuse(why, "a URL that is too long");
	wrong = copy_query(target + path_size, n - path_size, out + size);
	return wrong != NULL ? refuse(why, wrong) : 0;
}

/* Where a glob can go on when what comes after a '*' does not match. */
struct retry {
	const char *pattern; /* behind the star; NULL: there was none */
	const char *text;
};

/* Lets a star take one more byte: the last one if it can, else the last "**". */
static bool widen(struct retry *one, struct retry *any, const char *end, struct retry *at)
{
	if (one->pattern != NULL && one->text < end && *one->text != '/') {
		one->text++;
		*at = *one;
		return true;
	}
	if (any->pattern == NULL || any->text >= end)
		return false;
	any->text++;
	one->pattern = NULL;
	*at = *any;
	return true;
}

/*
 * Each star takes as little as it can. Only the last of a kind is ever widened:
 * what an earlier one could take more, a later one can take as well.
 */
static bool glob_matches(const char *pattern, const char *text, const char *end)
{
	struct retry one = {NULL, NULL}, any = {NULL, NULL}, at = {pattern, text};

	for (;;) {
		if (at.pattern[0] == '*' && at.pattern[1] == '*') {
			at.pattern += 2;
			any = at;
			one.pattern = NULL;
		} else if (at.pattern[0] == '*') {
			at.pattern++;
			one = at;
		} else if (at.pattern[0] == '\0' && at.text == end) {
			return true;
		} else if (at.text < end && at.pattern[0] == at.text[0]) {
			at.pattern++;
			at.text++;
		} else if (!widen(&one, &any, end, &at)) {
			return false;
		}
	}
}

bool url_path_matches(const char *pattern, const char *target)
{
	size_t n = strcspn(target, "?"), length = strlen(pattern);

	if (n == 0 || length == 0)
		return false;
	if (strchr(pattern, '*') == NULL && pattern[length - 1] == '/')
		return n >= length && memcmp(target, pattern, length) == 0;
	return glob_matches(pattern, target, target + n);
}

/* Behind "http://" or "https://", or NULL. */
static const char *skip_scheme(const char *text, size_t n, bool *ret_tls)
{
	static const char clear[] = "http://", tls[] = "https://";

	*ret_tls = n >= sizeof(tls) - 1 && strncasecmp(text, tls, sizeof(tls) - 1) == 0;
	if (*ret_tls)
		return text + sizeof(tls) - 1;
	if (n >= sizeof(clear) - 1 && strncasecmp(text, clear, sizeof(clear) - 1) == 0)
		return text + sizeof(clear) - 1;
	return NULL;
}

static int split_authority(const char *s, size_t n, struct url *u, const char **why)
{
	const char *colon = n > 0 ? memchr(s, ':', n) : NULL;
	size_t host_size = colon != NULL ? (size_t)(colon - s) : n;

	if (n > 0 && memchr(s, '@', n) != NULL)
		return refuse(why, "user information in the URL");
	if (names_normalise(s, host_size, u->host) < 0)
		return refuse(why, "a malformed host in the URL");
	u->port = u->tls ? 443 : 80;
	if (colon != NULL)
		u->port = ascii_port(colon + 1, n - host_size - 1);
	return u->port == 0 ? refuse(why, "a malformed port in the URL") : 0;
}

/* s begins with '/' or '?', or is empty. */
static int split_path(const char *s, size_t n, struct url *u, const char **why)
{
	size_t slash = n == 0 || s[0] != '/';

	if (n + slash > URL_MAX)
		return refuse(why, "a URL that is too long");
	memcpy(u->path, "/", 1);
	memcpy(u->path + slash, s, n);
	u->path[slash + n] = '\0';
	return 0;
}

int url_split(const char *text, size_t n, struct url *ret, const char **why)
{
	struct url u = {0};
	const char *authority = skip_scheme(text, n, &u.tls);
	const char *wrong = judge_raw(text, n);
	size_t left, size = 0;

	if (authority == NULL)
		return refuse(why, "a URL that is neither http:// nor https://");
	if (wrong != NULL)
		return refuse(why, wrong);
	left = n - (size_t)(authority - text);
	while (size < left && authority[size] != '/' && authority[size] != '?')
		size++;
	if (split_authority(authority, size, &u, why) < 0 ||
		split_path(authority + size, left - size, &u, why) < 0)
		return -1;
	*ret = u;
	return 0;
}

/* Copies as much as fits below URL_MAX. */
static size_t append(char out[URL_MAX + 1], size_t size, const char *s, size_t n)
{
	size_t fits = n < URL_MAX - size ? n : URL_MAX - size;

	memcpy(out + size, s, fits);
	return size + fits;
}

/* Whether the name at s, once decoded, has `word` at that place. */
static bool has_word_at(const char *s, size_t n, const char *word)
{
	size_t i = 0;

	for (; *word != '\0'; word++) {
		int byte = i < n && s[i] == '%' ? decode_escape(s + i, n - i) : -1;

		if (i >= n || ascii_lower(byte < 0 ? s[i] : (char)byte) != *word)
			return false;
		i += byte < 0 ? 1 : 3;
	}
	return true;
}

static bool is_credential(const char *name, size_t n)
{
	static const char *const words[] = {"token", "pass", "pwd", "session", "jwt", "bearer",
		"key", "secret", "sig", "password", "auth", "credential"};

	for (size_t i = 0; i < n; i++)
		for (size_t w = 0; w < array_size(words); w++)
			if (has_word_at(name + i, n - i, words[w]))
				return true;
	return false;
}

void url_redact(const char *target, char out[URL_MAX + 1])
{
	size_t path_size = strcspn(target, "?");
	size_t size = append(out, 0, target, path_size);

	for (const char *at = target + path_size; *at != '\0';) {
		size_t parameter = 1 + strcspn(at + 1, "&;");
		size_t name = 1 + strcspn(at + 1, "=&;");
		bool hidden = name < parameter && is_credential(at + 1, name - 1);

		size = append(out, size, at, hidden ? name + 1 : parameter);
		if (hidden)
			size = append(out, size, "REDACTED", strlen("REDACTED"));
		at += parameter;
	}
	out[size] = '\0';
}
