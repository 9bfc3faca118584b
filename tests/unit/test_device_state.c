// SPDX-License-Identifier: GPL-2.0-only
/* test_device_state.c - what sysfs says of a device that has no ZONE_DEVICE memory */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "device_state.h"

static char root[] = "/tmp/daxtop-state-XXXXXX";

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_int_equal(system(line), 0);
}

static int setup(void **state)
{
	(void)state;
	setlocale(LC_ALL, "C.UTF-8");
	assert_non_null(mkdtemp(root));
	shell("cd %s && mkdir -p bus/dax/devices/dax0.0 bus/dax/devices/dax0.1 bus/dax/devices/dax0.2 "
	      "block/pmem0/device block/pmem1s/device block/nullb0 proc/12/fd proc/13/fd proc/self",
	      root);
	shell("cd %s && ln -s ../../drivers/kmem bus/dax/devices/dax0.0/driver && "
	      "ln -s \"../a\033b\" bus/dax/devices/dax0.2/driver && "
	      "echo raw >block/pmem0/device/mode && echo safe >block/pmem1s/device/mode && "
	      "ln -s /dev/pmem0 proc/12/fd/3 && ln -s /dev/null proc/13/fd/3 && "
	      "printf 'db\\033\\n' >proc/12/comm",
	      root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -rf %s", root);
	return 0;
}

static void says(const char *name, const char *begin, const char *end)
{
	char out[DEVICE_STATE_MAX], proc[64];

	snprintf(proc, sizeof(proc), "%s/proc", root);
	device_state(out, sizeof(out), root, proc, name);
	if (strncmp(out, begin, strlen(begin)) || strlen(out) < strlen(end) ||
	    strcmp(out + strlen(out) - strlen(end), end))
		fail_msg("%s: %s", name, out);
}

static void test_states(void **state)
{
	(void)state;
	says("dax0.0", "it is system RAM (driver kmem)", "");
	says("dax0.1", "it is disabled", "enables it");
	says("dax0.2", "its driver is a\\x1bb,", "");
	says("pmem0", "it is a namespace in raw mode",
	     "; it is open as a block device by db\\x1b[12]");
	says("pmem1s", "it is a namespace in sector mode", "by DAX");
	says("nullb0", "it is a block device without", "its own");
}

static void test_nothing(void **state)
{
	static const char *const names[] = { "dax9.9", "", "..", "a/b", "pmem9" };
	char out[DEVICE_STATE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_string_equal(device_state(out, sizeof(out), root, root, names[i]), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
