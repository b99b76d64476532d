/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "plan/plan.h"
#include "sandbox/init.h"

struct error;

/* What pid 1 knows while it turns fresh namespaces into the sandbox. */
struct sandbox {
	int control;   /* the runner */
	int signal_fd; /* SIGCHLD and SIGTERM */
	int plan_fd;
	const struct plan *plan;
	struct init_start start;

	int host_fd;	  /* the host's root directory, until pivot_root */
	int workspace_fd; /* the workspace, in our own mount namespace */
	int root_fd;	  /* mount: the new root, a small tmpfs */
	int scratch_fd;	  /* mount: all that the build may write to */
	int proc_fd;	  /* mount: its /proc, writable for us until the build starts */
	int terminal_fd;  /* master of the build's terminal, or -1 */
	int user_fd;	  /* the namespace that owns all the others, or -1 as real root */

	pid_t build;
	int build_socket; /* to the child that becomes the build, until it executes */
};

/*
 * One step of the way into the sandbox. The table is in init.c; `cupel doctor`
 * walks the same one and shows why and fix.
 */
struct sandbox_step {
	const char *name;
	int (*run)(struct sandbox *s, struct error *e);
	const char *why; /* what the build would be without it */
	const char *fix; /* what to do when the kernel refuses */
};

/* The steps, one file each; every one is run by pid 1 before the build exists. */
int sandbox_protect(struct sandbox *s, struct error *e);   /* protect.c */
int sandbox_identify(struct sandbox *s, struct error *e);  /* protect.c */
int sandbox_loopback(struct sandbox *s, struct error *e);  /* protect.c */
int sandbox_network(struct sandbox *s, struct error *e);   /* network.c */
int sandbox_root(struct sandbox *s, struct error *e);	   /* root.c */
int sandbox_usr(struct sandbox *s, struct error *e);	   /* root.c */
int sandbox_etc(struct sandbox *s, struct error *e);	   /* etc.c */
int sandbox_dev(struct sandbox *s, struct error *e);	   /* dev.c */
int sandbox_proc(struct sandbox *s, struct error *e);	   /* proc.c */
int sandbox_scratch(struct sandbox *s, struct error *e);   /* scratch.c */
int sandbox_workspace(struct sandbox *s, struct error *e); /* workspace.c */
int sandbox_pivot(struct sandbox *s, struct error *e);	   /* root.c */
int sandbox_limits(struct sandbox *s, struct error *e);	   /* limits.c */
int sandbox_terminal(struct sandbox *s, struct error *e);  /* terminal.c */

/*
 * Makes the build's process, in its own user namespace, waiting; locks what
 * must be read-only from then on; lets it go. child.c
 */
int sandbox_spawn(struct sandbox *s, struct error *e);
int sandbox_lock(struct sandbox *s, struct error *e);
int sandbox_release(struct sandbox *s, struct error *e);
/*
 * The build's side, from its first instruction to execve(2); ends the process
 * with an error on the socket when a step fails. build.c
 */
__attribute__((noreturn)) void sandbox_become_build(struct sandbox *s, int socket);

/*
 * What the build's TLS clients shall trust, from the descriptors of INIT_GO,
 * which it takes. For a plan with a gateway only. trust.c
 */
int sandbox_trust(struct sandbox *s, struct msg *go, struct error *e);

/* A user namespace in which a mount's owner appears as the build; fd or -1. idmap.c */
int sandbox_idmap_fd(const struct sandbox *s, uid_t owner, gid_t group, struct error *e);
