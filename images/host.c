/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the part of the host image that runs in the runner. It
 * parses nothing: the identity comes out of the cache or from cupel-image, which
 * is confined and whose answer is trusted as our own program's.
 */
#include "images/host.h"

#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/process.h"
#include "images/cache.h"
#include "images/image.h"

void host_identity_deinit(struct host_identity *h)
{
	fd_closep(&h->list_fd);
}

static int take_answer(int socket, struct host_identity *ret, struct error *e)
{
	_cleanup_(msg_deinit) struct msg m = {MSG_INIT_FIELDS};
	struct image_host answer;

	if (msg_expect(socket, IMAGE_HOST, &m, e) < 0)
		return -1;
	if (msg_payload(&m, &answer, sizeof(answer)) < 0 || m.fd_count != 1 ||
		strnlen(answer.sha256, sizeof(answer.sha256)) != 64)
		return error_set(e, 0, "its answer is malformed");
	memcpy(ret->sha256, answer.sha256, sizeof(ret->sha256));
	ret->list_fd = msg_take_fd(&m, 0);
	return 0;
}

static int make(struct host_identity *ret, struct error *e)
{
	static const char *const argv[] = {"cupel-image", "host", NULL};
	_cleanup_(process_deinit) struct process process = PROCESS_INIT;
	_cleanup_(host_identity_deinit) struct host_identity made = HOST_IDENTITY_INIT;

	if (process_start("cupel-image", argv, &process, e) < 0)
		return -1;
	if (take_answer(process.socket, &made, e) < 0)
		return error_wrap(e, "host image");
	if (process_finish(&process, e) < 0)
		return error_wrap(e, "host image");
	memcpy(ret->sha256, made.sha256, sizeof(ret->sha256));
	ret->list_fd = take_fd(&made.list_fd);
	return 0;
}

int images_host_identity_from(const struct host_source *source, const char *cache_dir,
	struct host_identity *ret, struct error *e)
{
	struct cache_stamp stamp;

	if (cache_dir == NULL)
		return source->make(ret, e);
	/* before it is made: what changes meanwhile makes the stamp a stale one */
	cache_stamp(source, &stamp);
	if (cache_get(cache_dir, &stamp, ret))
		return 0;
	if (source->make(ret, e) < 0)
		return -1;
	cache_put(cache_dir, &stamp, ret);
	return 0;
}

int images_host_identity(const char *cache_dir, struct host_identity *ret, struct error *e)
{
	static const struct host_source source = {
		.status = IMAGE_STATUS_PATH, .os_release = IMAGE_OS_RELEASE_PATH, .make = make};

	return images_host_identity_from(&source, cache_dir, ret, e);
}
