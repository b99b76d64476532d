/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct error;

/*
 * The identity of the image `host`, this machine's own /usr: the SHA-256 of a
 * list with one line "os ID CODENAME" and, where dpkg keeps the machine's
 * packages, one "NAME VERSION ARCH" for each that is installed (images/packages.h).
 * It says what is installed, not that nobody changed it.
 */
struct host_identity {
	char sha256[65];
	int list_fd; /* owned, read-only; the whole file is the list */
};
#define HOST_IDENTITY_INIT                                                                         \
	{                                                                                          \
		.sha256 = "", .list_fd = -1                                                        \
	}

void host_identity_deinit(struct host_identity *h); /* also for _cleanup_ */

/*
 * Takes the identity from cache_dir (NULL: no cache) if it was made from the
 * files as they are now, which costs six system calls; else has cupel-image make
 * it and puts it there. The directory is made if only its last part is missing.
 * That nothing can be put there is no error. 0, or -1 with *e filled.
 */
int images_host_identity(const char *cache_dir, struct host_identity *ret, struct error *e);

/* The same with other files and another way to make it, for tests. */
struct host_source {
	const char *status, *os_release;
	int (*make)(struct host_identity *ret, struct error *e);
};
int images_host_identity_from(const struct host_source *source, const char *cache_dir,
	struct host_identity *ret, struct error *e);
