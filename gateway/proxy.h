/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct error;
struct place;

enum { PROXY_URL_ROOM = 300 };

/*
 * The proxy in front of everything, "http://HOST:PORT" as [network] of cupel.ini(5) has it;
 * "": none. Before confinement. 0, or -1 with *e filled.
 */
int proxy_set(const char *url, struct error *e);
bool proxy_is_set(void);
unsigned short proxy_port(void);
/*
 * What upstream_connect() promises, through the proxy: it looks the name up, so there is
 * no address to judge, only a name. *ret_private: it looks like one of a private network.
 */
int proxy_connect(
	const struct place *p, char address[64], bool *ret_private, char *why, size_t size);
