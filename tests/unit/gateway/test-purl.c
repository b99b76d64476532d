/* SPDX-License-Identifier: Apache-2.0 */
/* Names of packages, out of URLs as the clients of registries ask for them. */
#include "tests/unit/base/helper.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "gateway/purl.h"

static void test_urls_have_the_names_of_their_packages(void **state)
{
	static const struct {
		const char *url, *purl;
	} cases[] = {
		{"https://npm.test/left-pad/-/left-pad-1.3.0.tgz", "pkg:npm/left-pad@1.3.0"},
		{"https://npm.test/@babel/core/-/core-7.24.0.tgz", "pkg:npm/%40babel/core@7.24.0"},
		{"https://npm.test/a/-/a-1.0.0-beta.1.tgz", "pkg:npm/a@1.0.0-beta.1"},
		{"https://npm.test/left-pad", ""},
		{"https://npm.test/x?/left-pad/-/left-pad-1.3.0.tgz", ""},
		{"http://deb.test/debian/pool/main/h/hello/hello_2.10-3_amd64.deb",
			"pkg:deb/debian/hello@2.10-3?arch=amd64"},
		{"http://deb.test/debian/dists/bookworm/InRelease", ""},
		{"https://files.test/packages/a1/b2/c3/requests-2.31.0-py3-none-any.whl",
			"pkg:pypi/requests@2.31.0"},
		{"https://files.test/packages/a1/b2/c3/requests-2.31.0.tar.gz",
			"pkg:pypi/requests@2.31.0"},
		{"https://static.test/crates/serde/1.0.200/download", "pkg:cargo/serde@1.0.200"},
		{"https://static.test/crates/serde/serde-1.0.200.crate", "pkg:cargo/serde@1.0.200"},
		{"https://proxy.test/github.com/a/b/@v/v1.2.3.zip",
			"pkg:golang/github.com/a/b@v1.2.3"},
		{"https://proxy.test/github.com/a/b/@v/list", ""},
		{"https://proxy.test/github.com/!azure/!go/@v/v1.0.0+incompatible.zip",
			"pkg:golang/github.com/azure/go@v1.0.0%2Bincompatible"},
		{"https://proxy.test/api/go/all/example.org/a/@v/v1.0.0.mod",
			"pkg:golang/example.org/a@v1.0.0"},
		{"https://proxy.test/words/@v/v1.0.0.mod", "pkg:golang/words@v1.0.0"},
		{"https://proxy.test:8443/github.com/a/b/@v/v1.2.3.zip?x=/@v/v2.zip",
			"pkg:golang/github.com/a/b@v1.2.3"},
		{"http://deb.test/ubuntu/pool/main/h/hello/hello_2.10-3_amd64.deb",
			"pkg:deb/ubuntu/hello@2.10-3?arch=amd64"},
		{"http://deb.test/debian/pool/main/g/g++/g++_4:12.2.0-3+b1_amd64.deb",
			"pkg:deb/debian/g%2B%2B@4:12.2.0-3%2Bb1?arch=amd64"},
		{"https://files.test/packages/a1/b2/c3/Typing_Extensions-4.1-py2.py3-none-any.whl",
			"pkg:pypi/typing-extensions@4.1"},
		{"https://files.test/packages/a1/"
		 "numpy-1.26.0-1-cp311-cp311-manylinux_2_17_x86_64.whl",
			"pkg:pypi/numpy@1.26.0"},
		{"https://files.test/root/+f/ab1/words-1.0+local.1-py3-none-any.whl",
			"pkg:pypi/words@1.0%2Blocal.1"},
		{"https://files.test/words-1.0-py3-none-any.whl.metadata", ""},
		{"https://-/-/a-1.0.0.tgz", ""},
		/* A host's name is no part of a package's. */
		{"https://host/-/host-1.0.0.tgz", ""},
	};
	char purl[PURL_MAX];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		purl_of(cases[i].url, purl);
		assert_string_equal(purl, cases[i].purl);
	}
}

static void test_files_of_maven(void **state)
{
	static const struct {
		const char *url, *purl;
	} cases[] = {
		{"https://m.test/maven2/org/example/app/words/1.0/words-1.0.jar",
			"pkg:maven/org.example.app/words@1.0"},
		{"https://m.test/maven2/junit/junit/4.13.2/junit-4.13.2.jar",
			"pkg:maven/junit/junit@4.13.2"},
		{"https://m.test/maven2/org/example/words/1.0/words-1.0.pom",
			"pkg:maven/org.example/words@1.0?type=pom"},
		{"https://m.test/maven2/org/example/words/1.0/words-1.0-sources.jar",
			"pkg:maven/org.example/words@1.0?classifier=sources"},
		{"https://m.test/maven2/com/example/protoc/3.1/protoc-3.1-linux-x86_64.exe",
			"pkg:maven/com.example/protoc@3.1?classifier=linux-x86_64&type=exe"},
		{"https://m.test/maven2/org/maven/maven-core/3.0/maven-core-3.0.jar",
			"pkg:maven/org.maven/maven-core@3.0"},
		{"https://m.test/repository/releases/junit/junit/4.13.2/junit-4.13.2.jar",
			"pkg:maven/junit/junit@4.13.2"},
		{"https://m.test/artifactory/libs/junit/junit/4.13.2/junit-4.13.2.jar",
			"pkg:maven/junit/junit@4.13.2"},
		{"https://m.test/com/example/words/v1/words-v1.jar",
			"pkg:maven/com.example/words@v1"},
		{"https://m.test/release/org/example/words/1.0/words-1.0.jar",
			"pkg:maven/org.example/words@1.0"},
		{"https://m.test/maven2/a/b/1+2/b-1+2.jar", "pkg:maven/a/b@1%2B2"},
		/* Checksums and lists of versions are no packages. */
		{"https://m.test/maven2/org/example/words/1.0/words-1.0.jar.sha1", ""},
		{"https://m.test/maven2/org/example/words/maven-metadata.xml", ""},
		/* Nor is what only looks like it. */
		{"https://m.test/maven2/words/1.0/words-1.0.jar", ""},
		{"https://m.test/maven2/org/example/words/1.0/words-1.1.jar", ""},
		{"https://m.test/maven2/org/example/words/1.0/word-1.0.jar", ""},
		{"https://m.test/maven2/org/example/words/1.0/words-1.0", ""},
		{"https://m.test/maven2/org/example/words/1.0/words-1.0x.jar", ""},
		{"https://m.test/maven2/org/example//1.0/-1.0.jar", ""},
		{"https://m.test/maven2/org/example/words//words-.jar", ""},
		{"https://m.test/some/words/1.0/words-1.0.jar", ""},
		{"https://m.test/a.jar", ""},
		{"https://m.test/?/maven2/junit/junit/4.13.2/junit-4.13.2.jar", ""},
	};
	char purl[PURL_MAX];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(purl_of(cases[i].url, purl), cases[i].purl[0] != '\0');
		assert_string_equal(purl, cases[i].purl);
	}
}

static void test_a_name_that_is_too_long_is_none(void **state)
{
	static char url[2 * PURL_MAX + 100];
	char purl[PURL_MAX];
	size_t used = (size_t)snprintf(url, sizeof(url), "https://m.test/maven2/");

	(void)state;
	memset(url + used, 'a', sizeof(url) - used);
	snprintf(url + used + PURL_MAX, 50, "/b/1/b-1.jar");
	assert_false(purl_of(url, purl));
	assert_string_equal(purl, "");
	snprintf(url + used + PURL_MAX, 50, "/-/b-1.0.0.tgz");
	assert_false(purl_of(url, purl));
	assert_string_equal(purl, "");
	assert_false(purl_of("", purl));
	assert_false(purl_of("https://m.test", purl));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls_have_the_names_of_their_packages),
		cmocka_unit_test(test_files_of_maven),
		cmocka_unit_test(test_a_name_that_is_too_long_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
