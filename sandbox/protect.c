/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: pid 1 makes itself untouchable before anything else
 * exists in its namespaces, and gives them their names. Needs the capabilities
 * that come with owning fresh uts and net namespaces; reads no input.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sandbox/state.h"

/*
 * Dies with the runner: PR_SET_PDEATHSIG for the runner that dies from now on,
 * the control socket for one that died before. Undumpable, so that the build,
 * whose ids may be ours outside its namespace, can neither trace us nor read us.
 */
int sandbox_protect(struct sandbox *s, struct error *e)
{
	struct pollfd gone = {.fd = s->control, .events = 0};
	cpu_set_t all;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return error_set(e, errno, "cannot protect pid 1");
	if (poll(&gone, 1, 0) == 1)
		return error_set(e, ECANCELED, "the runner is gone");
	if (setsid() < 0)
		return error_set(e, errno, "cannot start a session");
	/* ENOSYS: a kernel without keyrings has none to leak. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
		return error_set(e, errno, "cannot start a session keyring");
	/* All processors that the host grants us, whatever the caller had narrowed it to. */
	memset(&all, 0xff, sizeof(all));
	if (sched_setaffinity(0, sizeof(all), &all) < 0)
		return error_set(e, errno, "cannot set the processors");
	/* Modes are given exactly from here on; the build gets its usual mask later. */
	umask(0);
	return 0;
}

int sandbox_identify(struct sandbox *s, struct error *e)
{
	const char *name = plan_string(s->plan, s->plan->hostname);

	if (sethostname(name, strlen(name)) < 0 || setdomainname("(none)", 6) < 0)
		return error_set(e, errno, "cannot set the host name");
	return 0;
}

/*
 * Servers under test may stand on any port of a network that is the build's alone, as for
 * a container's. Where /proc/sys is read-only, from 1024 on as for any other user.
 */
static void open_ports(void)
{
	_cleanup_(fd_closep) int fd =
		open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)fd_write_all(fd, "0", 1);
}

int sandbox_loopback(struct sandbox *s, struct error *e)
{
	struct ifreq request = {.ifr_name = "lo"};
	_cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)s;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(e, errno, "cannot bring the loopback interface up");
	open_ports();
	return 0;
}
