/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct error;

/*
 * The plan of one build: complete, immutable, printable. It is one flat object
 * (this struct, then its strings), sealed in a memfd and mapped by every
 * program that takes part; what was configured, what is run and what is signed
 * are therefore the same bytes. Nothing in it names the host, the user, or a
 * path outside the sandbox. plan_fields[] describes every member once: the
 * printers, the check and the digest all follow that table.
 */
struct plan_string {
	uint32_t offset; /* from the start of the plan */
};
struct plan_list {
	uint32_t offset; /* of `count` struct plan_string */
	uint32_t count;
};

enum plan_image { PLAN_IMAGE_HOST, PLAN_IMAGE_COUNT };
enum plan_workspace {
	PLAN_WORKSPACE_COPY,	 /* copied in sorted order, times clamped, before the build */
	PLAN_WORKSPACE_OVERLAY,	 /* the directory as read-only lower, a tmpfs upper */
	PLAN_WORKSPACE_READONLY, /* the directory itself, read-only; never for a build */
	PLAN_WORKSPACE_COUNT
};
enum plan_network {
	PLAN_NETWORK_NONE,    /* nothing but the build's own loopback interface */
	PLAN_NETWORK_TRUSTED, /* and, through cupel-gateway, what `registries` allows */
	PLAN_NETWORK_LEARN,   /* all that only fetches, to learn from; never attested */
	PLAN_NETWORK_REPLAY,  /* as trusted, but the answers are those of an earlier build */
	PLAN_NETWORK_COUNT
};
enum plan_on_deny {
	PLAN_ON_DENY_FAIL,     /* a refused request makes the build's result a violation */
	PLAN_ON_DENY_CONTINUE, /* it is on record, and that is all */
	PLAN_ON_DENY_COUNT
};
enum plan_ids {
	PLAN_IDS_SINGLE,      /* the build has its caller's id in a nested namespace */
	PLAN_IDS_SUBORDINATE, /* the build has ids that nobody else on the host has */
	PLAN_IDS_COUNT
};
enum { PLAN_ARGUMENTS_MAX = 4096 }; /* of the command, and of the environment */
enum plan_stdin { PLAN_STDIN_NULL, PLAN_STDIN_INHERIT, PLAN_STDIN_COUNT };

struct plan {
	char magic[8];
	uint32_t size; /* of the whole object */
	uint32_t reserved;

	struct plan_string cupel;     /* version of the runner */
	struct plan_string name;      /* of the project: the stem of the attestation's file names */
	struct plan_list command;     /* argv, at least one */
	struct plan_string directory; /* where the command starts, absolute */
	struct plan_list environment; /* "NAME=value", all that there is */
	struct plan_string hostname;
	uint64_t uid, gid; /* inside the sandbox */
	uint64_t ids;	   /* enum plan_ids */

	uint64_t image;			 /* enum plan_image */
	struct plan_string image_digest; /* SHA-256, hexadecimal */
	uint64_t workspace;		 /* enum plan_workspace */
	uint64_t network;		 /* enum plan_network */
	uint64_t on_deny;		 /* enum plan_on_deny */
	struct plan_string range;	 /* base/synthetic.h's, IPv4; "" without a network */
	struct plan_string range6;	 /* IPv6 */
	struct plan_list locks;		 /* lock files: "sha256:HEX NAME" */
	struct plan_list registries;	 /* rules, as gateway/rule.h describes them */
	struct plan_string replay;	 /* SHA-256 of the earlier build's attestation, or "" */
	uint64_t net_private;		 /* bool: learns from addresses that are not public, too */
	uint64_t net_connections;	 /* at one time; 0 for no limit, as of all of these */
	uint64_t net_head_bytes, net_body_bytes, net_total_bytes;
	uint64_t net_requests, net_queries;
	uint64_t net_idle_ms, net_time_ms; /* of one request */
	struct plan_list outputs;	   /* globs below the workspace, besides $OUT */
	uint64_t source_date_epoch;	   /* seconds */
	uint64_t aslr;			   /* bool */
	uint64_t terminal;		   /* bool: the build's output is a terminal */
	uint64_t input;			   /* enum plan_stdin */

	uint64_t timeout_ms;			/* 0: none */
	uint64_t grace_ms;			/* between SIGTERM and SIGKILL */
	uint64_t scratch_bytes, scratch_inodes; /* of all writable tmpfs together */
	uint64_t open_files;			/* RLIMIT_NOFILE */
	uint64_t processes;			/* RLIMIT_NPROC of the build's user namespace */
	uint64_t log_bytes;
	uint64_t output_bytes, output_files, output_depth;

	uint64_t attest; /* bool */
	uint64_t sha512; /* bool: besides SHA-256 */
	struct plan_string builder_id;
	struct plan_string seccomp;	   /* profile name */
	struct plan_string seccomp_digest; /* SHA-256 of the compiled filters, hexadecimal */
};

/* What a plan's members are called and how they are printed. */
enum plan_type { PLAN_U64, PLAN_BOOL, PLAN_ENUM, PLAN_STRING, PLAN_LIST };
struct plan_field {
	const char *name; /* sorted bytewise in the table: canonical JSON needs no sorting */
	enum plan_type type;
	size_t offset;
	const char *const *names; /* of an enum's values */
	uint64_t count;
};
extern const struct plan_field plan_fields[];
extern const size_t plan_field_count;

/*
 * Checks that size bytes are a well-formed plan (magic, every offset inside,
 * every string terminated, every enum in range, a command) and gives it, or
 * NULL with *e filled. The bytes must not change afterwards.
 */
const struct plan *plan_check(const void *bytes, size_t size, struct error *e);
/* Maps and checks a sealed memfd; the mapping lives as long as the process. */
const struct plan *plan_map(int fd, struct error *e);

const char *plan_string(const struct plan *p, struct plan_string s);
/* Element i of a list; NULL for i == count, as argv and envp end. */
const char *plan_item(const struct plan *p, struct plan_list list, uint32_t i);
/* Name of an enum's value as the plan prints it. */
const char *plan_enum_name(const struct plan_field *field, uint64_t value);

/*
 * Canonical JSON (RFC 8785 subset: sorted keys, no blanks); the SHA-256 of it is
 * the plan's digest. And the same for people: one "name = value" a line.
 */
void plan_to_json(const struct plan *p, struct buf *out);
void plan_to_text(const struct plan *p, struct buf *out);
