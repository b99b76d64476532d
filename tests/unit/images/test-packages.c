/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the parser of dpkg's status file and of os-release, fed
 * with what real machines have and with what nobody should have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "images/packages.h"

#define TEXT(s) s, sizeof(s) - 1
#define STANZA(name, version, arch)                                                                \
	"Package: " name "\nStatus: install ok installed\nArchitecture: " arch                     \
	"\nVersion: " version "\n\n"
#define A256                                                                                       \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text;
	size_t size;
	const char *list;
} good[] = {
	{TEXT(""), ""},
	{TEXT("\n\n\n"), ""},
	{TEXT(STANZA("zlib1g", "1:1.2.13.dfsg-1", "amd64") STANZA("adduser", "3.134", "all")),
		"adduser 3.134 all\nzlib1g 1:1.2.13.dfsg-1 amd64\n"},
	/* no empty line, no line feed at the end; continuation lines that look like fields */
	{TEXT("Package: a\nStatus: install ok installed\nConffiles:\n /etc/a 00\n Package: evil\n"
	      "\tVersion: 9\nDescription: text\n Status: purge ok not-installed\n .\nVersion: 1\n"
	      "Architecture: all"),
		"a 1 all\n"},
	/* the same package twice, for two architectures; bytewise order */
	{TEXT(STANZA("libc6", "2.36", "i386") STANZA("libc6", "2.36", "amd64")
			 STANZA("libc6-dev", "2.36", "amd64") STANZA("libc+", "1", "all")),
		"libc+ 1 all\nlibc6 2.36 amd64\nlibc6 2.36 i386\nlibc6-dev 2.36 amd64\n"},
	/* states: what lies on the disk counts */
	{TEXT("Package: held\nStatus: hold ok installed\nVersion: 1\nArchitecture: all\n\n"
	      "Package: going\nStatus: deinstall ok installed\nVersion: 1\nArchitecture: all\n\n"
	      "Package: trig\nStatus: install ok triggers-pending\nVersion: 1\nArchitecture: all\n"
	      "\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
	      "Architecture: all\n\nPackage: half\nStatus: install reinstreq half-installed\n\n"
	      "Package: never\nStatus: unknown ok not-installed\n\n"),
		"going 1 all\nheld 1 all\ntrig 1 all\n"},
	{TEXT("package: a\nSTATUS: install ok installed\nversion:1\nArchitecture:  all \n"),
		"a 1 all\n"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(good); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct error e = {0};

		buf_puts(&out, "");
		assert_int_equal(packages_put_status(good[i].text, good[i].size, &out, &e), 0);
		assert_string_equal(out.data, good[i].list);
	}
}

static const struct {
	const char *text;
	size_t size;
	const char *message;
} bad[] = {
	{TEXT("Package: a\nStatus: install ok installed\nArchitecture: all\n\n"),
		"package database: line 1: an entry has no field Version"},
	{TEXT("\n\nPackage: a\nStatus: install ok installed\nVersion: 1\n"),
		"package database: line 3: an entry has no field Architecture"},
	{TEXT("Package: a\nVersion: 1\n"),
		"package database: line 1: an entry has no field Status"},
	{TEXT("Status: install ok installed\nVersion: 1\nArchitecture: all\n"),
		"package database: line 1: an entry has no field Package"},
	{TEXT("Package: a\nPackage: b\n"), "package database: line 2: a second field Package"},
	{TEXT("Package: a\nStatus: install ok installed\nVersion: 1\nVersion: 2\n"),
		"package database: line 4: a second field Version"},
	{TEXT("Package: a b\n"), "package database: line 1: strange characters in field Package"},
	{TEXT("Package: A\n"), "package database: line 1: strange characters in field Package"},
	{TEXT("Package:\n"), "package database: line 1: strange characters in field Package"},
	{TEXT("Package: " A256 "\n"),
		"package database: line 1: strange characters in field Package"},
	{TEXT("Version: 1\x1b[2J\n"),
		"package database: line 1: strange characters in field Version"},
	{TEXT("Version: 1\xff\n"), "package database: line 1: strange characters in field Version"},
	{TEXT("Version: 1?arch=x\n"),
		"package database: line 1: strange characters in field Version"},
	{TEXT("Architecture: amd64\r\n"),
		"package database: line 1: strange characters in field Architecture"},
	{TEXT("Package: a\nStatus: install ok installed\0\n"),
		"package database: line 2: a NUL byte"},
	{TEXT("Package: a\n\0\n"), "package database: line 2: a NUL byte"},
	{TEXT("Package: a\nno field\n"), "package database: line 2: there is no ':'"},
	{TEXT(STANZA("a", "1", "all") STANZA("b", "1", "all") STANZA("a", "2", "all")),
		"package database: 'a' is installed twice"},
	/* not next to one another once sorted */
	{TEXT(STANZA("a", "1", "all") STANZA("a", "2", "i386") STANZA("a", "3", "all")),
		"package database: 'a' is installed twice"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(bad); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct error e = {0};

		assert_int_equal(packages_put_status(bad[i].text, bad[i].size, &out, &e), -1);
		assert_string_equal(e.what, bad[i].message);
		assert_int_equal(out.size, 0);
	}
}

static void test_too_many(void **state)
{
	_cleanup_(buf_deinit) struct buf text = BUF_INIT, out = BUF_INIT;
	struct error e;

	(void)state;
	for (int i = 0; i <= PACKAGES_MAX; i++)
		buf_printf(&text, STANZA("p%d", "1", "all"), i);
	assert_int_equal(packages_put_status(text.data, text.size, &out, &e), -1);
	assert_non_null(strstr(e.what, "there are too many packages"));
	/* and one name with very many architectures is no way to take up our time */
	text.size = 0;
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, STANZA("p", "1", "a%d"), i);
	assert_int_equal(packages_put_status(text.data, text.size, &out, &e), -1);
	assert_string_equal(e.what, "package database: 'p' is installed twice");
}

static const struct {
	const char *text;
	const char *line; /* NULL: refused */
} os[] = {
	{"PRETTY_NAME=\"x\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n",
		"os debian bookworm\n"},
	{"ID=\"ubuntu\"\nVERSION_CODENAME='noble'\nID_LIKE=debian\n", "os ubuntu noble\n"},
	{"ID=arch\nVERSION_CODENAME=\n", "os arch -\n"},
	{"", "os linux -\n"},
	{"# ID=x\nXID=y\nID=a\nID=b", "os b -\n"},
	{"ID=Debian\n", NULL},
	{"ID=\"a b\"\n", NULL},
	{"ID=a\nVERSION_CODENAME=\xff\n", NULL},
	{"ID=$(id)\n", NULL},
	{"ID=\"\n", NULL},
};

static void test_os(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(os); i++) {
		_cleanup_(buf_deinit) struct buf out = BUF_INIT;
		struct error e = {0};
		int result = packages_put_os(os[i].text, strlen(os[i].text), &out, &e);

		assert_int_equal(result, os[i].line != NULL ? 0 : -1);
		if (os[i].line != NULL)
			assert_string_equal(out.data, os[i].line);
		else
			assert_non_null(strstr(e.what, "has strange characters in it"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_os),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
