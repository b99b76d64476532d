/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the first step of each program of this folder, before it has read
 * a byte. What a program needs after that it gets as a descriptor, or without privileges.
 */
#include "gateway/harden.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

int harden(struct error *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	const struct rlimit no_core = {0, 0};

	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		syscall(SYS_capset, &header, none) < 0)
		return error_set(e, errno, "cannot give up privileges");
	signal(SIGPIPE, SIG_IGN);
	return 0;
}
