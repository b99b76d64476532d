/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct plan;

/* Trees for tests, and plans that name what to keep of them. Everything asserts. */

struct tree {
	char path[64];
	int fd; /* the directory itself */
};

/* A new directory, on tmpfs where the machine has one to write to. */
struct tree tree_new(void);
void tree_free(struct tree *t); /* also for _cleanup_: removes everything in it */
void tree_dir(int dirfd, const char *path, mode_t mode);
void tree_file(int dirfd, const char *path, const char *text, mode_t mode);
/* Everything in a file; the caller frees. */
char *tree_read(int dirfd, const char *path);
bool tree_has(int dirfd, const char *path);

/* Runs a script in the tree with sh -e, which must succeed. */
void tree_script(const struct tree *t, const char *script);

enum { TREE_SDE = 1700000000 };

struct tree_plan {
	const char *outputs[8];
	uint32_t count;
	uint64_t files, bytes, depth, sha512; /* 0: 10000, 1 GiB, 64, no */
};
/* The plan of a project called "demo"; mapped for as long as the test runs. */
int tree_plan_fd(const struct tree_plan *how);
const struct plan *tree_plan(const struct tree_plan *how);

/* Everything behind a manifest's descriptor; the caller frees. */
char *tree_manifest(int fd);
