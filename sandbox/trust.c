/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what the build's TLS clients trust when all that they
 * reach is the gateway: its certificate, and no authority of the host's. Written
 * by pid 1 when the start signal brings it, into the root file system that the
 * next step makes read-only; the build exists already, but has not been let go.
 * The bytes are the gateway's: they are copied, never read. They come in sealed
 * memfds, so reading them can neither block nor end early.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

enum { TRUST_MAX = 1 << 20 };

static const char *const dirs[] = {
	"etc/ssl/certs",
	"etc/ssl/certs/java",
	"etc/pki",
	"etc/pki/java",
	"etc/pki/tls",
	"etc/pki/tls/certs",
	"etc/pki/ca-trust",
	"etc/pki/ca-trust/extracted",
	"etc/pki/ca-trust/extracted/java",
	"etc/pki/ca-trust/extracted/pem",
};

/* Where the clients of the distributions look; each is the same file under another name. */
static const char *const pem_paths[] = {
	"etc/ssl/certs/ca-certificates.crt",
	/* OpenSSL's name for the gateway's authority in a hashed directory: a test compares. */
	"etc/ssl/certs/a700db52.0",
	"etc/ssl/certs/ca-bundle.crt",
	"etc/ssl/cert.pem",
	"etc/ssl/ca-bundle.pem",
	"etc/pki/tls/certs/ca-bundle.crt",
	"etc/pki/tls/cert.pem",
	"etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
};
/* What lib/security/cacerts of a packaged JDK in /usr links to. */
static const char *const jks_paths[] = {
	"etc/ssl/certs/java/cacerts",
	"etc/pki/java/cacerts",
	"etc/pki/ca-trust/extracted/java/cacerts",
};

static const struct {
	const char *what;
	const char *const *paths;
	size_t count;
} bundles[] = {
	/* In the order of their descriptors. */
	{"certificate bundle", pem_paths, array_size(pem_paths)},
	{"Java keystore", jks_paths, array_size(jks_paths)},
};

static ssize_t read_sealed(int fd, void *data, const char *what, struct error *e)
{
	enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK };
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	ssize_t n;

	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) < 0)
		return error_set(e, EBADMSG, "the gateway's %s did not come sealed", what);
	if (st.st_size <= 0 || st.st_size > TRUST_MAX)
		return error_set(e, 0, "the gateway's %s has %lld bytes instead of 1 to %d", what,
			(long long)st.st_size, TRUST_MAX);
	n = pread(fd, data, (size_t)st.st_size, 0);
	return n == st.st_size ? n : error_set(e, EIO, "cannot read the gateway's %s", what);
}

static int put_bundle(const struct sandbox *s, int fd, size_t bundle, struct error *e)
{
	static unsigned char data[TRUST_MAX]; /* what is not used of it is never touched */
	const char *const *paths = bundles[bundle].paths;
	ssize_t n = read_sealed(fd, data, bundles[bundle].what, e);

	if (n < 0 || mounts_put_file(s->root_fd, paths[0], 0444, (char *)data, (size_t)n, e) < 0)
		return -1;
	for (size_t i = 1; i < bundles[bundle].count; i++)
		if (linkat(s->root_fd, paths[0], s->root_fd, paths[i], 0) < 0)
			return error_set(e, errno, "cannot make '/%s'", paths[i]);
	return 0;
}

int sandbox_trust(struct sandbox *s, struct msg *go, struct error *e)
{
	for (size_t i = 0; i < array_size(dirs); i++)
		if (mounts_put_dir(s->root_fd, dirs[i], 0755, e) < 0)
			return -1;
	for (size_t i = 0; i < array_size(bundles); i++) {
		_cleanup_(fd_closep) int fd = msg_take_fd(go, (int)i);

		if (put_bundle(s, fd, i, e) < 0)
			return -1;
	}
	return 0;
}
