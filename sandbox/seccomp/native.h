/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <linux/audit.h>

/*
 * The one ABI that a filter lets through: its AUDIT_ARCH, and the bit that marks
 * a number as one of another ABI under the same AUDIT_ARCH (x32), or 0.
 */
#if defined(__x86_64__) && defined(__LP64__)
#define FILTER_ARCH AUDIT_ARCH_X86_64
#define FILTER_FOREIGN_BIT 0x40000000U
#elif defined(__aarch64__) && defined(__LP64__) && defined(__AARCH64EL__)
#define FILTER_ARCH AUDIT_ARCH_AARCH64
#define FILTER_FOREIGN_BIT 0U
#else
#error "system call filters were not checked on this architecture"
#endif
/*
 * With this number a tracer makes the kernel skip a call (strace's injection,
 * fakeroot-ng). The kernel runs nothing for it, so it is let through as it is.
 */
#define FILTER_SKIPPED 0xffffffffU
