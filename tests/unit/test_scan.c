// SPDX-License-Identifier: GPL-2.0-only
/* test_scan.c - what follows from one look: runs, holders, what a filter leaves, shared files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "scan_fixture.h"

/* Equal neighbours are one run; another count, file offset or order begins a new one. */
static void test_runs(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio f[] = {
		FOLIO(PFN + 512, 1, 1, .order = 9),
		FOLIO(PFN, 1, 1),
		FOLIO(PFN + 1, 1, 1),
		FOLIO(PFN + 2, 2, 1),
		FOLIO(PFN + 3, 1, 1),
		FOLIO(PFN + 4, 1, 1, .index = 77),
		FOLIO(PFN + 6, 1, 1),
		FOLIO(PFN + 7, 1, 1, .mapping = MAPPING + 8),
		FOLIO(PFN + 8, 1, 0, .mapping = 0, .share = 2),
		FOLIO(PFN + 9, 1, 0, .mapping = 0, .share = 3),
		FOLIO(PFN + 10, 1, 1, .mapping = 0, .share = 3),
	};

	(void)state;
	walked(&x, f, 11);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*2 @0 1/1/0 gets 0 unknown 0:\n"
			 "2*1 @2 2/1/0 gets 1 unknown 1:\n"
			 "3*1 @3 1/1/0 gets 0 unknown 0:\n"
			 "4*1 @77 1/1/0 gets 0 unknown 0:\n"
			 "6*1 @6 1/1/0 gets 0 unknown 0:\n"
			 "7*1 @7 1/1/0 gets 0 unknown 0:\n"
			 "8*1 @8 1/0/0 gets 1 unknown 1:\n"
			 "9*1 @9 1/0/0 gets 1 unknown 1:\n"
			 "10*1 @10 1/1/0 gets 0 unknown 0:\n"
			 "512*1 @512 1/1/0 gets 0 unknown 0:\n");
	assert_int_equal(scan_nr_files(x.s), 2);
	assert_int_equal(scan_file(x.s, 1)->pages, 6 + 512);
	assert_int_equal(scan_file(x.s, 1)->last, 1023);
	assert_int_equal(scan_pgmap(x.s, 0)->in_use_pages, 10 + 512);
	scan_free(x.s);
}

/* refcount = idle + mappings + pins + others, by type and regime. */
static void test_counts(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio fs[] = {
		FOLIO(PFN, 1025, 1), /* mapped, pinned once */
		FOLIO(PFN + 2, 2049, 1500), /* mapped 1500 times: 549 others, no pin */
		FOLIO(PFN + 4, 0, 2), /* fewer references than mappings */
		FOLIO(PFN + 512, 515, 1, .order = 9, .pincount = 512), /* two others */
	};
	const struct dx_folio dev[] = { FOLIO(PFN, 2, 1), FOLIO(PFN + 2, 3, 1),
					FOLIO(PFN + 4, 0, 0) };
	const struct dx_folio old[] = { FOLIO(PFN, 2, 0), FOLIO(PFN + 2, 1025, 0),
					FOLIO(PFN + 4, 2, 1) };

	(void)state;
	walked(&x, fs, 4);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 1025/1/1 gets 0 unknown 1:\n"
			 "2*1 @2 2049/1500/0 gets 549 unknown 549:\n"
			 "4*1 @4 0/2/0 gets 0 unknown 0 overput:\n"
			 "512*1 @512 515/1/512 gets 2 unknown 514:\n");
	scan_free(x.s);
	x = begin(GENERIC);
	walked(&x, dev, 3);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 2/1/0 gets 0 unknown 0:\n"
			 "2*1 @2 3/1/0 gets 1 unknown 1:\n"
			 "4*1 @4 0/0/0 gets 0 unknown 0 overput:\n");
	scan_free(x.s);
	x = begin_with(FS_DAX, NULL, true);
	walked(&x, old, 3);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 2/0/0 gets 1 unknown 1:\n"
			 "2*1 @2 1025/0/1 gets 0 unknown 1:\n"
			 "4*1 @4 2/1/0 gets 1 unknown 1:\n");
	scan_free(x.s);
}

/* Runs are cut where a holder's pages begin and end; what was found explains the counts. */
static void test_holders(void **state)
{
	struct fixture x = begin(FS_DAX);
	struct dx_folio f[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		f[i] = FOLIO(PFN + i, 2, 1);
	walked(&x, f, 8);
	hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_MAPPING,
				       .certain = true,
				       .pfn = PFN,
				       .nr = 8,
				       .tgid = 7,
				       .addr = 0x10000,
				       .fd = -1 });
	/* three buffers of a pipe, told one by one, in two descriptors and two processes */
	for (int fd = 3; fd < 5; fd++)
		for (uint32_t tgid = 7; tgid < 9; tgid++)
			for (int i = 2; i < 5; i++)
				hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_PIPE,
							       .certain = true,
							       .pfn = PFN + i,
							       .nr = 1,
							       .refs = 1,
							       .tgid = tgid,
							       .fd = fd,
							       .object = 0xabc,
							       .id = 99 });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*2 @0 2/1/0 gets 1 unknown 1: mapping/7\n"
			 "2*3 @2 2/1/0 gets 1 unknown 0: pipe/8 pipe/7 mapping/7\n"
			 "5*3 @5 2/1/0 gets 1 unknown 1: mapping/7\n");
	assert_int_equal(scan_nr_holders(x.s), 3);
	scan_free(x.s);
}

/* A holder of pages that are not listed, between two runs that are. */
static void test_between(void **state)
{
	struct fixture x = begin(FS_DAX);

	(void)state;
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 1, 0), FOLIO(PFN + 10, 1, 0) }, 2);
	hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_PIPE,
				       .certain = true,
				       .pfn = PFN + 5,
				       .nr = 2,
				       .refs = 1,
				       .tgid = 7,
				       .fd = 3,
				       .object = 0xabc });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 1/0/0 gets 1 unknown 1:\n"
			 "10*1 @10 1/0/0 gets 1 unknown 1:\n");
	scan_free(x.s);
}

/* The same page twice in a pipe is two references; in another pipe one more. */
static void test_same_page(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio f[] = { FOLIO(PFN, 3, 0) };

	(void)state;
	walked(&x, f, 1);
	for (int i = 0; i < 3; i++)
		hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_PIPE,
					       .certain = true,
					       .pfn = PFN,
					       .nr = 1,
					       .refs = 1,
					       .tgid = 7,
					       .fd = i == 2 ? 9 : 3,
					       .object = i == 2 ? 0xdef : 0xabc,
					       .id = i == 2 });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 3/0/0 gets 3 unknown 0: pipe/7 pipe/7\n");
	scan_free(x.s);
}

/* Of a large folio refs is the folio's, and records of parts of it add up. */
static void test_large(void **state)
{
	struct fixture x = begin(GENERIC);
	const struct dx_folio f[] = {
		FOLIO(PFN, 4, 1, .order = 9, .pincount = 2),
		FOLIO(PFN + 512, 4, 1, .order = 9, .pincount = 2),
		FOLIO(PFN + 1024, 4, 1, .order = 9, .pincount = 2),
	};

	(void)state;
	walked(&x, f, 3);
	for (int i = 0; i < 2; i++)
		hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_URING,
					       .certain = true,
					       .pin = true,
					       .pfn = PFN + 600 + i,
					       .nr = 1,
					       .refs = 1,
					       .tgid = 7,
					       .fd = 3,
					       .object = 0xabc,
					       .id = 0 });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 4/1/2 gets 0 unknown 2:\n"
			 "512*1 @512 4/1/2 gets 0 unknown 0: io_uring/7 io_uring/7\n"
			 "1024*1 @1024 4/1/2 gets 0 unknown 2:\n");
	scan_free(x.s);
}

/* One buffer in two places of a ring, or in two rings, is one pin. */
static void test_cloned_buffer(void **state)
{
	struct fixture x = begin(GENERIC);

	(void)state;
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 1 + 2 * 1024, 0) }, 1);
	for (int i = 0; i < 3; i++)
		hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_URING,
					       .certain = true,
					       .pin = true,
					       .pfn = PFN,
					       .nr = 1,
					       .refs = 1,
					       .tgid = 7,
					       .fd = i == 2 ? 5 : 3,
					       .object = 0xabc,
					       .id = i });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 2049/0/2 gets 0 unknown 1: io_uring/7 io_uring/7\n");
	scan_free(x.s);
}

/* Who was not found in an object is named only where something is unexplained. */
static void test_candidates(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio f[] = { FOLIO(PFN, 1, 1), FOLIO(PFN + 2, 1025, 1),
				      FOLIO(PFN + 9, 1025, 1) };

	(void)state;
	walked(&x, f, 3);
	hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_AIO,
				       .file = 1,
				       .pgmap = -1,
				       .first = 0,
				       .last = 5,
				       .tgid = 7,
				       .fd = -1 });
	hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_VFIO, .pgmap = 1, .tgid = 8, .fd = 4 });
	hold(&x, (struct scan_holder){ .kind = SCAN_HOLD_OPEN, .pgmap = 0, .tgid = 9, .fd = 4 });
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 1/1/0 gets 0 unknown 0:\n"
			 "2*1 @2 1025/1/1 gets 0 unknown 1: aio?/7\n"
			 "9*1 @9 1025/1/1 gets 0 unknown 1:\n");
	scan_free(x.s);
}

/* ---- filters ---- */

static void test_filters(void **state)
{
	const struct {
		struct scan_filter filter;
		const char *runs;
	} cases[] = {
		{ { .pinned = true },
		  "1*1 @1 1025/1/1 gets 0 unknown 1:\n2*1 @2 2/1/0 gets 1 unknown 1:\n" },
		{ { .min_refs = 2 },
		  "1*1 @1 1025/1/1 gets 0 unknown 1:\n2*1 @2 2/1/0 gets 1 unknown 1:\n" },
		{ { .pfn_first = PFN + 2, .pfn_last = PFN + 3 },
		  "2*1 @2 2/1/0 gets 1 unknown 1:\n3*1 @3 1/1/0 gets 0 unknown 0:\n" },
		{ { .dev = DEV, .ino = 13 }, "3*1 @3 1/1/0 gets 0 unknown 0:\n" },
		{ { .dev = DEV + 1 }, "" },
	};
	const struct dx_folio device[] = { FOLIO(PFN, 2, 1), FOLIO(PFN + 1, 3, 1) };
	const struct dx_folio f[] = { FOLIO(PFN, 1, 1), FOLIO(PFN + 1, 1025, 1), FOLIO(PFN + 2, 2, 1),
				      FOLIO(PFN + 3, 1, 1, .ino = 13, .mapping = MAPPING + 8) };
	uint64_t first = PFN, last = PFN + 100;
	struct scan_pgmap other = { .nr_range = 1, .range = { { 5, 5 } }, .device = "pmem1" };
	struct fixture x;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		x = begin_with(FS_DAX, &cases[i].filter, false);
		walked(&x, f, 4);
		assert_int_equal(scan_finish(x.s), 0);
		assert_runs(x.s, cases[i].runs);
		/* sums are of all */
		assert_int_equal(scan_pgmap(x.s, 0)->in_use, 4);
		scan_free(x.s);
	}
	/* references beyond the idle one */
	x = begin_with(GENERIC, &cases[1].filter, false);
	walked(&x, device, 2);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "1*1 @1 3/1/0 gets 1 unknown 1:\n");
	scan_free(x.s);
	x = begin_with(FS_DAX, &cases[2].filter, false);
	scan_clip(x.s, &first, &last);
	assert_int_equal(first, PFN + 2);
	assert_int_equal(last, PFN + 3);
	assert_true(scan_wants(x.s, scan_pgmap(x.s, 0)));
	assert_false(scan_wants(x.s, &other));
	scan_free(x.s);
	x = begin_with(FS_DAX, &(struct scan_filter){ .device = "pmem1" }, false);
	assert_false(scan_wants(x.s, scan_pgmap(x.s, 0)));
	assert_true(scan_wants(x.s, &other));
	scan_free(x.s);
}

static int pick(void *arg, uint64_t pfn, uint64_t *index)
{
	(void)arg;
	*index = pfn - PFN + 100;
	return pfn == PFN ? 0 : pfn == PFN + 3 ? 2 : 1;
}

/* Pages that files share have no file: whose they are is asked. */
static void test_shared(void **state)
{
	const struct scan_filter filter = { .dev = DEV, .ino = 12, .mapping = MAPPING };
	struct scan_mount m = { .dev = DEV, .point = "/mnt/a", .device = "pmem0" };
	struct fixture x = begin_with(FS_DAX, &filter, false);
	struct dx_folio f[5];

	(void)state;
	for (int i = 0; i < 4; i++)
		f[i] = FOLIO(PFN + i, 1, 0, .mapping = 0, .ino = 0, .dev = 0, .index = 0, .share = 2);
	f[4] = FOLIO(PFN + 9, 1, 1);
	walked(&x, f, 5);
	assert_int_equal(scan_nr_folios(x.s), 1); /* of another filesystem, for all that is known */
	scan_free(x.s);
	x = begin_with(FS_DAX, &filter, false);
	assert_int_equal(scan_add_mount(x.s, &m), 0);
	walked(&x, f, 5);
	assert_int_equal(scan_pick_shared(x.s, pick, NULL), 0);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "1*2 @101 1/0/0 gets 1 unknown 1:\n"
			 "3*1 @103 1/0/0 gets 1 unknown 1:\n"
			 "9*1 @9 1/1/0 gets 0 unknown 0:\n");
	assert_int_equal(scan_folio(x.s, 0)->file, scan_folio(x.s, 2)->file);
	assert_int_equal(scan_folio(x.s, 1)->file, 0);
	scan_free(x.s);
}

/* Hundreds that could be it are counted. */
static void test_many_candidates(void **state)
{
	struct fixture x = begin(GENERIC);

	(void)state;
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 4, 1) }, 1);
	for (uint32_t i = 1; i <= 40; i++)
		hold(&x,
		     (struct scan_holder){ .kind = SCAN_HOLD_VFIO, .pgmap = 0, .tgid = i, .fd = 1 });
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_folio(x.s, 0)->nr_holders, 32);
	assert_int_equal(scan_folio(x.s, 0)->left_out, 8);
	scan_free(x.s);
}

/* Many files: the table grows and finds each again. */
static void test_many_files(void **state)
{
	struct fixture x = begin(FS_DAX);

	(void)state;
	for (uint64_t round = 0; round < 2; round++)
		for (uint64_t i = 1; i <= 5000; i++)
			assert_int_equal(scan_file_id(x.s, i << 6, DEV, i, 0), i);
	assert_int_equal(scan_nr_files(x.s), 5000);
	/* the address is another inode's by now; without a number it may be either */
	assert_int_equal(scan_file_id(x.s, 1 << 6, DEV, 77, 0), 5001);
	assert_int_equal(scan_file_id(x.s, 1 << 6, DEV, 1, 0), 1);
	assert_int_equal(scan_file_id(x.s, 1 << 6, 0, 0, 0), 1);
	assert_int_equal(scan_file_path(x.s, 5000, "/a", true, false), 0);
	assert_string_equal(scan_file(x.s, 5000)->path, "/a");
	assert_null(scan_file(x.s, 0));
	assert_null(scan_file(x.s, 5002));
	assert_int_equal(scan_add_gap(x.s, "pipes: %s", "no"), 0);
	assert_int_equal(scan_add_gap(x.s, "pipes: no"), 0);
	assert_int_equal(scan_nr_gaps(x.s), 1);
	scan_free(x.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_same_page),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_cloned_buffer),
		cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_many_candidates),
		cmocka_unit_test(test_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
