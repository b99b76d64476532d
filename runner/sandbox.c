/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the runner's side of a sandbox: start it, wait until its
 * trees are mounted, have the workspace filled, give the start signal; and in
 * the end let go of everything and count what remains.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "runner/build.h"

/* With what the build's clients shall trust. */
static int send_go(struct build *b, struct error *e)
{
	int fds[2] = {-1, -1}, result;

	if (build_await_gateway(b, fds, e) < 0)
		return -1;
	result = msg_send(b->launch.init.socket, INIT_GO, NULL, 0, fds, fds[1] < 0 ? 0 : 2, e);
	fd_closep(&fds[0]);
	fd_closep(&fds[1]);
	return result < 0 ? error_wrap(e, "sandbox") : 0;
}

int build_start_sandbox(struct build *b, struct error *e)
{
	struct launch_stdio stdio;
	struct msg m;

	if (relay_open(&b->relay, b->plan->terminal, b->plan->input == PLAN_STDIN_INHERIT,
		    b->options->quiet, b->plan->log_bytes, b->destination.parent_fd, &stdio, e) < 0)
		return -1;
	if (build_needs_import(b) && build_start_collector(b, e) < 0)
		return -1;
	if (build_choose_ports(b, &stdio, e) < 0 ||
		launch_start(&b->launch, &b->ids, b->plan_fd, &stdio, e) < 0 ||
		build_connect_gateway(b, e) < 0)
		return -1;
	if (build_await(b, b->launch.init.socket, INIT_MOUNTED, &m, e) < 0)
		return error_wrap(e, "sandbox");
	if (launch_mounted(&b->launch, &b->ids, &m, e) < 0 ||
		relay_started(&b->relay, b->launch.terminal_fd, e) < 0)
		return -1;
	if (build_needs_import(b) && build_import(b, e) < 0)
		return -1;
	if (build_await_signer(b, e) < 0 || send_go(b, e) < 0)
		return -1;
	b->started_ms = build_now_ms();
	build_event(b, "start");
	return 0;
}

/*
 * The pid namespace is empty since pid 1 was reaped; the mounts go with their
 * last descriptors, which are here. The checks are of what we hold, not of what
 * we did: a process that could not be reaped, a program that still runs.
 */
int build_destroy(struct build *b, struct error *e)
{
	struct sign_destroyed remains = {0};

	if (process_finish(&b->collector, e) < 0)
		return error_wrap(e, "outputs");
	if (process_finish(&b->gateway, e) < 0)
		return error_wrap(e, "network");
	if (b->launch.terminal_fd >= 0)
		b->relay.terminal_fd = -1;
	fd_closep(&b->launch.out_fd);
	fd_closep(&b->launch.build_fd);
	fd_closep(&b->launch.user_fd);
	fd_closep(&b->launch.terminal_fd);
	remains.processes = b->launch.init.pid != 0 || b->gateway.pid != 0 ? 1 : 0;
	remains.mounts = b->launch.out_fd >= 0 || b->launch.build_fd >= 0 ? 1 : 0;
	remains.namespaces = b->launch.user_fd >= 0 ? 1 : 0;
	if (b->signer.pid == 0)
		return 0;
	return msg_send(b->signer.socket, SIGN_DESTROYED, &remains, sizeof(remains), NULL, 0, e);
}
