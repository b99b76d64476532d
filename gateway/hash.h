/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct store_file;

/* Of all that is in a spool. 0, or -1: it cannot be read. */
int hash_sha512(const struct store_file *spool, char ret_hex[129]);
/* Go's digest of a file that is alone and called go.mod, whose SHA-256 this is. */
void hash_go_mod(const char *sha256, char ret_hex[65]);
/*
 * The same of the files in a zip file, which cupel-lock unpacks (base/locks.h). In a task.
 * 0, or -1 and why: it is no zip file that can be read in one way, or nobody answers.
 */
int hash_zip(const struct store_file *spool, char ret_hex[65], char *why, size_t size);
