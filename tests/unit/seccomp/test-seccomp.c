/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the filters that are embedded in our programs, simulated
 * and compared with what their policies say (check.c's second opinion), and with
 * each other where several are made into one. That the comparison can fail is a
 * test of its own: every instruction of every filter is broken twice. The reader
 * and the compiler get what is too long or makes no sense. argv[1] is
 * conf/seccomp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "sandbox/seccomp/check.h"
#include "sandbox/seccomp/compile.h"
#include "sandbox/seccomp/policy.h"
#include "sandbox/seccomp/simulate.h"
#include "seccomp-build.h"
#include "seccomp-collect.h"
#include "seccomp-guard.h"
#include "seccomp-gateway-replay.h"
#include "seccomp-gateway.h"
#include "seccomp-gc.h"
#include "seccomp-image.h"
#include "seccomp-sandbox-zerocopy.h"
#include "seccomp-sandbox.h"
#include "seccomp-sign.h"
#include "seccomp-verify.h"
#include "seccomp-zerocopy.h"

static const char *policy_directory;

enum {
	SANDBOX,
	SANDBOX_ZEROCOPY,
	BUILD,
	GUARD,
	ZEROCOPY,
	COLLECT,
	GATEWAY,
	GATEWAY_REPLAY,
	GC,
	IMAGE,
	SIGN,
	VERIFY,
	FILTER_COUNT
};

#define CODE(name, NAME) seccomp_##name, SECCOMP_##NAME##_LENGTH
static const struct filter {
	const char *policies[4]; /* as in sandbox/seccomp/meson.build */
	const struct sock_filter *code;
	size_t length;
} filters[] = {
	[SANDBOX] = {{"guard", "zerocopy", "build"}, CODE(sandbox, SANDBOX)},
	[SANDBOX_ZEROCOPY] = {{"guard", "build"}, CODE(sandbox_zerocopy, SANDBOX_ZEROCOPY)},
	[BUILD] = {{"build"}, CODE(build, BUILD)},
	[GUARD] = {{"guard"}, CODE(guard, GUARD)},
	[ZEROCOPY] = {{"zerocopy"}, CODE(zerocopy, ZEROCOPY)},
	[COLLECT] = {{"collect"}, CODE(collect, COLLECT)},
	[GATEWAY] = {{"gateway"}, CODE(gateway, GATEWAY)},
	[GATEWAY_REPLAY] = {{"replay", "gateway"}, CODE(gateway_replay, GATEWAY_REPLAY)},
	[GC] = {{"gc"}, CODE(gc, GC)},
	[IMAGE] = {{"image"}, CODE(image, IMAGE)},
	[SIGN] = {{"sign"}, CODE(sign, SIGN)},
	[VERIFY] = {{"verify"}, CODE(verify, VERIFY)},
};

static void parse_file(const char *name, struct filter_policy *policy)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	_cleanup_(fd_closep) int fd = -1;
	struct error e = {0};
	char path[4096];
	size_t size;

	snprintf(path, sizeof(path), "%s/%s.policy", policy_directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fd_read_all(fd, 1 << 20, &text, &size), 0);
	if (filter_parse(name, text, policy, &e) < 0)
		fail_msg("%s", e.what);
}

static void parse_filter(const struct filter *f, struct filter_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	for (size_t i = 0; f->policies[i] != NULL; i++)
		parse_file(f->policies[i], policy);
}

/* Each embedded filter against its policies, case by case. */
static void test_filters_mean_their_policies(void **state)
{
	static struct filter_policy policy;
	uint64_t cases = 0;

	(void)state;
	for (size_t i = 0; i < array_size(filters); i++) {
		struct filter_result r;

		parse_filter(&filters[i], &policy);
		filter_check(&policy, filters[i].code, filters[i].length, 0, &r);
		if (r.mismatches != 0)
			fail_msg("%s: call %d: 0x%x instead of 0x%x", filters[i].policies[0],
				r.data.nr, r.found, r.expected);
		assert_true(r.cases >= (i <= BUILD ? 100000 : 25000));
		cases += r.cases;
	}
	print_message("%llu cases, 0 mismatches\n", (unsigned long long)cases);
}

/* Wrong in one field: what the compiler, or a bad memory, might do. */
static int break_instruction(struct sock_filter *f, int way)
{
	if (f->code == (BPF_RET | BPF_K)) {
		f->k ^= way == 0 ? 1 : 0x7fff0000;
	} else if (BPF_CLASS(f->code) == BPF_JMP && BPF_OP(f->code) != BPF_JA && way == 0) {
		uint8_t jt = f->jt;

		f->jt = f->jf;
		f->jf = jt;
		return jt != f->jt;
	} else {
		f->k += way == 0 ? 1 : 4;
	}
	return 1;
}

/* The comparison notices any broken instruction of any filter. */
static void test_check_finds_each_broken_instruction(void **state)
{
	static struct filter_policy policy;
	static struct sock_filter code[BPF_MAXINSNS];
	size_t broken = 0;

	(void)state;
	for (size_t i = 0; i < array_size(filters); i++) {
		/* These three are in the first. */
		if (i == SANDBOX_ZEROCOPY || i == BUILD || i == GUARD)
			continue;
		parse_filter(&filters[i], &policy);
		for (size_t at = 0; at < 2 * filters[i].length; at++) {
			struct filter_result r;

			memcpy(code, filters[i].code, filters[i].length * sizeof(code[0]));
			if (!break_instruction(&code[at / 2], at % 2))
				continue;
			filter_check(&policy, code, filters[i].length, 1, &r);
			if (r.mismatches == 0)
				fail_msg("%s: instruction %zu, way %zu: not noticed",
					filters[i].policies[0], at / 2, at % 2);
			broken++;
		}
	}
	print_message("%zu broken filters, all noticed\n", broken);
}

static uint32_t answer(const struct filter *f, const struct seccomp_data *data)
{
	unsigned int steps;
	uint32_t ret = 0;

	assert_int_equal(filter_simulate(f->code, f->length, data, &ret, &steps), 0);
	return ret;
}

#define NATIVE AUDIT_ARCH_X86_64
#define HIGH 0xdeadbeef00000000ULL

/* As the kernel combines filters: the lowest value of the action decides. */
static uint32_t strictest(
	const struct filter *list[], size_t count, const struct seccomp_data *data)
{
	uint32_t ret = SECCOMP_RET_ALLOW;

	for (size_t i = 0; i < count; i++) {
		uint32_t next = answer(list[i], data);

		if ((int32_t)(next & SECCOMP_RET_ACTION_FULL) <
			(int32_t)(ret & SECCOMP_RET_ACTION_FULL))
			ret = next;
	}
	return ret;
}

/* The one filter of a build answers as guard, zerocopy and build would together. */
static void test_one_filter_is_as_strict_as_three(void **state)
{
	static const uint64_t pool[] = {0, 1, 2, 3, 6, 10, 16, 17, 31, 41, 64, 100, 127, 128,
		TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD, TIOCSTI | HIGH, CLONE_NEWUSER, 0xffffffff,
		UINT64_MAX, S_IFCHR, S_IFREG};
	const struct filter *three[] = {&filters[GUARD], &filters[ZEROCOPY], &filters[BUILD]};
	const struct filter *two[] = {&filters[GUARD], &filters[BUILD]};
	unsigned int seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 200000; i++) {
		struct seccomp_data data = {.nr = (int)(i % 500), .arch = NATIVE};

		for (int n = 0; n < 3; n++)
			data.args[n] = pool[(unsigned int)rand_r(&seed) % array_size(pool)];
		assert_int_equal(answer(&filters[SANDBOX], &data), strictest(three, 3, &data));
		assert_int_equal(
			answer(&filters[SANDBOX_ZEROCOPY], &data), strictest(two, 2, &data));
	}
}

static void test_bad_policies_are_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{"", "no default"},
		{"# only a comment\n", "no default"},
		{"allow read\n", "p:1: there must be one default"},
		{"default allow\ndefault kill\n", "p:2: there must be one default"},
		{"default allow read\n", "one word too many"},
		{"default\n", "'' is not an action"},
		{"default deny\n", "'deny' is not an action"},
		{"default refuse\n", "'' is not the name of an errno"},
		{"default refuse EWRONG\n", "'EWRONG' is not the name of an errno"},
		{"default allow\nkill\n", "needs the name"},
		{"default allow\nkill redd\n", "no system call 'redd'"},
		{"default allow\nkill read\nkill read\n", "p:3: 'read' was decided in line 2"},
		{"default kill\nallow socket\nkill socket family=1\n", "decided in line 2"},
		{"default kill\nallow socket colour=1\n", "no argument 'colour'"},
		{"default kill\nallow read family=1\n", "no argument 'family'"},
		{"default kill\nallow socket family=AF_NONE\n", "constant 'AF_NONE'"},
		{"default kill\nallow socket family=\n", "constant ''"},
		{"default kill\nallow socket family=1x\n", "'1x' is not a number"},
		{"default kill\nallow socket family=99999999999999999999\n", "not a number"},
		{"default kill\nallow socket family=0x100000001\n", "never change"},
		{"default kill\nallow socket type&0xf=0x10\n", "never change"},
		{"default kill\nallow socket type&0=0\n", "never change"},
		{"default kill\nallow socket type&~1|2=0\n", "needs parentheses"},
		{"default kill\nallow socket family=1 bind\n", "'bind' is not a test"},
		{"default kill\nallow read \xff\n", "not plain text"},
		{"default kill\nallow\tbind\n", "not plain text"},
	};
	static struct filter_policy policy;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		struct error e = {0};

		memset(&policy, 0, sizeof(policy));
		assert_int_equal(filter_parse("p", bad[i].text, &policy, &e), -1);
		if (strstr(e.what, bad[i].part) == NULL)
			fail_msg("'%s' instead of '%s'", e.what, bad[i].part);
	}
}

static void test_only_a_guard_goes_before_a_policy(void **state)
{
	static struct filter_policy policy;
	struct error e = {0};

	(void)state;
	memset(&policy, 0, sizeof(policy));
	assert_int_equal(filter_parse("a", "default allow\nkill bpf\n", &policy, &e), 0);
	assert_int_equal(filter_parse("b", "default kill\nallow bpf read\n", &policy, &e), 0);
	assert_int_equal(policy.rules[0].action, SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(filter_parse("c", "default kill\n", &policy, &e), -1);
	memset(&policy, 0, sizeof(policy));
	assert_int_equal(filter_parse("a", "default allow\nallow bpf\n", &policy, &e), 0);
	assert_int_equal(filter_parse("b", "default kill\n", &policy, &e), -1);
}

/* Distances over 255 need stepping stones; 64-bit tests need both halves. */
static void test_long_and_wide_policies(void **state)
{
	static struct filter_policy policy;
	static struct filter_program program;
	static char text[65536];
	struct filter_result r;
	struct error e = {0};
	size_t used = (size_t)snprintf(text, sizeof(text), "default refuse ENOSYS\n");

	(void)state;
	for (int i = 0; i < 120; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			"refuse %s socket family=%d type!=%d protocol&0xff=%d\n",
			i % 2 != 0 ? "EPERM" : "EINVAL", i, i + 1, i / 2);
	snprintf(text + used, sizeof(text) - used,
		"allow mmap protection=0x500000007 flags&0xff00000000!=0x1200000000\n"
		"refuse EACCES mmap protection!=0x700000000\n"
		"allow mprotect protection&0xffff00000000=0x100000000\n");
	memset(&policy, 0, sizeof(policy));
	if (filter_parse("long", text, &policy, &e) < 0)
		fail_msg("%s", e.what);
	assert_int_equal(filter_compile(&policy, &program, &e), 0);
	assert_true(program.length > 700);
	filter_check(&policy, program.code, program.length, 0, &r);
	assert_int_equal(r.mismatches, 0);
}

static void test_a_filter_that_is_too_long_is_an_error(void **state)
{
	static struct filter_policy policy;
	static struct filter_program program;
	struct error e = {0};

	(void)state;
	memset(&policy, 0, sizeof(policy));
	policy.rule_count = FILTER_RULES_MAX;
	for (size_t i = 0; i < FILTER_RULES_MAX; i++) {
		struct filter_rule *rule = &policy.rules[i];

		rule->number = SYS_mmap;
		rule->condition_count = FILTER_CONDITIONS_MAX;
		for (int c = 0; c < FILTER_CONDITIONS_MAX; c++)
			rule->conditions[c] = (struct filter_condition){.mask = UINT64_MAX};
	}
	assert_int_equal(filter_compile(&policy, &program, &e), -1);
	assert_non_null(strstr(e.what, "4096"));
}

static void test_malformed_programs_are_refused(void **state)
{
	static const struct sock_filter bad[][2] = {
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0xfffffffc), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 255, 255), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_RET | BPF_A, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
		{BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 0)},
	};
	struct seccomp_data data = {0};

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		unsigned int steps;
		uint32_t ret;

		assert_int_equal(filter_simulate(bad[i], 2, &data, &ret, &steps), -1);
	}
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters_mean_their_policies),
		cmocka_unit_test(test_check_finds_each_broken_instruction),
		cmocka_unit_test(test_one_filter_is_as_strict_as_three),
		cmocka_unit_test(test_bad_policies_are_refused),
		cmocka_unit_test(test_only_a_guard_goes_before_a_policy),
		cmocka_unit_test(test_long_and_wide_policies),
		cmocka_unit_test(test_a_filter_that_is_too_long_is_an_error),
		cmocka_unit_test(test_malformed_programs_are_refused),
	};

	if (argc != 2)
		return 2;
	policy_directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
