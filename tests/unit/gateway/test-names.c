/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each way in which two names could be mixed up, one name could
 * be read as another, or a build could make the table do harm.
 */
#include "tests/unit/base/helper.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "gateway/names.h"

/* 63 letters. */
#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&a, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&a, &in6, sizeof(in6));
	else
		fail_msg("%s", text);
	return a;
}

static void check_normal(const char *name, const char *normal)
{
	char out[NAME_SIZE];

	assert_int_equal(names_normalise(name, strlen(name), out), 0);
	assert_string_equal(out, normal);
}

static void test_normalise(void **state)
{
	(void)state;
	check_normal("a", "a");
	check_normal("A.Example.", "a.example");
	check_normal("_srv._tcp.a-b.example", "_srv._tcp.a-b.example");
	check_normal("xn--bcher-kva.example", "xn--bcher-kva.example");
	check_normal(LABEL63 "." LABEL63 "." LABEL63
			     ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrs"
			     "tuvwxyzabcdefghi",
		LABEL63 "." LABEL63 "." LABEL63 ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv"
			"wxyzabcdefghi");
}

static void test_normalise_refused(void **state)
{
	static const char *const bad[] = {"", ".", "..", ".a", "a..b", "a..", "-a", "a-", "a.-b.c",
		"a b", "a/b", "a@b", "a:1", "a%2eb", "*.a", "a\tb", "a\nb", "b\xc3\xbc.example",
		"[::1]", "a,b", "a\\b", LABEL63 "x.example",
		LABEL63 "." LABEL63 "." LABEL63 "." LABEL63};
	char out[NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++)
		if (names_normalise(bad[i], strlen(bad[i]), out) != -1)
			fail_msg("'%s' was taken", bad[i]);
	/* what a comparison of suffixes and a resolver in C see as two names */
	assert_int_equal(names_normalise("evil\0.allowed.example", 21, out), -1);
	assert_int_equal(names_normalise("allowed.example\0", 16, out), -1);
}

static void test_numbers(void **state)
{
	_cleanup_(names_deinit) struct names n = {0};
	uint32_t a = names_number(&n, "a.example");
	const char *kept;

	(void)state;
	assert_int_equal(a, 2);
	kept = names_name(&n, a);
	assert_int_equal(names_number(&n, "b.example"), 3);
	assert_int_equal(names_number(&n, "A.EXAMPLE."), a);
	assert_int_equal(names_number(&n, "a b"), 0);
	assert_string_equal(names_name(&n, 3), "b.example");
	assert_ptr_equal(names_name(&n, a), kept);
	assert_null(names_name(&n, 0));
	assert_null(names_name(&n, 1));
	assert_null(names_name(&n, 4));
	assert_null(names_name(&n, UINT32_MAX));
}

/* Full is full, and what was there before stays and is still found. */
static void test_full(void **state)
{
	_cleanup_(names_deinit) struct names n = {0};
	const char *first;
	char name[32];

	(void)state;
	assert_int_equal(names_number(&n, "n0.example"), 2);
	first = names_name(&n, 2);
	for (unsigned int i = 1; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		assert_int_equal(names_number(&n, name), i + 2);
	}
	assert_int_equal(names_number(&n, "one-more.example"), 0);
	for (unsigned int i = 0; i < NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		assert_int_equal(names_number(&n, name), i + 2);
		assert_string_equal(names_name(&n, i + 2), name);
	}
	assert_ptr_equal(names_name(&n, 2), first);
}

static void check_there_and_back(
	const struct names *n, uint32_t number, const char *text4, const char *text6)
{
	struct in_addr four = names_address4(n, number);
	struct in6_addr six = names_address6(n, number);
	struct sockaddr_storage a4 = address(text4), a6 = address(text6);
	char mapped[64], text[INET6_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &four, text, sizeof(text)), text4);
	assert_string_equal(inet_ntop(AF_INET6, &six, text, sizeof(text)), text6);
	assert_int_equal(names_from_address(n, &a4), number);
	assert_int_equal(names_from_address(n, &a6), number);
	snprintf(mapped, sizeof(mapped), "::ffff:%s", text4);
	a4 = address(mapped);
	assert_int_equal(names_from_address(n, &a4), number);
}

static void use(struct names *n, const char *range, const char *range6)
{
	assert_null(synthetic_parse(AF_INET, range, &n->range4));
	assert_null(synthetic_parse(AF_INET6, range6, &n->range6));
}

static void test_other_ranges(void **state)
{
	struct names n = {.count = 0};
	struct sockaddr_storage a = address("198.18.0.2"), six = address("fd63:7570:656c::2");

	(void)state;
	use(&n, "10.0.0.0/8", "fd12::/16");
	check_there_and_back(&n, 2, "10.0.0.2", "fd12::2");
	check_there_and_back(&n, 4097, "10.0.16.1", "fd12::1001");
	assert_int_equal(names_from_address(&n, &a), 0);
	assert_int_equal(names_from_address(&n, &six), 0);
	use(&n, "192.168.224.0/19", "2001:db8:1:2:3:4::/96");
	check_there_and_back(&n, 300, "192.168.225.44", "2001:db8:1:2:3:4:0:12c");
}

static void test_addresses(void **state)
{
	static const char *const none[] = {"198.18.0.0", "198.18.0.1", "198.18.16.2", "198.20.0.2",
		"198.17.255.255", "127.0.0.1", "::", "::1", "fd63:7570:656c::", "fd63:7570:656c::1",
		"fd63:7570:656c:1::2", "fd63:7570:656c::1:0:2", "fd63:7570:656c::1:0:0:2",
		"fd63:7570:656c::ffff:ffff", "::198.18.0.2", "64:ff9b::198.18.0.2"};
	struct sockaddr_storage other = {.ss_family = AF_UNIX};
	struct names n = {.count = 0};

	(void)state;
	use(&n, SYNTHETIC_DEFAULT4, SYNTHETIC_DEFAULT6);
	check_there_and_back(&n, 2, "198.18.0.2", "fd63:7570:656c::2");
	check_there_and_back(&n, 300, "198.18.1.44", "fd63:7570:656c::12c");
	check_there_and_back(&n, 4097, "198.18.16.1", "fd63:7570:656c::1001");
	for (size_t i = 0; i < array_size(none); i++) {
		struct sockaddr_storage a = address(none[i]);

		if (names_from_address(&n, &a) != 0)
			fail_msg("%s has number %u", none[i], names_from_address(&n, &a));
	}
	assert_int_equal(names_from_address(&n, &other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_normalise_refused),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_other_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
