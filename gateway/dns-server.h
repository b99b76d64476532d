/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Start tasks that answer name look-ups on a socket, which they take over. */
int dns_serve_datagrams(int fd); /* 0, or -1 with errno */
void dns_serve_stream(int fd);	 /* an accepted connection (RFC 7766) */
