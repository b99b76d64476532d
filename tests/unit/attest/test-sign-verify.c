/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: both programs as they are installed: cupel-sign over its
 * socket, then cupel-verify and, when they are there, openssl and jq on what it
 * wrote. Runs in directories of its own below /tmp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "attest/key.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "sample.h"

struct place {
	char directory[64];
	char key[128], pub[128], hello[128], other[128], jsonl[128], bundle[128];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	const char *d = p->directory;

	sample_directory(p->directory, sizeof(p->directory));
	snprintf(p->key, sizeof(p->key), "%s/keys/developer", d);
	snprintf(p->pub, sizeof(p->pub), "%s/keys/developer.pub", d);
	snprintf(p->hello, sizeof(p->hello), "%s/out/bin/hello", d);
	snprintf(p->other, sizeof(p->other), "%s/out/other", d);
	snprintf(p->jsonl, sizeof(p->jsonl), "%s/out/sample.intoto.jsonl", d);
	snprintf(p->bundle, sizeof(p->bundle), "%s/out/sample.sigstore.json", d);
	assert_int_equal(
		sample_run((const char *const[]){"mkdir", "-p", "-m", "755", d, NULL}, NULL), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	sample_remove(p->directory);
	free(p);
	return 0;
}

static pid_t start_signer(const struct place *p, const char *id, int *ret_socket)
{
	const char *const argv[] = {SIGN_PROGRAM, "--key", p->key, "--pub", p->pub, "--builder-id",
		id, "--create", NULL};
	struct error e;
	int pair[2];
	pid_t pid;

	assert_int_equal(process_socketpair(pair, &e), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (pair[1] == MSG_CONTROL_FD)
			pair[1] = dup(pair[1]);
		dup2(pair[1], MSG_CONTROL_FD);
		execve(SIGN_PROGRAM, (char *const *)(uintptr_t)argv, (char *[]){NULL});
		_exit(127);
	}
	close(pair[1]);
	*ret_socket = pair[0];
	return pid;
}

static void save(const struct place *p, const char *name, int fd)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	size_t n;

	assert_int_equal(fd_read_all(fd, 64 << 20, &text, &n), 0);
	/* Written anew, not by name in place: the memfd is sealed. */
	sample_write(p->directory, name, text, n, 0644);
}

/* What the gateway says; NULL: there was none. */
struct network {
	const char *dependencies;
	uint64_t allowed, uninspected;
};

static void send_record(int socket, const struct network *net)
{
	struct sign_record record = sample_record(SAMPLE_MANIFEST);
	_cleanup_(fd_closep) int outputs =
		fd_memfd_sealed("o", SAMPLE_MANIFEST, strlen(SAMPLE_MANIFEST));
	_cleanup_(fd_closep) int packages =
		fd_memfd_sealed("p", SAMPLE_PACKAGES, strlen(SAMPLE_PACKAGES));
	_cleanup_(fd_closep) int log = fd_memfd_sealed("l", SAMPLE_LOG, strlen(SAMPLE_LOG));
	_cleanup_(fd_closep) int dependencies = -1;
	int count = 2;
	struct error e = {0};

	if (net != NULL) {
		dependencies = fd_memfd_sealed("d", net->dependencies, strlen(net->dependencies));
		record.requests_allowed = net->allowed;
		record.requests_uninspected = net->uninspected;
		count = 4;
	}
	assert_int_equal(msg_send(socket, SIGN_RECORD, &record, sizeof(record),
				 (int[]){outputs, packages, log, dependencies}, count, &e),
		0);
}

static void ask_for_signature(const struct place *p, int socket, const struct network *net)
{
	static const struct sign_destroyed gone;
	_cleanup_(msg_deinit) struct msg ready = {MSG_INIT_FIELDS}, done = {MSG_INIT_FIELDS};
	_cleanup_(fd_closep) int plan =
		net == NULL ? sample_plan(SAMPLE_ID) : sample_plan_trusted(SAMPLE_ID, 0);
	struct error e = {0};

	assert_int_equal(msg_send(socket, SIGN_PLAN, NULL, 0, &plan, 1, &e), 0);
	if (msg_expect(socket, SIGN_READY, &ready, &e) < 0)
		fail_msg("%s", e.what);
	send_record(socket, net);
	assert_int_equal(msg_send(socket, SIGN_DESTROYED, &gone, sizeof(gone), NULL, 0, &e), 0);
	assert_int_equal(msg_send(socket, SIGN_SIGN, NULL, 0, NULL, 0, &e), 0);
	if (msg_expect(socket, SIGN_DONE, &done, &e) < 0)
		fail_msg("%s", e.what);
	save(p, "out/sample.intoto.jsonl", done.fds[0]);
	save(p, "out/sample.sigstore.json", done.fds[1]);
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void sign_network(const struct place *p, const struct network *net)
{
	char path[160];
	int socket;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/out/bin", p->directory);
	assert_int_equal(sample_run((const char *const[]){"mkdir", "-p", path, NULL}, NULL), 0);
	sample_write(p->directory, "out/bin/hello", SAMPLE_HELLO, 6, 0755);
	sample_write(p->directory, "out/note one", "", 0, 0644);
	pid = start_signer(p, SAMPLE_ID, &socket);
	ask_for_signature(p, socket, net);
	close(socket);
	assert_int_equal(finish(pid), 0);
}

static void sign(const struct place *p)
{
	sign_network(p, NULL);
}

static int verify(const char *file, const char *const extra[], struct buf *out)
{
	const char *argv[16] = {VERIFY_PROGRAM, file};
	size_t n = 2;

	for (size_t i = 0; extra[i] != NULL; i++)
		argv[n++] = extra[i];
	return sample_run(argv, out);
}

static void test_sign_then_verify(void **state)
{
	const struct place *p = *state;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT, json = BUF_INIT;

	sign(p);
	/* Found two directories up, as JSONL and as bundle. */
	assert_int_equal(verify(p->hello, (const char *[]){"--key", p->pub, NULL}, &out), 0);
	assert_non_null(strstr(out.data, "good: "));
	assert_non_null(strstr(out.data, SAMPLE_ID));
	assert_int_equal(verify(p->hello,
				 (const char *[]){"--json", "--key", p->pub, "--attestation",
					 p->bundle, NULL},
				 &json),
		0);
	assert_non_null(strstr(json.data, "\"verdict\":\"good\""));
}

static void test_exit_codes(void **state)
{
	const struct place *p = *state;
	const char *const trust[] = {"--key", p->pub, NULL};

	sign(p);
	sample_write(p->directory, "out/other", "x", 1, 0644);
	assert_int_equal(verify(p->other, trust, NULL), 3); /* nothing speaks about it */
	assert_int_equal(
		verify(p->other, (const char *[]){"--key", p->pub, "--attestation", p->jsonl, NULL},
			NULL),
		1);
	assert_int_equal(verify(p->hello, (const char *[]){NULL}, NULL), 3); /* no key */
	assert_int_equal(verify(p->hello, (const char *[]){"--nonsense", NULL}, NULL), 2);
	assert_int_equal(verify("/nonexistent", trust, NULL), 3);
	assert_int_equal(verify(p->hello, (const char *[]){"--key", p->key, NULL}, NULL), 3);
	assert_int_equal(
		verify("/nonexistent", (const char *[]){"--key", p->pub, p->hello, NULL}, NULL), 3);
	sample_write(p->directory, "out/bin/hello", "hellO\n", 6, 0755);
	assert_int_equal(verify(p->hello, trust, NULL), 1);
	/* One byte of the attestation is enough. */
	sample_write(p->directory, "out/bin/hello", SAMPLE_HELLO, 6, 0755);
	sample_write(p->directory, "out/sample.intoto.jsonl", "{\"payload\":\"\"}\n", 15, 0644);
	assert_int_equal(verify(p->hello, trust, NULL), 0); /* the bundle is still there */
	sample_write(p->directory, "out/sample.sigstore.json", "{", 1, 0644);
	assert_int_equal(
		verify(p->hello,
			(const char *[]){"--key", p->pub, "--attestation", p->bundle, NULL}, NULL),
		1);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* `count` downloads with paths of `length` bytes, signed, and judged as JSONL and as bundle. */
static void sign_and_verify_many(const struct place *p, int count, int length)
{
	const char *const demands[] = {"--key", p->pub, "--network", "trusted", "--download-host",
		"reg.example", "--require-inspected", "--max-denied", "0", "--attestation", NULL,
		NULL};
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	const char *argv[array_size(demands)];
	struct network net = {.allowed = (uint64_t)count};
	uint64_t start, between;

	for (int i = 0; i < count; i++)
		buf_printf(&text,
			"https://reg.example/%05d/%0*d.tgz " SAMPLE_HELLO_SHA256 " " SAMPLE_SHA512
			" %d application/octet-stream npm pkg:npm/%%40scope/name%05d@1.0.0 200 "
			"whole "
			"-\n",
			i, length, 0, i, i);
	net.dependencies = text.data;
	memcpy(argv, demands, sizeof(argv));
	start = now_ms();
	sign_network(p, &net);
	between = now_ms();
	argv[array_size(demands) - 2] = p->jsonl;
	assert_int_equal(verify(p->hello, argv, &out), 0);
	print_message("%d dependencies, %zu bytes: signed in %llu ms, verified in %llu ms\n", count,
		text.size, (unsigned long long)(between - start),
		(unsigned long long)(now_ms() - between));
	argv[array_size(demands) - 2] = p->bundle;
	assert_int_equal(verify(p->hello, argv, &out), 0);
	argv[5] = "other.example";
	assert_int_equal(verify(p->hello, argv, &out), 1);
}

static void test_many_dependencies(void **state)
{
	sign_and_verify_many(*state, 5000, 60);
	/* Addresses as content networks give them. */
	sign_and_verify_many(*state, 5000, 2200);
}

static void test_network_demands(void **state)
{
	const struct place *p = *state;
	const struct network net = {SAMPLE_FETCHED SAMPLE_TUNNEL, 3, 1};

	sign_network(p, &net);
	assert_int_equal(verify(p->hello,
				 (const char *[]){"--key", p->pub, "--network", "none", "--network",
					 "trusted", NULL},
				 NULL),
		0);
	assert_int_equal(
		verify(p->hello, (const char *[]){"--key", p->pub, "--network", "none", NULL},
			NULL),
		1);
	assert_int_equal(
		verify(p->hello, (const char *[]){"--key", p->pub, "--require-inspected", NULL},
			NULL),
		1);
	/* A demand that nothing can meet is no demand. */
	for (size_t i = 0; i < 4; i++) {
		static const char *const wrong[] = {"", "reg.example:443", "https://a", "a/b"};

		assert_int_equal(verify(p->hello,
					 (const char *[]){"--key", p->pub, "--download-host",
						 wrong[i], NULL},
					 NULL),
			2);
	}
}

static void test_directory(void **state)
{
	const struct place *p = *state;
	char out[128];

	sign(p);
	snprintf(out, sizeof(out), "%s/out", p->directory);
	assert_int_equal(verify(out, (const char *[]){"--key", p->pub, NULL}, NULL), 0);
	sample_write(p->directory, "out/note one", "x", 1, 0644);
	assert_int_equal(verify(out, (const char *[]){"--key", p->pub, NULL}, NULL), 1);
}

/* A link is no output, wherever it leads. */
static void test_directory_follows_no_link(void **state)
{
	const struct place *p = *state;
	char out[128];

	sign(p);
	snprintf(out, sizeof(out), "%s/out", p->directory);
	assert_int_equal(
		sample_run((const char *const[]){"mv", p->hello, p->other, NULL}, NULL), 0);
	assert_int_equal(symlink("../other", p->hello), 0);
	assert_int_equal(verify(out, (const char *[]){"--key", p->pub, NULL}, NULL), 1);
}

static void test_trust_directory(void **state)
{
	const struct place *p = *state;
	char keys[128], nowhere[128];

	sign(p);
	snprintf(keys, sizeof(keys), "%s/keys", p->directory);
	snprintf(nowhere, sizeof(nowhere), "%s/nowhere", p->directory);
	assert_int_equal(verify(p->hello, (const char *[]){"--trust-dir", keys, NULL}, NULL), 0);
	assert_int_equal(verify(p->hello, (const char *[]){"--trust-dir", nowhere, NULL}, NULL), 3);
}

/* The signer itself keeps a developer key from claiming more. */
static void test_developer_cannot_claim_more(void **state)
{
	const struct place *p = *state;
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct error e = {0};
	struct stat st;
	int socket;
	pid_t pid = start_signer(p, "https://ci.example.com/cupel/isolated", &socket);

	assert_int_equal(msg_expect(socket, SIGN_READY, &m, &e), -1);
	assert_non_null(strstr(e.what, "/local"));
	assert_int_equal(finish(pid), 1);
	assert_int_equal(stat(p->key, &st), -1);
	close(socket);
}

/* A key that others can read is not used, and the runner is told the cure. */
static void test_open_key_is_refused(void **state)
{
	const struct place *p = *state;
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct error e = {0};
	int socket;
	pid_t pid;

	sign(p);
	assert_int_equal(chmod(p->key, 0644), 0);
	pid = start_signer(p, SAMPLE_ID, &socket);
	assert_int_equal(msg_expect(socket, SIGN_READY, &m, &e), -1);
	assert_non_null(strstr(e.hint, "chmod 600"));
	assert_int_equal(finish(pid), 1);
	close(socket);
}

/* A public key that belongs to another key would make every verification fail later. */
static void test_wrong_public_is_refused(void **state)
{
	const struct place *p = *state;
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	_cleanup_(key_deinit) struct key other = sample_key();
	_cleanup_(buf_deinit) struct buf pem = BUF_INIT;
	struct error e = {0};
	int socket;
	pid_t pid;

	sign(p);
	assert_int_equal(key_put_public(&other, &pem, &e), 0);
	sample_write(p->directory, "keys/developer.pub", pem.data, pem.size, 0644);
	pid = start_signer(p, SAMPLE_ID, &socket);
	assert_int_equal(msg_expect(socket, SIGN_READY, &m, &e), -1);
	assert_non_null(strstr(e.what, "not the public half"));
	assert_int_equal(finish(pid), 1);
	close(socket);
}

static void test_openssl_agrees(void **state)
{
	const struct place *p = *state;
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	if (sample_run(
		    (const char *const[]){"sh", "-c", "command -v openssl && command -v jq", NULL},
		    NULL) != 0) {
		print_message("openssl or jq is not installed\n");
		skip();
	}
	sign(p);
	assert_int_equal(
		sample_run((const char *const[]){DSSE_SCRIPT, p->jsonl, p->pub, NULL}, &out), 0);
	assert_non_null(strstr(out.data, SAMPLE_HELLO_SHA256));
	assert_int_not_equal(
		sample_run((const char *const[]){"sed", "-i",
				   "s/\"payload\":\"eyJf/\"payload\":\"eyJg/", p->jsonl, NULL},
			NULL),
		1);
	assert_int_not_equal(
		sample_run((const char *const[]){DSSE_SCRIPT, p->jsonl, p->pub, NULL}, NULL), 0);
}

static void test_key_commands(void **state)
{
	const struct place *p = *state;
	_cleanup_(buf_deinit) struct buf made = BUF_INIT, shown = BUF_INIT, pub = BUF_INIT;
	char file[128], public[160];

	snprintf(file, sizeof(file), "%s/release", p->directory);
	snprintf(public, sizeof(public), "%s.pub", file);
	assert_int_equal(
		sample_run((const char *const[]){SIGN_PROGRAM, "key", "new", file, NULL}, &made),
		0);
	assert_int_equal(
		sample_run((const char *const[]){SIGN_PROGRAM, "key", "show", file, NULL}, &shown),
		0);
	assert_int_equal(
		sample_run((const char *const[]){SIGN_PROGRAM, "key", "show", public, NULL}, &pub),
		0);
	assert_string_equal(shown.data, pub.data);
	assert_int_equal(strncmp(shown.data, made.data, made.size), 0);
	assert_non_null(strstr(shown.data, "-----BEGIN PUBLIC KEY-----"));
	assert_null(strstr(shown.data, "PRIVATE"));
	assert_int_equal(
		sample_run((const char *const[]){SIGN_PROGRAM, "key", "new", file, NULL}, NULL), 1);
	assert_int_equal(sample_run((const char *const[]){SIGN_PROGRAM, "key", NULL}, NULL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sign_then_verify, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_exit_codes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_dependencies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_network_demands, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_directory_follows_no_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trust_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_developer_cannot_claim_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_open_key_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wrong_public_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_openssl_agrees, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_key_commands, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
