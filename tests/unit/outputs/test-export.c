/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: outputs/export.c and outputs/gather.c on good trees and
 * on every hostile one that we know of; each attack must end in its own error.
 */
#include "outputs/export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "outputs/digest.h"
#include "outputs/gather.h"
#include "outputs/items.h"
#include "plan/plan.h"
#include "tree.h"

/* One build: what it left, and where it goes. */
struct world {
	struct tree out, workspace, staging, outside;
	struct collect_done done;
	struct error error;
	char *manifest;
};

static void world_init(struct world *w)
{
	*w = (struct world){.out = tree_new(),
		.workspace = tree_new(),
		.staging = tree_new(),
		.outside = tree_new()};
	tree_file(w->outside.fd, "log", "hello\n", 0600);
	tree_file(w->outside.fd, "secret", "secret", 0600);
	umask(0);
}

static void world_deinit(struct world *w)
{
	free(w->manifest);
	tree_free(&w->out);
	tree_free(&w->workspace);
	tree_free(&w->staging);
	tree_free(&w->outside);
}

static int export(struct world *w, const struct tree_plan *how)
{
	_cleanup_(fd_closep) int log = openat(w->outside.fd, "log", O_RDONLY | O_CLOEXEC);
	_cleanup_(fd_closep) int manifest = -1;
	struct export_fds fds = {.staging = w->staging.fd,
		.out = w->out.fd,
		.workspace = how->count > 0 ? w->workspace.fd : -1,
		.log = log};

	manifest = export_run(tree_plan(how), &fds, &w->done, &w->error);
	if (manifest < 0)
		return -1;
	w->manifest = tree_manifest(manifest);
	return 0;
}

static void expect_error(struct world *w, const struct tree_plan *how, const char *says)
{
	int got = export(w, how);

	if (got != -1 || strstr(w->error.what, says) == NULL || w->error.hint[0] == '\0')
		fail_msg("expected '%s', got %d: '%s' (%s)", says, got, w->error.what,
			w->error.hint);
	assert_int_equal(w->error.kind, ERROR_OUTPUT);
}

static struct stat look_at(const struct tree *t, const char *path)
{
	struct stat st;

	assert_return_code(fstatat(t->fd, path, &st, AT_SYMLINK_NOFOLLOW), errno);
	return st;
}

#define HELLO "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static void test_normalised(void **state)
{
	_cleanup_(world_deinit) struct world w;
	static const char *const all[] = {
		".", "bin", "bin/tool", "bin/link", "data", "empty", "build.log"};

	(void)state;
	world_init(&w);
	tree_script(&w.out, "mkdir -p bin empty; chmod 3700 bin; echo hello > bin/tool; chmod 0500 "
			    "bin/tool; ln -s ../data bin/link; echo hello > data; chmod 0 data");
	if (geteuid() != 0)
		tree_script(&w.out, "chmod 0600 data");
	fsetxattr(w.out.fd, "user.note", "x", 1, 0);
	setxattr("data", "user.note", "x", 1, 0);
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_string_equal(w.manifest, "dir 0755 bin\nlink ../data bin/link\n"
					"file 0755 6 " HELLO " - bin/tool\n"
					"file 0644 6 " HELLO " - data\ndir 0755 empty\n");
	assert_string_equal(w.done.log_sha256, HELLO);
	assert_int_equal(w.done.log_bytes, 6);
	assert_string_equal(w.done.single, "data");
	assert_int_equal(w.done.files, 2);
	assert_int_equal(w.done.dirs, 2);
	assert_int_equal(w.done.links, 1);
	assert_int_equal(w.done.bytes, 12);
	assert_int_equal(look_at(&w.staging, "bin").st_mode & 07777, 0755);
	assert_int_equal(look_at(&w.staging, "bin/tool").st_mode & 07777, 0755);
	assert_int_equal(look_at(&w.staging, "data").st_mode & 07777, 0644);
	assert_int_equal(look_at(&w.staging, "build.log").st_mode & 07777, 0644);
	assert_int_equal(look_at(&w.staging, "bin/tool").st_uid, geteuid());
	for (size_t i = 1; i < array_size(all); i++)
		assert_int_equal(look_at(&w.staging, all[i]).st_mtim.tv_sec, TREE_SDE);
	tree_script(&w.staging, "test \"$(cat bin/link)\" = hello");
	assert_int_equal(flistxattr(w.staging.fd, NULL, 0), 0);
}

static void test_sha512(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	tree_script(&w.out, "printf abc > f");
	assert_int_equal(export(&w, &(struct tree_plan){.sha512 = 1}), 0);
	assert_non_null(strstr(w.manifest,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad "
		"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f f\n"));
}

static void test_nothing(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_int_equal(w.done.files, 0);
	assert_string_equal(w.manifest, "");
	assert_string_equal(w.done.single, "");
}

static const struct {
	const char *script, *says;
	bool root;
} attacks[] = {
	{"mkdir d; mkfifo d/x", "output 'd/x' is a named pipe", false},
	{"mknod x c 1 3", "'x' is a character device", true},
	{"mknod x c 0 0", "'x' is a character device", true},
	{"mknod x b 7 0", "'x' is a block device", true},
	{"touch x; chmod 4755 x", "'x' has a setuid", false},
	{"touch x; chmod 2755 x", "'x' has a setuid", false},
	{"touch x; chmod 1644 x", "'x' has a setuid", false},
	{"ln -s /etc/passwd x", "'x' is a link that leads out, to '/etc/passwd'", false},
	{"ln -s / x", "leads out", false},
	{"ln -s /proc/self/fd/3 x", "leads out", false},
	{"mkdir d; ln -s ../../secret d/x", "'d/x' is a link that leads out", false},
	{"mkdir -p d/e; ln -s ../.. d/e/up; ln -s d/e/up/../secret x", "'x' is a link", false},
	{"touch \"$(printf 'a\\nb')\"", "has a control character", false},
	{"mkdir \"$(printf '\\033[2J')\"", "has a control character", false},
	{"touch \"$(printf 'a\\377')\"", "is not UTF-8", false},
	{"mkdir -p $(seq -s / 70)", "lies deeper than 64 levels", false},
	{"d=$(printf %0200d 0); mkdir -p $d/$d/$d/$d/$d/$d", "has too long a name", false},
	{"touch build.log", "'build.log' has a reserved name", false},
	{"mkdir build.log", "'build.log' has a reserved name", false},
	{"touch demo.intoto.jsonl", "has a reserved name", false},
	{"ln -s x demo.sigstore.json", "has a reserved name", false},
	{"truncate -s 9223372036854775807 x", "are larger than 1073741824 bytes", false},
	{"truncate -s 600M x; truncate -s 600M y", "larger than 1073741824 bytes", false},
};

static void test_attacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(attacks); i++) {
		_cleanup_(world_deinit) struct world w;

		if (attacks[i].root && geteuid() != 0)
			continue;
		world_init(&w);
		tree_script(&w.out, attacks[i].script);
		expect_error(&w, &(struct tree_plan){0}, attacks[i].says);
		tree_script(&w.staging, "test -z \"$(ls -A)\"");
	}
}

static void test_attacks_in_workspace(void **state)
{
	static const struct tree_plan how = {{"keep/**"}, .count = 1};
	static const struct {
		const char *script, *says;
	} cases[] = {
		{"mkfifo keep/x", "'keep/x' is a named pipe"},
		{"touch keep/x; chmod 4755 keep/x", "'keep/x' has a setuid"},
		{"ln -s ../../secret keep/x", "'keep/x' is a link that leads out"},
		{"touch \"keep/$(printf '\\001')\"", "has a control character"},
		{"truncate -s 4E keep/x", "larger than"},
		{"rmdir keep; ln -s / keep", "the pattern 'keep/**' matches nothing"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		_cleanup_(world_deinit) struct world w;

		world_init(&w);
		tree_script(&w.workspace, "mkdir keep");
		tree_script(&w.workspace, cases[i].script);
		expect_error(&w, &how, cases[i].says);
	}
}

static void test_socket(void **state)
{
	_cleanup_(world_deinit) struct world w;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	world_init(&w);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/x", w.out.path);
	assert_return_code(bind(fd, (void *)&address, sizeof(address)), errno);
	expect_error(&w, &(struct tree_plan){0}, "output 'x' is a socket");
	close(fd);
}

static void xattr_attack(
	const char *name, const void *value, size_t n, bool directory, const char *says)
{
	_cleanup_(world_deinit) struct world w;
	int fd;

	world_init(&w);
	tree_script(&w.out, directory ? "mkdir x" : "touch x");
	fd = openat(w.out.fd, "x", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(fd, name, value, n, 0) < 0)
		print_message("skipped: %s cannot be set here (%s)\n", name, strerror(errno));
	else
		expect_error(&w, &(struct tree_plan){0}, says);
	close(fd);
}

static void test_capabilities_and_acls(void **state)
{
	static const uint32_t capability[5] = {0x02000001, 1 << 13};
	static const unsigned char acl[] = {2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 7, 0,
		57, 48, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32,
		0, 4, 0, 255, 255, 255, 255};

	(void)state;
	xattr_attack("security.capability", capability, sizeof(capability), false,
		"output 'x' has file capabilities");
	xattr_attack("system.posix_acl_access", acl, sizeof(acl), false,
		"output 'x' has an access control list");
	xattr_attack("system.posix_acl_default", acl, sizeof(acl), true,
		"output 'x' has an access control list");
}

static void test_limits(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	tree_script(&w.out, "mkdir d; touch d/a d/b d/c e");
	expect_error(&w, &(struct tree_plan){.files = 4}, "there are more than 4 outputs");
	expect_error(&w, &(struct tree_plan){.files = 1}, "there are more than 1 outputs");
	assert_int_equal(export(&w, &(struct tree_plan){.files = 5}), 0);
	free(take_ptr(w.manifest));
	tree_script(&w.staging, "rm -r d e build.log");
	expect_error(&w, &(struct tree_plan){.depth = 1}, "'d/a' lies deeper than 1 levels");
	tree_script(&w.out, "head -c 101 /dev/zero > e");
	expect_error(&w, &(struct tree_plan){.bytes = 100}, "larger than 100 bytes");
	tree_script(&w.workspace, "mkdir d; touch d/1 d/2");
	expect_error(&w, &(struct tree_plan){{"d/?"}, .count = 1, .files = 6},
		"there are more than 6 outputs");
}

static void test_hard_links_are_broken(void **state)
{
	_cleanup_(world_deinit) struct world w;
	_cleanup_(cleanup_freep) char *text = NULL;

	(void)state;
	world_init(&w);
	assert_return_code(linkat(w.outside.fd, "secret", w.out.fd, "a", 0), errno);
	assert_return_code(linkat(w.out.fd, "a", w.out.fd, "b", 0), errno);
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_int_equal(look_at(&w.staging, "a").st_nlink, 1);
	assert_int_equal(look_at(&w.staging, "b").st_nlink, 1);
	tree_script(&w.staging, "echo changed > a");
	text = tree_read(w.outside.fd, "secret");
	assert_string_equal(text, "secret");
}

static void test_sparse_stays_sparse(void **state)
{
	_cleanup_(world_deinit) struct world w;
	char expected[65], *zeros = calloc(1, 20 << 20);

	(void)state;
	world_init(&w);
	tree_script(&w.out, "truncate -s 20M x");
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_int_equal(look_at(&w.staging, "x").st_size, 20 << 20);
	assert_int_equal(look_at(&w.staging, "x").st_blocks, 0);
	digest_hex(zeros, 20 << 20, expected);
	assert_non_null(strstr(w.manifest, expected));
	free(zeros);
}

/* Between the two halves of an export: no process is left to do it, but still. */
static void test_swapped_between_walk_and_open(void **state)
{
	static const char *const swaps[] = {
		"mv d moved; ln -s %s d",
		"mv d moved; ln -s moved d",
		"rm d/secret; ln -s %s/secret d/secret",
		"rm d/secret; ln %s/secret d/secret",
		"rm d/secret; mkfifo d/secret",
		"rm -r d; mkdir d; echo > d/secret",
	};

	(void)state;
	for (size_t i = 0; i < array_size(swaps); i++) {
		_cleanup_(world_deinit) struct world w;
		_cleanup_(items_deinit) struct items items = ITEMS_INIT;
		const struct plan *plan = tree_plan(&(struct tree_plan){0});
		char script[256];

		world_init(&w);
		tree_script(&w.out, "mkdir d; printf 'secret' > d/secret");
		assert_int_equal(gather_outputs(plan, w.out.fd, -1, &items, &w.error), 0);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(script, sizeof(script), swaps[i], w.outside.path);
#pragma GCC diagnostic pop
		tree_script(&w.out, script);
		if (export_copy(plan,
			    &(struct export_fds){
				    .staging = w.staging.fd, .out = w.out.fd, .log = -1},
			    &items, &w.error) == 0)
			fail_msg("copied after: %s", script);
		assert_false(tree_has(w.staging.fd, "d/secret"));
	}
}

static void test_patterns(void **state)
{
	static const struct tree_plan how = {
		{"dist", "dist/*.so", "**/*.deb", "src/a[0-9]/x"}, .count = 4};
	_cleanup_(world_deinit) struct world w;
	_cleanup_(cleanup_freep) char *text = NULL;

	(void)state;
	world_init(&w);
	tree_script(&w.workspace,
		"mkdir -p dist/sub src/a1 src/b deep/er other; echo hello > dist/lib.so\n"
		"touch dist/sub/y src/a1/x src/a1/z src/b/x deep/er/p.deb other/n\n"
		"mkfifo other/pipe; chmod 4755 src/b/x; ln -s / other/root");
	tree_script(&w.out, "mkdir dist; touch dist/from-out; touch readme");
	assert_int_equal(export(&w, &how), 0);
	tree_script(&w.staging, "find . | LC_ALL=C sort > ../$(basename $PWD).list; mv "
				"../$(basename $PWD).list list");
	text = tree_read(w.staging.fd, "list");
	assert_string_equal(text, ".\n./build.log\n./deep\n./deep/er\n./deep/er/p.deb\n./dist\n"
				  "./dist/from-out\n./dist/lib.so\n./dist/sub\n./dist/sub/y\n"
				  "./readme\n./src\n./src/a1\n./src/a1/x\n");
	assert_int_equal(w.done.files, 6);
	assert_int_equal(w.done.dirs, 6);
	assert_string_equal(w.done.single, "readme");
	assert_int_equal(look_at(&w.staging, "src").st_mtim.tv_sec, TREE_SDE);
}

static void test_pattern_errors(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	tree_script(&w.workspace, "mkdir d; touch d/f g; mkdir build.log");
	expect_error(&w, &(struct tree_plan){{"d/f", "nothing/*"}, .count = 2},
		"outputs: the pattern 'nothing/*' matches nothing");
	expect_error(&w, &(struct tree_plan){{"build.log"}, .count = 1}, "has a reserved name");
	tree_script(&w.out, "touch g");
	expect_error(&w, &(struct tree_plan){{"g"}, .count = 1}, "output 'g' is named twice");
	/* A link where the other tree has a directory: nothing may go through it. */
	tree_script(&w.out, "rm g; mkdir x; ln -s x d");
	expect_error(&w, &(struct tree_plan){{"d/f"}, .count = 1}, "output 'd' is named twice");
	assert_false(tree_has(w.staging.fd, "x/f"));
}

static void test_many_files(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	tree_script(&w.out, "mkdir d; cd d; for i in $(seq 1000); do echo $i > $i; done; touch "
			    "SHA256SUMS");
	tree_script(&w.out, "echo mine > SHA256SUMS");
	expect_error(&w, &(struct tree_plan){0}, "output 'SHA256SUMS' has a reserved name");
	tree_script(&w.out, "rm SHA256SUMS; touch 'd/back\\slash'");
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_int_equal(w.done.files, 1003);
	assert_string_equal(w.done.single, "SHA256SUMS");
	assert_non_null(strstr(w.manifest, " - SHA256SUMS\n"));
	tree_script(&w.staging, "sha256sum --quiet -c SHA256SUMS; test $(wc -l < SHA256SUMS) = "
				"1002; LC_ALL=C sort -c -k2 SHA256SUMS; test $(stat -c %Y "
				"SHA256SUMS) = 1700000000");
}

static void test_exactly_thousand_files(void **state)
{
	_cleanup_(world_deinit) struct world w;

	(void)state;
	world_init(&w);
	tree_script(&w.out, "for i in $(seq 999); do : > $i; done; echo mine > SHA256SUMS");
	assert_int_equal(export(&w, &(struct tree_plan){0}), 0);
	assert_int_equal(w.done.files, 1000);
}

static int export_to_full_tmpfs(struct world *w)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", w->staging.path, "tmpfs", 0, "size=64k") < 0)
		return 77;
	w->staging.fd = open(w->staging.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (export(w, &(struct tree_plan){0}) == 0)
		return 1;
	if (w->error.errnum != ENOSPC || w->error.kind != ERROR_OUTPUT ||
		strstr(w->error.hint, "need 31 MiB") == NULL)
		return 2;
	return 0;
}

static void test_full(void **state)
{
	_cleanup_(world_deinit) struct world w;
	int status = -1;
	pid_t pid;

	(void)state;
	world_init(&w);
	tree_script(&w.out, "for i in a b c; do head -c 10M /dev/zero > $i; done");
	pid = fork();
	if (pid == 0)
		_exit(export_to_full_tmpfs(&w));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("skipped: mounting needs root\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_normalised),
		cmocka_unit_test(test_sha512),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_attacks_in_workspace),
		cmocka_unit_test(test_socket),
		cmocka_unit_test(test_capabilities_and_acls),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hard_links_are_broken),
		cmocka_unit_test(test_sparse_stays_sparse),
		cmocka_unit_test(test_swapped_between_walk_and_open),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_pattern_errors),
		cmocka_unit_test(test_many_files),
		cmocka_unit_test(test_exactly_thousand_files),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
