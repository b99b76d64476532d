/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a terminal of the sandbox's own devpts, so that the
 * build never holds the caller's (no TIOCSTI, no TIOCLINUX). Its master goes to
 * the runner, which relays bytes; output processing is off, so they arrive as
 * the build wrote them. Run by pid 1 before the build exists.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/state.h"

static int set_size(const struct sandbox *s, int fd)
{
	struct winsize size = {.ws_row = s->start.rows, .ws_col = s->start.columns};

	return size.ws_row == 0 ? 0 : ioctl(fd, TIOCSWINSZ, &size);
}

/*
 * The build's descriptors may be reopened by their /proc name only by their
 * owner. Safe as real root for what was made for this build alone, a pipe or a
 * terminal of our own devpts: a device of the host's stays the host's.
 */
static int give_to_build(const struct sandbox *s, int fd, struct error *e)
{
	struct stat st;

	if (s->start.uid_base == 0)
		return 0;
	if (fstat(fd, &st) < 0)
		return error_set(e, errno, "cannot examine the build's output");
	if (!S_ISFIFO(st.st_mode) && fd <= 2)
		return 0;
	if (fchown(fd, s->start.uid_base + (uid_t)s->plan->uid, (gid_t)-1) < 0)
		return error_set(e, errno, "cannot give its output to the build");
	return 0;
}

int sandbox_terminal(struct sandbox *s, struct error *e)
{
	_cleanup_(fd_closep) int master = -1, slave = -1;
	struct termios t;
	int unlocked = 0;

	if (!s->plan->terminal)
		return give_to_build(s, 1, e) < 0 ? -1 : give_to_build(s, 2, e);
	master = openat(s->root_fd, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) < 0)
		return error_set(e, errno, "cannot make a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || tcgetattr(slave, &t) < 0)
		return error_set(e, errno, "cannot open the terminal");
	t.c_oflag &= (tcflag_t)~OPOST;
	if (tcsetattr(slave, TCSANOW, &t) < 0 || set_size(s, slave) < 0)
		return error_set(e, errno, "cannot set up the terminal");
	if (give_to_build(s, slave, e) < 0)
		return -1;
	if ((s->plan->input == PLAN_STDIN_INHERIT && dup2(slave, 0) < 0) || dup2(slave, 1) < 0 ||
		dup2(slave, 2) < 0)
		return error_set(e, errno, "cannot use the terminal");
	s->terminal_fd = take_fd(&master);
	return 0;
}
