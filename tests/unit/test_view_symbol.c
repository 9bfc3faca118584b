// SPDX-License-Identifier: GPL-2.0-only
/* test_view_symbol.c - names of kernel and user addresses, and what is said when there are none */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "symbol/ksym.h"
#include "symbol/usym.h"

static char path[] = "/tmp/daxtop-test-XXXXXX";

static void table_write(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void expect_name(struct ksym *k, uint64_t addr, const char *want)
{
	char out[256];

	assert_string_equal(ksym_format(k, out, sizeof(out), addr), want);
}

static void test_kernel(void **state)
{
	struct ksym *k = ksym_new(path);
	const char *module;
	uint64_t offset;

	(void)state;
	/* not sorted, with data, an alias, two modules, a hostile name, broken lines */
	table_write("ffffffff81002000 T second\n"
		    "ffffffff81001000 T first\n"
		    "ffffffff81001000 t first_alias\n"
		    "ffffffff81001800 d data\n"
		    "ffffffffc0000000 t mod_a_fn\t[mod_a]\n"
		    "ffffffffc0000100 t mod_a_other\t[mod_a]\n"
		    "ffffffffc0100000 T mod\x1b_b\t[m\x1b]\n"
		    "\n"
		    "zz T nothing\n"
		    "ffffffff81003000\n");
	expect_name(k, 0xffffffff81001000, "first+0x0");
	expect_name(k, 0xffffffff81001fff, "first+0xfff");
	expect_name(k, 0xffffffff81002010, "second+0x10");
	expect_name(k, 0xffffffffc00000ff, "mod_a_fn+0xff [mod_a]");
	expect_name(k, 0xffffffffc0000100, "mod_a_other+0x0 [mod_a]");
	expect_name(k, 0xffffffffc0100001, "mod\\x1b_b+0x1 [m\\x1b]");
	/* before the first, and far behind any function */
	expect_name(k, 0xffffffff81000fff, "0xffffffff81000fff");
	expect_name(k, 0xffffffff90000000, "0xffffffff90000000");
	expect_name(NULL, 0x1234, "0x1234");
	assert_string_equal(ksym_name(k, 0xffffffff81002001, &offset, &module), "second");
	assert_int_equal(offset, 1);
	assert_null(module);
	/* read once, until it is said that it changed */
	table_write("ffffffff81001000 T renamed\n");
	expect_name(k, 0xffffffff81001001, "first+0x1");
	ksym_reset(k);
	expect_name(k, 0xffffffff81001001, "renamed+0x1");
	ksym_free(k);
}

static void expect_load(const char *table, int ret, const char *sentence)
{
	struct ksym *k;
	char err[256] = "", want[512];

	if (table)
		table_write(table);
	else
		unlink(path);
	k = ksym_new(path);
	assert_int_equal(ksym_load(k, err, sizeof(err)), ret);
	snprintf(want, sizeof(want), sentence, path);
	assert_string_equal(err, want);
	expect_name(k, 0xffffffff81001000, ret ? "0xffffffff81001000" : "first+0x0");
	ksym_free(k);
}

static void test_kernel_unusable(void **state)
{
	(void)state;
	expect_load("ffffffff81001000 T first\n", 0, "");
	expect_load("0000000000000000 T first\n0000000000000000 t second\t[m]\n", -EPERM,
		    "all addresses in %s are zero: run as root, or as root set "
		    "/proc/sys/kernel/kptr_restrict to 1 or 0");
	expect_load("", -ENOENT,
		    "%s has no functions: the kernel needs CONFIG_KALLSYMS and /proc mounted");
	expect_load(NULL, -ENOENT,
		    "%s has no functions: the kernel needs CONFIG_KALLSYMS and /proc mounted");
}

/* A function of this program to look for. */
__attribute__((noinline)) int symbol_test_target(int n)
{
	return n * 3 + 1;
}

static void test_user(void **state)
{
	struct usym *u = usym_new();
	uint64_t addr = (uint64_t)(uintptr_t)symbol_test_target;
	char out[256], want[256];
	int status;
	pid_t pid;

	(void)state;
	usym_format(u, out, sizeof(out), getpid(), addr + 1);
	assert_string_equal(out, "symbol_test_target+0x1 (test_view_symbol)");
	/* in no mapping */
	assert_string_equal(usym_format(u, out, sizeof(out), getpid(), 8), "0x8");
	/* a process that is gone, and none to ask */
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(want, sizeof(want), "0x%" PRIx64, addr);
	assert_string_equal(usym_format(u, out, sizeof(out), pid, addr), want);
	assert_string_equal(usym_format(NULL, out, sizeof(out), getpid(), addr), want);
	/* more processes than are kept: the first is read anew */
	for (uint32_t tgid = 1u << 30; tgid < (1u << 30) + 20; tgid++)
		assert_string_equal(usym_format(u, out, sizeof(out), tgid, 8), "0x8");
	usym_format(u, out, sizeof(out), getpid(), addr + 2);
	assert_string_equal(out, "symbol_test_target+0x2 (test_view_symbol)");
	usym_forget(u, getpid());
	usym_forget(u, 12345);
	usym_format(u, out, sizeof(out), getpid(), addr);
	assert_string_equal(out, "symbol_test_target+0x0 (test_view_symbol)");
	usym_free(u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_unusable),
		cmocka_unit_test(test_user),
	};
	int fd, failed;

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	fd = mkstemp(path);
	if (fd < 0)
		return 2;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
