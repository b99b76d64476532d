/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "attest/sign.h"
#include "attest/statement.h"

struct buf;
struct key;

/* A small build that never happened: what the signer is told in these tests. */
#define SAMPLE_ID "https://ci.example.com/cupel/local"
#define SAMPLE_HELLO "hello\n"
#define SAMPLE_HELLO_SHA256 "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define SAMPLE_MANIFEST                                                                            \
	"dir 0755 bin\n"                                                                           \
	"file 0755 6 " SAMPLE_HELLO_SHA256 " - bin/hello\n"                                        \
	"link hello bin/hi\n"                                                                      \
	"file 0644 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 - "          \
	"note%20one\n"
#define SAMPLE_PACKAGES                                                                            \
	"os debian bookworm\n"                                                                     \
	"g++ 4:12.2.0-3 amd64\n"                                                                   \
	"libssl3 3.0.22-1~deb12u2 amd64\n"

/* A tarball, a package without purl, and a tunnel: 2 inspected of 3. */
#define SAMPLE_C64 "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define SAMPLE_SHA512 SAMPLE_C64 SAMPLE_C64
#define SAMPLE_FETCHED                                                                             \
	"http://deb.example/pool/a.deb " SAMPLE_HELLO_SHA256 " - 10 - deb - 200 whole -\n"         \
	"https://reg.example/-/a-1.tgz " SAMPLE_HELLO_SHA256 " " SAMPLE_SHA512                     \
	" 2487 application/gzip npm pkg:npm/a@1 200 whole -\n"
#define SAMPLE_TUNNEL "https://tunnel.example:443 - - - - git - - - -\n"
#define SAMPLE_LOG "{\"method\":\"GET\"}\n"

int sample_plan(const char *builder_id); /* a sealed memfd */
/* The same for a build with a trusted network; on_deny is an enum plan_on_deny. */
int sample_plan_trusted(const char *builder_id, uint64_t on_deny);
/* Of a build that learns. */
int sample_plan_learn(const char *builder_id);
/* And for one that replays the attestation with the digest aaaa…. */
int sample_plan_replay(const char *builder_id);
struct sign_record sample_record(const char *manifest);
/* Input for statement_build(); owns copies of the lists. */
void sample_input(struct statement_input *in, const char *manifest, const char *packages);
/* The same with a trusted network, whose gateway says that it fetched `dependencies`. */
void sample_input_trusted(struct statement_input *in, const char *dependencies);
void sample_input_deinit(struct statement_input *in); /* also for _cleanup_ */
/* A P-256 key. */
struct key sample_key(void);
/* A directory of its own below /tmp; removed, with what is in it, by sample_remove(). */
void sample_directory(char *out, size_t size);
void sample_remove(const char *directory);
void sample_write(const char *directory, const char *name, const void *data, size_t n, int mode);
/* Forks and executes argv without a shell; its exit code, and its stdout in out (may be NULL). */
int sample_run(const char *const argv[], struct buf *out);
