/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel run`, in the foreground, with the privileges of
 * whoever calls it. Options that the configuration has too are handed to it as
 * its last and strongest level, so both are checked by the same table.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "runner/build.h"
#include "runner/commands.h"
#include "runner/destination.h"

enum run_option {
	RUN_DIRECTORY,
	RUN_OUTPUT,
	RUN_FORCE,
	RUN_INTERACTIVE,
	RUN_TIMEOUT,
	RUN_GRACE,
	RUN_KEEP,
	RUN_ENV,
	RUN_NETWORK,
	RUN_REGISTRY,
	RUN_CREDENTIAL,
	RUN_REPLAY_KEY,
	RUN_LOCK,
	RUN_NO_OVERLAY,
	RUN_OVERLAY,
	RUN_ASLR,
	RUN_EPOCH,
	RUN_NO_ATTEST,
	RUN_SHA512,
	RUN_KEY,
	RUN_PASSPHRASE_FD,
	RUN_NAME,
	RUN_RESULT,
	RUN_STATUS_FD,
	RUN_JSON,
	RUN_QUIET,
	RUN_VERBOSE,
	RUN_HELP,
	RUN_OPTION_END
};

const struct option_spec run_option_specs[RUN_OPTION_COUNT] = {
	[RUN_DIRECTORY] = {'C', "directory", "DIR", "change to DIR first: it is the workspace"},
	[RUN_OUTPUT] = {'o', "output", "DIR", "publish to DIR (default: ./cupel-out)"},
	[RUN_FORCE] = {'f', "force", NULL, "replace outputs that exist already"},
	[RUN_INTERACTIVE] = {'i', "interactive", NULL, "give the build our standard input"},
	[RUN_TIMEOUT] = {'t', "timeout", "DURATION", "stop the build after 90s, 15m, 2h"},
	[RUN_GRACE] = {0, "grace", "DURATION", "time between SIGTERM and SIGKILL (default: 250ms)"},
	[RUN_KEEP] = {'k', "keep", "GLOB", "keep these files of the workspace, besides $OUT"},
	[RUN_ENV] = {'e', "env", "NAME=VALUE", "set a variable for the build"},
	[RUN_NETWORK] = {0, "network", "MODE",
		"none (default), trusted (the trusted registries), or replay=ATTESTATION"},
	[RUN_REGISTRY] = {0, "registry", "REGISTRY",
		"trust this registry, and only those so named"},
	[RUN_CREDENTIAL] = {0, "credential", "NAME=FD",
		"take the credential NAME from descriptor FD"},
	[RUN_REPLAY_KEY] = {0, "replay-key", "PUB",
		"trust this key alone for the attestation to replay"},
	[RUN_LOCK] = {0, "lock", "FILE",
		"hold downloads against this lock file (registries in "
		"lock mode)"},
	[RUN_NO_OVERLAY] = {0, "no-overlay", NULL, "copy the workspace, however large it is"},
	[RUN_OVERLAY] = {0, "overlay", NULL, "mount the workspace as an overlay, even a small one"},
	[RUN_ASLR] = {0, "aslr", NULL, "randomise the addresses of processes"},
	[RUN_EPOCH] = {0, "source-date-epoch", "SECONDS", "use this time instead of the source's"},
	[RUN_NO_ATTEST] = {0, "no-attest", NULL, "publish without a signed attestation"},
	[RUN_SHA512] = {0, "sha512", NULL, "hash the outputs with SHA-512 too"},
	[RUN_KEY] = {0, "key", "FILE", "sign with this key"},
	[RUN_PASSPHRASE_FD] = {0, "passphrase-fd", "N",
		"read the key's passphrase from descriptor N"},
	[RUN_NAME] = {0, "name", "NAME", "call the attestation's files NAME.*"},
	[RUN_RESULT] = {0, "result", "FILE", "write the result as JSON to FILE"},
	[RUN_STATUS_FD] = {0, "status-fd", "N", "write progress and result as JSON lines to N"},
	[RUN_JSON] = {0, "json", NULL, "print the result as JSON on standard error"},
	[RUN_QUIET] = {'q', "quiet", NULL,
		"print neither output nor summary, unless the build fails"},
	[RUN_VERBOSE] = {'v', "verbose", NULL, "say what is done and why"},
	[RUN_HELP] = {'h', "help", NULL, "print this"},
};
_Static_assert((int)RUN_OPTION_END == (int)RUN_OPTION_COUNT, "a row for every option");

/* Options that are configuration; value NULL: the option's own argument. */
static const struct {
	const char *section, *key, *value;
} overrides[RUN_OPTION_COUNT] = {
	[RUN_OUTPUT] = {"outputs", "directory", NULL},
	[RUN_TIMEOUT] = {"build", "timeout", NULL},
	[RUN_GRACE] = {"build", "grace", NULL},
	[RUN_KEEP] = {"outputs", "files", NULL},
	[RUN_ENV] = {"build", "environment", NULL},
	[RUN_NETWORK] = {"network", "mode", NULL},
	[RUN_REGISTRY] = {"network", "registries", NULL},
	[RUN_LOCK] = {"network", "locks", NULL},
	[RUN_NO_OVERLAY] = {"workspace", "mode", "copy"},
	[RUN_OVERLAY] = {"workspace", "mode", "overlay"},
	[RUN_ASLR] = {"build", "aslr", "yes"},
	[RUN_EPOCH] = {"build", "source-date-epoch", NULL},
	[RUN_NO_ATTEST] = {"attest", "enabled", "no"},
	[RUN_SHA512] = {"attest", "sha512", "yes"},
	[RUN_KEY] = {"sign", "key", NULL},
	[RUN_NAME] = {"project", "name", NULL},
};

int run_options_set(struct run_options *o, const char *section, const char *key, const char *value,
	struct error *e)
{
	if (o->override_count == RUN_OVERRIDES_MAX)
		return error_set_kind(e, ERROR_USAGE, E2BIG, "too many options");
	o->overrides[o->override_count].section = section;
	o->overrides[o->override_count].key = key;
	o->overrides[o->override_count].value = value;
	o->override_count++;
	return 0;
}

static int set_override(struct run_options *o, size_t option, const char *value, struct error *e)
{
	return run_options_set(o, overrides[option].section, overrides[option].key,
		overrides[option].value != NULL ? overrides[option].value : value, e);
}

static int set_fd(int *ret, const char *option, const char *value, struct error *e)
{
	uint64_t fd;

	if (text_to_u64(value, &fd) < 0 || fd > 65535 || fcntl((int)fd, F_GETFD) < 0) {
		error_set_kind(
			e, ERROR_USAGE, 0, "--%s: '%s' is not an open descriptor", option, value);
		return error_hint(
			e, "open it in the shell: cupel run --%s 3 … 3>FILE or 3<FILE", option);
	}
	*ret = (int)fd;
	return fcntl(*ret, F_SETFD, FD_CLOEXEC);
}

static int set_credential(struct run_options *o, const char *value, struct error *e)
{
	size_t n = strcspn(value, "=");
	int i = o->credential_count;

	if (i == RUN_CREDENTIALS_MAX)
		return error_set_kind(e, ERROR_USAGE, E2BIG, "too many credentials");
	if (value[n] == '\0' || n == 0 || n >= sizeof(o->credentials[i].name)) {
		/* What it is instead may be the secret, and is not repeated. */
		error_set_kind(e, ERROR_USAGE, 0, "--credential takes NAME=FD");
		return error_hint(e, "open it in the shell: cupel run --credential npm=3 … 3<FILE");
	}
	if (set_fd(&o->credentials[i].fd, "credential", value + n + 1, e) < 0)
		return error_set_kind(e, ERROR_USAGE, 0,
			"--credential %.*s: what follows is not an open descriptor", (int)n, value);
	memcpy(o->credentials[i].name, value, n);
	o->credentials[i].name[n] = '\0';
	o->credential_count++;
	return 0;
}

/* What is replayed obeys the rules of the trusted registries. */
static const char *set_replay(struct run_options *o, const char *mode)
{
	static const char prefix[] = "replay=";

	o->replay = NULL;
	if (strncmp(mode, prefix, sizeof(prefix) - 1) != 0)
		return mode;
	o->replay = mode + sizeof(prefix) - 1;
	return "trusted";
}

static int set_option(void *context, size_t option, const char *value, struct error *e)
{
	struct run_options *o = context;

	switch ((enum run_option)option) {
	case RUN_DIRECTORY:
		o->directory = value;
		return 0;
	case RUN_FORCE:
		o->force = true;
		return 0;
	case RUN_INTERACTIVE:
		o->interactive = true;
		return 0;
	case RUN_RESULT:
		o->result_path = value;
		return 0;
	case RUN_REPLAY_KEY:
		o->replay_key = value;
		return 0;
	case RUN_NETWORK:
		value = set_replay(o, value);
		break;
	case RUN_STATUS_FD:
		return set_fd(&o->status_fd, "status-fd", value, e);
	case RUN_PASSPHRASE_FD:
		return set_fd(&o->passphrase_fd, "passphrase-fd", value, e);
	case RUN_CREDENTIAL:
		return set_credential(o, value, e);
	case RUN_JSON:
		o->json = true;
		return 0;
	case RUN_QUIET:
		o->quiet = true;
		return 0;
	case RUN_VERBOSE:
		o->verbose = true;
		return 0;
	case RUN_HELP:
		o->help = true;
		return 0;
	case RUN_OUTPUT:
	case RUN_TIMEOUT:
	case RUN_GRACE:
	case RUN_KEEP:
	case RUN_ENV:
	case RUN_REGISTRY:
	case RUN_LOCK:
	case RUN_NO_OVERLAY:
	case RUN_OVERLAY:
	case RUN_ASLR:
	case RUN_EPOCH:
	case RUN_NO_ATTEST:
	case RUN_SHA512:
	case RUN_KEY:
	case RUN_NAME:
	case RUN_OPTION_END:
		break;
	}
	return set_override(o, option, value, e);
}

int run_options_read(const struct command_spec *command, int argc, char **argv,
	struct run_options *o, struct error *e)
{
	int first;

	o->status_fd = o->passphrase_fd = -1;
	first = options_parse(command, argc, argv, set_option, o, e);
	if (first < 0 || o->help)
		return first < 0 ? -1 : 0;
	o->command = argv + first;
	o->command_count = argc - first;
	if (o->command_count == 0) {
		error_set_kind(e, ERROR_USAGE, 0, "there is no command to run");
		return error_hint(e, "for example: cupel %s -- make", command->name);
	}
	return 0;
}

int run_build(struct build *b, const struct run_options *options)
{
	struct error e = {0};
	int failed, code;
	sigset_t none;

	build_init(b, options);
	failed = build_run(b, &e) < 0;
	code = build_exit_code(b, &e, failed);
	/* The terminal is itself again before anything is said. */
	relay_restore(&b->relay);
	/* From here on a signal ends us at once: whoever reads what we say may have stopped. */
	launch_deinit(&b->launch);
	destination_deinit(&b->destination);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (build_report(b, &e, failed) < 0 && code == 0)
		code = error_exit_code(ERROR_HOST);
	return code;
}

static int run_main(int argc, char **argv)
{
	static struct build b; /* its buffers are too large for a stack */
	struct run_options options = {0};
	struct error e = {0};
	int code;

	if (run_options_read(&command_run, argc, argv, &options, &e) < 0) {
		error_print("cupel", &e);
		return error_exit_code(e.kind);
	}
	if (options.help)
		return command_print_help(&command_run);
	code = run_build(&b, &options);
	build_deinit(&b);
	return code;
}

const struct command_spec command_run = {"run", "[--] COMMAND [ARGUMENT…]",
	"Runs a command in a fresh sandbox and publishes what it made, with a signed attestation.",
	run_option_specs, RUN_OPTION_COUNT, run_main};
