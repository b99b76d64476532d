/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

#include "gateway/names.h"
#include "gateway/resolver.h"

/*
 * What cupel-gateway and cupel-resolve say to each other, over the socket that is
 * MSG_CONTROL_FD of the latter: one question or answer is one SEQPACKET message.
 */
struct resolve_question {
	uint64_t id;
	char host[NAME_SIZE];
};
struct resolve_answer {
	uint64_t id;
	struct resolved resolved;
};
