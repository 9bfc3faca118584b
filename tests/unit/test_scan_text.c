// SPDX-License-Identifier: GPL-2.0-only
/* test_scan_text.c - one look as text: exact and safe */
#include <locale.h>
#include "scan_view_fixture.h"

static void test_nothing(void **state)
{
	struct scan_view v = finish(one_look(&all), &all);

	(void)state;
	expect_text(&v, HEAD PMEM(NONE) DAX0(NONE) "\n0 folios in use; 0 waits\n");
	assert_false(view_scan_somebody(&v));
	scan_free(v.s);
}

static void test_no_device(void **state)
{
	struct scan *s = scan_new(&all, false);
	struct scan_view v;

	(void)state;
	assert_non_null(s);
	v = finish(s, &all);
	expect_text(&v,
		    "kernel 7.2.12, regime current\n\nno device with ZONE_DEVICE memory is there\n");
	scan_free(s);
}

static void test_holders_of_folios(void **state)
{
	struct scan_view v = finish(look_held(), &all);

	(void)state;
	expect_text(&v, HEAD PMEM("        3         3        0") DAX0(NONE) FOLIOS
		    "  0x100010        2   4K pmem0    /mnt/db/wal.0:0x0                          1    1    0 db[812] mapping\n"
		    "  0x100012        1   4K pmem0    /mnt/db/wal.0:0x2000                    1026    1    1 "
		    "db[812] io_uring fd 4 buffer 3, 1 pin\n" INDENT
		    "ship[900] pipe fd 5 pipe:[99], 1 ref, for 14.2s\n" INDENT "db[812] mapping\n" SUMS
		    "           3            3          1          1  pmem0\n"
		    "           3            3          1          1  /mnt/db/wal.0\n"
		    "           3            3          1          1  4K\n"
		    "\n      FOLIOS       PINS       REFS   OLDEST  HELD BY PROCESS\n"
		    "           1          1          0        -  db[812]\n"
		    "           1          0          1    14.2s  ship[900]\n"
		    "\n      FOLIOS       PINS       REFS   OLDEST  HELD BY CGROUP\n"
		    "           1          0          1    14.2s  of no known cgroup\n"
		    "           1          1          0        -  /system.slice/db\n"
		    "\n3 folios in use: 3 mapped, 1 pinned, 0 of unknown holders; 0 waits\n");
	assert_true(view_scan_somebody(&v));
	scan_free(v.s);
}

static void test_verbose(void **state)
{
	struct scan_view v = finish(look_held(), &all);
	struct capture c;
	const char *text;

	(void)state;
	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(text, "           0\n      pfn 0x100000-0x11ffff\n  dax0.0 "));
	assert_non_null(strstr(text, "fd 4 buffer 3, 1 pin, cgroup /system.slice/db\n"));
	assert_non_null(strstr(text, "1 ref, for 14.2s, at 0x7f0000001000\n"));
	capture_end(&c);
	scan_free(v.s);
}

/* What nobody was found to hold is marked, and so is a count that is too low. */
static void test_unknown(void **state)
{
	struct scan *s = one_look(&all);
	struct dx_folio huge = { .pfn = DAX_PFN + 0x200,
				 .mapping = DAX,
				 .index = 0x200,
				 .refcount = 1 + 1 + 512 + 2,
				 .mapcount = 1,
				 .pincount = 512,
				 .order = 9,
				 .flags = DX_FOLIO_DEVICE };
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1024 + 1 + 1, 1, 0), 1);
	add_folios(s, 0, of_file(WAL, 42, 1, 1, 2, 0), 1);
	add_path(s, WAL, 42, "/mnt/db/wal.0", true);
	add_folios(s, 1, huge, 1);
	v = finish(s, &all);
	expect_text(
		&v, HEAD PMEM("        2         2        0") DAX0("        1         1        1")
			    FOLIOS
		"! 0x100010        1   4K pmem0    (deleted) /mnt/db/wal.0:0x0             1026    1    1 "
		"1 pin, 1 ref: holder unknown: predates daxtop\n"
		"! 0x100011        1   4K pmem0    (deleted) /mnt/db/wal.0:0x1000             1    2    0 "
		"too few references: somebody put one too many\n"
		"! 0x200200        1   2M dax0.0   /dev/dax0.0:0x200000                     516    1  512 "
		"512 pins, 2 refs: holder unknown: predates daxtop\n" SUMS
		"           2            2          1          1  pmem0\n"
		"           1          512        512          2  dax0.0\n"
		"           2            2          1          1  (deleted) /mnt/db/wal.0\n"
		"           2            2          1          1  4K\n"
		"           1          512        512          2  2M\n"
		"\n3 folios in use: 3 mapped, 2 pinned, 2 of unknown holders, 1 with too few references; 0 waits\n");

	/* nobody was looked for: then nobody is missing */
	v.holders = false;
	expect_text(
		&v,
		HEAD PMEM("        2         2        0") DAX0(
			"        1         1        1") "\n  PFN            NR SIZE DEV      FILE:OFFSET                              REF  MAP  PIN \n"
							"  0x100010        1   4K pmem0    (deleted) /mnt/db/wal.0:0x0             1026    1    1 \n"
							"! 0x100011        1   4K pmem0    (deleted) /mnt/db/wal.0:0x1000             1    2    0 "
							"too few references: somebody put one too many\n"
							"  0x200200        1   2M dax0.0   /dev/dax0.0:0x200000                     516    1  512 \n" SUMS
							"           2            2          1          1  pmem0\n"
							"           1          512        512          2  dax0.0\n"
							"           2            2          1          1  (deleted) /mnt/db/wal.0\n"
							"           2            2          1          1  4K\n"
							"           1          512        512          2  2M\n"
							"\n3 folios in use: 3 mapped, 2 pinned, 1 with too few references; 0 waits\n");
	scan_free(s);
}

static void test_candidates(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_holder h = holder(SCAN_HOLD_RDMA, 0, 0, 0, true);
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	h.certain = false;
	strcpy(h.detail, "mr 5");
	for (h.tgid = 1; h.tgid <= 6; h.tgid++)
		add_holder(s, h);
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(
		text,
		"! 0x100010        1   4K pmem0    /mnt/db/wal.0:0x0                          1    0    0 "
		"? db[1] rdma mr 5\n" INDENT "? db[2] rdma mr 5\n" INDENT "? db[3] rdma mr 5\n" INDENT
		"? db[4] rdma mr 5\n" INDENT "and 2 more (--verbose shows them)\n" INDENT
		"1 ref: holder not found; ? could hold it\n\n"));
	/* they stand there, and not once more below */
	assert_null(strstr(text, "holders of none"));
	capture_end(&c);

	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(strstr(capture_text(&c), INDENT "? db[6] rdma mr 5\n"));
	assert_null(strstr(capture_text(&c), "--verbose"));
	capture_end(&c);
	scan_free(s);
}

/* Names that would move the cursor, break the line or the columns. */
static void test_hostile(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_holder h = holder(SCAN_HOLD_PIPE, PMEM_PFN + 0x10, 1, 1, false);
	struct scan_wait w = { .kind = SCAN_WAIT_BREAK,
			       .pid = 9,
			       .tgid = 9,
			       .comm = "rm\x1b[2J",
			       .pgmap = 0,
			       .pfn = PMEM_PFN + 0x10,
			       .refcount = 1 };
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/a\nb\x1b]0;x\a\xff", false);
	memcpy(h.comm,
	       "e\x9b\x01"
	       "23456789012345",
	       sizeof(h.comm));
	strcpy(h.detail, "x\ry");
	add_holder(s, h);
	assert_int_equal(scan_add_wait(s, &w), 0);
	assert_int_equal(scan_add_gap(s, "gap\x1b%s", "\n"), 0);
	strcpy(scan_pgmap(s, 0)->device, "pm\n\x1b");
	strcpy(scan_pgmap(s, 0)->driver, "dr\x7fiver");
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	for (const char *t = text; *t; t++)
		assert_true((unsigned char)*t >= ' ' ? *t != 0x7f : *t == '\n');
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "/mnt/a\\x0ab\\x1b]0;x\\x07\\xff:0x0"));
	assert_non_null(strstr(text, "e\\x9b\\x012345678901234[812] pipe x\\x0dy, 1 ref\n"));
	assert_non_null(strstr(text, "! rm\\x1b[2J[9] waits in"));
	assert_non_null(strstr(text, "not looked at:\n  gap\\x1b\\x0a\n"));
	capture_end(&c);

	assert_int_equal(view_scan_json(capture_start(&c), &v), 0);
	for (const char *t = capture_text(&c); *t; t++)
		assert_true((unsigned char)*t >= ' ' || *t == '\n');
	capture_end(&c);
	scan_free(s);
}

/* A wide name takes its columns, and a long one is cut at its start. */
static void test_columns(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_view v;
	struct capture c;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1, 0, 0), 1);
	add_folios(s, 0, of_file(LOG, 43, 4, 1, 0, 0), 1);
	add_path(s, WAL, 42, "/mnt/\xe6\x97\xa5\xe6\x9c\xac", false);
	add_path(s, LOG, 43, "/mnt/a-very-long-folder-name/and-another-one/file", false);
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	assert_non_null(strstr(
		capture_text(&c),
		"pmem0    /mnt/\xe6\x97\xa5\xe6\x9c\xac:0x0                              1    0    0 "));
	assert_non_null(strstr(capture_text(&c),
			       "pmem0    <lder-name/and-another-one/file:0x4000     1    0    0 "));
	capture_end(&c);
	scan_free(s);
}

static void test_wait(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_holder h = holder(SCAN_HOLD_REQUEST, PMEM_PFN + 0x11, 1, 1, true);
	struct scan_view v;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1024, 0, 0), 2);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	strcpy(h.detail, "write to nullb0");
	add_holder(s, h);
	add_truncate(s, PMEM_PFN + 0x11);
	v = finish(s, &all);
	expect_text(&v, HEAD PMEM("        2         0        0") DAX0(NONE) FOLIOS
		    "! 0x100010        1   4K pmem0    /mnt/db/wal.0:0x0                       1024    0    1 "
		    "1 pin: holder unknown: predates daxtop\n"
		    "! 0x100011        1   4K pmem0    /mnt/db/wal.0:0x1000                    1024    0    1 "
		    "db[812] request write to nullb0, 1 pin\n"
		    "\n! truncate[901] has waited 14.2s (S) in a layout break (truncate, hole punch) of "
		    "/mnt/db/wal.0:0x1000\n"
		    "    blocked by pfn 0x100011, 4K, refcount 1024, pins 1, held by\n"
		    "      db[812] request write to nullb0, 1 pin\n"
		    "      request: until the device completes it\n"
		    "    stack of truncate[901]:\n"
		    "        schedule+0x27\n"
		    "        xfs_wait_dax_page+0x1a [xfs]\n"
		    "        0xffffffff81000000\n" SUMS
		    "           2            2          2          0  pmem0\n"
		    "           2            2          2          0  /mnt/db/wal.0\n"
		    "           2            2          2          0  4K\n"
		    "\n      FOLIOS       PINS       REFS   OLDEST  HELD BY PROCESS\n"
		    "           1          1          0        -  db[812]\n"
		    "\n2 folios in use: 0 mapped, 2 pinned, 1 of unknown holders; 1 wait\n");
	scan_free(s);
}

/* Who stands behind a lock, whose lock it is, and what is not shown: a lock that nothing of DAX's is behind. */
static void test_chain(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_wait w = { .kind = SCAN_WAIT_INODE,
			       .state = 'D',
			       .pid = 5,
			       .tgid = 5,
			       .comm = "dd",
			       .pgmap = -1,
			       .since = 1,
			       .owner_pid = 901,
			       .owner_tgid = 900,
			       .owner_comm = "truncate" };
	struct scan_view v;
	struct capture c;

	(void)state;
	add_folios(s, 0, of_file(WAL, 42, 0, 1024, 0, 0), 2);
	add_path(s, WAL, 42, "/mnt/db/wal.0", false);
	add_truncate(s, PMEM_PFN + 0x11);
	w.file = scan_file_id(s, WAL, DEV, 42, 1);
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.kind = SCAN_WAIT_MMAP;
	w.pid = 7;
	w.tgid = 7;
	w.mm_tgid = 5;
	w.owner_pid = 5;
	strcpy(w.owner_comm, "dd");
	strcpy(w.comm, "ps");
	w.file = 0;
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.pid = 8;
	w.owner_pid = 99;
	assert_int_equal(scan_add_wait(s, &w), 0);
	v = finish(s, &all);
	view_scan_text(capture_start(&c), &v);
	if (!strstr(capture_text(&c), "    behind it: dd[5], ps[7]\n") ||
	    !strstr(capture_text(&c),
		    "! dd[5] has waited 19.9s (D) in a wait for the inode's lock (i_rwsem) of /mnt/db/wal.0\n"
		    "    it has truncate[901] in a layout break (truncate, hole punch) of /mnt/db/wal.0:0x1000\n"
		    "! ps[7] has waited 19.9s (D) in a wait for the mmap_lock of process 5\n"
		    "    it has dd[5] in a wait for the inode's lock (i_rwsem) of /mnt/db/wal.0\n"
		    "    it has truncate[901] in a layout break (truncate, hole punch) of /mnt/db/wal.0:0x1000\n") ||
	    strstr(capture_text(&c), "ps[8]"))
		fail_msg("%s", capture_text(&c));
	capture_end(&c);
	scan_free(s);
}

/* What a wait says when its folio is not listed, and one for a whole device; the entry's frames are left out. */
static void test_wait_kinds(void **state)
{
	static const struct scan_filter pinned = { .pinned = true };
	struct scan *s = one_look(&pinned);
	struct scan_wait w = { .kind = SCAN_WAIT_MEMUNMAP,
			       .state = 'D',
			       .pid = 5,
			       .comm = "ndctl",
			       .pgmap = 1,
			       .stack = { 3, 1 },
			       .nr_stack = 2 };
	struct dx_folio f = {
		.pfn = DAX_PFN + 7, .mapping = DAX, .index = 7, .refcount = 2, .flags = DX_FOLIO_DEVICE
	};
	struct scan_view v;
	struct capture c;
	const char *text;

	(void)state;
	add_folios(s, 1, f, 1);
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.kind = SCAN_WAIT_EVICT;
	w.pfn = PMEM_PFN + 9;
	w.refcount = 3;
	w.pgmap = 0;
	w.nr_stack = 0;
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.kind = SCAN_WAIT_ENTRY;
	w.pfn = 0;
	w.file = scan_file_id(s, WAL, DEV, 42, 1);
	w.index = 2;
	w.entry = WAIT_ENTRY_LOCKED;
	assert_int_equal(scan_add_wait(s, &w), 0);
	w.entry = WAIT_ENTRY_UNLOCKED;
	assert_int_equal(scan_add_wait(s, &w), 0);
	v = finish(s, &pinned);
	view_scan_text(capture_start(&c), &v);
	text = capture_text(&c);
	assert_non_null(strstr(
		text,
		"\n! ndctl[5] waits (D) in memunmap_pages (unbind) of dax0.0\n"
		"    blocked by pfn 0x200007, 4K, refcount 2, pins 0, /dev/dax0.0:0x7000\n"
		"      1 ref: holder unknown: predates daxtop\n"
		"! ndctl[5] waits (D) in an evict (unlink, umount, unbind) of pmem0\n"
		"    for pfn 0x100009, whose refcount was 3\n"
		"! ndctl[5] waits (D) in a wait for a locked DAX entry of 259:1 ino 42:0x2000\n"
		"    the entry is locked: until whoever has it unlocks it, a fault, a write or a writeback of this page\n"
		"! ndctl[5] waits (D) in a wait for a locked DAX entry of 259:1 ino 42:0x2000\n"
		"    the entry is not locked any more: it is about to go on\n"));
	assert_null(strstr(text, "schedule"));
	capture_end(&c);

	v.verbose = true;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(
		strstr(capture_text(&c), "        do_syscall_64+0x1\n        schedule+0x27\n"));
	capture_end(&c);
	scan_free(s);
}

/* A pgmap's own references: marked, whether or not a folio shows why. */
static void test_pgmap_remarks(void **state)
{
	struct scan *s = one_look(&all);
	struct scan_view v;

	(void)state;
	scan_pgmap(s, 0)->refs += 2;
	scan_pgmap(s, 1)->dying = true;
	scan_pgmap(s, 1)->refs_known = false;
	strcpy(scan_pgmap(s, 1)->owner, "owner");
	add_pgmap(s, "0000:00:04.0", "", P2PDMA, 0x300000, 0x100, 0x101);
	scan_pgmap(s, 2)->vanished = true;
	add_pgmap(s, "", "x", 9, 0x400000, 3, 4);
	scan_pgmap(s, 3)->partly = true;
	v = finish(s, &all);
	v.interrupted = true;
	expect_text(
		&v, HEAD
		"! pmem0        fs-dax     nd_pmem          512M         0         0        0     131075           2  "
		"not all of it was looked at\n"
		"! dax0.0       generic    device_dax       256M         0         0        0          -           -  "
		"not all of it was looked at\n"
		"  0000:00:04.0 pci-p2pdma -                  1M         0         0        0          -           -  "
		"went while it was looked at\n"
		"  -            ?          x                 12K         0         0        0          4           0  "
		"not all of it was looked at\n"
		"\ninterrupted: this is not all\n"
		"\n0 folios in use; 0 waits\n");
	scan_free(s);
}

static void test_legacy(void **state)
{
	struct scan_view v = finish(one_look(&all), &all);
	struct capture c;

	(void)state;
	v.regime = REGIME_LEGACY;
	view_scan_text(capture_start(&c), &v);
	assert_non_null(
		strstr(capture_text(&c),
		       "kernel 7.2.12, regime legacy\n"
		       "an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
		       "and a mapping takes no reference\n\n  DEVICE"));
	capture_end(&c);
	scan_free(v.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),	      cmocka_unit_test(test_holders_of_folios),
		cmocka_unit_test(test_verbose),	      cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_candidates),    cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_columns),	      cmocka_unit_test(test_wait),
		cmocka_unit_test(test_chain),	      cmocka_unit_test(test_wait_kinds),
		cmocka_unit_test(test_pgmap_remarks), cmocka_unit_test(test_no_device),
		cmocka_unit_test(test_legacy),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
