/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the strict reader against one file for each thing that
 * libinih would let through, cut or join. Every case names the beginning of its
 * message with the line; good files are compared item by item.
 */
#include "tests/unit/conf/helper.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "conf/ini.h"

/* Writes what was read as "line section.key=value|", "line section|" for a header. */
static int collect(void *context, const struct ini_item *item, struct error *e)
{
	struct buf *out = context;

	(void)e;
	assert_string_equal(item->file, "f.ini");
	if (item->key == NULL)
		buf_printf(out, "%u %s|", item->line, item->section);
	else
		buf_printf(out, "%u %s.%s=%s|", item->line, item->section, item->key, item->value);
	return item->key != NULL && strcmp(item->key, "list") == 0 ? INI_REPEATABLE : 0;
}

static int read_text(const char *text, size_t size, struct buf *out, struct error *e)
{
	_cleanup_(fd_closep) int fd = file_of(text, size);

	return ini_read(fd, "f.ini", collect, out, e);
}

#define A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A200 A50 A50 A50 A50
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t size;
	const char *items;
} good[] = {
	{TEXT(""), ""},
	{TEXT("\n\n   \n"), ""},
	{TEXT("; c\n# c = d\n[a]\n"), "3 a|"},
	{TEXT("[a]\nk=v"), "1 a|2 a.k=v|"},
	{TEXT("[a]  \nk  =  v w  \n"), "1 a|2 a.k=v w|"},
	/* quotes, '#', '=' and a ';' without a blank before it belong to the value */
	{TEXT("[a]\nk = \"v\"\nl = x # y\nm = x;y\nn =;y\no = a=b:c\n"),
		"1 a|2 a.k=\"v\"|3 a.l=x # y|4 a.m=x;y|5 a.n=;y|6 a.o=a=b:c|"},
	{TEXT("[a]\nk =\n"), "1 a|2 a.k=|"},
	{TEXT("[a]\nk = \xc3\xa0\n"), "1 a|2 a.k=\xc3\xa0|"},
	{TEXT("[a]\nlist = 1\n[b]\nk = v\n[a]\nlist = 2\n"),
		"1 a|2 a.list=1|3 b|4 b.k=v|5 a|6 a.list=2|"},
	{TEXT("[a]\nk = v\n[b]\nk = v\n"), "1 a|2 a.k=v|3 b|4 b.k=v|"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct error e = {0};

		buf_puts(&out, "");
		assert_int_equal(read_text(good[i].text, good[i].size, &out, &e), 0);
		assert_string_equal(out.data, good[i].items);
	}
}

static const struct {
	const char *text;
	size_t size;
	const char *message;
} bad[] = {
	{TEXT("[a]\nk = " A200 "\n"), "f.ini:2: the line is longer than 190 bytes"},
	/* the tail that libinih takes for a line of its own */
	{TEXT("[a]\nk = " A50 A50 A50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa l = no\n"),
		"f.ini:2: the line is longer than 190 bytes"},
	{TEXT("; " A200 "\n"), "f.ini:1: the line is longer than 190 bytes"},
	{TEXT("[a]\nk = a\0b\n"), "f.ini:2: the line has a NUL byte"},
	{TEXT("\0"), "f.ini:1: the line has a NUL byte"},
	{TEXT("[a]\nk = v\n\n\0\n"), "f.ini:4: the line has a NUL byte"},
	{TEXT("\xef\xbb\xbf[a]\n"), "f.ini:1: the file begins with a byte order mark"},
	{TEXT("[a]\r\nk = v\r\n"), "f.ini:1: the line ends in CR LF"},
	{TEXT("[a]\nk = v\r"), "f.ini:2: the line ends in CR LF"},
	{TEXT("[a]\nk = \xff\n"), "f.ini:2: the line is not well-formed UTF-8"},
	{TEXT("# \xc0\xaf\n"), "f.ini:1: the line is not well-formed UTF-8"},
	{TEXT("[a]\nk = \xed\xa0\x80\n"), "f.ini:2: the line is not well-formed UTF-8"},
	{TEXT("[a]\nk\t= v\n"), "f.ini:2: the line has a control character"},
	{TEXT("[a]\nk = \x1b[2J\n"), "f.ini:2: the line has a control character"},
	{TEXT("[a]\nk = a\rb\n"), "f.ini:2: the line has a control character"},
	{TEXT("[a]\nk = \xc2\x9b\n"), "f.ini:2: the line has a control character"},
	{TEXT("[a]\nk = v\n  l = w\n"), "f.ini:3: the line begins with a blank"},
	{TEXT(" [a]\n"), "f.ini:1: the line begins with a blank"},
	{TEXT("[a\nk = v\n"), "f.ini:1: the section header is not closed"},
	{TEXT("[a ; b]\nk = v\n"), "f.ini:1: the section header has no valid name"},
	{TEXT("[]\n"), "f.ini:1: the section header has no valid name"},
	{TEXT("[" A50 "]\n"), "f.ini:1: the section header has no valid name"},
	{TEXT("[[a]]\n"), "f.ini:1: there is text behind the section header"},
	{TEXT("[a] ; c\n"), "f.ini:1: there is text behind the section header"},
	{TEXT("[a]k = v\n"), "f.ini:1: there is text behind the section header"},
	{TEXT("[a]\nword\n"), "f.ini:2: the line is neither a comment, a '[section]' nor"},
	{TEXT("[a]\nk: v\n"), "f.ini:2: the line is neither a comment, a '[section]' nor"},
	{TEXT("[a]\nk: v = w\n"), "f.ini:2: there is no valid key before '='"},
	{TEXT("[a]\n= v\n"), "f.ini:2: there is no valid key before '='"},
	{TEXT("[a]\n" A50 " = v\n"), "f.ini:2: there is no valid key before '='"},
	{TEXT("[a]\nk ;x = v\n"), "f.ini:2: there is no valid key before '='"},
	{TEXT("k = v\n[a]\n"), "f.ini:1: the key stands before the first section"},
	{TEXT("[a]\nk = v ; w\n"), "f.ini:2: the value has ' ;' in it"},
	{TEXT("[a]\nk = ;w\n"), "f.ini:2: the value has ' ;' in it"},
	{TEXT("[a]\nk = v\nk = v\n"), "f.ini:3: [a] k is set a second time (first in line 2)"},
	{TEXT("[a]\nk = 1\n[b]\n[a]\nk = 2\n"), "f.ini:5: [a] k is set a second time"},
	/* a repeated list does not make its neighbour repeatable */
	{TEXT("[a]\nlist = 1\nk = 1\nlist = 2\nk = 2\n"), "f.ini:5: [a] k is set a second time"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct error e = {0};

		assert_int_equal(read_text(bad[i].text, bad[i].size, &out, &e), -1);
		assert_starts_with(e.what, bad[i].message);
		assert_int_equal(e.kind, ERROR_USAGE);
		assert_true(e.hint[0] != '\0');
	}
}

static void test_longest_line(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	struct error e;

	(void)state;
	buf_puts(&text, "[a]\nk = ");
	for (int i = 0; i < INI_LINE_MAX - 4; i++)
		buf_puts(&text, "x");
	buf_puts(&text, "\nl = 1\n");
	assert_int_equal(read_text(text.data, text.size, &out, &e), 0);
	assert_non_null(strstr(out.data, "xxx|3 a.l=1|"));
	assert_int_equal(strlen(out.data), 4 + strlen("2 a.k=|") + INI_LINE_MAX - 4 + 8);
}

static void test_size(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	struct error e;

	(void)state;
	for (int i = 0; i < INI_SIZE_MAX / 16; i++)
		buf_puts(&text, "# 5678901234567\n");
	assert_int_equal(text.size, INI_SIZE_MAX);
	assert_int_equal(read_text(text.data, text.size, &out, &e), 0);
	buf_puts(&text, "#");
	assert_int_equal(read_text(text.data, text.size, &out, &e), -1);
	assert_string_equal(e.what, "f.ini:4097: the file is larger than 64 KiB");
	assert_int_equal(e.kind, ERROR_USAGE);
}

static void test_many_keys(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	struct error e;

	(void)state;
	buf_puts(&text, "[a]\n");
	for (int i = 0; i <= INI_KEYS_MAX; i++)
		buf_printf(&text, "k%d = v\n", i);
	assert_int_equal(read_text(text.data, text.size, &out, &e), -1);
	assert_string_equal(e.what, "f.ini:514: the file has more than 512 different keys");
}

static int fail_at_k(void *context, const struct ini_item *item, struct error *e)
{
	(*(int *)context)++;
	return item->key == NULL ? 0 : error_set_kind(e, ERROR_POLICY, 0, "no '%s'", item->key);
}

/* The callback's own error ends the reading and arrives as it was. */
static void test_callback_fails(void **state)
{
	_cleanup_(fd_closep) int fd = file_of(TEXT("[a]\nk = 1\nl = 2\n[b]\n"));
	struct error e;
	int calls = 0;

	(void)state;
	assert_int_equal(ini_read(fd, "f.ini", fail_at_k, &calls, &e), -1);
	assert_string_equal(e.what, "no 'k'");
	assert_int_equal(e.kind, ERROR_POLICY);
	assert_int_equal(calls, 2);
}

static void test_unreadable(void **state)
{
	struct error e;
	int calls = 0, directory;

	(void)state;
	directory = fd_open_beneath(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(ini_read(directory, "f.ini", fail_at_k, &calls, &e), -1);
	fd_closep(&directory);
	assert_int_equal(e.errnum, EISDIR);
	assert_string_equal(e.what, "cannot read 'f.ini'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_callback_fails),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
