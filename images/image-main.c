/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-image, started by the runner with an empty
 * environment and one socket. It opens what it has to read, gives up every way to
 * open anything else, and only then reads. It holds no key and no network.
 * `cupel-image host --print` is for people: the list on standard output.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/filter.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/confine.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/msg.h"
#include "images/image.h"
#include "images/packages.h"

#include "seccomp-image.h"

enum { STATUS_MAX = 64 << 20, OS_RELEASE_MAX = 64 << 10, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* The files of the host image, open. */
struct host_files {
	int os_release_fd;
	int status_fd; /* -1: this machine has no dpkg, and the list is only its first line */
};

static void host_files_deinit(struct host_files *f)
{
	fd_closep(&f->os_release_fd);
	fd_closep(&f->status_fd);
}

static int open_regular(const char *path, int *ret, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return error_set(e, 0, "'%s' is not a regular file", path);
	*ret = take_fd(&fd);
	return 0;
}

static int open_files(struct host_files *f, struct error *e)
{
	if (open_regular(IMAGE_OS_RELEASE_PATH, &f->os_release_fd, e) < 0)
		return error_hint(e, "the image 'host' needs a system that tells what it is: "
				     "see os-release(5)");
	if (open_regular(IMAGE_STATUS_PATH, &f->status_fd, e) < 0 && e->errnum != ENOENT)
		return error_hint(e, "the image 'host' is known by this machine's packages: "
				     "let everybody read that file");
	return 0;
}

/* What libcrypto loads lazily, it must load before nothing can be opened any more. */
static EVP_MD *fetch_sha256(void)
{
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return EVP_MD_fetch(NULL, "SHA256", NULL);
}

static void free_sha256(EVP_MD **md)
{
	EVP_MD_free(*md);
}

static int confine(struct error *e)
{
	static const struct confine what = {
		.filter = seccomp_image, .filter_length = SECCOMP_IMAGE_LENGTH};

	return confine_self(&what, e);
}

static int read_into(int fd, size_t max, const char *path,
	int (*put)(const char *text, size_t n, struct buf *out, struct error *e), struct buf *out,
	struct error *e)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	size_t n;

	if (fd_read_all(fd, max, &text, &n) < 0)
		return error_set(e, errno, "cannot read '%s'", path);
	return put(text, n, out, e) < 0 ? error_wrap(e, "'%s'", path) : 0;
}

static int make_list(const struct host_files *f, struct buf *out, struct error *e)
{
	if (read_into(f->os_release_fd, OS_RELEASE_MAX, IMAGE_OS_RELEASE_PATH, packages_put_os, out,
		    e) < 0)
		return -1;
	if (f->status_fd < 0)
		return 0;
	return read_into(f->status_fd, STATUS_MAX, IMAGE_STATUS_PATH, packages_put_status, out, e);
}

/* The answer to the runner: the list and its digest. */
static int answer(const struct buf *list, const EVP_MD *sha256, struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("cupel-packages", list->data, list->size);
	unsigned char digest[32];
	struct image_host payload;

	if (fd < 0)
		return error_set(e, errno, "cannot keep the package list");
	if (EVP_Digest(list->data, list->size, digest, NULL, sha256, NULL) != 1)
		return error_set(e, 0, "libcrypto cannot hash the package list");
	encode_hex(digest, sizeof(digest), payload.sha256);
	return msg_send(MSG_CONTROL_FD, IMAGE_HOST, &payload, sizeof(payload), &fd, 1, e);
}

/* The same for people. */
static int print(const struct buf *list, struct error *e)
{
	if (fd_write_all(STDOUT_FILENO, list->data, list->size) < 0)
		return error_set(e, errno, "cannot write the package list");
	return 0;
}

static int run_host(bool for_people, struct error *e)
{
	_cleanup_(host_files_deinit) struct host_files files = {-1, -1};
	_cleanup_(buf_deinit) struct buf list = BUF_INIT;
	_cleanup_(free_sha256) EVP_MD *sha256 = fetch_sha256();

	if (sha256 == NULL)
		return error_set(e, 0, "libcrypto has no SHA-256");
	if (open_files(&files, e) < 0 || confine(e) < 0 || make_list(&files, &list, e) < 0)
		return -1;
	return for_people ? print(&list, e) : answer(&list, sha256, e);
}

int main(int argc, char *argv[])
{
	bool for_people = argc == 3 && strcmp(argv[2], "--print") == 0;
	struct error e = {0};

	if (argc < 2 || strcmp(argv[1], "host") != 0 || (argc != 2 && !for_people)) {
		fputs("usage: cupel-image host [--print]\n", stderr);
		return EXIT_USAGE;
	}
	if (run_host(for_people, &e) == 0)
		return 0;
	if (for_people)
		error_print("cupel-image", &e);
	else
		msg_send_error(MSG_CONTROL_FD, &e);
	return EXIT_REFUSED;
}
