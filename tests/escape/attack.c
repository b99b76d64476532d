/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the hostile build. `attack NAME [KEY=VALUE…]` runs one
 * attack inside the sandbox, as the build's command, and says what became of it;
 * `attack --list` prints "NAME CLASS" for each; `attack --steal` is one that only
 * the outside can judge. An attack is judged strictly: it
 * counts as blocked only when somebody refused it, not when it failed for
 * another reason. All are harmless where they succeed: they are run against
 * sandboxes that have been weakened on purpose.
 */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char **told_values;

static void say(const char *outcome, const char *format, va_list ap)
{
	char text[1024];

	/* One line, whatever was found. */
	vsnprintf(text, sizeof(text), format, ap);
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
	printf("%s: %s\n", outcome, text);
	fflush(stdout);
}

enum outcome escaped(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("escaped", format, ap);
	va_end(ap);
	return ESCAPED;
}

enum outcome blocked(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("blocked", format, ap);
	va_end(ap);
	return BLOCKED;
}

enum outcome not_applicable(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say("not applicable", format, ap);
	va_end(ap);
	return NOT_APPLICABLE;
}

bool is_refusal(int errnum)
{
	return errnum == EPERM || errnum == EACCES || errnum == ENOSYS || errnum == EROFS;
}

enum outcome judge(const char *what, long result, int also)
{
	if (result >= 0)
		return escaped("%s succeeded", what);
	if (is_refusal(errno) || (also != 0 && errno == also))
		return blocked("%s: %s", what, strerror(errno));
	return escaped("%s was not refused but failed: %s", what, strerror(errno));
}

enum outcome attack_call(const struct attack *a)
{
	const long *arg = a->arguments;
	long result = syscall(a->call, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);

	return judge(a->name, result, a->also);
}

const char *told(const char *key)
{
	size_t n = strlen(key);

	for (char **value = told_values; *value != NULL; value++)
		if (strncmp(*value, key, n) == 0 && (*value)[n] == '=' && (*value)[n + 1] != '\0')
			return *value + n + 1;
	return NULL;
}

long slurp(const char *path, char *out, unsigned long size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n, used = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, out + used, size - 1 - (size_t)used)) > 0)
		used += n;
	out[used] = '\0';
	close(fd);
	return used;
}

bool file_has(const char *path, const char *needle)
{
	static char content[1 << 20];
	long n = slurp(path, content, sizeof(content));

	return n > 0 && memmem(content, (size_t)n, needle, strlen(needle)) != NULL;
}

static const struct attack *const classes[] = {attacks_files, attacks_host, attacks_mounts,
	attacks_namespaces, attacks_processes, attacks_privileges, attacks_devices, attacks_network,
	attacks_kernel, attacks_limits};

int main(int argc, char **argv)
{
	bool list = argc == 2 && strcmp(argv[1], "--list") == 0;

	told_values = argv + (argc > 2 ? 2 : argc);
	if (argc == 2 && strcmp(argv[1], "--steal") == 0)
		return steal_output();
	for (size_t i = 0; argc > 1 && i < sizeof(classes) / sizeof(classes[0]); i++) {
		for (const struct attack *a = classes[i]; a->name != NULL; a++) {
			if (list)
				printf("%s %s\n", a->name, a->class);
			else if (strcmp(a->name, argv[1]) == 0)
				return (int)a->run(a);
		}
	}
	if (list)
		return 0;
	fprintf(stderr, "usage: attack --list | --steal | NAME [KEY=VALUE…]\n");
	return 2;
}
