/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * One error, carried everywhere, also between processes: fixed size, no
 * allocation, valid after clone(2), sent as one message. The origin fills it
 * (error_set), callers on the way up may add context (error_wrap), whoever
 * knows the cure adds it (error_hint). Only a main() prints it.
 *
 * Every kind belongs to one exit code of `cupel run`; the table is also the
 * one in cupel-run(1), which a test compares.
 */
#define ERROR_KINDS(X)                                                                             \
	X(ERROR_HOST, 125, "the host or the runner failed")                                        \
	X(ERROR_USAGE, 125, "the command line or the configuration is wrong")                      \
	X(ERROR_OUTPUT, 120, "outputs are missing, or collecting or signing them failed")          \
	X(ERROR_POLICY, 121, "a policy was violated")                                              \
	X(ERROR_LIMIT, 122, "a resource limit was reached")                                        \
	X(ERROR_TIMEOUT, 124, "the time limit was reached")                                        \
	X(ERROR_EXEC, 126, "the command cannot be executed")                                       \
	X(ERROR_NOT_FOUND, 127, "the command was not found")

#define ERROR_KIND_ENUM(name, code, text) name,
enum error_kind { ERROR_KINDS(ERROR_KIND_ENUM) ERROR_KIND_COUNT };
#undef ERROR_KIND_ENUM

struct error {
	int errnum;	      /* errno of the cause, 0 when there is none */
	enum error_kind kind; /* ERROR_HOST unless error_kind() said otherwise */
	char what[480];	      /* "context: cannot do this on 'that'", without strerror */
	char hint[480];	      /* one cure, or empty */
};

/* Fills *e and returns -1, so that an origin can `return error_set(...)`. */
int error_set(struct error *e, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same with a kind other than ERROR_HOST. */
int error_set_kind(struct error *e, enum error_kind kind, int errnum, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Puts "context: " in front of what *e says; returns -1. */
int error_wrap(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Sets the cure unless one is there already; returns -1. */
int error_hint(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Changes the kind; returns -1. */
int error_kind(struct error *e, enum error_kind kind);

/* The exit code of `cupel run` for a kind, and the words for it (static storage). */
int error_exit_code(enum error_kind kind);
const char *error_kind_text(enum error_kind kind);

/* "what: strerror" into buf, with control characters made harmless. */
void error_format(const struct error *e, char *buf, size_t size);
/* Prints "program: error: …" and the hint on standard error. For main() only. */
void error_print(const char *program, const struct error *e);
