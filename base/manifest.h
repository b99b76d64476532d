/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

struct buf;
struct error;

/*
 * The tree manifest: one line for each entry of a file tree, sorted bytewise by
 * path, so that its SHA-256 is the digest of the tree. Fields are separated by
 * one blank; in PATH and TARGET every byte below 0x21, 0x7f, '%' and every byte
 * that is not part of well-formed UTF-8 is written as %XX (upper-case digits).
 *
 *	file MODE SIZE SHA256 SHA512 PATH     SHA512 is "-" unless it was asked for
 *	dir MODE PATH
 *	link TARGET PATH
 *
 * MODE is four octal digits. cupel-provenance(7) documents it for verifiers.
 */
enum manifest_type { MANIFEST_FILE, MANIFEST_DIR, MANIFEST_LINK };

struct manifest_entry {
	enum manifest_type type;
	unsigned int mode;
	uint64_t size;
	char sha256[65];
	char sha512[129]; /* "-" when absent */
	const char *path;
	const char *target; /* of a link, else NULL */
};

void manifest_put(struct buf *out, const struct manifest_entry *entry);
/*
 * Parses the line at *cursor (NUL-terminated text, which is changed in place
 * and must outlive *ret) and moves *cursor behind it. 1 for an entry, 0 at the
 * end, -1 for a malformed line.
 */
int manifest_next(char **cursor, struct manifest_entry *ret, struct error *e);
