/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-sign before a key is opened, with its
 * caller's privileges. A passphrase comes from a descriptor or a terminal and
 * from nowhere else: arguments and environments are readable in /proc.
 */
#include "attest/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "attest/key.h"
#include "attest/secret.h"
#include "base/error.h"
#include "base/fd.h"

static int read_line(int fd, struct secret *s, struct error *e)
{
	while (s->size < s->room) {
		ssize_t n = read(fd, s->data + s->size, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(e, errno, "cannot read the passphrase");
		if (n == 0 || s->data[s->size] == '\n')
			return 0;
		s->size++;
	}
	return error_set(e, 0, "the passphrase is longer than %zu bytes", s->room);
}

static int ask(int tty, const char *question, struct secret *s, struct error *e)
{
	struct termios before, quiet;
	int result;

	if (secret_init(s, KEY_PASSPHRASE_MAX, e) < 0)
		return -1;
	if (tcgetattr(tty, &before) < 0)
		return error_set(e, errno, "cannot switch the terminal's echo off");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) < 0)
		return error_set(e, errno, "cannot switch the terminal's echo off");
	(void)fd_write_all(tty, question, strlen(question));
	result = read_line(tty, s, e);
	(void)tcsetattr(tty, TCSAFLUSH, &before);
	(void)fd_write_all(tty, "\n", 1);
	return result;
}

static int ask_terminal(bool confirm, struct secret *ret, struct error *e)
{
	_cleanup_(fd_closep) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	_cleanup_(secret_deinit) struct secret again = SECRET_INIT;

	if (tty < 0) {
		error_set(e, errno, "cannot ask for a passphrase: no terminal");
		return error_hint(e, "give it with --passphrase-fd");
	}
	if (ask(tty, "Passphrase: ", ret, e) < 0)
		return -1;
	if (!confirm)
		return 0;
	if (ask(tty, "Again: ", &again, e) < 0)
		return -1;
	if (again.size != ret->size || memcmp(again.data, ret->data, ret->size) != 0)
		return error_set(e, 0, "the two passphrases differ");
	return 0;
}

static int from_descriptor(int fd, struct secret *ret, struct error *e)
{
	if (secret_init(ret, KEY_PASSPHRASE_MAX, e) < 0)
		return -1;
	return read_line(fd, ret, e);
}

int passphrase_get(int fd, bool confirm, struct secret *ret, struct error *e)
{
	if ((fd >= 0 ? from_descriptor(fd, ret, e) : ask_terminal(confirm, ret, e)) < 0)
		return -1;
	if (ret->size == 0)
		return error_set(e, 0, "the passphrase is empty");
	return 0;
}
