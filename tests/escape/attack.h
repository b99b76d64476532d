/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

/* What became of an attack; the exit codes of the program. */
enum outcome { ESCAPED = 0, BLOCKED = 1, NOT_APPLICABLE = 77 };

enum { ATTACK_ARGUMENTS = 6 };

struct attack {
	const char *name, *class;
	enum outcome (*run)(const struct attack *a);
	long call; /* for attack_call(): one system call and its arguments */
	long arguments[ATTACK_ARGUMENTS];
	int also; /* an errno that means "refused" for this call besides the usual ones */
};

/* By class, each ended by an entry without a name. */
extern const struct attack attacks_files[];	 /* files.c */
extern const struct attack attacks_host[];	 /* host.c */
extern const struct attack attacks_mounts[];	 /* mounts.c */
extern const struct attack attacks_namespaces[]; /* namespaces.c */
extern const struct attack attacks_processes[];	 /* processes.c */
extern const struct attack attacks_privileges[]; /* privileges.c */
extern const struct attack attacks_devices[];	 /* devices.c */
extern const struct attack attacks_network[];	 /* network.c */
extern const struct attack attacks_kernel[];	 /* kernel.c */
extern const struct attack attacks_limits[];	 /* limits.c */

/* Each prints its reason. */
enum outcome escaped(const char *format, ...) __attribute__((format(printf, 1, 2)));
enum outcome blocked(const char *format, ...) __attribute__((format(printf, 1, 2)));
enum outcome not_applicable(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* errno says that we may not, rather than that we did it wrongly. */
bool is_refusal(int errnum);
/*
 * The judgement on one call: anything but a refusal (or the errno `also`) got
 * past whoever should have refused it.
 */
enum outcome judge(const char *what, long result, int also);
/* a->call with a->arguments. */
enum outcome attack_call(const struct attack *a);
/* What the test told about the world outside: the value of "key=…" in argv, or NULL. */
const char *told(const char *key);
/* At most size - 1 bytes of a file, NUL-terminated; -1 when it cannot be opened. */
long slurp(const char *path, char *out, unsigned long size);
/*
 * Takes the output back before the runner reads it, until the runner hangs; then
 * nobody looks at the clock any more. 7 when that never happens. steal.c
 */
int steal_output(void);
/* needle is among the first n bytes of a file. */
bool file_has(const char *path, const char *needle);
