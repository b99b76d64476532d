/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: queries written byte by byte. What is checked of an answer is
 * what a client decides by: id, flags and code, counts, the question and the data.
 */
#include "tests/unit/base/helper.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "gateway/dns.h"
#include "gateway/names.h"

enum { A = 1, NS = 2, PTR = 12, TXT = 16, AAAA = 28, SVCB = 64, HTTPS = 65, ANY = 255 };
enum { OK = 0, FORMERR = 1, SERVFAIL = 2, NOTIMP = 4 };

static struct names names;
static uint8_t query[70000], answer[DNS_MESSAGE_MAX];
static size_t query_size;

static void put(const void *bytes, size_t n)
{
	memcpy(query + query_size, bytes, n);
	query_size += n;
}

#define PUT(literal) put(literal, sizeof(literal) - 1)

static void put_name(const char *name)
{
	while (*name != '\0') {
		uint8_t n = (uint8_t)strcspn(name, ".");

		put(&n, 1);
		put(name, n);
		name += n + (name[n] == '.');
	}
	PUT("\0");
}

/* Id 0x1234, recursion desired, one question. */
static void begin(void)
{
	query_size = 0;
	PUT("\x12\x34\x01\0\0\1\0\0\0\0\0\0");
}

static void ask(const char *name, unsigned int type)
{
	const uint8_t tail[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};

	begin();
	put_name(name);
	put(tail, 4);
}

static void put_opt(unsigned int size, unsigned int version)
{
	const uint8_t opt[] = {
		0, 0, 41, (uint8_t)(size >> 8), (uint8_t)size, 0, (uint8_t)version, 0x80, 0, 0, 0};

	query[11]++;
	put(opt, sizeof(opt));
}

/* From memory of exactly the query's size, so that a sanitizer sees what is read behind it. */
static size_t run(size_t max)
{
	uint8_t *exact = malloc(query_size > 0 ? query_size : 1);
	size_t n;

	assert_non_null(exact);
	memcpy(exact, query, query_size);
	memset(answer, 0xee, sizeof(answer));
	n = dns_answer(exact, query_size, &names, answer, max);
	free(exact);
	assert_true(n <= max);
	return n;
}

static void check_header(size_t n, unsigned int code, unsigned int questions, unsigned int answers)
{
	assert_true(n >= 12);
	assert_int_equal(answer[0] << 8 | answer[1], 0x1234);
	assert_int_equal(answer[2] & 0x80, 0x80);
	assert_int_equal(answer[3] & 0x0f, code);
	assert_int_equal(answer[4] << 8 | answer[5], questions);
	assert_int_equal(answer[6] << 8 | answer[7], answers);
	assert_int_equal(answer[8] | answer[9], 0);
}

static void check_refused(unsigned int code)
{
	size_t n = run(DNS_UDP_MAX);

	check_header(n, code, 0, 0);
	assert_int_equal(n, 12);
}

static void check_empty(const char *name, unsigned int type)
{
	size_t n;

	ask(name, type);
	n = run(DNS_UDP_MAX);
	check_header(n, OK, 1, 0);
	assert_int_equal(n, query_size);
	assert_memory_equal(answer + 12, query + 12, n - 12);
}

static void check_data(const char *name, unsigned int type, const void *data, size_t size)
{
	const uint8_t record[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)size};
	size_t n;

	ask(name, type);
	n = run(DNS_UDP_MAX);
	check_header(n, OK, 1, 1);
	assert_int_equal(n, query_size + 12 + size);
	assert_memory_equal(answer + 12, query + 12, query_size - 12);
	assert_memory_equal(answer + query_size, record, 12);
	assert_memory_equal(answer + query_size + 12, data, size);
}

static int reset(void **state)
{
	(void)state;
	names_deinit(&names);
	assert_null(synthetic_parse(AF_INET, SYNTHETIC_DEFAULT4, &names.range4));
	assert_null(synthetic_parse(AF_INET6, SYNTHETIC_DEFAULT6, &names.range6));
	return 0;
}

static void test_addresses(void **state)
{
	(void)state;
	check_data("a.example", A, "\xc6\x12\0\2", 4);
	check_data("b.example", AAAA, "\xfd\x63\x75\x70\x65\x6c\0\0\0\0\0\0\0\0\0\3", 16);
	/* the same name, whatever its case; the question comes back as it was written */
	check_data("A.eXample", AAAA, "\xfd\x63\x75\x70\x65\x6c\0\0\0\0\0\0\0\0\0\2", 16);
	check_data("_x._tcp.example", A, "\xc6\x12\0\4", 4);
	/* recursion is offered, nothing is said to be authentic or authoritative */
	assert_int_equal(answer[2], 0x81);
	assert_int_equal(answer[3], 0x80);
}

static void test_localhost(void **state)
{
	(void)state;
	check_data("localhost", A, "\x7f\0\0\1", 4);
	check_data("a.LocalHost", AAAA, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	check_data("notlocalhost", A, "\xc6\x12\0\2", 4);
	check_data("localhost.example", A, "\xc6\x12\0\3", 4);
}

static void test_reverse(void **state)
{
	static const char six[] = "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.6.5.6.0.7.5.7.3.6.d.f."
				  "ip6.arpa";

	(void)state;
	check_data("a.example", A, "\xc6\x12\0\2", 4);
	check_data("2.0.18.198.in-addr.arpa", PTR, "\1a\7example\0", 11);
	check_data(six, PTR, "\1a\7example\0", 11);
	check_empty("3.0.18.198.in-addr.arpa", PTR);
	check_empty("1.0.18.198.in-addr.arpa", PTR);
	check_empty("1.0.0.127.in-addr.arpa", PTR);
	check_empty("02.0.18.198.in-addr.arpa", PTR);
	check_empty("2.0.18.1980.in-addr.arpa", PTR);
	check_empty("100.100.100.1009.in-addr.arpa", PTR);
	check_empty("111.111.111.111.111.111.111.in-addr.arpa", PTR);
	check_empty("x.2.0.18.198.in-addr.arpa", PTR);
	check_empty("18.198.in-addr.arpa", PTR);
	check_empty("in-addr.arpa", PTR);
	check_empty("ip6.arpa", PTR);
	check_empty(six + 2, PTR);
	check_empty("a.example", PTR);
}

/* So no ECHConfig, no other host, and nothing that a resolver would go on to ask. */
static void test_empty(void **state)
{
	static const unsigned int types[] = {NS, TXT, SVCB, HTTPS, ANY, 41, 251, 252, 65535};

	(void)state;
	for (size_t i = 0; i < array_size(types); i++)
		check_empty("secret.a.example", types[i]);
	check_empty("", NS);
	check_empty("", A);
	assert_int_equal(names.count, 0);
}

static void test_full(void **state)
{
	char name[32];
	size_t n;

	(void)state;
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		assert_true(names_number(&names, name) > 0);
	}
	ask("one-more.example", A);
	n = run(DNS_UDP_MAX);
	check_header(n, SERVFAIL, 1, 0);
	check_data("n0.example", A, "\xc6\x12\0\2", 4);
	check_empty("one-more.example", TXT);
}

/* Without a table: whatever has an answer gets REFUSED, with its question, as resolvers want it. */
static void test_too_many(void **state)
{
	size_t n;

	(void)state;
	ask("a.example", A);
	put_opt(1232, 0);
	n = dns_answer(query, query_size, NULL, answer, DNS_UDP_MAX);
	check_header(n, 5, 1, 0);
	assert_memory_equal(answer + 12, query + 12, 15);
	ask("localhost", A);
	check_header(dns_answer(query, query_size, NULL, answer, DNS_UDP_MAX), 5, 1, 0);
	query[5] = 2;
	check_header(dns_answer(query, query_size, NULL, answer, DNS_UDP_MAX), 1, 0, 0);
}

static void test_not_worth_an_answer(void **state)
{
	(void)state;
	ask("a.example", A);
	for (query_size = 0; query_size < 12; query_size++)
		assert_int_equal(run(DNS_UDP_MAX), 0);
	ask("a.example", A);
	query[2] |= 0x80; /* two of these would talk for ever */
	assert_int_equal(run(DNS_UDP_MAX), 0);
}

static void test_counts(void **state)
{
	(void)state;
	ask("a.example", A);
	query[5] = 0;
	check_refused(FORMERR);
	ask("a.example", A);
	put_name("b.example"); /* two questions */
	PUT("\0\1\0\1");
	query[5] = 2;
	check_refused(FORMERR);
	query[5] = 1; /* or one, and something behind it */
	check_refused(FORMERR);
	for (size_t count = 7; count < 12; count += 2) {
		ask("a.example", A);
		query[count] = 1; /* records that are not there */
		check_refused(FORMERR);
	}
	ask("a.example", A);
	PUT("\0\0\1\0\1\0\0\0\0\0\0");
	query[7] = 1; /* an answer in a question */
	check_refused(FORMERR);
	assert_int_equal(names.count, 0);
}

static void test_operations(void **state)
{
	(void)state;
	for (unsigned int opcode = 1; opcode < 16; opcode++) {
		ask("a.example", A);
		query[2] = (uint8_t)(opcode << 3);
		check_refused(NOTIMP);
	}
	ask("version.bind", TXT);
	query[query_size - 1] = 3; /* class CH */
	check_header(run(DNS_UDP_MAX), NOTIMP, 1, 0);
	ask("a.example", A);
	query[query_size - 1] = 255;
	check_header(run(DNS_UDP_MAX), NOTIMP, 1, 0);
	assert_int_equal(names.count, 0);
}

/* The bytes of a name, then type A, class IN: all of these are malformed. */
static const struct {
	const char *bytes;
	size_t size;
} bad_names[] = {
#define BAD(literal)                                                                               \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}
	BAD("\xc0\x0c"),    /* a pointer to itself */
	BAD("\1a\xc0\x0c"), /* a loop */
	BAD("\1a\xc0\x0e"), /* to the byte behind */
	BAD("\xc0\0"),	    /* into the header */
	BAD("\xc0\xff"),    /* out of the message */
	BAD("\x40xx\0"),    /* the two label types that nobody has */
	BAD("\x80xx\0"),
	BAD("\3a.b\7example\0"),	     /* a dot that is none */
	BAD("\4evil\0\7allowed\7example\0"), /* ends early: bytes behind the question */
	BAD("\5evil\0\7allowed\7example\0"), /* a NUL in a label */
	BAD("\3a b\0"),
	BAD("\3a/b\0"),
	BAD("\2-a\0"),
	BAD("\2\xc3\xbc\0"),
	BAD("\1*\7example\0"),
	BAD("\x3f"
	    "too short"),
};

static void test_bad_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad_names); i++) {
		begin();
		put(bad_names[i].bytes, bad_names[i].size);
		PUT("\0\1\0\1");
		check_refused(FORMERR);
	}
	begin();
	for (int i = 0; i < 127; i++) /* one more than 255 bytes */
		PUT("\1a");
	PUT("\1a\0\0\1\0\1");
	check_refused(FORMERR);
	begin();
	for (int i = 0; i < 1000; i++)
		PUT("\x3f"
		    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde");
	PUT("\0\0\1\0\1");
	check_refused(FORMERR);
	assert_int_equal(names.count, 0);
}

static void test_longest_name(void **state)
{
	char name[254];

	(void)state;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 == 0 ? 'a' : '.';
	name[253] = '\0';
	check_data(name, A, "\xc6\x12\0\2", 4);
}

/* Every beginning of a query is refused or ignored, and names nothing. */
static void test_prefixes(void **state)
{
	size_t whole;

	(void)state;
	ask("a.example", A);
	put_opt(1232, 0);
	whole = query_size;
	for (query_size = 0; query_size < whole; query_size++) {
		size_t n = run(DNS_UDP_MAX);

		if (query_size < 12)
			assert_int_equal(n, 0);
		else
			check_header(n, FORMERR, 0, 0);
	}
	assert_int_equal(names.count, 0);
	assert_int_equal(run(DNS_UDP_MAX), whole + 16);
}

static void test_edns(void **state)
{
	size_t n;

	(void)state;
	ask("a.example", TXT);
	put_opt(4096, 0);
	n = run(DNS_UDP_MAX);
	check_header(n, OK, 1, 0);
	assert_int_equal(answer[11], 1);
	/* our size, no extended code, version 0, the client's DO, no options */
	assert_int_equal(n, query_size);
	assert_memory_equal(answer + n - 11, "\0\0\x29\x04\xd0\0\0\x80\0\0\0", 11);

	ask("a.example", A);
	put_opt(4096, 1);
	n = run(DNS_UDP_MAX); /* BADVERS is 16: 0 in the header, 1 in OPT */
	check_header(n, OK, 1, 0);
	assert_memory_equal(answer + n - 11, "\0\0\x29\x04\xd0\1\0\x80\0\0\0", 11);
	assert_int_equal(names.count, 0);

	ask("a.example", A);
	put_opt(4096, 0);
	put_opt(4096, 0); /* RFC 6891 §6.1.1 */
	check_refused(FORMERR);

	ask("a.example", A);
	PUT("\1a\0\0\x29\x10\0\0\0\0\0\0\0"); /* OPT below the root */
	query[11] = 1;
	check_refused(FORMERR);

	ask("a.example", A);
	PUT("\0\0\x29\x10\0\0\0\0\0\xff\xff"); /* more options than bytes */
	query[11] = 1;
	check_refused(FORMERR);

	ask("a.example", TXT);
	PUT("\xc0\x0c\0\xfa\0\xff\0\0\0\0\0\1x"); /* TSIG, named by a pointer: skipped */
	query[11] = 1;
	check_header(run(DNS_UDP_MAX), OK, 1, 0);
}

/* A record that does not fit is left out and said to be. */
static void test_truncated(void **state)
{
	size_t n;

	(void)state;
	ask("a.example", A);
	n = run(query_size + 15);
	check_header(n, OK, 1, 0);
	assert_int_equal(answer[2] & 2, 2);
	assert_int_equal(n, query_size);
	n = run(query_size + 16);
	check_header(n, OK, 1, 1);
	assert_int_equal(answer[2] & 2, 0);
	assert_int_equal(run(query_size - 1), 0);
	assert_int_equal(run(11), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_addresses, reset),
		cmocka_unit_test_teardown(test_localhost, reset),
		cmocka_unit_test_teardown(test_reverse, reset),
		cmocka_unit_test_teardown(test_empty, reset),
		cmocka_unit_test_teardown(test_full, reset),
		cmocka_unit_test_teardown(test_too_many, reset),
		cmocka_unit_test_teardown(test_not_worth_an_answer, reset),
		cmocka_unit_test_teardown(test_counts, reset),
		cmocka_unit_test_teardown(test_operations, reset),
		cmocka_unit_test_teardown(test_bad_names, reset),
		cmocka_unit_test_teardown(test_longest_name, reset),
		cmocka_unit_test_teardown(test_prefixes, reset),
		cmocka_unit_test_teardown(test_edns, reset),
		cmocka_unit_test_teardown(test_truncated, reset),
	};

	return cmocka_run_group_tests(tests, reset, NULL);
}
