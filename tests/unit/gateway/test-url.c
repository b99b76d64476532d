/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: every spelling of a path that could reach another file than the
 * rule was asked about, and patterns against a matcher that tries everything.
 */
#include "tests/unit/base/helper.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "gateway/url.h"

static const struct {
	const char *target, *normal;
} good[] = {
	{"/", "/"},
	{"/a/b", "/a/b"},
	{"/a/b/", "/a/b/"},
	{"/%61%2D%2e%5f%7E", "/a-._~"},
	{"/a%20b%c3%bc", "/a%20b%C3%BC"},
	{"/%40a%3ab", "/@a:b"},
	{"/@a:b!$&'()*+,;=", "/@a:b!$&'()*+,;="},
	{"/g++%2b%2B", "/g++%2B%2B"}, /* as they were written */
	{"/a%3Bb", "/a%3Bb"},
	{"/a%3fb%23", "/a%3Fb%23"},
	{"/a\"<>[]^`{|}", "/a%22%3C%3E%5B%5D%5E%60%7B%7C%7D"},
	{"/...", "/..."},
	{"/a..b/.c/d.", "/a..b/.c/d."},
	{"/%25", "/%25"},
	{"/100%25", "/100%25"},
	{"/%25zz%254g", "/%25zz%254g"},
	{"/%254", "/%254"},
	{"/@scope%2fname", "/@scope%2Fname"},
	{"/%40scope%2Fname/-/x.tgz", "/@scope%2Fname/-/x.tgz"},
	{"/a?", "/a?"},
	{"/a?b=%2f%2F..//%c3%aa?c&d", "/a?b=%2F%2F..//%C3%AA?c&d"},
	{"/a?%2541%5c", "/a?%2541%5C"}, /* a query is for the registry alone */
	{"/?a", "/?a"},
};

static void test_normalise(void **state)
{
	char out[URL_MAX + 1], again[URL_MAX + 1];
	const char *why;

	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		if (url_normalise(good[i].target, strlen(good[i].target), out, &why) < 0)
			fail_msg("%s: %s", good[i].target, why);
		assert_string_equal(out, good[i].normal);
		assert_int_equal(url_normalise(out, strlen(out), again, &why), 0);
		assert_string_equal(again, out);
	}
}

static const struct {
	const char *target;
	const char *why;
} bad[] = {
	{"", "a path that does not begin with '/'"},
	{"a", "a path that does not begin with '/'"},
	{"*", "a path that does not begin with '/'"},
	{"?a", "a path that does not begin with '/'"},
	{"http://a.example/", "a path that does not begin with '/'"},
	{"//a", "an empty segment in the path"},
	{"//", "an empty segment in the path"},
	{"/a//b", "an empty segment in the path"},
	{"/a/b//", "an empty segment in the path"},
	{"/.", "a '.' or '..' segment in the path"},
	{"/..", "a '.' or '..' segment in the path"},
	{"/a/../b", "a '.' or '..' segment in the path"},
	{"/a/./b", "a '.' or '..' segment in the path"},
	{"/a/..?b", "a '.' or '..' segment in the path"},
	{"/a/%2e%2e/b", "a '.' or '..' segment in the path"},
	{"/a/.%2E/b", "a '.' or '..' segment in the path"},
	{"/a/%2E", "a '.' or '..' segment in the path"},
	{"/a/..;/b", "a '.' or '..' segment in the path"},
	{"/a/..;x=y/b", "a '.' or '..' segment in the path"},
	{"/a/%2e.%3bx/b", "a '.' or '..' segment in the path"},
	{"/a%2fb", "an encoded '/' in the path"},
	{"/a/..%2fb", "an encoded '/' in the path"},
	{"/%2F", "an encoded '/' in the path"},
	{"/@%2fb", "an encoded '/' in the path"},
	{"/@a%2f", "an encoded '/' in the path"},
	{"/@a%2f..", "an encoded '/' in the path"},
	{"/@a%2f%2e%2E", "an encoded '/' in the path"},
	{"/@a%2f.;x", "an encoded '/' in the path"},
	{"/@..%2fb", "an encoded '/' in the path"},
	{"/@a%2fb%2fc", "an encoded '/' in the path"},
	{"/x@a%2fb", "an encoded '/' in the path"},
	{"/a%5cb", "an encoded '\\' in the path"},
	{"/a\\b", "'#' or '\\' in the URL"},
	{"/a?b\\c", "'#' or '\\' in the URL"},
	{"/a#b", "'#' or '\\' in the URL"},
	{"/a?b#c", "'#' or '\\' in the URL"},
	{"/%", "'%' without two hexadecimal digits in the URL"},
	{"/%4", "'%' without two hexadecimal digits in the URL"},
	{"/%4g", "'%' without two hexadecimal digits in the URL"},
	{"/%%34%31", "'%' without two hexadecimal digits in the URL"},
	{"/%u002e", "'%' without two hexadecimal digits in the URL"},
	{"/a?%4", "'%' without two hexadecimal digits in the URL"},
	{"/%?41", "'%' without two hexadecimal digits in the URL"},
	{"/%252e%252e/a", "a path that is encoded twice"},
	{"/%252fa", "a path that is encoded twice"},
	{"/%25%32%65", "a path that is encoded twice"},
	{"/%25%2541", "a path that is encoded twice"},
	{"/a%00b", "an encoded control character in the path"},
	{"/a%0d%0aHost:b", "an encoded control character in the path"},
	{"/a%7f", "an encoded control character in the path"},
	{"/a%c2%85", "an encoded control character in the path"},
	{"/a?b%00", "an encoded control character in the query"},
	{"/a?b%0d%0ac", "an encoded control character in the query"},
	{"/%c0%ae%c0%ae/a", "ill-formed UTF-8 in the path"},
	{"/a%c0%afb", "ill-formed UTF-8 in the path"},
	{"/a%e0%80%afb", "ill-formed UTF-8 in the path"},
	{"/a%ff", "ill-formed UTF-8 in the path"},
	{"/\xc3\xbc", "a byte in the URL that must be encoded"},
	{"/a b", "a byte in the URL that must be encoded"},
	{"/a?b c", "a byte in the URL that must be encoded"},
	{"/a\x7f", "a byte in the URL that must be encoded"},
	{"/a\tb", "a byte in the URL that must be encoded"},
	{"/a\r\nb", "a byte in the URL that must be encoded"},
};

static void test_normalise_refused(void **state)
{
	char out[URL_MAX + 1];
	const char *why;

	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		if (url_normalise(bad[i].target, strlen(bad[i].target), out, &why) != -1)
			fail_msg("taken: %s", bad[i].target);
		if (strcmp(why, bad[i].why) != 0)
			fail_msg("'%s' for %s", why, bad[i].target);
	}
	assert_int_equal(url_normalise("/a\0b", 4, out, &why), -1);
	assert_int_equal(url_normalise("/a?\0b", 5, out, &why), -1);
}

static void test_normalise_limit(void **state)
{
	char target[URL_MAX + 2], out[URL_MAX + 1];
	const char *why;

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	assert_int_equal(url_normalise(target, URL_MAX, out, &why), 0);
	assert_int_equal(strlen(out), URL_MAX);
	assert_int_equal(url_normalise(target, URL_MAX + 1, out, &why), -1);
	target[1] = '<'; /* three bytes when encoded */
	assert_int_equal(url_normalise(target, URL_MAX, out, &why), -1);
	assert_int_equal(url_normalise(target, URL_MAX - 2, out, &why), 0);
	target[5] = '?';
	assert_int_equal(url_normalise(target, URL_MAX - 1, out, &why), -1);
	assert_int_equal(url_normalise(target, URL_MAX - 2, out, &why), 0);
	assert_int_equal(strlen(out), URL_MAX);
}

static const struct {
	const char *pattern, *target;
	bool matches;
} patterns[] = {
	{"/", "/", true},
	{"/", "/a/b", true},
	{"/a/", "/a/", true},
	{"/a/", "/a/b", true},
	{"/a/", "/a", false},
	{"/a/", "/ab/", false},
	{"/a/", "/b/a/", false},
	{"/a", "/a", true},
	{"/a", "/a?b", true},
	{"/a", "/a/", false},
	{"/a", "/ab", false},
	{"/a/", "/x?/a/", false},
	{"/a/*", "/a/b", true},
	{"/a/*", "/a/", true},
	{"/a/*", "/a/b/c", false},
	{"/a/**", "/a/b/c", true},
	{"/a/**", "/a", false},
	{"/*/", "/a/", true},
	{"/*/", "/a/b", false}, /* no prefix: it has a star */
	{"/*/b", "/a/b", true},
	{"/*/b", "/a/c/b", false},
	{"/**/b", "/a/c/b", true},
	{"/a*c", "/abc", true},
	{"/a*c", "/ac", true},
	{"/a*c", "/ab/c", false},
	{"/*.deb", "/x.deb.deb", true},
	{"/**/*.deb", "/a/b/x.deb", true},
	{"/**/*.deb", "/x.deb", false},
	{"/**/git-upload-pack", "/a/b/git-upload-pack", true},
	{"/**/git-upload-pack", "/a/git-upload-packs", false},
	{"**", "/a", true},
	{"**", "", false},
	{"*", "", false},
	{"", "", false},
	{"", "/", false},
	{"/", "", false},
	{"/", "?/", false},
	{"/?", "/a", false},
	{"/[a]", "/a", false},
	{"/A", "/a", false},
};

static void test_matches(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(patterns); i++)
		if (url_path_matches(patterns[i].pattern, patterns[i].target) !=
			patterns[i].matches)
			fail_msg("'%s' '%s'", patterns[i].pattern, patterns[i].target);
}

/* What a glob means, without any thought for time. */
static bool matches_slowly(const char *pattern, const char *text)
{
	bool any = pattern[0] == '*' && pattern[1] == '*';

	if (pattern[0] == '\0')
		return text[0] == '\0';
	if (pattern[0] != '*')
		return pattern[0] == text[0] && matches_slowly(pattern + 1, text + 1);
	for (;; text++) {
		if (matches_slowly(pattern + (any ? 2 : 1), text))
			return true;
		if (text[0] == '\0' || (!any && text[0] == '/'))
			return false;
	}
}

/* All words of up to six letters of an alphabet of three, as patterns and as texts. */
static void spell(unsigned int number, const char *letters, char word[8])
{
	size_t n = 0;

	for (; number > 0; number = (number - 1) / 3)
		word[n++] = letters[(number - 1) % 3];
	word[n] = '\0';
}

static void test_matches_like_slowly(void **state)
{
	enum { PATTERNS = 1092, TEXTS = 363 }; /* of up to 6 and 5 letters */
	char pattern[8], text[8];

	(void)state;
	for (unsigned int p = 1; p <= PATTERNS; p++)
		for (unsigned int t = 1; t <= TEXTS; t++) {
			spell(p, "a/*", pattern);
			spell(t, "a/b", text);
			if (strchr(pattern, '*') != NULL &&
				url_path_matches(pattern, text) != matches_slowly(pattern, text))
				fail_msg("'%s' '%s'", pattern, text);
		}
}

/* Many stars against a long text must not take for ever. */
static void test_matches_fast(void **state)
{
	char text[URL_MAX + 1];

	(void)state;
	memset(text, 'a', URL_MAX);
	text[URL_MAX] = '\0';
	assert_false(url_path_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
	assert_false(url_path_matches("**a**a**a**a**a**a**a**a**a**b", text));
}

static void check_split(
	const char *text, bool tls, const char *host, unsigned int port, const char *path)
{
	struct url u;
	const char *why;

	if (url_split(text, strlen(text), &u, &why) < 0)
		fail_msg("%s: %s", text, why);
	assert_int_equal(u.tls, tls);
	assert_string_equal(u.host, host);
	assert_int_equal(u.port, port);
	assert_string_equal(u.path, path);
}

static void test_split(void **state)
{
	(void)state;
	check_split("https://a.example", true, "a.example", 443, "/");
	check_split("http://a.example/", false, "a.example", 80, "/");
	check_split("HTTPS://A.Example.:8443/b/C?d", true, "a.example", 8443, "/b/C?d");
	check_split("http://a?b@c:d", false, "a", 80, "/?b@c:d");
	check_split("https://a/@b:c//..", true, "a", 443, "/@b:c//..");
	check_split("https://10.0.0.1:65535/", true, "10.0.0.1", 65535, "/");
}

static void test_split_refused(void **state)
{
	static const char *const urls[] = {"", "a", "/a", "//a", "http:", "http:/a", "http:a",
		"http://", "https:///a", "ftp://a/", "httpss://a/", " http://a/", "http://u@a/",
		"http://u:p@a/", "http://a@b@c/", "http://a/#b", "http://a#b", "http://a:/",
		"http://a:0/", "http://a:080/", "http://a:65536/", "http://a:8x/",
		"http://a:80:80/", "http://a b/", "http://a/ b", "http://a\\@b/", "http://a/\\b",
		"http://[::1]/", "http://a%2eb/", "http://a..b/", "http://a/%", "http://a/\n",
		"http://\xc3\xbc/"};
	struct url u = {.port = 7};
	const char *why;

	(void)state;
	for (size_t i = 0; i < array_size(urls); i++) {
		why = NULL;
		if (url_split(urls[i], strlen(urls[i]), &u, &why) != -1 || why == NULL)
			fail_msg("taken: %s", urls[i]);
	}
	url_split("http://u:p@a/", 13, &u, &why);
	assert_string_equal(why, "user information in the URL");
	assert_int_equal(url_split("http://evil\0.a/", 15, &u, &why), -1);
	assert_int_equal(u.port, 7);
}

static void test_split_limit(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT;
	struct url u;
	const char *why;

	(void)state;
	buf_puts(&text, "http://a/");
	while (text.size < 8 + URL_MAX)
		buf_puts(&text, "b");
	assert_int_equal(url_split(text.data, text.size, &u, &why), 0);
	assert_int_equal(strlen(u.path), URL_MAX);
	text.data[8] = '?'; /* and a '/' before it */
	assert_int_equal(url_split(text.data, text.size, &u, &why), -1);
	buf_puts(&text, "b");
	text.data[8] = '/';
	assert_int_equal(url_split(text.data, text.size, &u, &why), -1);
}

static void check_redacted(const char *target, const char *expected)
{
	char out[URL_MAX + 1];

	url_redact(target, out);
	assert_string_equal(out, expected);
}

static void test_redact(void **state)
{
	char target[URL_MAX + 1], out[URL_MAX + 1];

	(void)state;
	check_redacted("/a", "/a");
	check_redacted("/a?", "/a?");
	check_redacted("/token=a", "/token=a");
	check_redacted("/a?b=c&d", "/a?b=c&d");
	check_redacted("/a?token=b", "/a?token=REDACTED");
	check_redacted("/a?X-Amz-Signature=b&c=d", "/a?X-Amz-Signature=REDACTED&c=d");
	check_redacted("/a?c=d&X-Amz-CREDENTIAL=b/c?d=e&f", "/a?c=d&X-Amz-CREDENTIAL=REDACTED&f");
	check_redacted("/a?apikey=b;password=c", "/a?apikey=REDACTED;password=REDACTED");
	check_redacted("/a?client_secret=b=c&Authorization=d",
		"/a?client_secret=REDACTED&Authorization=REDACTED");
	check_redacted("/a?to%6ben=b&%54oken=c", "/a?to%6ben=REDACTED&%54oken=REDACTED");
	check_redacted("/a?token&key=", "/a?token&key=REDACTED");
	check_redacted("/a?b=token", "/a?b=token");
	/* longer than what it stands for: cut, and still without a secret */
	memset(target, 'k', sizeof(target));
	memcpy(target, "/?", 2);
	for (size_t i = 2; i + 6 < URL_MAX; i += 6)
		memcpy(target + i, "key=S&", 6);
	target[URL_MAX] = '\0';
	url_redact(target, out);
	assert_int_equal(strlen(out), URL_MAX);
	assert_null(strchr(out, 'S'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_normalise_refused),
		cmocka_unit_test(test_normalise_limit),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_matches_like_slowly),
		cmocka_unit_test(test_matches_fast),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_split_refused),
		cmocka_unit_test(test_split_limit),
		cmocka_unit_test(test_redact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
