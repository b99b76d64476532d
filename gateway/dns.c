/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the build's resolver, in the gateway's own confined process.
 * Every byte of a query is the build's; nothing of it is ever sent on, and the answer
 * is made of the question's own bytes and of addresses that are only valid in the build,
 * so no name can carry anything out. A question is the first thing in a message: a
 * compression pointer in it could only point at the header or at itself, and is refused
 * rather than followed. What is behind the question is skipped, also without following.
 */
#include "gateway/dns.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "gateway/ascii.h"
#include "gateway/names.h"

enum { HEADER_SIZE = 12, LABEL_MAX = 63, WIRE_NAME_MAX = 255, UDP_PLAIN_MAX = 512 };
enum { RECORD_SIZE = 12 }; /* without its data, its name being a pointer */
enum { RECORDS_MAX = 16 }; /* of additional ones that anybody sends: OPT, TSIG */
enum { TTL = 60 };
/* The bits of the second word of the header (RFC 1035 §4.1.1, RFC 4035 §3). */
enum {
	FLAG_ANSWER = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_TRUNCATED = 0x0200,
	FLAG_RECURSION_DESIRED = 0x0100,
	FLAG_RECURSION_AVAILABLE = 0x0080,
	FLAG_CHECKING_DISABLED = 0x0010
};
enum {
	CODE_OK = 0,
	CODE_FORMAT = 1,
	CODE_SERVER = 2,
	CODE_NOT_IMPLEMENTED = 4,
	CODE_REFUSED = 5,
	CODE_BAD_VERSION = 16 /* its upper bits travel in the OPT record */
};
enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_OPT = 41, CLASS_IN = 1 };
enum { EDNS_DNSSEC_OK = 0x8000, OPT_SIZE = 11 };

struct reader {
	const uint8_t *at;
	size_t left;
};

struct question {
	char name[WIRE_NAME_MAX + 1]; /* as text; "" for the root */
	uint16_t type, class;
	size_t size; /* on the wire */
};

struct edns {
	bool there;
	uint16_t udp_size, flags;
	uint8_t version;
};

struct query {
	uint16_t id, flags;
	const uint8_t *question_bytes;
	struct question question;
	struct edns edns;
};

/* The data of the one record that an answer has. */
struct data {
	uint16_t type;
	size_t size; /* 0: there is none */
	uint8_t bytes[WIRE_NAME_MAX];
};

static int take(struct reader *r, size_t n, const uint8_t **ret)
{
	if (r->left < n)
		return -1;
	*ret = r->at;
	r->at += n;
	r->left -= n;
	return 0;
}

static int take_u16(struct reader *r, uint16_t *ret)
{
	const uint8_t *bytes;

	if (take(r, 2, &bytes) < 0)
		return -1;
	*ret = (uint16_t)(bytes[0] << 8 | bytes[1]);
	return 0;
}

/* Labels as dotted text. A dot or a NUL inside one would make it another name. */
static int take_name(struct reader *r, char out[WIRE_NAME_MAX + 1])
{
	const uint8_t *length, *label;
	size_t used = 0;

	for (;;) {
		if (take(r, 1, &length) < 0 || *length > LABEL_MAX || take(r, *length, &label) < 0)
			return -1;
		if (*length == 0)
			break;
		if (used + *length + 2 > WIRE_NAME_MAX)
			return -1;
		if (memchr(label, '.', *length) != NULL || memchr(label, '\0', *length) != NULL)
			return -1;
		if (used > 0)
			out[used++] = '.';
		memcpy(out + used, label, *length);
		used += *length;
	}
	out[used] = '\0';
	return 0;
}

/* Past a name that nobody reads, which may end with a pointer. */
static int skip_name(struct reader *r)
{
	const uint8_t *length, *rest;

	do {
		if (take(r, 1, &length) < 0)
			return -1;
		if (*length >> 6 == 3)
			return take(r, 1, &rest);
		if (*length > LABEL_MAX || take(r, *length, &rest) < 0)
			return -1;
	} while (*length != 0);
	return 0;
}

/* A name for an address: only what names_normalise() takes, or the root. */
static int read_question(struct reader *r, struct question *q)
{
	size_t before = r->left;
	char normal[NAME_SIZE];

	if (take_name(r, q->name) < 0)
		return -1;
	if (take_u16(r, &q->type) < 0 || take_u16(r, &q->class) < 0)
		return -1;
	q->size = before - r->left;
	if (q->name[0] == '\0')
		return 0;
	if (names_normalise(q->name, strlen(q->name), normal) < 0)
		return -1;
	memcpy(q->name, normal, sizeof(normal));
	return 0;
}

/* RFC 6891 §6.1: at most one, at the root. */
static int read_record(struct reader *r, struct edns *edns)
{
	bool is_root = r->left > 0 && r->at[0] == 0;
	const uint8_t *ttl, *data;
	uint16_t type, class, size;

	if (skip_name(r) < 0 || take_u16(r, &type) < 0 || take_u16(r, &class) < 0)
		return -1;
	if (take(r, 4, &ttl) < 0 || take_u16(r, &size) < 0 || take(r, size, &data) < 0)
		return -1;
	if (type != TYPE_OPT)
		return 0;
	if (edns->there || !is_root)
		return -1;
	*edns = (struct edns){
		.there = true,
		.udp_size = class,
		.version = ttl[1],
		.flags = (uint16_t)(ttl[2] << 8 | ttl[3]),
	};
	return 0;
}

/* One question, nothing that is an answer, and how many additional records. 0 or -1. */
static int read_counts(struct reader *r, uint16_t *additional)
{
	uint16_t questions, answers, authorities;

	if (take_u16(r, &questions) < 0 || take_u16(r, &answers) < 0 ||
		take_u16(r, &authorities) < 0 || take_u16(r, additional) < 0)
		return -1;
	return questions == 1 && answers == 0 && authorities == 0 && *additional <= RECORDS_MAX
		       ? 0
		       : -1;
}

/* What is behind the header's flags. The code of the answer. */
static unsigned int read_query(struct reader *r, struct query *q)
{
	uint16_t additional;

	if ((q->flags & FLAGS_OPCODE) != 0)
		return CODE_NOT_IMPLEMENTED;
	if (read_counts(r, &additional) < 0)
		return CODE_FORMAT;
	q->question_bytes = r->at;
	if (read_question(r, &q->question) < 0)
		return CODE_FORMAT;
	for (uint16_t i = 0; i < additional; i++)
		if (read_record(r, &q->edns) < 0)
			return CODE_FORMAT;
	if (r->left != 0)
		return CODE_FORMAT;
	if (q->edns.version != 0)
		return CODE_BAD_VERSION;
	return q->question.class == CLASS_IN ? CODE_OK : CODE_NOT_IMPLEMENTED;
}

static bool is_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	if (n < z || strcmp(name + n - z, zone) != 0)
		return false;
	return n == z || name[n - z - 1] == '.';
}

static void answer_localhost(struct data *d)
{
	const struct in6_addr loopback6 = IN6ADDR_LOOPBACK_INIT;
	const struct in_addr loopback4 = {htonl(INADDR_LOOPBACK)};

	if (d->type == TYPE_A)
		memcpy(d->bytes, &loopback4, d->size = sizeof(loopback4));
	else
		memcpy(d->bytes, &loopback6, d->size = sizeof(loopback6));
}

static unsigned int answer_address(const char *name, struct names *names, struct data *d)
{
	uint32_t number;

	if (name[0] == '\0') /* the root has no address */
		return CODE_OK;
	if (is_below(name, "localhost")) {
		answer_localhost(d);
		return CODE_OK;
	}
	number = names_number(names, name);
	if (number == 0)
		return CODE_SERVER;
	if (d->type == TYPE_A) {
		struct in_addr a = names_address4(names, number);

		memcpy(d->bytes, &a, d->size = sizeof(a));
	} else {
		struct in6_addr a = names_address6(names, number);

		memcpy(d->bytes, &a, d->size = sizeof(a));
	}
	return CODE_OK;
}

/* "4.3.2.1.in-addr.arpa" (RFC 1035 §3.5), turned round and given to inet_pton(3). 0 or -1. */
static int read_reverse4(const char *name, struct sockaddr_storage *address)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	unsigned char bytes[4];
	size_t n = strlen(name) - strlen(".in-addr.arpa");
	char text[INET_ADDRSTRLEN] = "";

	if (n >= sizeof(text))
		return -1;
	memcpy(text, name, n);
	if (inet_pton(AF_INET, text, bytes) != 1)
		return -1;
	in.sin_addr.s_addr = htonl((uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 |
				   (uint32_t)bytes[1] << 8 | bytes[0]);
	memcpy(address, &in, sizeof(in));
	return 0;
}

/* 32 nibbles, the last first (RFC 3596 §2.5). 0 or -1. */
static int read_reverse6(const char *name, struct sockaddr_storage *address)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (strlen(name) != 64 + strlen("ip6.arpa"))
		return -1;
	for (size_t i = 0; i < 32; i++) {
		int nibble = ascii_hex(name[2 * i]);

		if (nibble < 0 || name[2 * i + 1] != '.')
			return -1;
		in6.sin6_addr.s6_addr[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? nibble : nibble << 4);
	}
	memcpy(address, &in6, sizeof(in6));
	return 0;
}

/* name is one of the table's: its labels and its length are sane. */
static void put_name(const char *name, struct data *d)
{
	for (;;) {
		size_t n = strcspn(name, ".");

		d->bytes[d->size++] = (uint8_t)n;
		memcpy(d->bytes + d->size, name, n);
		d->size += n;
		if (name[n] == '\0')
			break;
		name += n + 1;
	}
	d->bytes[d->size++] = 0;
}

static void answer_reverse(const char *name, const struct names *names, struct data *d)
{
	struct sockaddr_storage address = {0};
	const char *found = NULL;
	int known = -1;

	if (is_below(name, "in-addr.arpa") && strcmp(name, "in-addr.arpa") != 0)
		known = read_reverse4(name, &address);
	else if (is_below(name, "ip6.arpa"))
		known = read_reverse6(name, &address);
	if (known == 0)
		found = names_name(names, names_from_address(names, &address));
	if (found != NULL)
		put_name(found, d);
}

static unsigned int answer_question(const struct question *q, struct names *names, struct data *d)
{
	d->type = q->type;
	if (q->type == TYPE_A || q->type == TYPE_AAAA)
		return answer_address(q->name, names, d);
	if (q->type == TYPE_PTR)
		answer_reverse(q->name, names, d);
	return CODE_OK;
}

static size_t put_u16(uint8_t *out, unsigned int value)
{
	out[0] = (uint8_t)(value >> 8);
	out[1] = (uint8_t)value;
	return 2;
}

static void put_header(const struct query *q, unsigned int code, bool truncated, bool question,
	bool data, uint8_t out[HEADER_SIZE])
{
	unsigned int flags = FLAG_ANSWER | FLAG_RECURSION_AVAILABLE | (code & 15);

	flags |= q->flags & (FLAGS_OPCODE | FLAG_RECURSION_DESIRED | FLAG_CHECKING_DISABLED);
	flags |= truncated ? FLAG_TRUNCATED : 0;
	put_u16(out, q->id);
	put_u16(out + 2, flags);
	put_u16(out + 4, question);
	put_u16(out + 6, data);
	put_u16(out + 8, 0);
	put_u16(out + 10, question && q->edns.there);
}

/* The name is a pointer to the question's, which keeps its case as some resolvers ask. */
static size_t put_record(const struct data *d, uint8_t *out)
{
	size_t n = put_u16(out, 0xc000 | HEADER_SIZE);

	n += put_u16(out + n, d->type);
	n += put_u16(out + n, CLASS_IN);
	n += put_u16(out + n, 0);
	n += put_u16(out + n, TTL);
	n += put_u16(out + n, (unsigned int)d->size);
	memcpy(out + n, d->bytes, d->size);
	return n + d->size;
}

static size_t put_edns(const struct edns *edns, unsigned int code, uint8_t *out)
{
	size_t n = 0;

	out[n++] = 0;
	n += put_u16(out + n, TYPE_OPT);
	n += put_u16(out + n, DNS_UDP_MAX);
	n += put_u16(out + n, code >> 4 << 8);
	n += put_u16(out + n, edns->flags & EDNS_DNSSEC_OK);
	return n + put_u16(out + n, 0);
}

/* What the client can take. */
static size_t limit_size(const struct edns *edns, size_t max)
{
	size_t limit = UDP_PLAIN_MAX;

	if (max > DNS_UDP_MAX)
		return max;
	if (edns->there && edns->udp_size > limit)
		limit = edns->udp_size;
	return limit < max ? limit : max;
}

static size_t put_answer(
	const struct query *q, unsigned int code, const struct data *d, uint8_t *out, size_t max)
{
	size_t fixed = HEADER_SIZE + q->question.size + (q->edns.there ? OPT_SIZE : 0);
	size_t limit = limit_size(&q->edns, max);
	bool fits = d->size == 0 || fixed + RECORD_SIZE + d->size <= limit;
	size_t n = HEADER_SIZE;

	if (fixed > limit)
		return 0;
	put_header(q, code, !fits, true, fits && d->size > 0, out);
	memcpy(out + n, q->question_bytes, q->question.size);
	n += q->question.size;
	if (fits && d->size > 0)
		n += put_record(d, out + n);
	if (q->edns.there)
		n += put_edns(&q->edns, code, out + n);
	return n;
}

size_t dns_answer(const uint8_t *query, size_t n, struct names *names, uint8_t *out, size_t max)
{
	struct reader r = {query, n};
	struct query q = {0};
	struct data d = {0};
	unsigned int code;

	if (n < HEADER_SIZE || max < HEADER_SIZE)
		return 0;
	take_u16(&r, &q.id);
	take_u16(&r, &q.flags);
	if ((q.flags & FLAG_ANSWER) != 0)
		return 0;
	code = read_query(&r, &q);
	if (code == CODE_FORMAT || (code == CODE_NOT_IMPLEMENTED && q.question.size == 0)) {
		put_header(&q, code, false, false, false, out);
		return HEADER_SIZE;
	}
	if (code == CODE_OK && names == NULL)
		code = CODE_REFUSED;
	if (code == CODE_OK)
		code = answer_question(&q.question, names, &d);
	return put_answer(&q, code, &d, out, max);
}
