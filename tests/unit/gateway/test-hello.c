/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a ClientHello is put together from parts that each test may
 * change; then it is cut into records of every size and given in beginnings of every
 * length.
 */
#include "tests/unit/base/helper.h"

#include "base/cleanup.h"
#include "gateway/hello.h"

#define SNI                                                                                        \
	"\0\0\0\x0e\0\x0c\0\0\x09"                                                                 \
	"a.example"
#define ALPN_H1                                                                                    \
	"\0\x10\0\x0b\0\x09\x08"                                                                   \
	"http/1.1"
#define ALPN_BOTH                                                                                  \
	"\0\x10\0\x0e\0\x0c\2h2\x08"                                                               \
	"http/1.1"
#define ECH "\xfe\x0d\0\4\1\2\3\4"
#define OTHER "\0\x2b\0\3\2\3\4"

static uint8_t message[70000], wire[140000];
static size_t message_size, wire_size;

static void put(const void *bytes, size_t n)
{
	memcpy(message + message_size, bytes, n);
	message_size += n;
}

/* The handshake message with these extensions; `early` is what comes before them. */
static void make(const char *early, size_t early_size, const void *extensions, size_t size)
{
	const uint8_t length[] = {(uint8_t)(size >> 8), (uint8_t)size};

	message_size = 4;
	put(early, early_size);
	put(length, 2);
	put(extensions, size);
	message[0] = 1;
	message[1] = (uint8_t)((message_size - 4) >> 16);
	message[2] = (uint8_t)((message_size - 4) >> 8);
	message[3] = (uint8_t)(message_size - 4);
}

#define RANDOM "0123456789abcdef0123456789abcdef"
#define EARLY                                                                                      \
	"\3\3" RANDOM "\4sess"                                                                     \
	"\0\4\x13\1\x13\2"                                                                         \
	"\1\0"
#define MAKE(extensions) make(EARLY, sizeof(EARLY) - 1, extensions, sizeof(extensions) - 1)

static void put_record(const uint8_t *bytes, size_t n)
{
	const uint8_t header[] = {22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n};

	memcpy(wire + wire_size, header, 5);
	memcpy(wire + wire_size + 5, bytes, n);
	wire_size += 5 + n;
}

static void cut(size_t record)
{
	wire_size = 0;
	for (size_t i = 0; i < message_size; i += record)
		put_record(message + i, message_size - i < record ? message_size - i : record);
}

static enum hello_result parse(size_t n, struct hello *h)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	enum hello_result result;

	assert_non_null(exact);
	memcpy(exact, wire, n);
	result = hello_parse(exact, n, h);
	free(exact);
	return result;
}

static void check_name(const char *name)
{
	struct hello h = {.server_name = "unset"};

	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
	assert_string_equal(h.server_name, name);
}

static void check_malformed(void)
{
	struct hello h = {.server_name = "unset"};

	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_MALFORMED);
	assert_string_equal(h.server_name, "unset");
}

static void test_fields(void **state)
{
	struct hello h;

	(void)state;
	MAKE(OTHER SNI ALPN_BOTH);
	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
	assert_string_equal(h.server_name, "a.example");
	assert_true(h.alpn_any && h.alpn_http1 && h.alpn_h2 && !h.encrypted);
	MAKE(ALPN_H1 ECH);
	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
	assert_string_equal(h.server_name, "");
	assert_true(h.alpn_any && h.alpn_http1 && !h.alpn_h2 && h.encrypted);
	MAKE(OTHER);
	check_name("");
	make(EARLY, sizeof(EARLY) - 1, "", 0);
	check_name("");
	make(EARLY, sizeof(EARLY) - 1, "", 0);
	message_size -= 2; /* as before TLS 1.2: no extensions at all */
	message[3] = (uint8_t)(message[3] - 2);
	check_name("");
}

static void test_server_name(void **state)
{
	(void)state;
	MAKE("\0\0\0\x0f\0\x0d\0\0\x0a"
	     "A.Example.");
	check_name("a.example");
}

static void test_server_name_refused(void **state)
{
	(void)state;
	MAKE(SNI SNI); /* a second one */
	check_malformed();
	MAKE(SNI OTHER "\0\0\0\x0e\0\x0c\0\0\x09"
		       "b.example");
	check_malformed();
	MAKE("\0\0\0\x12\0\x10\0\0\5a.com\0\0\5b.com"); /* two names in one */
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\0\0\x09"
	     "a\0example"); /* NUL */
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\1\0\x09"
	     "a.example"); /* another type of name */
	check_malformed();
	MAKE("\0\0\0\5\0\3\0\0\0"); /* an empty name */
	check_malformed();
	MAKE("\0\0\0\2\0\0"); /* no name */
	check_malformed();
	MAKE("\0\0\0\0"); /* not even a list */
	check_malformed();
	MAKE("\0\0\0\x0f\0\x0c\0\0\x09"
	     "a.examplex"); /* a byte behind the list */
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\0\0\x08"
	     "a.example"); /* a byte behind the name */
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\0\0\x0a"
	     "a.example"); /* a name out of its list */
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\0\0\x09"
	     "a example");
	check_malformed();
	MAKE("\0\0\0\x0e\0\x0c\0\0\x09"
	     "a/example");
	check_malformed();
}

static void test_extensions_refused(void **state)
{
	(void)state;
	MAKE(ALPN_H1 ALPN_H1);
	check_malformed();
	MAKE("\0\x10\0\2\0\0"); /* no protocol */
	check_malformed();
	MAKE("\0\x10\0\3\0\1\0"); /* an empty one */
	check_malformed();
	MAKE("\0\x10\0\5\0\3\4h2"); /* one that is longer than its list */
	check_malformed();
	MAKE(SNI "\0"); /* half an extension */
	check_malformed();
	MAKE(SNI "\0\x2b\0\7\2\3\4");
	check_malformed();
	MAKE(SNI);
	message[3]++; /* a byte behind the extensions */
	message_size++;
	check_malformed();
}

static void check_early(const char *early, size_t n)
{
	make(early, n, SNI, sizeof(SNI) - 1);
	check_malformed();
}

static void test_early_fields_refused(void **state)
{
	(void)state;
#define CHECK_EARLY(literal) check_early(literal, sizeof(literal) - 1)
	CHECK_EARLY("\2\3" RANDOM "\0"
		    "\0\2\x13\1"
		    "\1\0");
	CHECK_EARLY("\3\3" RANDOM "\x21" RANDOM "x"
		    "\0\2\x13\1"
		    "\1\0"); /* session id of 33 */
	CHECK_EARLY("\3\3" RANDOM "\0"
		    "\0\0"
		    "\1\0"); /* no cipher */
	CHECK_EARLY("\3\3" RANDOM "\0"
		    "\0\3\x13\1\x13"
		    "\1\0"); /* one and a half */
	CHECK_EARLY("\3\3" RANDOM "\0"
		    "\0\2\x13\1"
		    "\0"); /* no compression */
	CHECK_EARLY("\3\3" RANDOM "\0"
		    "\xff\xff\x13\1"
		    "\1\0");
	CHECK_EARLY("\3\3" RANDOM);
}

/* In records of one byte to all of it, and for each of them every beginning. */
static void test_records_and_prefixes(void **state)
{
	(void)state;
	MAKE(OTHER SNI ALPN_H1);
	for (size_t record = 1; record <= message_size; record++) {
		struct hello h = {.server_name = "unset"};

		cut(record);
		for (size_t n = 0; n < wire_size; n += record < 3 ? 1 : 7)
			assert_int_equal(parse(n, &h), HELLO_MORE);
		assert_string_equal(h.server_name, "unset");
		assert_int_equal(parse(wire_size - 1, &h), HELLO_MORE);
		assert_int_equal(parse(wire_size, &h), HELLO_DONE);
		assert_string_equal(h.server_name, "a.example");
	}
}

/* What comes behind is not looked at: neither in the same record nor in the next. */
static void test_bytes_behind(void **state)
{
	struct hello h;

	(void)state;
	MAKE(SNI);
	cut(message_size);
	memset(wire + wire_size, 0xff, 1000);
	assert_int_equal(parse(wire_size + 1000, &h), HELLO_DONE);
	assert_string_equal(h.server_name, "a.example");
	message_size += 100;
	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
	assert_string_equal(h.server_name, "a.example");
}

static void test_not_tls(void **state)
{
	static const char *const others[] = {"SSH-2.0-x\r\n", "GET / HTTP/1.1\r\n", "\x15\3\1\0\2",
		"\x17\3\3\0\1", "\x80\x2e\1\3\1", "\x16\2\1", "\x16\4\1", "\x16\3\5", "\x16H"};
	struct hello h;

	(void)state;
	for (size_t i = 0; i < array_size(others); i++) {
		wire_size = strlen(others[i]);
		memcpy(wire, others[i], wire_size);
		assert_int_equal(parse(wire_size, &h), HELLO_NOT_TLS);
	}
	assert_int_equal(parse(0, &h), HELLO_MORE);
}

static void check_wire(const char *bytes, size_t n)
{
	struct hello h;

	memcpy(wire, bytes, n);
	assert_int_equal(parse(n, &h), HELLO_MALFORMED);
}

static void test_records_refused(void **state)
{
	struct hello h;
	size_t first;

	(void)state;
#define CHECK_WIRE(literal) check_wire(literal, sizeof(literal) - 1)
	CHECK_WIRE("\x16\3\1\0\0");	      /* an empty record */
	CHECK_WIRE("\x16\3\1\x40\1");	      /* a record of more than 2^14 */
	CHECK_WIRE("\x16\3\1\0\4\2\0\0\0");   /* a ServerHello */
	CHECK_WIRE("\x16\3\1\0\4\1\xff\0\0"); /* a message that could never be read */
	MAKE(SNI);
	wire_size = 0;
	put_record(message, 20);
	first = wire_size;
	put_record(message + 20, message_size - 20);
	wire[first] = 0x17; /* records of two kinds */
	assert_int_equal(parse(wire_size, &h), HELLO_MALFORMED);
	wire[first] = 0x15;
	assert_int_equal(parse(wire_size, &h), HELLO_MALFORMED);
	wire[first] = 0x16;
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
}

/* Records of one byte need six on the wire: a long hello in them never ends. */
static void test_too_long(void **state)
{
	static uint8_t extensions[16000];
	struct hello h;

	(void)state;
	memset(extensions, 0, sizeof(extensions));
	memcpy(extensions, "\0\x15\x3e\x7c", 4); /* padding of 15996 */
	make(EARLY, sizeof(EARLY) - 1, extensions, sizeof(extensions));
	cut(message_size);
	assert_int_equal(parse(wire_size, &h), HELLO_DONE);
	cut(1);
	assert_int_equal(parse(HELLO_MAX - 1, &h), HELLO_MORE);
	assert_int_equal(parse(HELLO_MAX, &h), HELLO_MALFORMED);
	assert_int_equal(parse(wire_size, &h), HELLO_MALFORMED);
}

static void test_retry(void **state)
{
	uint8_t bytes[HELLO_SERVER_LEAST] = "\x16\3\3\0\x58\2\0\0\x54\3\3"
					    "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02"
					    "\x1e\x65\xb8\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e"
					    "\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";

	(void)state;
	assert_true(hello_is_retry(bytes));
	bytes[42] ^= 1; /* an ordinary ServerHello */
	assert_false(hello_is_retry(bytes));
	bytes[42] ^= 1;
	bytes[5] = 1;
	assert_false(hello_is_retry(bytes));
}

/* One message in two records; half of one; and something behind it in the same record. */
static void test_size(void **state)
{
	static const uint8_t two[] = "\x16\3\1\0\3\1\0\0\x16\3\3\0\3\2zz\x16\3\3";
	static const uint8_t more[] = "\x16\3\1\0\x9\1\0\0\2zzabc";

	(void)state;
	assert_int_equal(hello_size(two, sizeof(two) - 1), 16);
	assert_int_equal(hello_size(two, 16), 16);
	assert_int_equal(hello_size(two, 15), 0);
	assert_int_equal(hello_size(more, sizeof(more) - 1), 14);
	assert_int_equal(hello_size(more, 13), 0);
	assert_int_equal(hello_size(two, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_server_name),
		cmocka_unit_test(test_server_name_refused),
		cmocka_unit_test(test_extensions_refused),
		cmocka_unit_test(test_early_fields_refused),
		cmocka_unit_test(test_records_and_prefixes),
		cmocka_unit_test(test_bytes_behind),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_records_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
