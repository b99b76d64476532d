/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: stands in for libFuzzer where the compiler has none. Gives
 * each file named, and each file of each directory named, to the target once, so
 * that the corpora are ordinary tests everywhere. The input is copied to memory
 * of exactly its size, so that a sanitizer sees the first byte read behind it.
 */
#include "fuzz/driver.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"

enum { INPUT_MAX = 64 << 20 };

static int run_file(int dirfd, const char *name)
{
	_cleanup_(fd_closep) int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_freep) char *text = NULL;
	uint8_t *exact;
	size_t size;

	if (fd < 0 || fd_read_all(fd, INPUT_MAX, &text, &size) < 0) {
		perror(name);
		return -1;
	}
	exact = malloc(size);
	if (exact == NULL && size > 0)
		return -1;
	if (size > 0)
		memcpy(exact, text, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Number of inputs, or -1. */
static int run_directory(const char *path)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int count = fd < 0 ? -1 : scandirat(fd, ".", &entries, is_visible, alphasort);
	int done = 0;

	if (count < 0) {
		perror(path);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		if (done >= 0)
			done = run_file(fd, entries[i]->d_name) < 0 ? -1 : done + 1;
		free(entries[i]);
	}
	free(entries);
	return done;
}

int main(int argc, char *argv[])
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		struct stat st;
		int done;

		if (stat(argv[i], &st) < 0)
			return perror(argv[i]), 1;
		done = S_ISDIR(st.st_mode) ? run_directory(argv[i]) : run_file(AT_FDCWD, argv[i]);
		if (done < 0)
			return 1;
		total += done;
	}
	printf("%d inputs\n", total);
	/* an empty corpus tests nothing */
	return total > 0 ? 0 : 1;
}
