/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the gateway reads requests of the build and answers of
 * registries with this, in its own confined process, and writes its own heads from
 * what was understood. So whatever the next parser in line could understand in another
 * way (where a head or a body ends, whose host it is) must be refused here. The end of
 * the head is found first, with every byte before it checked; the rest then works on
 * whole lines that end with CRLF and hold no control but HTAB.
 */
#include "gateway/http.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cleanup.h"
#include "gateway/ascii.h"
#include "gateway/names.h"

enum { LENGTH_DIGITS_MAX = 18 };

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -1;
}

bool http_is(struct http_text t, const char *s)
{
	return t.size == strlen(s) && memcmp(t.data, s, t.size) == 0;
}

bool http_is_like(struct http_text t, const char *s)
{
	if (t.size != strlen(s))
		return false;
	for (size_t i = 0; i < t.size; i++)
		if (ascii_lower(t.data[i]) != ascii_lower(s[i]))
			return false;
	return true;
}

const struct http_field *http_find(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (http_is_like(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

static struct http_text trim(struct http_text t)
{
	while (t.size > 0 && (t.data[0] == ' ' || t.data[0] == '\t'))
		t = (struct http_text){t.data + 1, t.size - 1};
	while (t.size > 0 && (t.data[t.size - 1] == ' ' || t.data[t.size - 1] == '\t'))
		t.size--;
	return t;
}

/* What comes before c, which is taken off *t with it; all of it when there is no c. */
static struct http_text take_until(struct http_text *t, char c)
{
	const char *end = memchr(t->data, c, t->size);
	struct http_text taken = *t;

	if (end == NULL) {
		*t = (struct http_text){t->data + t->size, 0};
		return taken;
	}
	taken.size = (size_t)(end - t->data);
	*t = (struct http_text){end + 1, t->size - taken.size - 1};
	return taken;
}

/* RFC 9110 §5.6.2. */
static bool is_token(struct http_text t)
{
	for (size_t i = 0; i < t.size; i++)
		if (!ascii_is_alnum(t.data[i]) &&
			(t.data[i] == '\0' || strchr("!#$%&'*+-.^_`|~", t.data[i]) == NULL))
			return false;
	return t.size > 0;
}

static bool is_digits(struct http_text t)
{
	for (size_t i = 0; i < t.size; i++)
		if (!ascii_is_digit(t.data[i]))
			return false;
	return t.size > 0;
}

/* What is wrong with byte i, seen with the one before it; NULL: nothing. */
static const char *judge_byte(const char *bytes, size_t i)
{
	bool after_cr = i > 0 && bytes[i - 1] == '\r';

	if (bytes[i] == '\n')
		return after_cr ? NULL : "bare LF";
	if (after_cr)
		return "bare CR";
	if (bytes[i] == '\0')
		return "NUL";
	if (bytes[i] == '\r' || bytes[i] == '\t')
		return NULL;
	return ascii_is_control(bytes[i]) ? "a control character" : NULL;
}

/* As http_parse_request(). */
static int find_end(const char *bytes, size_t n, const char **why)
{
	size_t limit = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX, line = 0;

	for (size_t i = 0; i < limit; i++) {
		const char *wrong = judge_byte(bytes, i);

		if (wrong != NULL)
			return refuse(why, wrong);
		if (bytes[i] != '\n')
			continue;
		if (i == 1)
			return refuse(why, "an empty line before the head");
		if (i == line + 1)
			return (int)i + 1;
		line = i + 1;
	}
	return limit < HTTP_HEAD_MAX ? 0 : refuse(why, "a head that is too large");
}

static int read_version(struct http_text t, struct http_head *h, const char **why)
{
	if (!http_is(t, "HTTP/1.0") && !http_is(t, "HTTP/1.1"))
		return refuse(why, "a version other than HTTP/1.0 and HTTP/1.1");
	h->minor = t.data[t.size - 1] - '0';
	return 0;
}

static int read_target(struct http_text t, struct http_head *h, const char **why)
{
	if (t.size == 0 || t.data[0] != '/')
		return refuse(why, "a target that does not begin with '/'");
	for (size_t i = 0; i < t.size; i++)
		if (!ascii_is_visible(t.data[i]))
			return refuse(why, "a target with bytes that must be encoded");
	h->target = t;
	return 0;
}

static int read_request_line(struct http_text line, struct http_head *h, const char **why)
{
	struct http_text target;

	h->method = take_until(&line, ' ');
	target = take_until(&line, ' ');
	if (!is_token(h->method))
		return refuse(why, "a malformed method");
	if (read_target(target, h, why) < 0)
		return -1;
	return read_version(line, h, why);
}

static int read_status_line(struct http_text line, struct http_head *h, const char **why)
{
	struct http_text code;

	if (read_version(take_until(&line, ' '), h, why) < 0)
		return -1;
	code = take_until(&line, ' ');
	if (code.size != 3 || !is_digits(code) || code.data[0] < '1' || code.data[0] > '5')
		return refuse(why, "a malformed status");
	h->status = (code.data[0] - '0') * 100 + (code.data[1] - '0') * 10 + code.data[2] - '0';
	return 0;
}

static int read_field(struct http_text line, struct http_head *h, const char **why)
{
	struct http_field field;

	if (line.data[0] == ' ' || line.data[0] == '\t')
		return refuse(why, "obs-fold");
	if (memchr(line.data, ':', line.size) == NULL)
		return refuse(why, "a field without ':'");
	field.name = take_until(&line, ':');
	if (trim(field.name).size != field.name.size)
		return refuse(why, "blanks before ':'");
	if (!is_token(field.name))
		return refuse(why, "a malformed field name");
	if (h->field_count >= HTTP_FIELDS_MAX)
		return refuse(why, "too many fields");
	field.value = trim(line);
	h->fields[h->field_count++] = field;
	return 0;
}

/* What two readers would take another one of, if it came twice. */
static const struct {
	const char *name, *why;
} single_fields[] = {
	{"Host", "two Host fields"},
	{"Content-Length", "two Content-Length fields"},
	{"Transfer-Encoding", "two Transfer-Encoding fields"},
	{"Location", "two Location fields"},
	{"Range", "two Range fields"},
	{"Content-Range", "two Content-Range fields"},
	{"Authorization", "two Authorization fields"},
	{"Expect", "two Expect fields"},
};

static int check_single_fields(const struct http_head *h, const char **why)
{
	for (size_t i = 0; i < array_size(single_fields); i++) {
		size_t count = 0;

		for (size_t k = 0; k < h->field_count; k++)
			count += http_is_like(h->fields[k].name, single_fields[i].name);
		if (count > 1)
			return refuse(why, single_fields[i].why);
	}
	return 0;
}

/* Whether one of the comma-separated words of all fields of that name is `word`. */
static bool lists(const struct http_head *h, const char *name, const char *word)
{
	for (size_t i = 0; i < h->field_count; i++) {
		struct http_text rest = h->fields[i].value;

		if (!http_is_like(h->fields[i].name, name))
			continue;
		while (rest.size > 0)
			if (http_is_like(trim(take_until(&rest, ',')), word))
				return true;
	}
	return false;
}

static void read_connection(struct http_head *h)
{
	h->keep_alive = !lists(h, "Connection", "close") &&
			(h->minor > 0 || lists(h, "Connection", "keep-alive"));
	h->upgrade = http_find(h, "Upgrade") != NULL || lists(h, "Connection", "upgrade");
}

static int read_length(struct http_text value, struct http_head *h, const char **why)
{
	uint64_t length = 0;

	if (!is_digits(value) || value.size > LENGTH_DIGITS_MAX)
		return refuse(why, "a malformed Content-Length");
	for (size_t i = 0; i < value.size; i++)
		length = length * 10 + (uint64_t)(value.data[i] - '0');
	h->framing = HTTP_LENGTH;
	h->length = length;
	return 0;
}

static int read_framing(struct http_head *h, const char **why)
{
	const struct http_field *length = http_find(h, "Content-Length");
	const struct http_field *encoding = http_find(h, "Transfer-Encoding");

	if (length != NULL && encoding != NULL)
		return refuse(why, "Content-Length with Transfer-Encoding");
	if (length != NULL)
		return read_length(length->value, h, why);
	if (encoding == NULL)
		return 0;
	if (h->minor == 0)
		return refuse(why, "Transfer-Encoding in HTTP/1.0");
	if (!http_is(encoding->value, "chunked"))
		return refuse(why, "a Transfer-Encoding other than chunked");
	h->framing = HTTP_CHUNKED;
	return 0;
}

static int read_fields(struct http_text lines, struct http_head *h, const char **why)
{
	while (lines.size > 0) {
		struct http_text line = take_until(&lines, '\n');

		line.size--; /* the CR */
		if (line.size > 0 && read_field(line, h, why) < 0)
			return -1;
	}
	if (check_single_fields(h, why) < 0)
		return -1;
	read_connection(h);
	return read_framing(h, why);
}

typedef int read_line(struct http_text line, struct http_head *h, const char **why);

/* As http_parse_request(), for what both kinds have in common. */
static int read_head(
	const char *bytes, size_t n, read_line *read_first, struct http_head *h, const char **why)
{
	int size = find_end(bytes, n, why);
	struct http_text lines, first;

	if (size <= 0)
		return size;
	lines = (struct http_text){bytes, (size_t)size};
	h->size = lines.size;
	first = take_until(&lines, '\n');
	first.size--; /* the CR */
	if (read_first(first, h, why) < 0 || read_fields(lines, h, why) < 0)
		return -1;
	return size;
}

static bool is_address6(struct http_text t)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (t.size >= sizeof(text))
		return false;
	memcpy(text, t.data, t.size);
	text[t.size] = '\0';
	return strlen(text) == t.size && inet_pton(AF_INET6, text, &address) == 1;
}

/* RFC 9110 §7.2, without what no host has: user information, escapes, an empty port. */
static bool is_host(struct http_text t)
{
	bool bracketed = t.size > 0 && t.data[0] == '[';
	struct http_text host = t, rest = t;
	char normal[NAME_SIZE];

	if (bracketed) {
		rest = (struct http_text){t.data + 1, t.size - 1};
		host = take_until(&rest, ']');
		if (host.size + 1 == t.size || !is_address6(host))
			return false;
		if (rest.size == 0)
			return true;
		return rest.data[0] == ':' && ascii_port(rest.data + 1, rest.size - 1) != 0;
	}
	host = take_until(&rest, ':');
	if (names_normalise(host.data, host.size, normal) < 0)
		return false;
	return host.size == t.size || ascii_port(rest.data, rest.size) != 0;
}

int http_parse_request(const char *bytes, size_t n, struct http_head *ret, const char **why)
{
	struct http_head h = {0};
	const struct http_field *host;
	int size = read_head(bytes, n, read_request_line, &h, why);

	if (size <= 0)
		return size;
	host = http_find(&h, "Host");
	if (host == NULL)
		return refuse(why, "no Host field");
	if (!is_host(host->value))
		return refuse(why, "a malformed Host field");
	h.host = host->value;
	h.expect_continue = lists(&h, "Expect", "100-continue");
	*ret = h;
	return size;
}

/* RFC 9112 §6.3: answers that end with their head, whatever their fields say. */
static bool has_no_body(int status, struct http_text method)
{
	if (status < 200 || status == 204 || status == 304)
		return true;
	return http_is(method, "HEAD") || (http_is(method, "CONNECT") && status < 300);
}

int http_parse_answer(const char *bytes, size_t n, const char *method, size_t method_size,
	struct http_head *ret, const char **why)
{
	const struct http_text asked = {method, method_size};
	struct http_head h = {0};
	int size = read_head(bytes, n, read_status_line, &h, why);

	if (size <= 0)
		return size;
	if (has_no_body(h.status, asked)) {
		/* RFC 9110 §8.6: these two cannot even describe one. */
		if ((h.status < 200 || h.status == 204) && (h.framing != HTTP_NO_BODY) &&
			(h.framing != HTTP_LENGTH || h.length != 0))
			return refuse(why, "an answer with a body that it must not have");
		h.framing = HTTP_NO_BODY;
		h.length = 0;
	} else if (h.framing == HTTP_NO_BODY) {
		h.framing = HTTP_UNTIL_CLOSE;
		h.keep_alive = false;
	}
	*ret = h;
	return size;
}
