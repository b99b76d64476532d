/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: run by each of our programs on itself, between "has its
 * descriptors" and "reads a hostile byte", while it has one thread; and, scopes
 * only, by the child that becomes the build. It needs no privileges. Every step
 * is checked, and the only one that may be missing is what the kernel does not
 * have of Landlock, because each program is separated by other means as well.
 * Nothing is allocated: cupel-init calls this, too.
 */
#include "base/confine.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

/*
 * Landlock up to ABI 7, as the kernel's documentation numbers it: the headers
 * that we are compiled with may be older than the kernel that we run on.
 */
enum { FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15 };
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_UNIX = 1 << 0, SCOPE_SIGNAL = 1 << 1 };

struct ruleset {
	uint64_t fs, net, scopes;
};

/* What a kernel of this ABI adds to what we forbid unless a rule allows it. */
static const struct {
	int abi;
	struct ruleset adds;
} handled[] = {
	{1, {.fs = LANDLOCK_ACCESS_FS_MAKE_SYM * 2 - 1}}, /* bits 0 (EXECUTE) to 12 */
	{2, {.fs = LANDLOCK_ACCESS_FS_REFER}},
	{3, {.fs = FS_TRUNCATE}},
	{4, {.net = NET_BIND_TCP | NET_CONNECT_TCP}},
	{5, {.fs = FS_IOCTL_DEV}},
	{6, {.scopes = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL}},
};

static const uint64_t rights[] = {
	[CONFINE_READ] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	[CONFINE_FILES] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER,
	/* Without devices, FIFOs and sockets: no program of ours makes any. */
	[CONFINE_WRITE] = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
			  LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
			  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
			  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM |
			  LANDLOCK_ACCESS_FS_REFER | FS_TRUNCATE,
};
/* What a rule on something else than a directory may speak of. */
static const uint64_t file_rights =
	LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;

#ifdef __SANITIZE_ADDRESS__
/*
 * LeakSanitizer looks for leaks through ptrace(2) at exit, and calls it an error
 * that a confined process cannot be traced.
 */
static bool confined;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return confined;
}
static void note_confined(void)
{
	confined = true;
}
#else
static void note_confined(void)
{
}
#endif

/* The kernel's ABI, 0 when it has no Landlock or has it switched off. */
static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

static struct ruleset landlock_handled(int abi)
{
	struct ruleset r = {0};

	for (size_t i = 0; i < array_size(handled) && handled[i].abi <= abi; i++) {
		r.fs |= handled[i].adds.fs;
		r.net |= handled[i].adds.net;
		r.scopes |= handled[i].adds.scopes;
	}
	return r;
}

static int landlock_allow(
	int ruleset_fd, const struct confine_path *path, uint64_t fs, struct error *e)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights[path->access] & fs,
		.parent_fd = path->fd,
	};
	struct stat st;

	if (fstat(path->fd, &st) < 0)
		return error_set(e, errno, "cannot look at a path to stay accessible");
	if (!S_ISDIR(st.st_mode))
		rule.allowed_access &= file_rights;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return error_set(e, errno, "cannot keep a path accessible with Landlock");
	return 0;
}

/* The kernel's struct landlock_net_port_attr, newer than some headers. */
struct net_port {
	uint64_t allowed_access, port;
};
enum { RULE_NET_PORT = 2 };

static int landlock_allow_port(int ruleset_fd, uint16_t port, struct error *e)
{
	const struct net_port rule = {.allowed_access = NET_CONNECT_TCP, .port = port};

	if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_NET_PORT, &rule, 0) < 0)
		return error_set(e, errno, "cannot keep a port accessible with Landlock");
	return 0;
}

static int landlock_restrict(const struct ruleset *r, const struct confine *what, struct error *e)
{
	_cleanup_(fd_closep) int fd = -1;

	/* Born close-on-exec. Older kernels take the longer struct when its rest is zero. */
	fd = (int)syscall(SYS_landlock_create_ruleset, r, sizeof(*r), 0);
	if (fd < 0)
		return error_set(e, errno, "cannot make a Landlock ruleset");
	for (size_t i = 0; i < what->path_count; i++)
		if (landlock_allow(fd, &what->paths[i], r->fs, e) < 0)
			return -1;
	for (size_t i = 0; r->net != 0 && i < what->connect_port_count; i++)
		if (landlock_allow_port(fd, what->connect_ports[i], e) < 0)
			return -1;
	if (syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		return error_set(e, errno, "cannot enter the Landlock domain");
	return 0;
}

static int confine_process(const struct confine *what, struct error *e)
{
	const struct rlimit none = {0, 0};

	(void)what;
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return error_set(e, errno, "cannot forbid core dumps");
	/* Also for a core_pattern that is a pipe, which the limit does not stop. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(e, errno, "cannot become undumpable");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "cannot set no_new_privs");
	note_confined();
	return 0;
}

static int confine_files(const struct confine *what, struct error *e)
{
	int abi = landlock_abi();
	struct ruleset r = landlock_handled(abi);

	return abi == 0 ? 0 : landlock_restrict(&r, what, e);
}

static int confine_calls(const struct confine *what, struct error *e)
{
	struct sock_fprog program = {
		.len = (unsigned short)what->filter_length,
		.filter = (struct sock_filter *)(uintptr_t)what->filter,
	};

	if (what->filter_length > BPF_MAXINSNS)
		return error_set(e, EINVAL, "cannot load the system call filter");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return error_set(e, errno, "cannot load the system call filter");
	return 0;
}

/* no_new_privs before the two that need it; the filter, which forbids the others, last. */
static int (*const steps[])(const struct confine *what, struct error *e) = {
	confine_process,
	confine_files,
	confine_calls,
};

int confine_self(const struct confine *what, struct error *e)
{
	for (size_t i = 0; i < array_size(steps); i++)
		if (steps[i](what, e) < 0)
			return error_wrap(e, "cannot confine this program");
	return 0;
}

int confine_scopes(struct error *e)
{
	struct ruleset r = landlock_handled(landlock_abi());
	const struct confine nothing = {.filter = NULL};

	if (r.scopes == 0)
		return 0;
	r.fs = 0;
	r.net = 0;
	return landlock_restrict(&r, &nothing, e) < 0 ? -1 : 1;
}
