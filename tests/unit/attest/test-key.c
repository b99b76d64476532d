/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/key.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "attest/secret.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "sample.h"

struct place {
	char directory[64];
	char key[128], pub[128];
};

static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	sample_directory(p->directory, sizeof(p->directory));
	snprintf(p->key, sizeof(p->key), "%s/deep/er/key", p->directory);
	snprintf(p->pub, sizeof(p->pub), "%s/deep/er/key.pub", p->directory);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;

	sample_remove(p->directory);
	free(p);
	return 0;
}

static void refuses(
	const char *path, const struct secret *passphrase, const char *because, const char *hint)
{
	_cleanup_(key_deinit) struct key k = KEY_INIT;
	struct error e = {0};

	assert_int_equal(key_read_private(path, passphrase, &k, &e), -1);
	if (strstr(e.what, because) == NULL || strstr(e.hint, hint) == NULL)
		fail_msg("got '%s' (%s), not '%s' (%s)", e.what, e.hint, because, hint);
}

static void test_create_and_read(void **state)
{
	const struct place *p = *state;
	_cleanup_(key_deinit) struct key k = KEY_INIT, pub = KEY_INIT;
	struct error e;
	struct stat st;

	assert_int_equal(key_create(p->key, p->pub, NULL, true, &e), KEY_CREATED);
	assert_int_equal(stat(p->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(key_read_private(p->key, NULL, &k, &e), 0);
	assert_int_equal(key_read_public(p->pub, &pub, &e), 0);
	assert_string_equal(k.keyid, pub.keyid);
	assert_true(k.developer && pub.developer);
	assert_int_equal(key_create(p->key, p->pub, NULL, true, &e), KEY_EXISTED);
}

static void test_permissions(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0601, 0666};
	const struct place *p = *state;
	struct error e;

	assert_int_equal(key_create(p->key, p->pub, NULL, false, &e), KEY_CREATED);
	for (size_t i = 0; i < array_size(modes); i++) {
		assert_int_equal(chmod(p->key, modes[i]), 0);
		refuses(p->key, NULL, "open to others", "chmod 600");
	}
	assert_int_equal(chmod(p->key, 0600), 0);
	refuses(p->directory, NULL, "not a regular file", "");
	refuses("/dev/null", NULL, "not a regular file", "");
	refuses("/nonexistent/key", NULL, "cannot open", "cupel key new");
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(p->key, 12345, 12345), 0);
	refuses(p->key, NULL, "belongs to user 12345", "key of your own");
}

/* Other types name what they are and what is wanted. */
static void test_types(void **state)
{
	static const struct {
		const char *command, *because;
	} cases[] = {
		{"openssl genpkey -algorithm ed25519", "type ED25519, wanted is EC prime256v1"},
		{"openssl ecparam -genkey -noout -name secp384r1", "type EC secp384r1"},
		{"openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048", "type RSA 2048"},
		{"echo nothing", "holds no private key"},
	};
	const struct place *p = *state;
	char command[512], path[128];

	snprintf(path, sizeof(path), "%s/other", p->directory);
	for (size_t i = 0; i < array_size(cases); i++) {
		snprintf(command, sizeof(command), "umask 077; %s >%s 2>/dev/null",
			cases[i].command, path);
		assert_int_equal(
			sample_run((const char *const[]){"sh", "-c", command, NULL}, NULL), 0);
		refuses(path, NULL, cases[i].because, "cupel key new");
	}
}

static void test_encrypted(void **state)
{
	const struct place *p = *state;
	_cleanup_(secret_deinit) struct secret right = SECRET_INIT, wrong = SECRET_INIT;
	_cleanup_(key_deinit) struct key k = KEY_INIT;
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct error e;

	assert_int_equal(secret_init(&right, 64, &e), 0);
	assert_int_equal(secret_init(&wrong, 64, &e), 0);
	memcpy(right.data, "correct horse", right.size = 13);
	memcpy(wrong.data, "correct house", wrong.size = 13);
	assert_int_equal(key_create(p->key, p->pub, &right, false, &e), KEY_CREATED);
	assert_int_equal(sample_run((const char *const[]){"cat", p->key, NULL}, &text), 0);
	assert_non_null(strstr(text.data, "-----BEGIN ENCRYPTED PRIVATE KEY-----"));
	assert_int_equal(key_read_private(p->key, &right, &k, &e), 0);
	assert_false(k.developer);
	refuses(p->key, &wrong, "passphrase is wrong", "");
	refuses(p->key, NULL, "is encrypted", "--passphrase-fd");
}

/* Many first runs at once agree on one key, and leave nothing else behind. */
static void test_race(void **state)
{
	enum { RUNS = 8 };
	const struct place *p = *state;
	_cleanup_(key_deinit) struct key k = KEY_INIT, pub = KEY_INIT;
	_cleanup_(buf_deinit) struct buf list = BUF_INIT;
	char directory[128];
	struct error e;
	int status;

	for (int i = 0; i < RUNS; i++)
		if (fork() == 0)
			_exit(key_create(p->key, p->pub, NULL, true, &e) < 0 ? 1 : 0);
	for (int i = 0; i < RUNS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(key_read_private(p->key, NULL, &k, &e), 0);
	assert_int_equal(key_read_public(p->pub, &pub, &e), 0);
	assert_string_equal(k.keyid, pub.keyid);
	snprintf(directory, sizeof(directory), "%s/deep/er", p->directory);
	assert_int_equal(sample_run((const char *const[]){"ls", "-A", directory, NULL}, &list), 0);
	assert_string_equal(list.data, "key\nkey.pub\n");
}

/* The fingerprint is the one that ssh-keygen prints, for every type that we name. */
static void test_fingerprints(void **state)
{
	static const char *const types[][2] = {
		{"ecdsa", "256"}, {"ecdsa", "384"}, {"ed25519", "256"}, {"rsa", "2048"}};
	const struct place *p = *state;
	char command[512], path[128];

	snprintf(
		command, sizeof(command), "ssh-keygen -q -t ecdsa -N '' -f %s/probe", p->directory);
	if (sample_run((const char *const[]){"sh", "-c", command, NULL}, NULL) != 0) {
		print_message("ssh-keygen is not there, or makes no key for this user\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/ssh.pem", p->directory);
	for (size_t i = 0; i < array_size(types); i++) {
		_cleanup_(key_deinit) struct key k = KEY_INIT;
		_cleanup_(buf_deinit) struct buf line = BUF_INIT;
		struct error e;

		snprintf(command, sizeof(command),
			"cd %s && rm -f s s.pub && ssh-keygen -q -t %s -b %s -N '' -f s && "
			"ssh-keygen -lf s.pub && { ssh-keygen -e -m PKCS8 -f s.pub || true; } "
			">ssh.pem 2>/dev/null",
			p->directory, types[i][0], types[i][1]);
		assert_int_equal(
			sample_run((const char *const[]){"sh", "-c", command, NULL}, &line), 0);
		if (key_read_public(path, &k, &e) < 0)
			continue; /* ssh-keygen cannot export this type */
		assert_non_null(strstr(line.data, k.keyid));
	}
}

/* The mark counts as a whole line before the key, and nowhere else. */
static void test_developer_mark(void **state)
{
	static const struct {
		const char *before, *after;
		bool developer;
	} cases[] = {
		{KEY_DEVELOPER_MARK "\n", "", true},
		{"# note\n" KEY_DEVELOPER_MARK "\n", "", true},
		{"", "", false},
		{"x" KEY_DEVELOPER_MARK "\n", "", false},
		{"", KEY_DEVELOPER_MARK "\n", false},
	};
	_cleanup_(key_deinit) struct key k = sample_key();
	_cleanup_(buf_deinit) struct buf pem = BUF_INIT;
	struct error e;

	(void)state;
	assert_int_equal(key_put_public(&k, &pem, &e), 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(buf_deinit) struct buf text = BUF_INIT;
		_cleanup_(key_deinit) struct key read = KEY_INIT;

		buf_printf(&text, "%s%s%s", cases[i].before, pem.data, cases[i].after);
		assert_int_equal(key_parse_public("t", text.data, text.size, &read, &e), 0);
		assert_int_equal(read.developer, cases[i].developer);
	}
	assert_true(key_id_is_local("https://a/local", 15));
	assert_false(key_id_is_local("https://a/nonlocal", 18));
	assert_false(key_id_is_local("/local", 6));
	assert_false(key_id_is_local("https://a/local/", 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create_and_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_permissions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_encrypted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_race, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fingerprints, set_up, tear_down),
		cmocka_unit_test(test_developer_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
