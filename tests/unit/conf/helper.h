/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What every cmocka test needs before its header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

/* An open file with this text. */
static inline int file_of(const char *text, size_t size)
{
	int fd = fd_memfd_sealed("test", text, size);

	assert_true(fd >= 0);
	return fd;
}

#define assert_starts_with(text, start) assert_memory_equal(text, start, strlen(start))
