/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: capabilities of cupel-collect, by the bare system calls.
 * As root it stays user 0 with next to nothing of what that means; inside a
 * user namespace it has been given all and keeps the same two.
 */
#include "outputs/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

int caps_limit(bool can_chown, struct error *e)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
	uint32_t keep = 1U << CAP_DAC_READ_SEARCH | (can_chown ? 1U << CAP_CHOWN : 0);

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(e, errno, "cannot read the capabilities");
	keep &= data[0].permitted;
	data[0] = (struct __user_cap_data_struct){.effective = keep, .permitted = keep};
	data[1] = (struct __user_cap_data_struct){0};
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(e, errno, "cannot give up capabilities");
	return 0;
}
