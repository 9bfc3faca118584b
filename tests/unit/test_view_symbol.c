// SPDX-License-Identifier: GPL-2.0-only
/* test_view_symbol.c - names of kernel and user addresses, and what is said when there are none */
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
#include <unistd.h>
#include "base/process.h"
#include "symbol/ksym.h"
#include "symbol/namer.h"
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

static int program_rc;
static struct usym_task program;

static int ask(void *arg, uint32_t tgid, struct usym_task *task)
{
	(void)arg, (void)tgid;
	*task = program;
	return program_rc;
}

/* Names are only given to a stack of the program that the process still runs. What opener and namer say is tested in the guest. */
static void test_user_refused(void **state)
{
	const uint64_t addr[] = { (uintptr_t)test_user_refused, (uintptr_t)ask };
	struct stack_who who = { .time = 1000, .tgid = getpid(), .exec = 7 };
	static const struct {
		int rc;
		struct usym_task task;
		const char *why;
	} cases[] = {
		{ -ESRCH, {}, "the process has ended" },
		{ -ENOSYS, {}, "the process could not be looked into" },
		{ 0, { .start = 1001, .exec = 7 }, "the process has ended" }, /* another one has its number */
		{ 0, { .start = 1000, .exec = 8 }, "another program runs in this process now" },
		{ 0, { .start = 1000, .exec = 0x100 }, "another program runs in this process now" },
	};
	struct stack_frame f[2];
	struct usym *u = usym_new(ask, NULL);

	(void)state;
	assert_non_null(u);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		program_rc = cases[i].rc;
		program = cases[i].task;
		usym_frames(u, &who, addr, 2, f);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(f[k].addr, addr[k]);
			assert_null(f[k].name);
			assert_null(f[k].in);
		}
		/* in another pid namespace no process is asked for at all */
		if (process_all_seen())
			assert_string_equal(f[0].why, cases[i].why);
		assert_non_null(f[0].why);
		/* once a stack */
		assert_null(f[1].why);
	}
	usym_free(u);
	usym_frames(NULL, &who, addr, 2, f);
	assert_int_equal(f[1].addr, addr[1]);
	assert_null(f[0].why);
}

/* What the namer says is taken apart by who trusts it least. */
static void test_namer_reply(void **state)
{
	static struct namer_reply r;

	(void)state;
	r.id = 5;
	assert_true(namer_reply_valid(&r, sizeof(r), 5));
	assert_false(namer_reply_valid(&r, sizeof(r), 6));
	assert_false(namer_reply_valid(&r, sizeof(r) - 1, 5));
	assert_false(namer_reply_valid(&r, 0, 5));
	r.status = 1;
	assert_false(namer_reply_valid(&r, sizeof(r), 5));
	r.status = -ENOEXEC;
	assert_true(namer_reply_valid(&r, sizeof(r), 5));
	memset(r.name[31].name, 'x', ELF_NAME_MAX);
	assert_false(namer_reply_valid(&r, sizeof(r), 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_kernel_unusable),
		cmocka_unit_test(test_user_refused),
		cmocka_unit_test(test_namer_reply),
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
