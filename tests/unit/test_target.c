// SPDX-License-Identifier: GPL-2.0-only
/* test_target.c - WHAT of daxtop holders: what its letters say, and what sysfs and stat() say */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "target.h"

static char root[] = "/tmp/daxtop-target-XXXXXX";
static char sys[64];

/* ---- letters ---- */

static void expect_kind(const char *text, enum target_kind kind)
{
	struct target t;
	char err[1024] = "";

	assert_int_equal(target_parse(&t, text, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_int_equal(t.kind, kind);
	assert_ptr_equal(t.text, text);
}

static void expect_bad(const char *text, const char *sentence)
{
	struct target t;
	char err[1024] = "";

	assert_int_equal(target_parse(&t, text, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, sentence);
}

static void test_kinds(void **state)
{
	(void)state;
	expect_kind("1", TARGET_PID);
	expect_kind("4194304", TARGET_PID);
	expect_kind("./123", TARGET_NAME);
	expect_kind("123a", TARGET_NAME);
	expect_kind("pmem0", TARGET_NAME);
	expect_kind("/dev/dax0.0", TARGET_NAME);
	expect_kind("0x1", TARGET_RANGE);
	expect_kind("0x108282-0x108283", TARGET_RANGE);
	expect_kind("./0x1", TARGET_NAME);
	expect_kind("12:0x7f0000001000", TARGET_ADDR);
	expect_kind("12:0", TARGET_NAME);
	expect_kind(":0x1", TARGET_NAME);
}

static void test_addresses(void **state)
{
	struct target t;
	char err[1024];

	(void)state;
	assert_int_equal(target_parse(&t, "4194304:0xffffffffffffffff", err, sizeof(err)), 0);
	assert_int_equal(t.pid, 4194304);
	assert_int_equal(t.addr, UINT64_MAX);
	expect_bad("0:0x1", "'0:0x1' is no PID:0xADDRESS (a file of that name is ./0:0x1)");
	expect_bad("1:0x", "'1:0x' is no PID:0xADDRESS (a file of that name is ./1:0x)");
	expect_bad("1:0x1g", "'1:0x1g' is no PID:0xADDRESS (a file of that name is ./1:0x1g)");
	expect_bad("1:0x10000000000000000",
		   "'1:0x10000000000000000' is no PID:0xADDRESS (a file of that name is "
		   "./1:0x10000000000000000)");
	expect_bad("4194305:0x1",
		   "'4194305:0x1' is no PID:0xADDRESS (a file of that name is ./4194305:0x1)");
}

static void test_numbers(void **state)
{
	struct target t;
	char err[1024];

	(void)state;
	assert_int_equal(target_parse(&t, "812", err, sizeof(err)), 0);
	assert_int_equal(t.pid, 812);
	assert_int_equal(target_parse(&t, "0x108282", err, sizeof(err)), 0);
	assert_int_equal(t.pfn_first, 0x108282);
	assert_int_equal(t.pfn_last, 0x108282);
	assert_int_equal(target_parse(&t, "0X10-0x2f", err, sizeof(err)), 0);
	assert_int_equal(t.pfn_first, 0x10);
	assert_int_equal(t.pfn_last, 0x2f);
	assert_int_equal(t.pid, 0);
}

static void test_bad_letters(void **state)
{
	(void)state;
	expect_bad("",
		   "WHAT is empty: give a file, a mount point, a device (/dev/pmem0, dax0.0, namespace0.0), a "
		   "pfn or range (0xA, 0xA-0xB), a process number or PID:0xADDRESS");
	expect_bad("0", "'0' is no process number (a file of that name is ./0)");
	expect_bad("4194305", "'4194305' is no process number (a file of that name is ./4194305)");
	expect_bad("99999999999999999999",
		   "'99999999999999999999' is no process number (a file of that name is ./99999999999999999999)");
	expect_bad("0x",
		   "'0x' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that name is ./0x)");
	expect_bad("0x0",
		   "'0x0' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that name is ./0x0)");
	expect_bad("0x2-0x1",
		   "'0x2-0x1' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that name is ./0x2-0x1)");
	expect_bad("0x1-",
		   "'0x1-' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that name is ./0x1-)");
	expect_bad("0x1\x1b[1m",
		   "'0x1\\x1b[1m' is no pfn or range of them: give 0xA or 0xA-0xB (a file of that "
		   "name is ./0x1\\x1b[1m)");
	/* an address is no pfn: 40 bits are the last possible one */
	expect_bad("0x10000000000",
		   "'0x10000000000' is no pfn or range of them: give 0xA or 0xA-0xB (a file of "
		   "that name is ./0x10000000000)");
}

/* ---- sysfs ---- */

static void make(const char *path, const char *content)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *c = full + strlen(root) + 1; (c = strchr(c, '/')); c++) {
		*c = 0;
		mkdir(full, 0755);
		*c = '/';
	}
	if (!content) {
		assert_int_equal(mkdir(full, 0755), 0);
		return;
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	snprintf(sys, sizeof(sys), "%s/sys", root);
	make("sys/block/pmem0", NULL);
	make("sys/bus/dax/devices/dax0.1", NULL);
	/* fsdax: a pfn device claims the namespace */
	make("sys/bus/nd/devices/namespace0.0/mode", "memory\n");
	make("sys/bus/nd/devices/pfn0.3/namespace", "namespace0.0\n");
	make("sys/bus/nd/devices/pfn0.3/block/pmem0", NULL);
	/* devdax: the bus's own dax0.1 is another one than device-dax's dax0.1 */
	make("sys/bus/nd/devices/namespace0.1/mode", "dax\n");
	make("sys/bus/nd/devices/dax0.1/namespace", "namespace0.1\n");
	make("sys/bus/nd/devices/dax0.1/dax_region/id", "0\n");
	make("sys/bus/nd/devices/dax0.1/dax0.0/dev", "252:1\n");
	/* ... and this one's namesake is being unbound */
	make("sys/bus/nd/devices/dax0.2/namespace", "namespace0.1\n");
	make("sys/bus/nd/devices/dax0.2/dax0.0/dev", "252:1\n");
	/* raw: the block device itself; and a seed without anything */
	make("sys/bus/nd/devices/namespace1.0/block/pmem1", NULL);
	make("sys/bus/nd/devices/namespace0.2/mode", "raw\n");
	make("sys/bus/nd/devices/pfn0.0/namespace", "\n");
	make("file", "x");
	make("folder", NULL);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static int resolve(struct target *t, const char *text, char *err, size_t errlen)
{
	err[0] = 0;
	assert_int_equal(target_parse(t, text, err, errlen), 0);
	return target_resolve(t, sys, err, errlen);
}

static void expect_device(const char *text, const char *device)
{
	struct target t;
	char err[1024];

	assert_int_equal(resolve(&t, text, err, sizeof(err)), 0);
	assert_string_equal(err, "");
	assert_int_equal(t.kind, TARGET_DEVICE);
	assert_string_equal(t.device, device);
}

static void test_names(void **state)
{
	(void)state;
	expect_device("pmem0", "pmem0");
	expect_device("dax0.1", "dax0.1");
	expect_device("dax0.2", "dax0.2");
	expect_device("namespace0.0", "pmem0");
	expect_device("namespace0.1", "dax0.0");
	expect_device("namespace1.0", "pmem1");
	expect_device("pfn0.3", "pmem0");
}

static void test_name_without_device(void **state)
{
	struct target t;
	char err[1024];

	(void)state;
	assert_int_equal(resolve(&t, "namespace0.2", err, sizeof(err)), -ENODEV);
	assert_string_equal(
		err,
		"namespace0.2 has no block device and no device-dax device: nothing can use its memory");
}

/* The links of sysfs for a device's number; a partition belongs to the device above it. */
static void test_node(void **state)
{
	struct target t;
	char err[1024], link[256], node[256];

	(void)state;
	snprintf(node, sizeof(node), "%s/node", root);
	if (mknod(node, S_IFBLK | 0600, makedev(259, 7))) {
		skip(); /* not root */
		return;
	}
	assert_int_equal(resolve(&t, node, err, sizeof(err)), -ENODEV);
	make("sys/dev/block/x", "");
	snprintf(link, sizeof(link), "%s/sys/dev/block/259:7", root);
	assert_int_equal(symlink("../../block/pmem0", link), 0);
	expect_device(node, "pmem0");
	unlink(link);
	make("sys/block/pmem0/pmem0p1/partition", "1\n");
	assert_int_equal(symlink("../../block/pmem0/pmem0p1", link), 0);
	expect_device(node, "pmem0");
}

/* ---- stat() ---- */

static void test_paths(void **state)
{
	struct target t;
	struct stat st;
	char err[1024], path[256], want[1024];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", root);
	assert_int_equal(resolve(&t, path, err, sizeof(err)), 0);
	assert_int_equal(t.kind, TARGET_FILE);

	assert_int_equal(resolve(&t, "/proc", err, sizeof(err)), 0);
	assert_int_equal(t.kind, TARGET_MOUNT);
	assert_int_equal(stat("/proc", &st), 0);
	assert_int_equal(t.dev, major(st.st_dev) << 20 | minor(st.st_dev));

	snprintf(path, sizeof(path), "%s/folder", root);
	assert_int_equal(resolve(&t, path, err, sizeof(err)), -EINVAL);
	snprintf(want, sizeof(want),
		 "%s is a directory, but no mount point; give a file, a mount point, a device (/dev/pmem0, dax0.0, "
		 "namespace0.0), a pfn or range (0xA, 0xA-0xB), a process number or PID:0xADDRESS",
		 path);
	assert_string_equal(err, want);

	assert_int_equal(resolve(&t, "no\x1bwhere", err, sizeof(err)), -ENOENT);
	assert_string_equal(
		err, "no\\x1bwhere: No such file or directory; give a file, a mount point, a device "
		     "(/dev/pmem0, dax0.0, namespace0.0), a pfn or range (0xA, 0xA-0xB), a process "
		     "number or PID:0xADDRESS");
}

/* A device's name goes before a file's: ./NAME is the file. */
static void test_name_before_file(void **state)
{
	struct target t;
	char err[1024], old[512];

	(void)state;
	assert_non_null(getcwd(old, sizeof(old)));
	assert_int_equal(chdir(root), 0);
	make("pmem0", "x");
	expect_device("pmem0", "pmem0");
	assert_int_equal(resolve(&t, "./pmem0", err, sizeof(err)), 0);
	assert_int_equal(t.kind, TARGET_FILE);
	assert_int_equal(resolve(&t, "file", err, sizeof(err)), 0);
	assert_int_equal(t.kind, TARGET_FILE);
	/* every folder of sysfs has one of that name, too */
	assert_int_equal(chdir("/proc"), 0);
	assert_int_equal(resolve(&t, ".", err, sizeof(err)), 0);
	assert_int_equal(t.kind, TARGET_MOUNT);
	assert_int_equal(chdir(old), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bad_letters),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_without_device),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_name_before_file),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, setup, teardown);
}
