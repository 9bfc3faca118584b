// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_scope.c - what belongs to what was asked for, and the verdict */
#include "scan_view_fixture.h"
#include "view/scan_part.h"

static void test_scope_device(void **state)
{
	static const struct scan_filter dax = { .device = "dax0.0" };
	struct scan *s = one_look(&dax);
	struct scan_holder h = holder(SCAN_HOLD_OPEN, 0, 0, 0, false);
	struct scan_view v;

	(void)state;
	/* of the other device: a wait, and a holder of its pages */
	add_truncate(s, PMEM_PFN + 0x11);
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 1, 0, false));
	h.certain = false;
	h.pgmap = 1;
	h.fd = 3;
	add_holder(s, h);
	scan_pgmap(s, 1)->steps = 1;
	v = finish(s, &dax);
	expect_holders(
		&v, "/dev/dax0.0", 1, true,
		HEAD DAX0(NONE) "\nholders of none of the folios above:\n"
				"  db[812] has it open, fd 3: dax0.0\n"
				"\ndax0.0 may be unbound: nobody maps it, but 1 process has it open\n");
	scan_free(s);
}

static void test_scope_file(void **state)
{
	static const struct scan_filter file = { .dev = DEV, .ino = 42, .gen = 1 };
	struct scan *s = one_look(&file);
	struct scan_holder h = holder(SCAN_HOLD_MAPPING, 0, 0, 0, false);
	struct scan_view v;

	(void)state;
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	add_path(s, LOG, 43, "/mnt/db/log", false);
	h.certain = false;
	h.file = 2;
	h.last = 9;
	add_holder(s, h);
	v = finish(s, &file);
	expect_holders(&v, "/mnt/db/wal.0", -1, false,
		       "kernel 7.2.12, regime current\n\nnobody holds /mnt/db/wal.0 or waits for it\n");
	scan_free(s);

	s = one_look(&file);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	h.file = 1;
	add_holder(s, h);
	v = finish(s, &file);
	expect_holders(&v, "x", -1, true,
		       "kernel 7.2.12, regime current\n\nholders of none of the folios above:\n"
		       "  ? db[812] mapping: /mnt/db/wal.0:0x0-0x9fff\n");
	scan_free(s);
}

static void test_scope_pid(void **state)
{
	struct scan_view v = finish(look_held(), &all);

	(void)state;
	v.pid = 900;
	expect_holders(&v, "900", -1, true,
		       "kernel 7.2.12, regime current\n" FOLIOS
		       "  0x100012        1   4K pmem0    /mnt/db/wal.0:0x2000                    1026    1    1 "
		       "db[812] io_uring fd 4 buffer 3, 1 pin\n" INDENT
		       "ship[900] pipe fd 5 pipe:[99], 1 ref, for 14.2s\n" INDENT
		       "db[812] mapping\n");
	v.pid = 7;
	expect_holders(
		&v, "7", -1, false,
		"kernel 7.2.12, regime current\n\nprocess 7 holds nothing and waits for nothing\n");
	scan_free(v.s);
}

/* Nobody is known, but a reference to all of it is there: that is somebody. */
static void test_scope_pgmap(void **state)
{
	static const struct scan_filter dax = { .device = "dax0.0" }, pmem = { .device = "pmem0" };
	struct scan *s = one_look(&dax);
	struct scan_wait w = {
		.kind = SCAN_WAIT_MEMUNMAP, .state = 'D', .pid = 5, .comm = "ndctl", .pgmap = 1
	};
	struct scan_view v;

	(void)state;
	scan_pgmap(s, 1)->refs += 2;
	v = finish(s, &dax);
	expect_holders(
		&v, "dax0.0", 1, true,
		HEAD
		"! dax0.0       generic    device_dax       256M         0         0        0      65539           2\n"
		"\nunbinding dax0.0 would hang, because nothing explains 2 references to its pgmap\n");
	v.filter = &pmem;
	assert_false(view_scan_somebody(&v));
	scan_free(s);

	s = one_look(&dax);
	scan_pgmap(s, 1)->refs += 1;
	assert_int_equal(scan_add_wait(s, &w), 0);
	v = finish(s, &dax);
	expect_holders(
		&v, "dax0.0", 1, true,
		HEAD
		"! dax0.0       generic    device_dax       256M         0         0        0      65538           1\n"
		"\n! ndctl[5] waits (D) in memunmap_pages (unbind) of dax0.0\n"
		"    blocked by 1 reference to its pgmap that nothing explains\n"
		"\nan unbind of dax0.0 is under way and hangs, because nothing explains 1 reference to its pgmap\n");
	scan_free(s);
}

/* Where folios were left out, those who hold others are not listed. */
static void test_scope_pinned(void **state)
{
	static const struct scan_filter pinned = { .pinned = true };
	struct scan *s = one_look(&pinned);
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 1, 0), 1);
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 1, 0, false));
	v = finish(s, &pinned);
	assert_false(view_scan_somebody(&v));
	v.filter = &all;
	assert_true(view_scan_somebody(&v));
	scan_free(s);
}

/* ---- verdicts ---- */

static void expect_verdict(struct scan_verdict v, const char *name, const char *want)
{
	char text[SCAN_WORDS];

	assert_string_equal(scan_verdict_name(v.what), name);
	assert_string_equal(scan_verdict_format(text, sizeof(text), "dax0.0", &v), want);
}

static void test_verdicts(void **state)
{
	(void)state;
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_FREE }, "free",
		       "dax0.0 may be unbound: nobody uses it");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_FREE, .openers = 2 }, "free",
		       "dax0.0 may be unbound: nobody maps it, but 2 processes have it open");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_OPEN }, "open",
		       "dax0.0 must not be unbound: its block device is in use, as swap, by device mapper, by a "
		       "program or by a filesystem that is not listed");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_SIGBUS, .nr = 1 }, "sigbus",
		"dax0.0 may be unbound, but 1 process maps it and will get SIGBUS at the next access");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_SIGBUS, .nr = 1200 }, "sigbus",
		"dax0.0 may be unbound, but 1,200 processes map it and will get SIGBUS at the next access");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_MOUNTED,
				       .mount = "/mnt/\x1b"
						"db" },
		"mounted",
		"dax0.0 must not be unbound: a filesystem is mounted on it at /mnt/\\x1bdb: unmount it first");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .nr = 1, .folios = 1 },
		       "hangs",
		       "unbinding dax0.0 would hang, because 1 folio has pins or references");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .refs = 2 }, "hangs",
		"unbinding dax0.0 would hang, because nothing explains 2 references to its pgmap");
	expect_verdict(
		(struct scan_verdict){ .what = SCAN_UNBIND_HANGS,
				       .folios = 3,
				       .refs = 1,
				       .under_way = true,
				       .mount = "/mnt/db" },
		"hangs",
		"an unbind of dax0.0 is under way and hangs, because 3 folios have pins or references and "
		"nothing explains 1 reference to its pgmap; a filesystem is mounted on it at /mnt/db");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_HANGS, .under_way = true },
		       "hangs", "an unbind of dax0.0 is under way and hangs");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_PULLS, .nr = 512, .folios = 1 },
		       "pulls",
		       "dax0.0 must not be unbound: it would pull memory from under 512 live pins or references of "
		       "1 folio; the kernel does not wait for them, and may oops when they are "
		       "released (stock 7.2 does)");
	expect_verdict((struct scan_verdict){ .what = SCAN_UNBIND_UNKNOWN }, "unknown",
		       "whether dax0.0 may be unbound is not known: not all of it could be looked at");
}

/* --older-than: what is only mapped is out, and what is known to be younger; of what nobody knows the age it stays. */
static void test_scope_age(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_holder pipe = holder(SCAN_HOLD_PIPE, PMEM_PFN + 0x12, 1, 1, false);
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 1, 0), 1); /* mapped */
	add_folios(s, 0, of_file(WAL, 42, 2, 1, 0, 0), 1); /* in a pipe for 14.2 s */
	add_folios(s, 0, of_file(WAL, 42, 4, 1, 0, 0), 1); /* in a pipe since whenever */
	add_folios(s, 0, of_file(WAL, 42, 6, 1, 0, 0), 1); /* of an unknown holder */
	add_holder(s, holder(SCAN_HOLD_MAPPING, PMEM_PFN + 0x10, 1, 0, false));
	pipe.since = 5800000000;
	pipe.object = 1;
	add_holder(s, pipe);
	pipe.since = 0;
	pipe.object = 2;
	pipe.pfn += 2;
	add_holder(s, pipe);
	add_truncate(s, PMEM_PFN + 0x12);
	v = finish(s, &all);
	assert_int_equal(scan_nr_folios(s), 4);
	for (size_t i = 0; i < 4; i++)
		assert_true(scan_scope_folio(&v, i));
	v.older_than = 14 * S;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(scan_scope_folio(&v, i), i > 0);
	assert_true(scan_scope_wait(&v, scan_wait(s, 0)));
	v.older_than = 30 * S; /* longer than the kernel runs */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(scan_scope_folio(&v, i), i > 1);
	assert_false(scan_scope_wait(&v, scan_wait(s, 0)));
	scan_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scope_device), cmocka_unit_test(test_scope_file),
		cmocka_unit_test(test_scope_pid),    cmocka_unit_test(test_scope_pgmap),
		cmocka_unit_test(test_scope_pinned), cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_scope_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
