/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: carries the build's output to ours and into the log,
 * byte for byte, in the runner. The bytes are hostile and are not looked at.
 * A reader of ours that stops reading stops the build, not us: nothing is
 * written that could block, so signals are obeyed all the while.
 */
#include "runner/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/footer.h"
#include "runner/launch.h"

/* What a pipe or terminal that is ready for writing takes without blocking: PIPE_BUF. */
enum { SAFE_WRITE = 4096 };

/* Outside of struct relay, so that nobody clears what only a talkative build needs. */
static char chunks[RELAY_STREAMS][RELAY_CHUNK];

void relay_init(struct relay *r)
{
	r->child_in = r->child_out = r->child_err = r->log_fd = r->terminal_fd = -1;
	r->log_bytes = r->tail_bytes = 0;
	r->typed_start = r->typed_end = 0;
	r->input = r->raw = false;
	for (int i = 0; i < RELAY_STREAMS; i++) {
		r->streams[i].from_fd = r->streams[i].to_fd = r->streams[i].own_fd = -1;
		r->streams[i].start = r->streams[i].end = 0;
		r->streams[i].data = chunks[i];
	}
}

static void close_child_ends(struct relay *r)
{
	if (r->child_err == r->child_out)
		r->child_err = -1;
	fd_closep(&r->child_in);
	fd_closep(&r->child_out);
	fd_closep(&r->child_err);
}

void relay_restore(struct relay *r)
{
	if (r->raw)
		tcsetattr(0, TCSADRAIN, &r->saved);
	r->raw = false;
}

void relay_deinit(struct relay *r)
{
	relay_restore(r);
	close_child_ends(r);
	for (int i = 0; i < RELAY_STREAMS; i++)
		if (r->streams[i].from_fd != r->terminal_fd)
			fd_closep(&r->streams[i].from_fd);
	for (int i = 0; i < RELAY_STREAMS; i++)
		fd_closep(&r->streams[i].own_fd);
	fd_closep(&r->log_fd);
}

static bool is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool are_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/*
 * A terminal promises room and then waits for more of it: it needs a description of our
 * own, which does not wait. -1 when it is none, or when it may not be opened.
 */
static int open_terminal(int to_fd)
{
	char path[32];

	if (to_fd < 0 || !isatty(to_fd))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", to_fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int open_pipe(struct relay *r, int stream, int to_fd, int *ret_child, struct error *e)
{
	int ends[2];

	/* Never waiting: the build can take back what poll(2) has promised. */
	if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
		return error_set(e, errno, "cannot make a pipe");
	r->streams[stream].from_fd = ends[0];
	r->streams[stream].to_fd = to_fd;
	r->streams[stream].blocking_is_harmless = to_fd >= 0 && is_regular(to_fd);
	r->streams[stream].own_fd = open_terminal(to_fd);
	*ret_child = ends[1];
	return 0;
}

/* Where the outputs will be, so that a long log is not in memory; without a name. */
static int open_log(int dir_fd)
{
	int fd = dir_fd < 0 ? -1 : openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : memfd_create("build.log", MFD_CLOEXEC);
}

int relay_open(struct relay *r, bool terminal, bool input, bool quiet, uint64_t log_limit,
	int log_dir_fd, struct launch_stdio *ret, struct error *e)
{
	int out = quiet ? -1 : 1, err = quiet ? -1 : 2;

	if (input && is_directory(0)) {
		error_set_kind(e, ERROR_USAGE, EISDIR, "standard input");
		return error_hint(e, "it would be a way into the host's files: give it a file");
	}
	r->log_limit = log_limit;
	r->log_fd = open_log(log_dir_fd);
	r->child_in = input && !terminal ? fcntl(0, F_DUPFD_CLOEXEC, 3)
					 : open("/dev/null", O_RDWR | O_CLOEXEC);
	if (r->log_fd < 0 || r->child_in < 0)
		return error_set(e, errno, "cannot open the build's input and log");
	*ret = (struct launch_stdio){.in_fd = r->child_in};
	if (terminal) {
		struct winsize size = {0};

		r->input = input;
		r->streams[0].to_fd = out;
		r->streams[0].own_fd = open_terminal(out);
		ioctl(1, TIOCGWINSZ, &size);
		ret->rows = size.ws_row;
		ret->columns = size.ws_col;
		ret->out_fd = ret->err_fd = r->child_in;
		return 0;
	}
	if (open_pipe(r, 0, out, &r->child_out, e) < 0)
		return -1;
	if (quiet || are_same_file(1, 2))
		r->child_err = r->child_out;
	else if (open_pipe(r, 1, err, &r->child_err, e) < 0)
		return -1;
	ret->out_fd = r->child_out;
	ret->err_fd = r->child_err;
	return 0;
}

int relay_started(struct relay *r, int terminal_fd, struct error *e)
{
	struct termios t;

	close_child_ends(r);
	r->terminal_fd = terminal_fd;
	if (terminal_fd < 0)
		return 0;
	r->streams[0].from_fd = terminal_fd;
	if (fcntl(terminal_fd, F_SETFL, O_NONBLOCK) < 0)
		return error_set(e, errno, "cannot set the terminal");
	if (!r->input || tcgetattr(0, &r->saved) < 0)
		return 0;
	t = r->saved;
	cfmakeraw(&t);
	t.c_oflag |= OPOST;
	if (tcsetattr(0, TCSADRAIN, &t) < 0)
		return error_set(e, errno, "cannot set the terminal");
	r->raw = true;
	return 0;
}

int relay_polls(struct relay *r, struct pollfd *polls)
{
	int count = 0;

	for (int i = 0; i < RELAY_STREAMS; i++) {
		struct relay_stream *s = &r->streams[i];

		if (s->start < s->end && s->to_fd >= 0)
			polls[count++] = (struct pollfd){.fd = s->to_fd, .events = POLLOUT};
		else if (s->from_fd >= 0)
			polls[count++] = (struct pollfd){.fd = s->from_fd, .events = POLLIN};
	}
	if (r->terminal_fd >= 0 && r->typed_start < r->typed_end)
		polls[count++] = (struct pollfd){.fd = r->terminal_fd, .events = POLLOUT};
	else if (r->input && r->terminal_fd >= 0)
		polls[count++] = (struct pollfd){.fd = 0, .events = POLLIN};
	return count;
}

static void keep_tail(struct relay *r, const char *data, size_t n)
{
	for (size_t i = n > RELAY_TAIL ? n - RELAY_TAIL : 0; i < n; i++)
		r->tail[(r->tail_bytes + i) % RELAY_TAIL] = data[i];
	r->tail_bytes += n;
}

static int put_log(struct relay *r, const char *data, size_t n, struct error *e)
{
	keep_tail(r, data, n);
	if (r->log_bytes + n > r->log_limit) {
		error_set_kind(e, ERROR_LIMIT, 0, "the build's log reached its limit of %llu bytes",
			(unsigned long long)r->log_limit);
		return error_hint(e, "set 'log' in section [limits]");
	}
	if (fd_write_all(r->log_fd, data, n) < 0)
		return error_set(e, errno, "cannot write the build's log");
	r->log_bytes += n;
	return 0;
}

static int read_stream(struct relay *r, struct relay_stream *s, struct error *e)
{
	ssize_t n = read(s->from_fd, s->data, RELAY_CHUNK);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	/* EIO: the last process that had the terminal is gone. */
	if (n < 0 && errno != EIO)
		return error_set(e, errno, "cannot read the build's output");
	if (n <= 0) {
		if (s->from_fd != r->terminal_fd)
			fd_closep(&s->from_fd);
		s->from_fd = -1;
		return 0;
	}
	s->start = 0;
	s->end = s->to_fd >= 0 ? (size_t)n : 0;
	return put_log(r, s->data, (size_t)n, e);
}

static int write_stream(struct relay_stream *s, struct error *e)
{
	size_t left = s->end - s->start;
	size_t n = left > SAFE_WRITE && !s->blocking_is_harmless ? (size_t)SAFE_WRITE : left;
	ssize_t written;

	footer_make_way(s->to_fd);
	written = write(s->own_fd >= 0 ? s->own_fd : s->to_fd, s->data + s->start, n);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (written < 0)
		return error_set(e, errno, "cannot write the build's output");
	s->start += (size_t)written;
	footer_passed(s->to_fd, s->data[s->start - 1]);
	return 0;
}

static void read_typed(struct relay *r)
{
	ssize_t n = read(0, r->typed, sizeof(r->typed));

	if (n <= 0) {
		r->input = false;
		r->typed[0] = 4; /* Ctrl-D, as a terminal tells the end */
		n = 1;
	}
	r->typed_start = 0;
	r->typed_end = (size_t)n;
}

/* A build that does not read it is no reason to wait. */
static void write_typed(struct relay *r)
{
	ssize_t n = write(r->terminal_fd, r->typed + r->typed_start, r->typed_end - r->typed_start);

	if (n > 0)
		r->typed_start += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		r->typed_start = r->typed_end;
}

/* Whether what is ready was for what is typed rather than for a stream. */
static bool move_typed(struct relay *r, const struct pollfd *ready)
{
	if (ready->fd == 0 && ready->events == POLLIN)
		read_typed(r);
	else if (ready->fd == r->terminal_fd && ready->events == POLLOUT)
		write_typed(r);
	else
		return false;
	return true;
}

int relay_move(struct relay *r, const struct pollfd *polls, int count, struct error *e)
{
	for (int i = 0; i < count; i++) {
		if (polls[i].revents == 0 || move_typed(r, &polls[i]))
			continue;
		for (int k = 0; k < RELAY_STREAMS; k++) {
			struct relay_stream *s = &r->streams[k];

			if (polls[i].events == POLLIN && polls[i].fd == s->from_fd &&
				s->start == s->end && read_stream(r, s, e) < 0)
				return -1;
			if (polls[i].events == POLLOUT && polls[i].fd == s->to_fd &&
				s->start < s->end && write_stream(s, e) < 0)
				return -1;
		}
	}
	return 0;
}

bool relay_is_done(const struct relay *r)
{
	for (int i = 0; i < RELAY_STREAMS; i++)
		if (r->streams[i].from_fd >= 0 || r->streams[i].start < r->streams[i].end)
			return false;
	return true;
}

void relay_resize(struct relay *r)
{
	struct winsize size;

	if (r->terminal_fd >= 0 && ioctl(1, TIOCGWINSZ, &size) == 0)
		ioctl(r->terminal_fd, TIOCSWINSZ, &size);
}

void relay_tail(const struct relay *r, int lines, char *out, size_t size)
{
	uint64_t kept = r->tail_bytes < RELAY_TAIL ? r->tail_bytes : RELAY_TAIL;
	uint64_t from = r->tail_bytes - kept, at = r->tail_bytes;
	size_t n = 0;

	while (at > from) {
		char c = r->tail[(at - 1) % RELAY_TAIL];

		if (c == '\n' && at != r->tail_bytes && --lines == 0)
			break;
		at--;
	}
	for (; at < r->tail_bytes && n + 1 < size; at++)
		out[n++] = r->tail[at % RELAY_TAIL];
	if (size > 0)
		out[n] = '\0';
}
