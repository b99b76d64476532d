/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: `cupel key new` and `cupel key show`, which run as
 * cupel-sign with their caller's privileges, because no other program ever
 * touches a private key. No build is involved.
 */
#include "attest/sign-options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "attest/key.h"
#include "attest/passphrase.h"
#include "attest/secret.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"

static int print_key(const struct key *k, bool with_pem, struct error *e)
{
	_cleanup_(buf_deinit) struct buf pem = BUF_INIT;
	char type[64];

	key_describe(k->pkey, type, sizeof(type));
	if (key_put_public(k, &pem, e) < 0)
		return -1;
	printf("%s %s%s\n", k->keyid, type, k->developer ? " (developer)" : "");
	if (with_pem)
		fwrite(pem.data, 1, pem.size, stdout);
	return fflush(stdout) == 0 ? 0 : error_set(e, errno, "cannot write to standard output");
}

static int key_new(const char *path, const struct sign_options *options, struct error *e)
{
	_cleanup_(secret_deinit) struct secret passphrase = SECRET_INIT;
	_cleanup_(key_deinit) struct key key = KEY_INIT;
	char pub_path[PATH_MAX];
	int n = snprintf(pub_path, sizeof(pub_path), "%s.pub", path);

	if (n < 0 || n >= (int)sizeof(pub_path))
		return error_set(e, ENAMETOOLONG, "cannot make '%s'", path);
	if (options->encrypt && passphrase_get(options->passphrase_fd, true, &passphrase, e) < 0)
		return -1;
	switch (key_create(path, pub_path, options->encrypt ? &passphrase : NULL, false, e)) {
	case KEY_CREATED:
		break;
	case KEY_EXISTED:
		error_set(e, EEXIST, "cannot make the key '%s'", path);
		return error_hint(e, "move it away first, or choose another name");
	default:
		return -1;
	}
	if (key_read_public(pub_path, &key, e) < 0)
		return -1;
	return print_key(&key, false, e);
}

static bool holds(const struct secret *text, const char *word)
{
	return memmem(text->data, text->size, word, strlen(word)) != NULL;
}

static int parse_any(const char *path, const struct secret *pem, const struct sign_options *options,
	struct key *ret, struct error *e)
{
	_cleanup_(secret_deinit) struct secret passphrase = SECRET_INIT;
	bool encrypted = holds(pem, "ENCRYPTED");

	if (!holds(pem, "PRIVATE KEY-----"))
		return key_parse_public(path, pem->data, pem->size, ret, e);
	if (encrypted && passphrase_get(options->passphrase_fd, false, &passphrase, e) < 0)
		return -1;
	return key_parse_private(path, pem, encrypted ? &passphrase : NULL, ret, e);
}

static int key_show(const char *path, const struct sign_options *options, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	_cleanup_(secret_deinit) struct secret pem = SECRET_INIT;
	_cleanup_(key_deinit) struct key key = KEY_INIT;

	if (fd < 0)
		return error_set(e, errno, "cannot open the key '%s'", path);
	if (secret_init(&pem, KEY_FILE_MAX, e) < 0 || secret_read(&pem, fd, path, e) < 0 ||
		parse_any(path, &pem, options, &key, e) < 0)
		return -1;
	return print_key(&key, true, e);
}

int sign_key_command(int argc, char *const argv[], struct error *e)
{
	static const struct {
		const char *verb;
		int (*run)(const char *path, const struct sign_options *options, struct error *e);
	} verbs[] = {
		{"new", key_new},
		{"show", key_show},
	};
	struct sign_options options;

	for (size_t i = 0; argc > 1 && i < array_size(verbs); i++) {
		if (strcmp(argv[1], verbs[i].verb) != 0)
			continue;
		if (sign_options_parse(argc, argv, true, &options, e) < 0)
			return -1;
		if (options.first == argc)
			return error_set_kind(
				e, ERROR_USAGE, 0, "key %s needs a file name", argv[1]);
		return verbs[i].run(argv[options.first], &options, e);
	}
	error_set_kind(e, ERROR_USAGE, 0, "what to do with a key?");
	return error_hint(e, "key new FILE [--encrypt] [--passphrase-fd N], or key show FILE");
}
