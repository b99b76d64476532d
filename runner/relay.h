/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct error;
struct launch_stdio;

enum { RELAY_STREAMS = 2, RELAY_CHUNK = 65536, RELAY_TAIL = 4096, RELAY_POLLS = 5 };

/* One stream of the build's output on its way to ours and into the log. */
struct relay_stream {
	int from_fd; /* -1 when it has ended */
	int to_fd;   /* ours: 1 or 2; -1: only into the log */
	int own_fd;  /* the same, opened by us so that it never waits: a terminal; else -1 */
	bool blocking_is_harmless; /* a regular file */
	size_t start, end;	   /* what is read and not yet written */
	char *data;		   /* RELAY_CHUNK bytes; static, one relay in a process */
};

/* The build's standard streams. */
struct relay {
	struct relay_stream streams[RELAY_STREAMS];
	int child_in, child_out, child_err; /* the build's ends, until it is started */
	int log_fd;
	uint64_t log_bytes, log_limit;
	int terminal_fd;  /* master, borrowed */
	bool input;	  /* our standard input goes to the terminal */
	bool raw;	  /* our terminal is in raw mode */
	char typed[1024]; /* of our standard input, not yet in the terminal */
	size_t typed_start, typed_end;
	struct termios saved;
	char tail[RELAY_TAIL]; /* the last bytes, a ring */
	uint64_t tail_bytes;
};

void relay_init(struct relay *r);
/* Our terminal leaves raw mode. */
void relay_restore(struct relay *r);
/* Restores the terminal and closes everything. */
void relay_deinit(struct relay *r);

/*
 * Makes the pipes (one, when our stdout and stderr are the same file, so that
 * order is kept) or prepares for a terminal; fills what the sandbox gets.
 */
int relay_open(struct relay *r, bool terminal, bool input, bool quiet, uint64_t log_limit,
	int log_dir_fd, struct launch_stdio *ret, struct error *e);
/* The sandbox has its ends: closes ours of them; takes the terminal's master if there is one. */
int relay_started(struct relay *r, int terminal_fd, struct error *e);

/* Fills what to poll for, gives how many (at most RELAY_POLLS). */
int relay_polls(struct relay *r, struct pollfd *polls);
/* Moves what can be moved. -1 with *e filled: kind ERROR_LIMIT when the log is full. */
int relay_move(struct relay *r, const struct pollfd *polls, int count, struct error *e);
/* All streams have ended and are written. */
bool relay_is_done(const struct relay *r);
/* SIGWINCH: the build's terminal gets the size of ours. */
void relay_resize(struct relay *r);
/* The last lines (at most `lines`), NUL-terminated, oldest first, into out. */
void relay_tail(const struct relay *r, int lines, char *out, size_t size);
