/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the build's /etc, written from constants. From the host
 * come only, read-only and each by name, what links in /usr point to and what
 * the dynamic linker and TLS libraries need; never configuration that could
 * hold a credential or differ between two hosts with the same packages. With a
 * gateway, names are asked of it, and not even the host's certificate
 * authorities come: trust.c has others. Run by pid 1 into a tmpfs of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sandbox/mounts.h"
#include "sandbox/state.h"

static const struct {
	const char *path;
	const char *content;
} files[] = {
	{"etc/passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\n"
		       "build:x:1000:1000:build:/home/build:/bin/sh\n"
		       "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
	{"etc/group", "root:x:0:\ntty:x:5:\nbuild:x:1000:\nnogroup:x:65534:\n"},
	{"etc/hosts", "127.0.0.1 localhost cupel\n::1 localhost cupel\n"},
	{"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
	{"etc/hostname", "cupel\n"},
	{"etc/machine-id", "00000000000000000000000000000001\n"},
};

static const struct {
	const char *path;
	const char *target;
} links[] = {
	{"etc/localtime", "/usr/share/zoneinfo/UTC"},
	{"etc/os-release", "../usr/lib/os-release"},
	{"etc/mtab", "/proc/self/mounts"},
};

/* Of the host, where it has them; parents first. */
static const struct {
	const char *path;
	mode_t type;
	bool replaced;	    /* by what the gateway brings */
	const char *parent; /* to be made for it */
} from_host[] = {
	{"etc/alternatives", S_IFDIR, false, NULL},
	{"etc/ld.so.cache", S_IFREG, false, NULL},
	{"etc/ssl/certs", S_IFDIR, true, NULL},
	{"etc/ssl/openssl.cnf", S_IFREG, false, NULL},
	{"etc/java-17-openjdk", S_IFDIR, false, NULL},
	/* Not the whole directory: settings of Maven hold credentials. */
	{"etc/maven/m2.conf", S_IFREG, false, "etc/maven"},
	{"etc/maven/logging", S_IFDIR, false, "etc/maven"},
};

/*
 * The gateway answers at once unless it starves: then a resolver shall ask again
 * soon (glibc after `timeout`, musl after timeout/attempts) and not give up soon
 * (glibc after timeout*attempts, musl after `timeout`). Seconds.
 */
static const char resolver[] = "nameserver 127.0.0.1\noptions edns0 timeout:3 attempts:5\n";

static int bind_from_host(
	const struct sandbox *s, const char *path, mode_t type, const char *parent, struct error *e)
{
	const uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	int fd = mounts_clone(s->host_fd, path, attributes, e);
	int result;

	if (fd < 0)
		return e->errnum == ENOENT ? 0 : -1;
	if (parent != NULL && mkdirat(s->root_fd, parent, 0755) < 0 && errno != EEXIST)
		return error_set(e, errno, "cannot make the directory '/%s'", parent);
	result = type == S_IFDIR ? mounts_put_dir(s->root_fd, path, 0755, e)
				 : mounts_put_empty(s->root_fd, path, e);
	return result < 0 ? -1 : mounts_attach(fd, s->root_fd, path, e);
}

static int put_resolver(const struct sandbox *s, bool gateway, struct error *e)
{
	return mounts_put_file(s->root_fd, "etc/resolv.conf", 0444, resolver,
		gateway ? sizeof(resolver) - 1 : 0, e);
}

int sandbox_etc(struct sandbox *s, struct error *e)
{
	const bool gateway = s->plan->network != PLAN_NETWORK_NONE;

	for (size_t i = 0; i < array_size(files); i++)
		if (mounts_put_file(s->root_fd, files[i].path, 0644, files[i].content,
			    strlen(files[i].content), e) < 0)
			return -1;
	for (size_t i = 0; i < array_size(links); i++)
		if (mounts_put_link(s->root_fd, links[i].path, links[i].target, e) < 0)
			return -1;
	if (put_resolver(s, gateway, e) < 0 || mounts_put_dir(s->root_fd, "etc/ssl", 0755, e) < 0)
		return -1;
	for (size_t i = 0; i < array_size(from_host); i++)
		if (!(gateway && from_host[i].replaced) &&
			bind_from_host(s, from_host[i].path, from_host[i].type, from_host[i].parent,
				e) < 0)
			return -1;
	return 0;
}
