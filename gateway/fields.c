/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: which fields of a head that was parsed go on, in a task of
 * cupel-gateway. Towards a registry a list of those that are known to be good, so that a
 * build can say nothing there that is not needed; towards the build all but those that
 * speak of the connection.
 */
#include "gateway/fields.h"

#include <string.h>
#include <strings.h>

#include <openssl/sha.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "gateway/http.h"

/* What a registry needs to know of a request, and nothing that could carry more out. */
static const char *const request_fields[] = {"accept", "accept-encoding", "accept-language",
	"cache-control", "content-encoding", "content-type", "git-protocol", "if-modified-since",
	"if-none-match", "if-range", "pragma", "range", "user-agent"};
/* And of these, what an answer depends on. */
static const char *const variant_fields[] = {"accept", "accept-encoding", "accept-language",
	"content-encoding", "content-type", "git-protocol", "if-modified-since", "if-none-match",
	"if-range", "range"};
/*
 * What speaks of one connection (RFC 9110 §7.6.1), or of another way to the server; and
 * cookies, which the build cannot send, and which may stand for a credential.
 */
static const char *const hop_fields[] = {"alt-svc", "connection", "content-length", "keep-alive",
	"proxy-authenticate", "proxy-authorization", "proxy-connection", "set-cookie",
	"set-cookie2", "te", "trailer", "transfer-encoding", "upgrade"};

/* What makes an answer less than the file, or another form of it. */
static const char *const part_fields[] = {"accept-encoding", "accept-ranges", "content-encoding",
	"content-range", "if-range", "range"};

static bool is_one_of(struct http_text name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (http_is_like(name, list[i]))
			return true;
	return false;
}

static bool has_token(struct http_text list, struct http_text token)
{
	static const char blanks[] = ", \t";
	const char *at = list.data, *end = list.data + list.size;

	while (at < end) {
		const char *begin;

		while (at < end && strchr(blanks, *at) != NULL)
			at++;
		begin = at;
		while (at < end && strchr(blanks, *at) == NULL)
			at++;
		if ((size_t)(at - begin) == token.size &&
			strncasecmp(begin, token.data, token.size) == 0)
			return true;
	}
	return false;
}

/* A field that the Connection field names is for this connection alone (RFC 9110 §7.6.1). */
static bool is_nominated(const struct http_head *h, struct http_text name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (http_is_like(h->fields[i].name, "connection") &&
			has_token(h->fields[i].value, name))
			return true;
	return false;
}

static void put_field(const struct http_field *f, struct buf *out)
{
	buf_append(out, f->name.data, f->name.size);
	buf_puts(out, ": ");
	buf_append(out, f->value.data, f->value.size);
	buf_puts(out, "\r\n");
}

static bool is_part(struct http_text name)
{
	return is_one_of(name, part_fields, array_size(part_fields));
}

static void put_request(const struct http_head *h, bool whole, struct buf *out)
{
	for (size_t i = 0; i < h->field_count; i++) {
		const struct http_field *f = &h->fields[i];

		if (is_one_of(f->name, request_fields, array_size(request_fields)) &&
			!is_nominated(h, f->name) && !(whole && is_part(f->name)))
			put_field(f, out);
	}
}

/*
 * A client whose copy came without a date asks by its own clock: that a condition is a
 * time is told apart, which time it is not. Entity tags are.
 */
static bool is_by_time(const struct http_field *f)
{
	const struct http_text *v = &f->value;

	if (http_is_like(f->name, "if-modified-since"))
		return true;
	return http_is_like(f->name, "if-range") && v->size > 1 && v->data[0] != '"' &&
	       !(v->data[0] == 'W' && v->data[1] == '/');
}

static void put_variant(const char *name, const struct http_field *f, struct buf *out)
{
	buf_printf(out, "%s: ", name);
	if (is_by_time(f))
		buf_puts(out, "a time");
	else
		buf_append(out, f->value.data, f->value.size);
	buf_puts(out, "\n");
}

void fields_put_request(const struct http_head *h, struct buf *out)
{
	put_request(h, false, out);
}

void fields_put_whole_request(const struct http_head *h, struct buf *out)
{
	put_request(h, true, out);
	buf_puts(out, "Accept-Encoding: identity\r\n");
}

/* In the table's order, because clients may change theirs. */
void fields_digest_variants(const struct http_head *h, char out[65])
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	unsigned char digest[SHA256_DIGEST_LENGTH];

	for (size_t k = 0; k < array_size(variant_fields); k++)
		for (size_t i = 0; i < h->field_count; i++)
			if (http_is_like(h->fields[i].name, variant_fields[k]) &&
				!is_nominated(h, h->fields[i].name))
				put_variant(variant_fields[k], &h->fields[i], &text);
	out[0] = '\0';
	if (!text.failed) {
		SHA256((const unsigned char *)text.data, text.size, digest);
		encode_hex(digest, sizeof(digest), out);
	}
}

static void put_answer(const struct http_head *h, bool whole, struct buf *out)
{
	for (size_t i = 0; i < h->field_count; i++) {
		const struct http_field *f = &h->fields[i];

		if (!is_one_of(f->name, hop_fields, array_size(hop_fields)) &&
			!is_nominated(h, f->name) && !(whole && is_part(f->name)))
			put_field(f, out);
	}
}

void fields_put_answer(const struct http_head *h, struct buf *out)
{
	put_answer(h, false, out);
}

void fields_put_whole_answer(const struct http_head *h, struct buf *out)
{
	put_answer(h, true, out);
}
