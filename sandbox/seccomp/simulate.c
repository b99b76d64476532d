/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: an interpreter for the classic BPF of seccomp filters, in
 * cupel-seccomp and in tests. It shares nothing with the compiler but the
 * instruction format; every read of the program and of the data is checked.
 */
#include "sandbox/seccomp/simulate.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

static bool jump_holds(unsigned int code, uint32_t a, uint32_t k)
{
	switch (code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		return a == k;
	case BPF_JMP | BPF_JGT | BPF_K:
		return a > k;
	case BPF_JMP | BPF_JGE | BPF_K:
		return a >= k;
	default:
		return (a & k) != 0; /* BPF_JSET */
	}
}

static int load(const struct seccomp_data *data, uint32_t offset, uint32_t *ret)
{
	if (offset % sizeof(*ret) != 0 || offset > sizeof(*data) - sizeof(*ret))
		return -1;
	memcpy(ret, (const char *)data + offset, sizeof(*ret));
	return 0;
}

int filter_simulate(const struct sock_filter *code, size_t length, const struct seccomp_data *data,
	uint32_t *ret, unsigned int *ret_steps)
{
	uint32_t a = 0;
	unsigned int steps = 0;

	for (size_t at = 0; at < length; at++) {
		const struct sock_filter *i = &code[at];

		steps++;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (load(data, i->k, &a) < 0)
				return -1;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			at += jump_holds(i->code, a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			*ret = i->k;
			*ret_steps = steps;
			return 0;
		default:
			return -1;
		}
	}
	return -1;
}
