/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: any bytes as a registry's file. What is refused says where and
 * how to mend it; of what is accepted the gateway must accept every rule.
 */
#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "conf/registry.h"
#include "fuzz/driver.h"
#include "gateway/rule.h"
#include "plan/builder.h"

static void check_rules(const struct registry *r)
{
	static const char *const command[] = {"true"};
	_cleanup_(plan_builder_deinit) struct plan_builder b;
	_cleanup_(fd_closep) int fd = -1;
	const char *lines[REGISTRY_RULES_MAX];
	struct buf texts[REGISTRY_RULES_MAX] = {0};
	_cleanup_(cleanup_freep) char *plan = NULL;
	struct rules rules = {0};
	struct error e = {0};
	size_t size;

	plan_builder_init(&b);
	for (size_t i = 0; i < r->urls.count; i++) {
		registry_print_rule(r, i, &texts[i]);
		lines[i] = texts[i].data;
	}
	b.head.command = plan_add_list(&b, command, 1);
	b.head.cupel = b.head.name = b.head.directory = b.head.hostname = b.head.image_digest =
		b.head.builder_id = b.head.replay = b.head.seccomp = b.head.seccomp_digest =
			b.head.range = b.head.range6 = plan_add_string(&b, "/");
	b.head.environment = b.head.outputs = plan_add_list(&b, NULL, 0);
	b.head.registries = plan_add_list(&b, lines, (uint32_t)r->urls.count);
	fd = plan_seal(&b, &e);
	/* a mapping would stay, and there is room for so many only */
	assert(fd >= 0 && fd_read_all(fd, 1 << 20, &plan, &size) == 0);
	/* one file may contradict itself, which is found when rules are chosen */
	assert(rules_read(plan_check(plan, size, &e), &rules, &e) == 0 ||
		strstr(e.what, "modes for"));
	rules_deinit(&rules);
	for (size_t i = 0; i < r->urls.count; i++)
		buf_deinit(&texts[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fd_closep) int fd = fd_memfd_sealed("ini", data, size);
	_cleanup_(registry_deinit) struct registry r = {0};
	struct error e = {0};

	assert(fd >= 0);
	if (registry_read(fd, "n", "f", CONF_LEVEL_USER, &r, &e) < 0)
		assert(memcmp(e.what, "f:", 2) == 0 && e.hint[0] != '\0' && r.name == NULL);
	else
		check_rules(&r);
	return 0;
}
