/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a project's cupel.ini. What is accepted must
 * be text, and a project must not have set what is not its own; what is refused
 * must say where.
 */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/ini.h"
#include "fuzz/driver.h"

static int check_item(void *context, const struct ini_item *item, struct error *e)
{
	(void)context, (void)e;
	assert(item->line > 0 && item->section[0] != '\0');
	assert(item->value == NULL || text_is_utf8(item->value, strlen(item->value)));
	assert(item->value == NULL || !text_has_control(item->value, strlen(item->value)));
	return INI_REPEATABLE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("ini", data, size);
	_cleanup_(conf_deinit) struct conf c;
	struct error e = {0};
	int syntax;

	assert(fd >= 0 && conf_init(&c, &e) == 0);
	syntax = ini_read(fd, "f", check_item, NULL, &e);
	assert(syntax == 0 || (memcmp(e.what, "f:", 2) == 0 && e.hint[0] != '\0'));
	assert(lseek(fd, 0, SEEK_SET) == 0);
	if (conf_read_file(&c, fd, "f", CONF_LEVEL_PROJECT, &e) < 0)
		assert(memcmp(e.what, "f:", 2) == 0 && e.hint[0] != '\0');
	else
		assert(syntax == 0);
	assert(!conf_is_set(&c, CONF_SIGN_KEY) && !conf_is_set(&c, CONF_SIGN_BUILDER_ID));
	assert(conf_bool(&c, CONF_ATTEST_ENABLED));
	return 0;
}
