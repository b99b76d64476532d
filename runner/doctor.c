/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel doctor` starts a real sandbox that runs `true`
 * and shows each step as pid 1 reports it, so it cannot disagree with a run.
 * Before that it looks at the kernel's knobs, which explain most refusals.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "runner/build.h"
#include "runner/commands.h"

static const struct option_spec specs[] = {
	{0, "json", NULL, "print one JSON object a line"},
	{'h', "help", NULL, "print this"},
};

static bool as_json;

static void print_check(const char *name, bool ok, const char *text, const char *fix)
{
	_cleanup_(buf_deinit) struct buf line = BUF_INIT;
	struct json j;

	if (!as_json) {
		printf("%-5s %-18s %s\n", ok ? "ok" : "FAIL", name, text);
		if (!ok && fix[0] != '\0')
			printf("      %-18s fix: %s\n", "", fix);
		return;
	}
	json_init(&j, &line);
	json_object_begin(&j, NULL);
	json_string(&j, "check", name);
	json_bool(&j, "ok", ok);
	json_string(&j, "text", text);
	json_string(&j, "fix", ok ? "" : fix);
	json_object_end(&j);
	if (buf_ok(&line))
		printf("%s\n", line.data);
}

/* Knobs that distributions turn; absent ones are not in the way. */
static const struct {
	const char *path;
	const char *bad; /* the value that forbids us */
	const char *text, *fix;
} knobs[] = {
	{"/proc/sys/kernel/unprivileged_userns_clone", "0",
		"ordinary users may make user namespaces",
		"sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		"AppArmor lets programs make user namespaces",
		"sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for cupel"},
	{"/proc/sys/user/max_user_namespaces", "0", "user namespaces are not limited to none",
		"sysctl user.max_user_namespaces=10000"},
};

static int check_knobs(void)
{
	int failures = 0;

	for (size_t i = 0; i < array_size(knobs); i++) {
		_cleanup_(fd_closep) int fd = open(knobs[i].path, O_RDONLY | O_CLOEXEC);
		char value[32] = "";
		bool ok;

		if (fd < 0 || read(fd, value, sizeof(value) - 1) <= 0)
			continue;
		value[strcspn(value, "\n")] = '\0';
		ok = geteuid() == 0 || strcmp(value, knobs[i].bad) != 0;
		print_check(strrchr(knobs[i].path, '/') + 1, ok, knobs[i].text, knobs[i].fix);
		failures += !ok;
	}
	return failures;
}

/* Both variants are good; the lesser one is not to surprise anybody. */
static void show_listening(const struct msg *m)
{
	struct init_listening listening;

	if (msg_payload(m, &listening, sizeof(listening)) < 0)
		return;
	print_check("registries' ports", true,
		listening.errnum == 0
			? "builds can use them for servers of their own"
			: "builds cannot use them, because this kernel has no nftables with tproxy",
		"");
}

/* As the gateway would, for a build that trusts nobody. */
static int send_go(int socket, struct error *e)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("nobody", "\n", 1);

	if (fd < 0)
		return error_set(e, errno, "cannot make a memfd");
	return msg_send(socket, INIT_GO, NULL, 0, (int[]){fd, fd}, 2, e);
}

/* Steps until the command is executed, or the step that failed. */
static int follow_steps(struct build *b, struct error *e)
{
	for (;;) {
		struct init_step step;
		struct msg m;

		if (msg_recv(b->launch.init.socket, &m, e) < 0)
			return -1;
		if (m.type == INIT_STEP && msg_payload(&m, &step, sizeof(step)) == 0) {
			step.name[sizeof(step.name) - 1] = step.why[sizeof(step.why) - 1] = '\0';
			print_check(step.name, true,
				step.why[0] != '\0' ? step.why : "the command was executed", "");
		} else if (m.type == INIT_MOUNTED) {
			if (launch_mounted(&b->launch, &b->ids, &m, e) < 0 ||
				send_go(b->launch.init.socket, e) < 0)
				return -1;
		} else if (m.type == INIT_LISTENING) {
			show_listening(&m);
		} else if (m.type == INIT_EXECED) {
			return 0;
		} else if (m.type == MSG_ERROR && msg_payload(&m, e, sizeof(*e)) == 0) {
			return -1;
		} else if (m.type == MSG_EOF) {
			return error_set(e, 0, "the sandbox ended unexpectedly");
		}
		msg_deinit(&m);
	}
}

static int walk_sandbox(struct build *b, struct error *e)
{
	static const char *const command[] = {"true"};
	const struct plan_choice choice = {.command = command,
		.count = 1,
		.workspace = PLAN_WORKSPACE_OVERLAY,
		.network = true};
	_cleanup_(fd_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct launch_stdio stdio = {
		.in_fd = null_fd, .out_fd = null_fd, .err_fd = null_fd, .report = true};

	/* More steps than without a network, and none less. */
	if (conf_init(&b->conf, e) < 0 ||
		conf_set(&b->conf, "network", "mode", "trusted", CONF_LEVEL_COMMAND_LINE,
			"cupel doctor", e) < 0 ||
		launch_take_ids(&b->ids, e) < 0)
		return -1;
	b->plan_fd = build_plan_for(b, &choice, e);
	if (b->plan_fd < 0 || launch_start(&b->launch, &b->ids, b->plan_fd, &stdio, e) < 0)
		return -1;
	return follow_steps(b, e);
}

static int doctor_main(int argc, char **argv)
{
	static struct build b;
	const struct run_options options = {.status_fd = -1, .passphrase_fd = -1};
	struct error e = {0};
	char text[1024];
	int failures;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") != 0)
			return command_print_help(&command_doctor);
		as_json = true;
	}
	failures = check_knobs();
	build_init(&b, &options);
	if (walk_sandbox(&b, &e) < 0) {
		error_format(&e, text, sizeof(text));
		print_check("sandbox", false, text, e.hint);
		failures++;
	}
	print_check("ids", true,
		b.ids.privileged ? "builds get subordinate ids that nobody else has"
				 : "builds get your own id, in a nested user namespace",
		"");
	build_deinit(&b);
	return failures > 0 ? 1 : 0;
}

const struct command_spec command_doctor = {"doctor", "",
	"Starts a sandbox step by step and says what is missing, why it matters, and the fix.",
	specs, array_size(specs), doctor_main};
