/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: cupel-seccomp, run by the build system on the policies in
 * conf/seccomp and by an administrator on their own. It has no privileges, reads
 * policies and writes the filter as a C header or as the bytes that seccomp(2)
 * takes; it never writes one that it did not find to mean the same as its policy.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "sandbox/seccomp/check.h"
#include "sandbox/seccomp/compile.h"
#include "sandbox/seccomp/policy.h"

enum { POLICY_BYTES_MAX = 1 << 20 };

struct options {
	char *const *policies; /* ends with NULL */
	const char *name, *header, *bpf;
};

static struct filter_policy policy;
static struct filter_program program;
static struct filter_result result;

static int read_policy(const char *path, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	_cleanup_(cleanup_freep) char *text = NULL;
	size_t size = 0;

	if (fd < 0 || fd_read_all(fd, POLICY_BYTES_MAX, &text, &size) < 0)
		return error_set(e, errno, "cannot read '%s'", path);
	if (strlen(text) != size)
		return error_set_kind(e, ERROR_USAGE, 0, "'%s' has a NUL byte in it", path);
	return filter_parse(path, text, &policy, e);
}

static int compile_and_check(const struct options *o, struct error *e)
{
	const struct seccomp_data *d = &result.data;

	for (size_t i = 0; o->policies[i] != NULL; i++)
		if (read_policy(o->policies[i], e) < 0)
			return -1;
	if (filter_compile(&policy, &program, e) < 0)
		return -1;
	filter_check(&policy, program.code, program.length, false, &result);
	if (result.mismatches == 0)
		return 0;
	return error_set(e, 0,
		"the filter is wrong in %" PRIu64 " of %" PRIu64
		" cases, as call %d of 0x%x with (0x%llx, 0x%llx, 0x%llx, 0x%llx): 0x%x instead of "
		"0x%x",
		result.mismatches, result.cases, d->nr, d->arch, d->args[0], d->args[1], d->args[2],
		d->args[3], result.found, result.expected);
}

static int write_file(const char *path, const void *data, size_t n, struct error *e)
{
	_cleanup_(fd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || fd_write_all(fd, data, n) < 0)
		return error_set(e, errno, "cannot write '%s'", path);
	return 0;
}

/* seccomp_NAME[] and SECCOMP_NAME_LENGTH. */
static int write_header(const struct options *o, struct error *e)
{
	_cleanup_(buf_deinit) struct buf out = BUF_INIT;

	buf_printf(&out, "/* Written by cupel-seccomp. */\n#pragma once\n\n");
	buf_printf(&out, "#include <linux/filter.h>\n\n#define SECCOMP_");
	for (const char *p = o->name; *p != '\0'; p++)
		buf_printf(&out, "%c", *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	buf_printf(&out, "_LENGTH %zu\n\nstatic const struct sock_filter seccomp_%s[] = {\n",
		program.length, o->name);
	for (size_t i = 0; i < program.length; i++) {
		const struct sock_filter *f = &program.code[i];

		buf_printf(&out, "\t{0x%02x, %u, %u, 0x%08x},\n", f->code, f->jt, f->jf, f->k);
	}
	buf_puts(&out, "};\n");
	if (!buf_ok(&out))
		return error_set(e, ENOMEM, "cannot write '%s'", o->header);
	return write_file(o->header, out.data, out.size, e);
}

static int run_compile(const struct options *o, struct error *e)
{
	if (o->header != NULL && write_header(o, e) < 0)
		return -1;
	if (o->bpf == NULL)
		return 0;
	return write_file(o->bpf, program.code, program.length * sizeof(program.code[0]), e);
}

static int run_check(const struct options *o, struct error *e)
{
	(void)e;
	for (size_t i = 0; o->policies[i] != NULL; i++)
		printf("%s%s", i > 0 ? " + " : "", o->policies[i]);
	printf(": %zu instructions, longest path %u, %" PRIu64 " cases, %" PRIu64 " mismatches\n",
		program.length, result.longest_path, result.cases, result.mismatches);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *o, struct error *e);
} commands[] = {
	{"compile", run_compile},
	{"check", run_check},
};

static const char usage[] =
	"usage: cupel-seccomp check [GUARD...] POLICY\n"
	"       cupel-seccomp compile [--name NAME --header FILE] [--bpf FILE] [GUARD...] POLICY\n";

/* The name becomes part of C identifiers. */
static bool name_is_usable(const char *name)
{
	return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name);
}

static int parse_options(int argc, char *argv[], struct options *ret)
{
	static const struct option known[] = {
		{"name", required_argument, NULL, 'n'},
		{"header", required_argument, NULL, 'h'},
		{"bpf", required_argument, NULL, 'b'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (c == 'n')
			ret->name = optarg;
		else if (c == 'h')
			ret->header = optarg;
		else if (c == 'b')
			ret->bpf = optarg;
		else
			return -1;
	}
	if (optind + 2 > argc || (ret->header != NULL && ret->name == NULL))
		return -1;
	if (ret->name != NULL && !name_is_usable(ret->name))
		return -1;
	ret->policies = argv + optind + 1;
	return 0;
}

int main(int argc, char *argv[])
{
	struct options o = {0};
	struct error e = {0};

	if (parse_options(argc, argv, &o) < 0) {
		fputs(usage, stderr);
		return 2;
	}
	for (size_t i = 0; i < array_size(commands); i++) {
		if (strcmp(argv[optind], commands[i].name) != 0)
			continue;
		if (compile_and_check(&o, &e) < 0 || commands[i].run(&o, &e) < 0) {
			error_print("cupel-seccomp", &e);
			return 1;
		}
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
