/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "gateway/credential.h"

struct buf;
struct error;
struct msg;
struct rules;

/* A credential that this build may use, in memory that is locked. */
struct held {
	struct credential credential;
	char name[NEEDLE_NAME_ROOM], file[512];
	bool wanted; /* of the command line: it has to be of use */
	int fd;
	size_t line_size;
	char line[6144]; /* the field that it goes upstream in, and the head's empty line */
	char scratch[CREDENTIAL_SECRET_MAX + 512];
	char text[CREDENTIAL_FILE_MAX + 2]; /* of the file */
};

/* Keeps the descriptor of a GATEWAY_CREDENTIAL for later. 0, or -1 with *e filled. */
int credentials_receive(struct msg *m, struct error *e);
/* Memory for them, before we confine ourselves. 0, or -1 with *e filled. */
int credentials_make_room(struct error *e);
/*
 * Afterwards: reads them, and drops those of registries that this build does not have.
 * What is malformed, is beside its registry's urls or has expired is an error.
 */
int credentials_read(const struct rules *rules, struct error *e);
/* The one for a request that a rule allowed, over TLS; NULL: none. */
const struct held *credentials_find(
	const char *host, unsigned short port, const char *method, const char *target);
/* The one for a proxy, or NULL. */
const struct held *credentials_find_proxy(const char *host, unsigned short port);
bool credentials_is_over(const struct held *h);
/* What finds them, in whichever form they were sent; and the size of the longest. */
const struct needles *credentials_needles(size_t *ret_longest);
void credentials_put_needles(struct buf *out);
/* Overwrites all. */
void credentials_forget(void);
