/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a target and as a URL. What is normalised is made
 * of harmless bytes, stays what it is when normalised again, never steps up, and is
 * reached below "/"; what is split and put together again splits in the same way.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "fuzz/driver.h"
#include "gateway/ascii.h"
#include "gateway/url.h"

static void check_path(const char *path, size_t n)
{
	static const char *const never[] = {"//", "/../", "/./", "%00", "%5C", "%2E", "%2F../",
		"%0A", "%0D", "%7F", "%C0", "%C1"};
	char text[URL_MAX + 2];

	memcpy(text, path, n);
	memcpy(text + n, "/", 2); /* so that a last ".." is found, too */
	if (text[n - 1] == '/')
		text[n] = '\0';
	for (size_t i = 0; i < array_size(never); i++)
		assert(strstr(text, never[i]) == NULL);
	for (size_t i = 0; i + 4 < n; i++)
		assert(memcmp(text + i, "%25", 3) != 0 || ascii_hex(text[i + 3]) < 0 ||
			ascii_hex(text[i + 4]) < 0);
}

static void fuzz_target(const char *target, size_t n)
{
	char normal[URL_MAX + 1], again[URL_MAX + 1];
	const char *why = NULL;

	if (url_normalise(target, n, normal, &why) < 0) {
		assert(why != NULL);
		return;
	}
	for (const char *c = normal; *c != '\0'; c++)
		assert(ascii_is_visible(*c) && *c != '#' && *c != '\\');
	check_path(normal, strcspn(normal, "?"));
	assert(url_normalise(normal, strlen(normal), again, &why) == 0);
	assert(strcmp(normal, again) == 0);
	assert(url_path_matches("/", normal) && url_path_matches("/**", normal));
	url_redact(normal, again);
	assert(strlen(again) <= URL_MAX && strcspn(again, "?") == strcspn(normal, "?"));
	url_redact(again, normal);
	assert(strcmp(normal, again) == 0);
}

static void fuzz_url(const char *text, size_t n)
{
	static char again[URL_MAX + 512];
	struct url u, second;
	const char *why = NULL;
	int size;

	if (url_split(text, n, &u, &why) < 0) {
		assert(why != NULL);
		return;
	}
	assert(u.port != 0 && u.host[0] != '\0' && u.path[0] == '/');
	assert(strpbrk(u.path, "#\\ ") == NULL && strpbrk(u.host, "@:/?%") == NULL);
	size = snprintf(
		again, sizeof(again), "http%s://%s:%u%s", u.tls ? "s" : "", u.host, u.port, u.path);
	assert(url_split(again, (size_t)size, &second, &why) == 0);
	assert(strcmp(u.host, second.host) == 0 && strcmp(u.path, second.path) == 0);
	assert(u.tls == second.tls && u.port == second.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_target((const char *)data, size);
	fuzz_url((const char *)data, size);
	return 0;
}
