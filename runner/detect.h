/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct error;

/*
 * `cupel registry detect`: what this machine's own package managers are configured to
 * fetch from, as files for registries.d.
 */
enum { DETECT_URLS_MAX = 64 };

/* Where clients keep their configuration. */
enum detect_place { DETECT_MACHINE, DETECT_HOME, DETECT_CONFIG, DETECT_PLACE_COUNT };
struct detect_world {
	int fds[DETECT_PLACE_COUNT]; /* -1: there is none */
	bool is_other;		     /* the machine is a directory, whose tree nobody vouches for */
};

/* The urls of one registry; what was left out, and why, is in `notes`. */
struct detected {
	struct detected_url {
		char *url, *from;
	} urls[DETECT_URLS_MAX];
	size_t count;
	struct buf notes; /* comment lines */
};
void detected_deinit(struct detected *d);

/*
 * Adds a url as a client has it: credentials and a query are taken away, one that no
 * registry can have is left out with a note, one that is there already does not count.
 */
void detect_add(struct detected *d, const char *from, const char *url);
/*
 * The text of a file ("etc/pip.conf"), which the caller frees; NULL when it is not there
 * or cannot be read. *from gets what to call it ("/etc/pip.conf", "~/.npmrc").
 */
enum { DETECT_FROM_ROOM = 96 }; /* more is cut: lines have to stay short */
char *detect_read(const struct detect_world *w, enum detect_place place, const char *path,
	char from[DETECT_FROM_ROOM]);

typedef void detect_fn(const struct detect_world *w, struct detected *d);
detect_fn detect_apt;							 /* detect-apt.c */
detect_fn detect_npm, detect_pip, detect_cargo, detect_go, detect_maven; /* detect-clients.c */

/* One registry that may be detected. */
struct detect_client {
	const char *name, *description;
	detect_fn *find;
	const char *advice; /* more lines of its file, or NULL */
	const char *post;   /* a path below its url that could be posted to, or NULL */
};
extern const struct detect_client detect_clients[];
extern const size_t detect_client_count;
const struct detect_client *detect_find_client(const char *name);

/* The registry's file. */
void detect_print(const struct detect_world *w, const struct detect_client *client,
	const struct detected *d, struct buf *out);

/* What `cupel registry detect` was told; registry-detect.c. */
struct detect_options {
	bool write, force;
	const char *root; /* NULL: this machine */
	char **names;	  /* of registries */
	int count;	  /* 0: all */
};
/* Prints or writes what it finds. 0, 1 when there was nothing to do so with, -1 with *e filled. */
int detect_run(const struct detect_options *o, struct error *e);

/*
 * Writes NAME.ini to where registries of this caller lie, and says so. 0, 1 when another
 * file is there, -1 with *e filled.
 */
int detect_write(const char *name, const struct buf *text, bool force, struct error *e);

/*
 * detect-host.c. Both run a program of the machine's, without the caller's environment
 * and for at most ten seconds.
 */
/* What `npm config get registry` says outside of any project; "" when there is no npm. */
void detect_ask_npm(char *out, size_t size);
/*
 * "10.0.0.1: private (RFC 1918)", when the host of a url has an address that is not public;
 * 1, 0 when all are public, -1 when it has none.
 */
int detect_ask_address(const char *url, char *out, size_t size);
