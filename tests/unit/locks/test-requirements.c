/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "tests/unit/locks/helper.h"

#define HASH " --hash=sha256:" A64

static void test_takes(void **state)
{
	static const struct sample samples[] = {
		{"", "", NULL},
		{"a==1.0" HASH "\n", "pypi a==1.0 sha256 " A64 "\n", NULL},
		/* as pip-compile writes it */
		{"# by a tool\n--require-hashes\n-i https://p.example/simple\n"
		 "Flask_SQL.Alchemy[x,y]==1.0rc1 ; python_version < \"3\" \\\n    "
		 "--hash=sha256:" A64 " \\\n    --hash sha512:" Z128 "\n    # via me\n",
			"pypi flask-sql-alchemy==1.0rc1 sha256 " A64 "\n"
			"pypi flask-sql-alchemy==1.0rc1 sha512 " Z128 "\n",
			NULL},
		{"a == 1.0+Local" HASH " # x\r\nb===2" HASH,
			"pypi a==1.0+local sha256 " A64 "\npypi b==2 sha256 " A64 "\n", NULL},
		/* a comment goes on, too, and hides what pip does not see either */
		{"a==1.0 # x\\\nb==2" HASH, "", "a: no --hash"},
		{"a==1\\\n.0\\\n# x\\\nb==2" HASH, "pypi b==2 sha256 " A64 "\n", "a: no --hash"},
		{"a==1.0;x" HASH "\r\n", "pypi a==1.0 sha256 " A64 "\n", NULL},
		{"a @ https://h.example/a.zip#sha256=0" HASH,
			"url https://h.example/a.zip sha256 " A64 "\n", NULL},
		{"a==1.0 --hash=sha384:" A64 HASH, "pypi a==1.0 sha256 " A64 "\n", NULL},
		{"a==1.0", "", "a: no --hash"},
		{"a==1.0 --hash=md5:0", "", "a: no --hash"},
		{"a>=1.0" HASH, "", "a: no exact version"},
		{"a==1.*" HASH, "", "a: no exact version"},
		{"a" HASH, "", "a: no exact version"},
		{"a @ git+https://h.example/a" HASH, "", "a: not from a registry"},
		{"https://h.example/a" HASH "\n", "", "https: no exact version"},
		{"-e ./here", "", "not from a registry"},
	};

	(void)state;
	check_samples(requirements_read, samples, array_size(samples));
}

static void test_refuses(void **state)
{
	static const struct sample samples[] = {
		{"a==1.0 --hash=sha256:" A64 "0", NULL, "cannot be"},
		{"a==1.0 --hash=sha256:A" A64, NULL, "cannot be"},
		{"a==1.0 --hash=sha256:", NULL, "cannot be"},
		{"\n-r other.txt", NULL, "line 2: another file"},
		{"--requirement=other.txt", NULL, "another file"},
		{"-c other.txt", NULL, "another file"},
		{"./a.whl" HASH, NULL, "line 1: not a requirement"},
	};

	(void)state;
	check_samples(requirements_read, samples, array_size(samples));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_takes), cmocka_unit_test(test_refuses)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
