/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one line on the caller's terminal, in the runner, drawn by
 * the loop that relays the build's output. It holds numbers of ours, never a byte
 * of the build's. The build's own output has precedence: the line is erased before
 * any that may be on the same screen, and comes back once there was none for a
 * while and the last of it ended a line, so that it neither flickers nor gets into
 * a half line or an escape sequence. The terminal is opened once more, so that it
 * never makes us wait, not even when somebody stopped it with Ctrl-S, and so that
 * this concerns nobody else who has it. The cursor rests at the start of the line:
 * what others write there is read first.
 */
#include "runner/footer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "runner/build.h"

/* A build that is soon over shows none. */
enum { FIRST_MS = 500, INTERVAL_MS = 250, USUAL_COLUMNS = 80, TEXT_MAX = 128 };
#define ERASE "\r\033[K"

static struct {
	int fd;	       /* the terminal, without waiting; -1: no footer */
	bool shown[3]; /* what goes to 1 or 2 may be on the same screen */
	bool drawn, midline;
	uint64_t started_ms, due_ms; /* due_ms is 0 while output passes */
	char text[TEXT_MAX];	     /* as it is drawn */
} footer = {.fd = -1};

static bool is_wanted_here(void)
{
	const char *term = getenv("TERM");

	return isatty(2) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0 &&
	       getenv("CI") == NULL;
}

/* A terminal, and a pipe: its reader may be one that shows what it reads. */
static bool may_be_shown(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !S_ISREG(st.st_mode) && (!S_ISCHR(st.st_mode) || isatty(fd));
}

void footer_start(bool wanted, uint64_t now)
{
	if (!wanted || !is_wanted_here())
		return;
	footer.fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	for (int fd = 1; fd <= 2; fd++)
		footer.shown[fd] = may_be_shown(fd);
	footer.started_ms = now;
	footer.due_ms = now + FIRST_MS;
}

void footer_stop(void)
{
	footer_erase();
	fd_closep(&footer.fd);
}

/* The line of a background job belongs to somebody else, its shell for example. */
static bool is_in_background(int fd)
{
	pid_t foreground = tcgetpgrp(fd);

	return foreground >= 0 && foreground != getpgrp();
}

void footer_erase(void)
{
	int fd = footer.fd >= 0 ? footer.fd : 2;

	if (footer.drawn &&
		(is_in_background(fd) || write(fd, ERASE, sizeof(ERASE) - 1) == sizeof(ERASE) - 1))
		footer.drawn = false;
}

void footer_make_way(int fd)
{
	if (footer.fd >= 0 && footer.shown[fd])
		footer_erase();
}

void footer_passed(int fd, char last)
{
	if (footer.fd < 0 || !footer.shown[fd])
		return;
	footer.midline = last != '\n';
	footer.due_ms = 0;
}

int footer_wait(uint64_t now)
{
	/* Whatever ends the line wakes us. */
	if (footer.fd < 0 || footer.midline)
		return -1;
	if (footer.due_ms == 0)
		footer.due_ms = now + INTERVAL_MS;
	return footer.due_ms <= now ? 0 : (int)(footer.due_ms - now);
}

/* One column is left free: not all terminals stay on a line that is full. */
static size_t room(void)
{
	struct winsize size;

	if (ioctl(footer.fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return USUAL_COLUMNS - 1;
	return size.ws_col - 1U;
}

static void put_on_screen(const char *text)
{
	char line[TEXT_MAX + sizeof("\r" ERASE)];
	/* What is longer is overwritten first and erased then, so that nothing flickers. */
	int n = snprintf(line, sizeof(line), "\r%s\033[K\r", text);

	if (write(footer.fd, line, (size_t)n) > 0)
		footer.drawn = true;
	memcpy(footer.text, text, sizeof(footer.text));
}

void footer_draw(uint64_t now, uint64_t log_bytes)
{
	char text[TEXT_MAX] = "", log[32];
	size_t columns;

	if (footer.fd < 0 || footer.midline || footer.due_ms == 0 || now < footer.due_ms)
		return;
	footer.due_ms = now + INTERVAL_MS;
	if (is_in_background(footer.fd))
		return;
	build_format_bytes(log_bytes, log, sizeof(log));
	snprintf(text, sizeof(text), "cupel: building  %llu s  log %s",
		(unsigned long long)(now - footer.started_ms) / 1000, log);
	columns = room();
	if (columns < sizeof(text))
		text[columns] = '\0';
	if (!footer.drawn || strcmp(text, footer.text) != 0)
		put_on_screen(text);
}
