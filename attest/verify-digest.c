/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: runs in cupel-verify; in-toto digest sets and the digests
 * of the files that are verified. Algorithms that we do not know are ignored, as
 * the specification demands; those we know must be spelled in the one right way.
 */
#include "attest/judge.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/strict-json.h"

static const struct {
	const char *name;
	size_t digits, or_digits;
	bool secure; /* fit to identify bytes */
} algorithms[] = {
	{"sha256", 64, 64, true},
	{"sha384", 96, 96, true},
	{"sha512", 128, 128, true},
	{"gitCommit", 40, 64, true},
	{"gitTree", 40, 64, true},
	{"gitBlob", 40, 64, true},
};

static bool is_lower_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

static bool value_is_fine(const char *algorithm, const json_t *value)
{
	const char *s = json_string_value(value);
	size_t n = json_string_length(value);

	for (size_t i = 0; i < array_size(algorithms); i++)
		if (strcmp(algorithms[i].name, algorithm) == 0)
			return (n == algorithms[i].digits || n == algorithms[i].or_digits) &&
			       is_lower_hex(s, n);
	return true;
}

const char *digest_set_problem(const json_t *digest)
{
	const json_t *value;
	const char *name;
	size_t count = 0;
	json_object_foreach((json_t *)(uintptr_t)digest, name, value)
	{
		if (json_is_null(value))
			continue;
		count++;
		if (!json_is_string(value))
			return "a digest that is no string";
		if (!value_is_fine(name, value))
			return "a digest that is not lower-case hexadecimal of its length";
	}
	return count == 0 ? "no digest" : NULL;
}

bool digest_set_is_secure(const json_t *digest)
{
	for (size_t i = 0; i < array_size(algorithms); i++)
		if (algorithms[i].secure &&
			json_is_string(strict_json_get(digest, algorithms[i].name)))
			return true;
	return false;
}

static int hash_into(EVP_MD_CTX *context, int fd)
{
	static unsigned char block[1 << 16];
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || EVP_DigestUpdate(context, block, (size_t)n) != 1)
			return -1;
	}
	return 0;
}

int target_hash(int fd, const char *algorithm, char *hex, size_t size, struct error *e)
{
	const EVP_MD *md = EVP_get_digestbyname(algorithm);
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned int n = 0;
	bool ok = context != NULL && md != NULL && lseek(fd, 0, SEEK_SET) == 0 &&
		  EVP_DigestInit_ex(context, md, NULL) == 1 && hash_into(context, fd) == 0 &&
		  EVP_DigestFinal_ex(context, digest, &n) == 1 && 2 * n < size;

	EVP_MD_CTX_free(context);
	if (!ok)
		return error_set(e, errno, "cannot hash it");
	encode_hex(digest, n, hex);
	return 0;
}
