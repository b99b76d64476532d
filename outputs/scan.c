/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: in a confined cupel-collect, on each byte that it copies and every
 * name that it makes. What is looked for, the certificate of the build's own authority and
 * the credentials that the gateway used, is not known here: see base/needle.h.
 */
#include "outputs/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/digest.h"
#include "outputs/items.h"

static void digest(const void *data, size_t n, unsigned char sha256[32])
{
	struct digest d;

	digest_begin(&d, false);
	digest_update(&d, data, n);
	digest_final(&d, sha256, NULL);
}

int scan_read(int fd, struct needles *ret, struct error *e)
{
	_cleanup_(cleanup_freep) char *bytes = NULL;
	size_t size;

	if (fd_read_all(fd, NEEDLES_MAX * sizeof(struct needle), &bytes, &size) < 0)
		return error_set(e, errno, "cannot read what the outputs must not hold");
	if (needles_init(ret, bytes, size, digest) < 0)
		return error_set(e, EBADMSG, "malformed list of what the outputs must not hold");
	return 0;
}

static int tell(const struct needle *found, const char *where, struct error *e)
{
	if (found == NULL)
		return 0;
	if (found->name[0] == '\0') {
		error_set_kind(e, ERROR_POLICY, 0,
			"%s holds the build's own certificate authority, which ends with the "
			"build: it would never be the same twice",
			where);
		return error_hint(e, "leave /etc/ssl/certs, and copies of it, out of the outputs");
	}
	error_set_kind(e, ERROR_POLICY, 0, "%s holds the credential '%s'", where, found->name);
	return error_hint(e, "find out how the build came by it, and change the secret");
}

int scan_bytes(const struct needles *needles, struct needle_stream *stream, const void *data,
	size_t n, const char *where, struct error *e)
{
	return needles == NULL ? 0 : tell(needles_feed(needles, stream, data, n), where, e);
}

int scan_zeros(const struct needles *needles, struct needle_stream *stream, uint64_t n,
	const char *where, struct error *e)
{
	return needles == NULL ? 0 : tell(needles_feed_zeros(needles, stream, n), where, e);
}

int scan_names(const struct needles *needles, const struct items *items, struct error *e)
{
	for (size_t i = 0; needles != NULL && i < items->count; i++) {
		const struct item *item = items->list[i];
		const char *target = item->target != NULL ? item->target : "";

		/* The name itself would tell it, so it is not in the message. */
		if (tell(needles_find(needles, item->path, strlen(item->path)),
			    "the name of an output", e) < 0 ||
			tell(needles_find(needles, target, strlen(target)),
				"the target of an output's link", e) < 0)
			return -1;
	}
	return 0;
}
