/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "greet.h"

static int failures;

static void expect(const char *what, int holds)
{
	printf("%s: %s\n", holds ? "ok" : "FAILED", what);
	failures += !holds;
}

int main(void)
{
	char text[14];

	expect("a name is greeted", greet("world", text, sizeof(text)) == 0);
	expect("in these words", strcmp(text, "Hello, world!") == 0);
	expect("a name that does not fit is refused", greet("world!", text, sizeof(text)) < 0);
	return failures != 0;
}
