/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: decides which keys cupel-verify believes, before it
 * confines itself, from paths that its caller named. A key named on the command
 * line may be of any type that we can check; from a directory only those that we
 * would sign with ourselves. The same key twice counts once, with the wider of
 * its two permissions, because whoever put it there without limits meant it.
 */
#include "attest/verify.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/error.h"

void trust_deinit(struct trust *t)
{
	for (size_t i = 0; i < t->count; i++)
		key_deinit(&t->keys[i].key);
	free(t->keys);
	*t = (struct trust){0};
}

bool trust_may_vouch(const struct trusted_key *k, const char *id, size_t n)
{
	if (k->key.developer && (id == NULL || !key_id_is_local(id, n)))
		return false;
	if (k->only_for == NULL)
		return true;
	return id != NULL && strlen(k->only_for) == n && memcmp(k->only_for, id, n) == 0;
}

/* Takes the key over. */
static int add_key(struct trust *t, struct key *key, const char *only_for, struct error *e)
{
	struct trusted_key *bigger;

	for (size_t i = 0; i < t->count; i++) {
		struct trusted_key *known = &t->keys[i];

		if (strcmp(known->key.keyid, key->keyid) != 0)
			continue;
		if (only_for != NULL && known->only_for != NULL &&
			strcmp(only_for, known->only_for) != 0)
			continue;
		known->key.developer = known->key.developer && key->developer;
		if (only_for == NULL)
			known->only_for = NULL;
		key_deinit(key);
		return 0;
	}
	bigger = reallocarray(t->keys, t->count + 1, sizeof(*bigger));
	if (bigger == NULL)
		return error_set(e, ENOMEM, "cannot read the trusted keys");
	t->keys = bigger;
	t->keys[t->count++] = (struct trusted_key){.key = *key, .only_for = only_for};
	key->pkey = NULL;
	return 0;
}

static int add_file(
	struct trust *t, const char *path, const char *only_for, bool any_type, struct error *e)
{
	_cleanup_(key_deinit) struct key key = KEY_INIT;
	char type[64];

	if (key_read_public(path, &key, e) < 0)
		return -1;
	key_describe(key.pkey, type, sizeof(type));
	if (!any_type && strcmp(type, "EC prime256v1") != 0 && strcmp(type, "ED25519") != 0) {
		error_set(e, 0, "'%s' is of type %s, wanted is P-256 or Ed25519", path, type);
		return error_hint(e, "name the file with --key to trust it all the same");
	}
	return add_key(t, &key, only_for, e);
}

static int add_signer(struct trust *t, const char *pair, struct error *e)
{
	const char *id = strchr(pair, '=');
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%.*s", (int)(id - pair), pair);

	if (n < 0 || n >= (int)sizeof(path))
		return error_set(e, ENAMETOOLONG, "cannot read a public key");
	return add_file(t, path, id + 1, true, e);
}

static int is_public(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return n > 4 && entry->d_name[0] != '.' && strcmp(entry->d_name + n - 4, ".pub") == 0;
}

static int add_directory(struct trust *t, const char *path, struct error *e)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_public, alphasort), result = 0;

	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return error_set(e, errno, "cannot read the trusted keys in '%s'", path);
	for (int i = 0; i < count; i++) {
		char file[PATH_MAX];
		int n = snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);

		if (result == 0 && n > 0 && n < (int)sizeof(file))
			result = add_file(t, file, NULL, false, e);
		free(entries[i]);
	}
	free(entries);
	return result;
}

int trust_load(const struct verify_policy *policy, struct trust *ret, struct error *e)
{
	_cleanup_(trust_deinit) struct trust t = {0};

	for (size_t i = 0; i < policy->keys.count; i++)
		if (add_file(&t, policy->keys.items[i], NULL, true, e) < 0)
			return -1;
	for (size_t i = 0; i < policy->signers.count; i++)
		if (add_signer(&t, policy->signers.items[i], e) < 0)
			return -1;
	for (size_t i = 0; i < policy->trust_dirs.count; i++)
		if (add_directory(&t, policy->trust_dirs.items[i], e) < 0)
			return -1;
	*ret = t;
	t = (struct trust){0};
	return 0;
}
