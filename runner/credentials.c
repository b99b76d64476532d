/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: hands the credentials to cupel-gateway, in the runner. It holds
 * their descriptors for as long as that takes and never reads one; nothing of them is in
 * the configuration, the plan or the environment.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "conf/credentials.h"
#include "runner/build.h"
#include "runner/paths.h"

static bool is_wanted(const struct run_options *o, const char *name)
{
	for (int i = 0; i < o->credential_count; i++)
		if (strcmp(o->credentials[i].name, name) == 0)
			return true;
	return false;
}

static int add_options(const struct run_options *o, struct credential_files *f, struct error *e)
{
	for (int i = 0; i < o->credential_count; i++) {
		char file[64];
		int fd = fcntl(o->credentials[i].fd, F_DUPFD_CLOEXEC, 3);

		snprintf(file, sizeof(file), "--credential %.40s", o->credentials[i].name);
		if (credential_files_put(f, o->credentials[i].name, file, fd, e) < 0)
			return -1;
	}
	return 0;
}

static int check_count(const struct credential_files *f, struct error *e)
{
	if (f->count <= GATEWAY_CREDENTIALS_MAX)
		return 0;
	return error_set_kind(
		e, ERROR_USAGE, 0, "there are more than %d credentials", GATEWAY_CREDENTIALS_MAX);
}

int build_send_credentials(struct build *b, struct error *e)
{
	_cleanup_(credential_files_deinit) struct credential_files files = {0};
	char user[4096];

	paths_config(user, sizeof(user));
	if (credential_files_open(&files, user[0] != '\0' ? user : NULL, e) < 0 ||
		add_options(b->options, &files, e) < 0 || check_count(&files, e) < 0)
		return -1;
	for (size_t i = 0; i < files.count; i++) {
		const struct credential_file *f = &files.all[i];
		struct gateway_credential c = {.wanted = is_wanted(b->options, f->name)};

		snprintf(c.name, sizeof(c.name), "%s", f->name);
		snprintf(c.file, sizeof(c.file), "%s", f->file);
		if (msg_send(b->gateway.socket, GATEWAY_CREDENTIAL, &c, sizeof(c), &f->fd, 1, e) <
			0)
			return -1;
	}
	/* The gateway has them now, and nobody else needs them. */
	for (int i = 0; i < b->options->credential_count; i++) {
		int fd = b->options->credentials[i].fd;

		fd_closep(&fd);
	}
	return 0;
}
