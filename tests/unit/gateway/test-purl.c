/* SPDX-License-Identifier: Apache-2.0 */
/* Names of packages, out of URLs as the clients of registries ask for them. */
#include "tests/unit/base/helper.h"

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
	};
	char purl[PURL_MAX];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		purl_of(cases[i].url, purl);
		assert_string_equal(purl, cases[i].purl);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls_have_the_names_of_their_packages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
