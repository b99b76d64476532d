/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"
#include "conf/conf.h"
#include "conf/registry.h"
#include "gateway/gateway.h"
#include "outputs/collect.h"
#include "attest/sign.h"
#include "plan/plan.h"
#include "runner/launch.h"
#include "runner/relay.h"

struct error;

enum { RUN_OVERRIDES_MAX = 256, RUN_CREDENTIALS_MAX = 16 };

/* What the command line of `cupel run` and `cupel plan` said. */
struct run_options {
	char **command;
	int command_count;
	const char *directory; /* to change to first, or NULL */
	struct {
		const char *section, *key, *value;
	} overrides[RUN_OVERRIDES_MAX]; /* of the configuration */
	int override_count;
	struct {
		char name[50];
		int fd;
	} credentials[RUN_CREDENTIALS_MAX];
	int credential_count;
	const char *result_path, *replay, *replay_key;
	int status_fd, passphrase_fd; /* -1: none */
	bool interactive, force, quiet, verbose, json, help;
	bool learn, learn_private; /* the network, whatever the configuration's mode */
	bool discard;		   /* nothing is kept of the build, and nothing attested */
	const struct registries *registries; /* all that is trusted, instead of the configured */
};

/* What the workspace looks like before the build, and what follows from it. */
struct workspace {
	int fd;
	uint64_t entries, bytes;
	int64_t newest_mtime; /* becomes SOURCE_DATE_EPOCH */
	bool has_git;
	bool foreign;	   /* something in it belongs to somebody else than us */
	char skip[4][256]; /* names at its top that are ours, not the build's */
	uint32_t skip_count;
};

/* Where the outputs will be, and the hidden place beside it where they are staged. */
struct destination {
	int parent_fd;
	char name[256];
	char shown[1024]; /* as the user wrote it */
	int staging_fd;
	char staging[300];
};

/* One build, from the command line to the published attestation. */
struct build {
	const struct run_options *options;
	struct conf conf;
	struct registry_rules registries; /* that the configuration chooses */
	struct {
		char **lines; /* for the plan */
		size_t count;
	} locks;
	int locks_fd,
		lock_server_fd; /* for the gateway: what lock files say; cupel-lock's socket */
	struct workspace workspace;
	struct destination destination;
	struct launch_ids ids;
	char image_digest[65];
	int packages_fd;

	int plan_fd;
	const struct plan *plan;

	struct process signer, collector, gateway, lock;
	struct launch launch;
	struct relay relay;
	int signal_fd;

	uint64_t started_ms, finished_ms; /* wall clock */
	struct collect_done source, outputs;
	int manifest_fd; /* of the outputs */
	char keyid[64];
	int attestation_fd, bundle_fd;
	int replay_fd;		     /* record of the earlier build that is replayed, or -1 */
	char replay_sha256[65];	     /* of its attestation, or "" */
	struct gateway_done network; /* what was asked for, when there was a network */
	int network_log_fd, dependencies_fd;
	int needles_fd; /* of what the outputs must not hold */
	int learned_fd; /* see gateway/learn.h, or -1 */

	bool collector_joined, source_pending;
	bool execed, ended, stopped; /* stopped: by us, because we failed */
	struct init_exited exited;
	int cancelled_by; /* signal, or 0 */
	bool timed_out;
	bool published;
};

/* The life of one build. 0 when it went its whole way, -1 with *e filled. */
int build_run(struct build *b, struct error *e);
/* All of it, and what is said of it; the exit code. The caller deinits *b. run.c */
int run_build(struct build *b, const struct run_options *options);
void build_init(struct build *b, const struct run_options *options);
void build_deinit(struct build *b);

/* The steps, one file each. */
int build_configure(struct build *b, struct error *e);	    /* configure.c */
int build_examine_source(struct build *b, struct error *e); /* source.c */
int build_identify_image(struct build *b, struct error *e); /* plan.c */
int build_make_plan(struct build *b, struct error *e);	    /* plan.c */
/* The attestation to replay, if there is one, is judged by cupel-verify. replay.c */
int build_open_replay(struct build *b, struct error *e);
/* Does nothing when no registry is in lock mode. locks.c */
int build_read_locks(struct build *b, struct error *e);
int build_start_signer(struct build *b, struct error *e);  /* signer.c */
int build_start_gateway(struct build *b, struct error *e); /* gateway.c */
int build_start_sandbox(struct build *b, struct error *e); /* sandbox.c */
int build_supervise(struct build *b, struct error *e);	   /* supervise.c */
/* Why the gateway ended although nobody asked it to: fills *e. gateway.c */
void build_explain_gateway(struct build *b, struct error *e);
/* supervised is what build_supervise() said, which it gives back unless it has worse to say. */
int build_finish_gateway(struct build *b, int supervised, struct error *e); /* gateway.c */
int build_collect(struct build *b, struct error *e);			    /* collector.c */
int build_record(struct build *b, struct error *e);			    /* signer.c */
int build_destroy(struct build *b, struct error *e);			    /* sandbox.c */
int build_attest(struct build *b, struct error *e);			    /* signer.c */
int build_publish(struct build *b, struct error *e);			    /* publish.c */

int build_await_signer(struct build *b, struct error *e); /* signer.c */
/* gateway.c; without a network they do nothing */
int build_choose_ports(const struct build *b, struct launch_stdio *stdio, struct error *e);
int build_send_credentials(struct build *b, struct error *e); /* credentials.c */
int build_connect_gateway(struct build *b, struct error *e);
/* fds: what the build's clients shall trust, the caller's from then on. */
int build_await_gateway(struct build *b, int fds[2], struct error *e);
/* Sends the workspace through the collector before, or its digest during, the build. */
int build_import(struct build *b, struct error *e); /* collector.c */
bool build_needs_import(const struct build *b);
int build_start_collector(struct build *b, struct error *e); /* collector.c */
/*
 * Waits for a message from a program of ours while signals are obeyed: one ends
 * the wait with ECANCELED and b->cancelled_by set. supervise.c
 */
int build_await(struct build *b, int socket, uint32_t type, struct msg *ret, struct error *e);
/* The same, from a program that may have been brought to a stand: at most ms at a time. */
int build_await_for(
	struct build *b, int socket, uint32_t type, int ms, struct msg *ret, struct error *e);

/* The plan of a command in this build's sandbox; b->plan_fd is left alone. plan.c */
struct plan_choice {
	const char *const *command;
	uint32_t count;
	enum plan_workspace workspace;
	uint64_t source_date_epoch;
	bool terminal, attest;
	bool network; /* as configured, else none */
};
int build_plan_for(const struct build *b, const struct plan_choice *choice, struct error *e);

/* The exit code of `cupel run`, and what is said at the end. report.c */
int build_exit_code(const struct build *b, const struct error *e, int failed);
/* 0, or -1 when the result file could not be written, which was then said. */
int build_report(const struct build *b, const struct error *e, int failed);
void build_event(const struct build *b, const char *event);
uint64_t build_now_ms(void); /* wall clock, UTC */
/* SHA-256 of all that is behind fd, by cupel-collect. plan-command.c */
int build_digest(int fd, char digest[65], struct error *e);
/* As people read them: "34.0 KiB". report.c */
void build_format_bytes(uint64_t bytes, char *out, size_t size);
/* A line on standard error, for -v only. */
void build_note(const struct build *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
