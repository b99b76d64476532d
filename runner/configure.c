/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the first step of a build, in the runner with its
 * caller's privileges: signals, the workspace's directory, configuration. The
 * project's cupel.ini is hostile and can only narrow what others allow.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/load.h"
#include "runner/build.h"
#include "runner/destination.h"
#include "runner/paths.h"

/* From here on they are read from a descriptor, and the programs we start have none pending. */
static int watch_signals(struct build *b, struct error *e)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH};
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < array_size(numbers); i++) {
		struct sigaction was;

		/* What our caller ignores, as nohup(1) does, we ignore. */
		if (sigaction(numbers[i], NULL, &was) < 0 || was.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	}
	sigprocmask(SIG_SETMASK, &set, NULL);
	b->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return b->signal_fd < 0 ? error_set(e, errno, "cannot watch signals") : 0;
}

static int enter_workspace(struct build *b, struct error *e)
{
	const char *directory = b->options->directory != NULL ? b->options->directory : ".";

	if (b->options->directory != NULL && chdir(directory) < 0)
		return error_set_kind(e, ERROR_USAGE, errno, "cannot enter '%s'", directory);
	b->workspace.fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b->workspace.fd < 0) {
		error_set_kind(e, ERROR_USAGE, errno, "cannot read the workspace '%s'", directory);
		return error_hint(
			e, "run it in a directory that you may read, or give one with -C");
	}
	return 0;
}

static int apply_command_line(struct build *b, struct error *e)
{
	const struct run_options *o = b->options;

	for (int i = 0; i < o->override_count; i++)
		if (conf_set(&b->conf, o->overrides[i].section, o->overrides[i].key,
			    o->overrides[i].value, CONF_LEVEL_COMMAND_LINE, "command line", e) < 0)
			return -1;
	return 0;
}

int build_configure(struct build *b, struct error *e)
{
	char user[4096];
	int how;

	/* We start nothing that could be set-user-ID, and nothing we start may become it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(e, errno, "cannot set no_new_privs");
	if (watch_signals(b, e) < 0 || enter_workspace(b, e) < 0)
		return -1;
	paths_config(user, sizeof(user));
	if (conf_init(&b->conf, e) < 0 ||
		conf_load(&b->conf, b->workspace.fd, user[0] != '\0' ? user : NULL, e) < 0 ||
		apply_command_line(b, e) < 0)
		return error_kind(e, e->kind == ERROR_HOST ? ERROR_USAGE : e->kind);
	if (launch_take_ids(&b->ids, e) < 0)
		return -1;
	how = b->options->force || b->options->discard ? DESTINATION_FORCE : 0;
	if (conf_level(&b->conf, CONF_OUTPUTS_DIRECTORY) == CONF_LEVEL_PROJECT)
		how |= DESTINATION_BENEATH;
	return destination_open(&b->destination, b->workspace.fd,
		conf_string(&b->conf, CONF_OUTPUTS_DIRECTORY), how, e);
}
