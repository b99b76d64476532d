/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-sign, the only program that ever holds the signing
 * key. Started by the runner beside the build, with an empty environment and
 * one socket; shares no memory, descriptor or id range with the sandbox. It
 * opens the key, gives up every way to reach a file, a network or another
 * process, and only then listens. `cupel-sign key …` is the same program for
 * making and showing keys.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "attest/key.h"
#include "attest/monitor.h"
#include "attest/passphrase.h"
#include "attest/secret.h"
#include "attest/sign-options.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/error.h"
#include "base/msg.h"
#include "seccomp-sign.h"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* No path at all: the key is read, and nothing else is a file to this program. */
static int confine_signer(struct error *e)
{
	const struct confine confine = {
		.filter = seccomp_sign, .filter_length = SECCOMP_SIGN_LENGTH};

	return confine_self(&confine, e);
}

/* As strong as the default, which is made of AES: that has every cipher looked up first, 1 ms. */
static int choose_generator(struct error *e)
{
	if (RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA2-256") == 1)
		return 0;
	return error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto has no generator of random bits");
}

/* What libcrypto loads lazily, it must load before nothing can be opened any more. */
static int warm_up(const struct key *k, struct error *e)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char signature[128], byte;
	size_t n = sizeof(signature);
	int ok = context != NULL && RAND_bytes(&byte, 1) == 1 &&
		 EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
		 EVP_DigestSign(context, signature, &n, (const unsigned char *)"", 0) == 1;

	EVP_MD_CTX_free(context);
	return ok ? 0 : error_set_kind(e, ERROR_OUTPUT, 0, "libcrypto cannot sign");
}

/* Beside a developer's key it is made; beside another it may be missing, but not wrong. */
static int check_public(const char *path, bool create, const struct key *k, struct error *e)
{
	_cleanup_(key_deinit) struct key pub = KEY_INIT;

	if (create && key_publish(path, k, e) < 0)
		return -1;
	if (!create && faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (key_read_public(path, &pub, e) < 0)
		return -1;
	if (strcmp(pub.keyid, k->keyid) == 0)
		return 0;
	error_set_kind(e, ERROR_OUTPUT, 0,
		"'%s' is not the public half of the signing key (%s, wanted is %s)", path,
		pub.keyid, k->keyid);
	return error_hint(e, "write it anew from 'cupel key show FILE', or remove it");
}

static int check_options(const struct sign_options *o, int argc, struct error *e)
{
	if (o->first != argc)
		return error_set_kind(e, ERROR_USAGE, 0, "unexpected argument");
	if (o->key == NULL || o->builder_id == NULL || o->pub == NULL)
		return error_set_kind(
			e, ERROR_USAGE, 0, "--key, --pub and --builder-id are needed");
	return 0;
}

static int check_builder(const struct sign_options *o, const struct key *k, struct error *e)
{
	if (!(o->create || k->developer) || key_id_is_local(o->builder_id, strlen(o->builder_id)))
		return 0;
	error_set_kind(e, ERROR_OUTPUT, 0,
		"a developer key cannot sign as '%s', whose name does not end in '/local'",
		o->builder_id);
	return error_hint(e, "make a key for this builder with 'cupel key new FILE' and name it in "
			     "the configuration");
}

static int open_key(const struct sign_options *o, struct key *ret, struct error *e)
{
	_cleanup_(secret_deinit) struct secret passphrase = SECRET_INIT;
	const struct secret *given = NULL;

	/* Before anything is made: a developer key cannot be had for another builder. */
	if (check_builder(o, ret, e) < 0)
		return -1;
	if (o->passphrase_fd >= 0) {
		if (passphrase_get(o->passphrase_fd, false, &passphrase, e) < 0)
			return -1;
		given = &passphrase;
	}
	if (o->create && key_create(o->key, o->pub, given, true, e) < 0)
		return -1;
	if (key_read_private(o->key, given, ret, e) < 0)
		return -1;
	if (check_builder(o, ret, e) < 0)
		return -1;
	return check_public(o->pub, o->create, ret, e);
}

static int run_monitor(int argc, char *const argv[], struct error *e)
{
	_cleanup_(monitor_deinit) struct monitor monitor = {.key = KEY_INIT};
	_cleanup_(key_deinit) struct key key = KEY_INIT;
	struct sign_options options;
	struct utsname host;

	if (sign_options_parse(argc, argv, false, &options, e) < 0 ||
		check_options(&options, argc, e) < 0)
		return -1;
	if (uname(&host) < 0)
		return error_set(e, 0, "cannot tell which kernel this is");
	if (open_key(&options, &key, e) < 0 || warm_up(&key, e) < 0 || confine_signer(e) < 0) {
		error_wrap(e, "signer");
		msg_send_error(MSG_CONTROL_FD, e);
		return -1;
	}
	monitor_init(&monitor, &key, options.builder_id, host.machine, host.release);
	return monitor_run(&monitor, MSG_CONTROL_FD, e);
}

int main(int argc, char *argv[])
{
	bool key_mode = argc > 1 && strcmp(argv[1], "key") == 0;
	struct error e = {0};

	if (secret_harden_process(&e) == 0 && choose_generator(&e) == 0 &&
		(key_mode ? sign_key_command(argc - 1, argv + 1, &e)
			  : run_monitor(argc, argv, &e)) == 0)
		return 0;
	/* The monitor's peer has the error already, and prints it once. */
	if (key_mode || e.kind == ERROR_USAGE)
		error_print(key_mode ? "cupel" : "cupel-sign", &e);
	return e.kind == ERROR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
}
