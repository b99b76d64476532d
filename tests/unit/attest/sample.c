/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: fixtures of the attestation tests. Runs in the test
 * programs only.
 */
#include "sample.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cmocka.h>

#include "attest/key.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "plan/builder.h"
#include "plan/plan.h"

static const char digest_a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char digest_b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static void set_numbers(struct plan *p)
{
	p->uid = p->gid = 1000;
	p->source_date_epoch = 1700000000;
	p->grace_ms = 250;
	p->scratch_bytes = 1 << 20;
	p->scratch_inodes = 1000;
	p->open_files = 1024;
	p->processes = 100;
	p->log_bytes = 4096;
	p->output_bytes = 1 << 30;
	p->output_files = 5000;
	p->output_depth = 32;
	p->attest = 1;
}

static const char *const registries[] = {
	"name=npm url=https://reg.example:443/ mode=inspect method=GET private=no from=npm.ini:2",
	"name=git url=https://tunnel.example:443/ mode=tunnel private=no from=git.ini:1"};

static int seal_plan(const char *builder_id, uint64_t network, uint64_t on_deny)
{
	static const char *const command[] = {"make", "-j2"};
	static const char *const environment[] = {"HOME=/home/build", "TZ=UTC"};
	_cleanup_(plan_builder_deinit) struct plan_builder b;
	struct error e;
	int fd;

	plan_builder_init(&b);
	set_numbers(&b.head);
	b.head.network = network;
	b.head.on_deny = on_deny;
	if (network != PLAN_NETWORK_NONE)
		b.head.registries = plan_add_list(&b, registries, 2);
	b.head.replay = plan_add_string(&b, network == PLAN_NETWORK_REPLAY ? digest_a : "");
	b.head.cupel = plan_add_string(&b, "0.1.0");
	b.head.name = plan_add_string(&b, "sample");
	b.head.command = plan_add_list(&b, command, 2);
	b.head.directory = plan_add_string(&b, "/build");
	b.head.environment = plan_add_list(&b, environment, 2);
	b.head.range = b.head.range6 = plan_add_string(&b, "");
	b.head.hostname = plan_add_string(&b, "cupel");
	b.head.image_digest = plan_add_string(&b, digest_a);
	b.head.builder_id = plan_add_string(&b, builder_id);
	b.head.seccomp = plan_add_string(&b, "build");
	b.head.seccomp_digest = plan_add_string(&b, digest_b);
	fd = plan_seal(&b, &e);
	assert_true(fd >= 0);
	return fd;
}

int sample_plan(const char *builder_id)
{
	return seal_plan(builder_id, PLAN_NETWORK_NONE, PLAN_ON_DENY_FAIL);
}

int sample_plan_replay(const char *builder_id)
{
	return seal_plan(builder_id, PLAN_NETWORK_REPLAY, PLAN_ON_DENY_FAIL);
}

int sample_plan_trusted(const char *builder_id, uint64_t on_deny)
{
	return seal_plan(builder_id, PLAN_NETWORK_TRUSTED, on_deny);
}

int sample_plan_learn(const char *builder_id)
{
	return seal_plan(builder_id, PLAN_NETWORK_LEARN, PLAN_ON_DENY_CONTINUE);
}

struct sign_record sample_record(const char *manifest)
{
	struct sign_record r = {
		.started_ms = 1700000000123, .finished_ms = 1700000060456, .log_bytes = 61};
	unsigned char digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)manifest, strlen(manifest), digest);
	encode_hex(digest, sizeof(digest), r.outputs_sha256);
	memcpy(r.log_sha256, digest_a, sizeof(r.log_sha256));
	memcpy(r.source_sha256, digest_b, sizeof(r.source_sha256));
	memcpy(r.workspace_when, "before", 7);
	return r;
}

void sample_input(struct statement_input *in, const char *manifest, const char *packages)
{
	_cleanup_(fd_closep) int fd = sample_plan(SAMPLE_ID);
	struct error e;

	*in = (struct statement_input){.builder_id = SAMPLE_ID,
		.record = sample_record(manifest),
		.outputs = strdup(manifest),
		.outputs_size = strlen(manifest),
		.packages = strdup(packages),
		.packages_size = strlen(packages),
		.machine = "x86_64",
		.linux_release = "6.1.0",
		.openssl = "3.0.0"};
	in->plan = plan_map(fd, &e);
	assert_non_null(in->plan);
	for (size_t i = 0; i < sizeof(in->random); i++)
		in->random[i] = (unsigned char)(0xf0 + i);
}

void sample_input_trusted(struct statement_input *in, const char *dependencies)
{
	_cleanup_(fd_closep) int fd = sample_plan_trusted(SAMPLE_ID, PLAN_ON_DENY_FAIL);
	struct error e;

	sample_input(in, SAMPLE_MANIFEST, SAMPLE_PACKAGES);
	in->plan = plan_map(fd, &e);
	assert_non_null(in->plan);
	in->dependencies = strdup(dependencies);
	in->dependencies_size = strlen(dependencies);
	memcpy(in->network_sha256, digest_b, sizeof(in->network_sha256));
	in->record.requests_allowed = 5;
	in->record.requests_failed = 1;
	if (strstr(dependencies, SAMPLE_TUNNEL) != NULL)
		in->record.requests_uninspected = 1;
}

void sample_input_deinit(struct statement_input *in)
{
	free(in->dependencies);
	free(in->outputs);
	free(in->packages);
}

struct key sample_key(void)
{
	struct key k = {.pkey = EVP_EC_gen("P-256")};
	struct error e;

	assert_non_null(k.pkey);
	assert_int_equal(key_fingerprint(k.pkey, k.keyid, &e), 0);
	return k;
}

void sample_directory(char *out, size_t size)
{
	snprintf(out, size, "/tmp/cupel-attest-XXXXXX");
	assert_non_null(mkdtemp(out));
}

void sample_remove(const char *directory)
{
	assert_int_equal(sample_run((const char *const[]){"rm", "-rf", directory, NULL}, NULL), 0);
}

void sample_write(const char *directory, const char *name, const void *data, size_t n, int mode)
{
	_cleanup_(fd_closep) int dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(fd_closep) int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data, n), 0);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
}

int sample_run(const char *const argv[], struct buf *out)
{
	int ends[2], status = 0;
	char block[4096];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], 1);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	while ((n = read(ends[0], block, sizeof(block))) > 0)
		if (out != NULL)
			buf_append(out, block, (size_t)n);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
