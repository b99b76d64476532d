/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "greet.h"

int main(int argc, char **argv)
{
	char text[256];

	if (greet(argc > 1 ? argv[1] : "world", text, sizeof(text)) < 0) {
		fprintf(stderr, "hello: that name is too long\n");
		return 1;
	}
	puts(text);
	return 0;
}
