// SPDX-License-Identifier: GPL-2.0-only
/* test_badblocks.c - bad blocks as sysfs lists them: of a block device, and of the region that a device-dax is in */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "look/badblocks.h"

static char root[] = "/tmp/daxtop-badblocks-XXXXXX";

__attribute__((format(printf, 1, 2))) static void shell(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert_int_equal(system(line), 0);
}

/* Two devices in a region of 4 MiB at 4 GiB: the second MiB is the first one's, the last one the other's. */
static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	shell("cd %s && mkdir -p bus/dax/devices block/pmem0 block/pmem1 "
	      "nd/region0/dax0.1/dax0.0 nd/region0/dax0.2/dax0.3 hmem/dax1.0 && "
	      "ln -s ../../../nd/region0/dax0.1/dax0.0 ../../../nd/region0/dax0.2/dax0.3 "
	      "../../../hmem/dax1.0 bus/dax/devices/",
	      root);
	shell("cd %s && echo 0x100000000 >nd/region0/resource && "
	      "printf '2040 16\\n6144 8\\n' >nd/region0/badblocks && "
	      "cd nd/region0 && echo 0x100100000 >dax0.1/dax0.0/resource && "
	      "echo 1048576 >dax0.1/dax0.0/size && echo 0x100300000 >dax0.2/dax0.3/resource && "
	      "echo 1048576 >dax0.2/dax0.3/size",
	      root);
	shell("cd %s && printf '0 8\\n64 1\\n' >block/pmem0/badblocks && : >block/pmem1/badblocks && "
	      "echo 0x200000000 >hmem/dax1.0/resource && echo 4096 >hmem/dax1.0/size",
	      root);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -rf %s", root);
	return 0;
}

static void test_block(void **state)
{
	(void)state;
	assert_int_equal(badblocks_bytes(root, "pmem0"), 9 * 512);
	assert_int_equal(badblocks_bytes(root, "pmem1"), 0);
	assert_int_equal(badblocks_bytes(root, "pmem2"), -1);
}

/* What of the region's is its own: half of the first piece, all of the second. */
static void test_region(void **state)
{
	(void)state;
	assert_int_equal(badblocks_bytes(root, "dax0.0"), 8 * 512);
	assert_int_equal(badblocks_bytes(root, "dax0.3"), 8 * 512);
	shell("printf '0 2048\\n' >%s/nd/region0/badblocks", root);
	assert_int_equal(badblocks_bytes(root, "dax0.0"), 0);
	/* memory that is in no region */
	assert_int_equal(badblocks_bytes(root, "dax1.0"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_region),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
