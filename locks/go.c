/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: go.sum, in cupel-lock, confined. Each line is a module, a version
 * and a digest "h1:", of the files in the module's zip or of its go.mod alone. Both are
 * tied to the paths under which a module proxy has them; a digest of another kind locks
 * nothing.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "locks/reading.h"

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

/* Capital letters as proxies have them: "!" and the small one. */
static void put_escaped(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char small = (char)(s[i] + 'a' - 'A');

		if (s[i] >= 'A' && s[i] <= 'Z') {
			buf_puts(out, "!");
			buf_append(out, &small, 1);
		} else {
			buf_append(out, &s[i], 1);
		}
	}
}

static bool is_module(const char *s)
{
	return s[0] != '\0' && s[0] != '/' && strstr(s, "//") == NULL &&
	       s[strspn(s, DIGITS UPPER LOWER "-._~/")] == '\0';
}

static bool is_version(const char *s, size_t n)
{
	return n > 0 && s[0] == 'v' && strspn(s, DIGITS UPPER LOWER "-.+") >= n;
}

static int put_line(const char *module, const char *version, const char *hash, struct reading *r,
	struct error *e)
{
	static const char mod[] = "/go.mod";
	_cleanup_(buf_deinit) struct buf path = BUF_INIT;
	size_t n = strlen(version), tail = sizeof(mod) - 1;
	bool is_mod = n > tail && strcmp(version + n - tail, mod) == 0;
	struct lock l = {.tie = LOCK_BELOW, .algorithm = is_mod ? LOCK_H1_MOD : LOCK_H1};

	if (is_mod)
		n -= tail;
	if (!is_module(module) || !is_version(version, n))
		return error_set_kind(e, ERROR_USAGE, 0, "no module and version");
	if (strncmp(hash, "h1:", 3) != 0) {
		reading_leave_out(r, module, strlen(module), "a digest of an unknown kind");
		return 0;
	}
	put_escaped(&path, module, strlen(module));
	buf_puts(&path, "/@v/");
	put_escaped(&path, version, n);
	buf_puts(&path, is_mod ? ".mod" : ".zip");
	l.name = buf_ok(&path) ? path.data : "";
	return reading_put_base64(r, l, hash + 3, strlen(hash + 3), e);
}

int go_read(char *text, size_t n, struct reading *r, struct error *e)
{
	unsigned int line = 0;
	char *words[3], *at;

	(void)n;
	while ((at = reading_next_line(&text, &line)) != NULL) {
		if (*at == '\0')
			continue;
		for (size_t i = 0; i < array_size(words); i++)
			words[i] = strsep(&at, " ");
		if (words[2] == NULL || at != NULL)
			return reading_fail(e, line, "not a module, a version and a digest");
		if (put_line(words[0], words[1], words[2], r, e) < 0)
			return error_wrap(e, "line %u", line);
	}
	return 0;
}
