// SPDX-License-Identifier: GPL-2.0-only
/* test_scan.c - what follows from one look: runs, holders, waits, verdicts, changes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "../../src/scan/scan.h"

/* a test overrides what its macro gives */
#pragma GCC diagnostic ignored "-Woverride-init"

#define FS_DAX	3
#define GENERIC 4
#define PRIVATE 1
#define PFN	0x100000ull
#define DEV	(259u << 20 | 2)
#define MAPPING 0xffff888000001000ull

/* One pgmap of 1M pages at PFN; idle is what the walk was told. */
struct fixture {
	struct scan *s;
	int pgmap;
	int32_t idle;
};

static struct fixture begin_with(uint8_t type, const struct scan_filter *filter, bool legacy)
{
	struct fixture x = { .s = scan_new(filter, legacy),
			     .idle = type == GENERIC || (legacy && type == FS_DAX) };
	struct scan_pgmap p = { .pgmap = 0xffff888100000000ull,
				.type = type,
				.nr_range = 1,
				.range = { { PFN, 1 << 20 } },
				.devdax = type == GENERIC,
				.refs_known = true,
				.refs = 1 + (1 << 20),
				.refs_base = 1 + (1 << 20) };

	assert_non_null(x.s);
	strcpy(p.device, type == GENERIC ? "dax0.0" : "pmem0");
	x.pgmap = scan_add_pgmap(x.s, &p);
	assert_int_equal(x.pgmap, 0);
	return x;
}

static struct fixture begin(uint8_t type)
{
	return begin_with(type, NULL, false);
}

/* A folio of the file, at the offset that its pfn has from PFN. */
#define FOLIO(pfn_, ref, map, ...)               \
	((struct dx_folio){ .pfn = pfn_,         \
			    .refcount = ref,     \
			    .mapcount = map,     \
			    .mapping = MAPPING,  \
			    .ino = 12,           \
			    .dev = DEV,          \
			    .index = (pfn_)-PFN, \
			    ##__VA_ARGS__ })

static void walked(struct fixture *x, const struct dx_folio *f, uint32_t n)
{
	struct dx_walk_args piece = { .idle = x->idle, .found = n, .steps = 1000, .in_use = n };

	assert_int_equal(scan_walked(x->s, x->pgmap, &piece, f), 0);
}

static void hold(struct fixture *x, struct scan_holder h)
{
	if (!h.comm[0])
		strcpy(h.comm, "app");
	assert_int_equal(scan_add_holder(x->s, &h), 0);
}

/* Who holds, as "kind tgid refs pages"; '?' a candidate. */
static int holder_text(const struct scan_holder *h, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), " %s%s/%u", scan_hold_name(h->kind), h->certain ? "" : "?",
		h->tgid);
	return 0;
}

/* "pfn*nr o ref/map/pin gets unknown: holders" a run. */
static void assert_runs(const struct scan *s, const char *expected)
{
	char text[4096] = "";

	for (size_t i = 0; i < scan_nr_folios(s); i++) {
		const struct scan_folio *f = scan_folio(s, i);

		sprintf(text + strlen(text), "%llu*%llu @%llu %d/%d/%d gets %d unknown %d%s%s:",
			(unsigned long long)(f->pfn - PFN), (unsigned long long)f->nr,
			(unsigned long long)f->index, f->refcount, f->mapcount, f->pincount, f->gets,
			f->unknown, f->overput ? " overput" : "", f->nr_waits ? " waited" : "");
		scan_folio_holders(s, i, holder_text, text);
		strcat(text, "\n");
	}
	assert_string_equal(text, expected);
}

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

static int folio_text(size_t folio, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%zu ", folio);
	return 0;
}

static void test_waits(void **state)
{
	struct fixture x = begin(FS_DAX);
	const struct dx_folio f[] = { FOLIO(PFN, 1024, 0), FOLIO(PFN + 1, 1024, 0),
				      FOLIO(PFN + 2, 1024, 0) };
	struct scan_wait w = {
		.kind = SCAN_WAIT_BREAK, .state = 'S', .tgid = 5, .pid = 5, .pgmap = -1, .pfn = PFN + 1
	};
	char text[64] = "";

	(void)state;
	walked(&x, f, 3);
	assert_int_equal(scan_add_wait(x.s, &w), 0);
	w = (struct scan_wait){
		.kind = SCAN_WAIT_MEMUNMAP, .state = 'D', .tgid = 6, .pid = 6, .pgmap = 0
	};
	assert_int_equal(scan_add_wait(x.s, &w), 0);
	assert_int_equal(scan_finish(x.s), 0);
	assert_runs(x.s, "0*1 @0 1024/0/1 gets 0 unknown 1:\n"
			 "1*1 @1 1024/0/1 gets 0 unknown 1 waited:\n"
			 "2*1 @2 1024/0/1 gets 0 unknown 1:\n");
	assert_int_equal(scan_wait(x.s, 0)->file, 1);
	assert_int_equal(scan_wait(x.s, 0)->index, 1);
	assert_int_equal(scan_wait(x.s, 0)->pgmap, 0);
	scan_wait_folios(x.s, 0, folio_text, text);
	assert_string_equal(text, "1 ");
	scan_wait_folios(x.s, 1, folio_text, text);
	assert_string_equal(text, "1 0 1 2 ");
	scan_free(x.s);
}

static void add_lock(struct fixture *x, enum scan_wait_kind kind, uint32_t pid, uint32_t owner,
		     bool read)
{
	const struct scan_wait w = { .kind = kind,
				     .tgid = pid / 10,
				     .pid = pid,
				     .pgmap = -1,
				     .owner_pid = owner,
				     .read_owned = read,
				     .mm_tgid = pid / 10 };

	assert_int_equal(scan_add_wait(x->s, &w), 0);
}

/* Who reads a lock is the one that waits for an entry in the same process; a circle has an end, too. */
static void test_chains(void **state)
{
	struct fixture x = begin(FS_DAX);

	(void)state;
	add_lock(&x, SCAN_WAIT_ENTRY, 11, 0, false);
	add_lock(&x, SCAN_WAIT_VMA, 12, 0, true);
	add_lock(&x, SCAN_WAIT_MMAP, 13, 12, false);
	add_lock(&x, SCAN_WAIT_VMA, 22, 0, true); /* another process */
	add_lock(&x, SCAN_WAIT_LOCK, 31, 32, false);
	add_lock(&x, SCAN_WAIT_LOCK, 32, 31, false);
	add_lock(&x, SCAN_WAIT_MMAP, 14, 0, false); /* a writer that can't be read is not guessed */
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_wait(x.s, 0)->next, -1);
	assert_int_equal(scan_wait(x.s, 0)->behind, 2);
	assert_int_equal(scan_wait(x.s, 1)->next, 0);
	assert_true(scan_wait(x.s, 1)->inferred);
	assert_int_equal(scan_wait(x.s, 2)->next, 1);
	assert_false(scan_wait(x.s, 2)->inferred);
	assert_int_equal(scan_wait_root(x.s, 2), 0);
	assert_int_equal(scan_wait(x.s, 3)->next, -1);
	assert_false(scan_wait(x.s, 3)->inferred);
	assert_true(scan_wait_root(x.s, 4) == 4 || scan_wait_root(x.s, 4) == 5);
	assert_int_equal(scan_wait(x.s, 6)->next, -1);
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

/* ---- verdicts ---- */

static struct scan_verdict verdict(struct fixture *x)
{
	struct scan_verdict v;

	assert_int_equal(scan_finish(x->s), 0);
	scan_verdict(x->s, x->pgmap, &v);
	scan_free(x->s);
	return v;
}

static void test_verdict_fs(void **state)
{
	const struct dx_folio mapped[] = { FOLIO(PFN, 1, 1) },
			      pinned[] = { FOLIO(PFN, 1025, 1), FOLIO(PFN + 1, 2, 1) };
	struct scan_mount m = { .dev = DEV, .point = "/mnt/a", .device = "pmem0" };
	struct fixture x = begin(FS_DAX);
	struct scan_verdict v;

	(void)state;
	walked(&x, NULL, 0);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_FREE);

	x = begin(FS_DAX); /* nothing was walked */
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);

	x = begin(FS_DAX);
	walked(&x, mapped, 1);
	scan_add_mount(x.s, &m);
	assert_int_equal(scan_finish(x.s), 0);
	scan_verdict(x.s, 0, &v);
	assert_int_equal(v.what, SCAN_UNBIND_MOUNTED);
	assert_string_equal(v.mount, "/mnt/a");
	scan_free(x.s);

	x = begin(FS_DAX);
	walked(&x, pinned, 2);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.nr, 2);
	assert_int_equal(v.refs, 0);

	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->refs += 3;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.refs, 3);
	assert_false(v.under_way);

	/* memunmap_pages() has put its own: all that is left is somebody's */
	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->dying = true;
	scan_pgmap(x.s, 0)->refs = 2;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.refs, 2);
	assert_true(v.under_way);

	/* up to 6.14 nothing waits for a pin */
	x = begin_with(FS_DAX, NULL, true);
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 2049, 0) }, 1);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 2);
}

static void test_verdict_device(void **state)
{
	const struct dx_folio mapped[] = { FOLIO(PFN, 2, 1) },
			      pinned[] = { FOLIO(PFN, 1026, 1), FOLIO(PFN + 1, 4, 1),
					   FOLIO(PFN + 2, 4, 1) };
	struct scan_holder h = { .kind = SCAN_HOLD_MAPPING,
				 .certain = true,
				 .pfn = PFN,
				 .nr = 1,
				 .tgid = 7,
				 .fd = -1,
				 .addr = 0x1000 };
	struct fixture x = begin(GENERIC);
	struct scan_verdict v;

	(void)state;
	walked(&x, mapped, 1);
	hold(&x, h);
	h.addr = 0x5000;
	hold(&x, h);
	h.tgid = 8;
	hold(&x, h);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_SIGBUS);
	assert_int_equal(v.nr, 2);

	x = begin(GENERIC);
	walked(&x, pinned, 3);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 5); /* the last two are one run */
	assert_int_equal(v.folios, 3);

	x = begin(PRIVATE);
	scan_pgmap(x.s, 0)->refs = 4;
	scan_pgmap(x.s, 0)->refs_base = 1;
	walked(&x,
	       (const struct dx_folio[]){ FOLIO(PFN, 1, 1), FOLIO(PFN + 1, 1, 0),
					  FOLIO(PFN + 2, 1, 0) },
	       3);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_HANGS);
	assert_int_equal(v.nr, 3);
	assert_int_equal(v.refs, 0);
}

/* What is not seen to be idle is not called so. */
static void test_verdict_unsure(void **state)
{
	struct scan_holder h = { .kind = SCAN_HOLD_OPEN, .pgmap = 0, .tgid = 7, .fd = 3 };
	struct fixture x = begin(FS_DAX);
	struct scan_verdict v;

	(void)state;
	/* swap, a program */
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->openers = 1;
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_OPEN);
	/* the mappings could not be read, or whether it is open is not known */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	scan_set_unsure(x.s);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	/* somebody maps it who was not found */
	x = begin(GENERIC);
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 2, 1) }, 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->partly = true;
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	hold(&x, h);
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_FREE);
	assert_int_equal(v.openers, 1);
}

/* A device may have several pgmaps, and is unbound with all of them. */
static void test_verdict_pgmaps(void **state)
{
	struct scan_pgmap other = {
		.pgmap = 0xffff888100000100ull, .type = GENERIC, .devdax = true, .nr_range = 1
	};
	struct fixture x = begin(GENERIC);
	struct dx_folio pinned = FOLIO(PFN + (1 << 21), 4, 1);
	struct scan_verdict v;

	(void)state;
	other.range[0] = (struct dx_range){ PFN + (1 << 21), 512 };
	strcpy(other.device, "dax0.0");
	walked(&x, NULL, 0);
	/* not looked at */
	assert_int_equal(scan_add_pgmap(x.s, &other), 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_UNKNOWN);
	/* another device's */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	strcpy(other.device, "dax0.1");
	assert_int_equal(scan_add_pgmap(x.s, &other), 1);
	assert_int_equal(verdict(&x).what, SCAN_UNBIND_FREE);
	/* held */
	x = begin(GENERIC);
	walked(&x, NULL, 0);
	strcpy(other.device, "dax0.0");
	x.pgmap = scan_add_pgmap(x.s, &other);
	walked(&x, &pinned, 1);
	x.pgmap = 0;
	v = verdict(&x);
	assert_int_equal(v.what, SCAN_UNBIND_PULLS);
	assert_int_equal(v.nr, 2);
	assert_int_equal(v.folios, 1);
}

/* References of a pgmap are only claimed when what explains them was looked at, and at every look. */
static void test_pgmap_refs(void **state)
{
	struct fixture x = begin(PRIVATE), y;
	uint64_t first, last;

	(void)state;
	walked(&x, (const struct dx_folio[]){ FOLIO(PFN, 1, 1) }, 1);
	scan_pgmap(x.s, 0)->refs = 10;
	scan_pgmap(x.s, 0)->refs_base = 1;
	scan_pgmap(x.s, 0)->partly = true;
	assert_int_equal(scan_finish(x.s), 0);
	assert_false(scan_pgmap(x.s, 0)->refs_known);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 0);
	scan_free(x.s);
	/* two of three were gone at the next look */
	x = begin(FS_DAX);
	y = begin(FS_DAX);
	walked(&x, NULL, 0);
	walked(&y, NULL, 0);
	scan_pgmap(x.s, 0)->refs += 3;
	scan_pgmap(y.s, 0)->refs += 1;
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_finish(y.s), 0);
	assert_true(scan_unexplained(x.s, &first, &last));
	assert_int_equal(first, PFN);
	assert_int_equal(last, PFN + (1 << 20) - 1);
	assert_int_equal(scan_confirm(x.s, y.s), 0);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 1);
	scan_free(x.s);
	scan_free(y.s);
	/* put between the look at the references and that at the folios */
	x = begin(FS_DAX);
	walked(&x, NULL, 0);
	scan_pgmap(x.s, 0)->refs -= 1;
	assert_int_equal(scan_finish(x.s), 0);
	assert_int_equal(scan_pgmap(x.s, 0)->unexplained, 0);
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

/* ---- changes ---- */

static int change_text(const struct scan_change *c, void *arg)
{
	char *text = arg;

	sprintf(text + strlen(text), "%llu %d>%d\n",
		(unsigned long long)((c->after ? c->after : c->before)->pfn - PFN),
		c->before ? c->before->refcount : -1, c->after ? c->after->refcount : -1);
	return 0;
}

static void test_changes(void **state)
{
	struct fixture a = begin(FS_DAX), b = begin(FS_DAX);
	const struct dx_folio before[] = {
		FOLIO(PFN, 1, 1),      FOLIO(PFN + 1, 1, 1),
		FOLIO(PFN + 2, 1, 1),  FOLIO(PFN + 5, 1, 1),
		FOLIO(PFN + 6, 1, 1),  FOLIO(PFN + 7, 1, 1, .mapping = 0, .share = 2),
		FOLIO(PFN + 512, 1, 1)
	};
	const struct dx_folio after[] = { FOLIO(PFN + 1, 1025, 1),
					  FOLIO(PFN + 2, 1, 1),
					  FOLIO(PFN + 3, 1, 1),
					  FOLIO(PFN + 5, 1, 1, .index = 9),
					  FOLIO(PFN + 6, 1, 1, .mapping = MAPPING + 8),
					  FOLIO(PFN + 7, 1, 1, .mapping = 0, .share = 3),
					  FOLIO(PFN + 512, 1, 1, .order = 9) };
	char text[256] = "";

	(void)state;
	walked(&a, before, 7);
	walked(&b, after, 7);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_int_equal(scan_changes(a.s, b.s, change_text, text), 0);
	assert_string_equal(text,
			    "0 1>-1\n1 1>1025\n3 -1>1\n5 1>1\n6 1>1\n7 1>1\n512 1>-1\n512 -1>1\n");
	text[0] = 0;
	assert_int_equal(scan_changes(b.s, b.s, change_text, text), 0);
	assert_string_equal(text, "");
	scan_free(a.s);
	scan_free(b.s);
}

/* What is unexplained at one look only is in motion; what is so at each is claimed. */
static void test_confirm(void **state)
{
	struct fixture a = begin(FS_DAX), b = begin(FS_DAX);
	const struct dx_folio first[] = { FOLIO(PFN, 1025, 1),	FOLIO(PFN + 2, 1, 0),
					  FOLIO(PFN + 3, 1, 0), FOLIO(PFN + 5, 0, 1),
					  FOLIO(PFN + 7, 0, 1), FOLIO(PFN + 9, 1, 1) };
	const struct dx_folio second[] = { FOLIO(PFN, 1, 1), FOLIO(PFN + 3, 1, 0),
					   FOLIO(PFN + 5, 1, 1), FOLIO(PFN + 7, 0, 1) };
	uint64_t from = 0, to = 0;

	(void)state;
	walked(&a, first, 6);
	walked(&b, second, 4);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_true(scan_unexplained(a.s, &from, &to));
	assert_int_equal(from, PFN);
	assert_int_equal(to, PFN + 7);
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_runs(a.s, "0*1 @0 1025/1/1 gets 0 unknown 0:\n"
			 "2*1 @2 1/0/0 gets 1 unknown 0:\n"
			 "3*1 @3 1/0/0 gets 1 unknown 1:\n"
			 "5*1 @5 0/1/0 gets 0 unknown 0:\n"
			 "7*1 @7 0/1/0 gets 0 unknown 0 overput:\n"
			 "9*1 @9 1/1/0 gets 0 unknown 0:\n");
	assert_true(scan_folio(a.s, 0)->moving);
	assert_true(scan_folio(a.s, 1)->moving);
	assert_false(scan_folio(a.s, 2)->moving);
	assert_true(scan_folio(a.s, 3)->moving);
	assert_false(scan_folio(a.s, 4)->moving);
	/* a look that found nothing there */
	scan_free(b.s);
	b = begin(FS_DAX);
	assert_int_equal(scan_finish(b.s), 0);
	assert_false(scan_unexplained(b.s, &from, &to));
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_false(scan_unexplained(a.s, &from, &to));
	scan_free(a.s);
	scan_free(b.s);
}

/* Of a long run, some are what they were; each piece keeps the run's holders. */
static void test_confirm_run(void **state)
{
	struct fixture a = begin(GENERIC), b = begin(GENERIC);
	struct dx_folio f[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		f[i] = FOLIO(PFN + 512 * i, 4, 0, .order = 9, .pincount = 2);
	walked(&a, f, 8);
	hold(&a, (struct scan_holder){ .kind = SCAN_HOLD_URING,
				       .certain = true,
				       .pin = true,
				       .pfn = PFN,
				       .nr = 1,
				       .refs = 1,
				       .tgid = 7,
				       .fd = 3,
				       .object = 0xabc });
	for (int i = 2; i < 5; i++)
		f[i] = FOLIO(PFN + 512 * i, 3, 0, .order = 9, .pincount = 1);
	walked(&b, &f[1], 5);
	assert_int_equal(scan_finish(a.s), 0);
	assert_int_equal(scan_finish(b.s), 0);
	assert_int_equal(scan_confirm(a.s, b.s), 0);
	assert_runs(a.s, "0*1 @0 4/0/2 gets 1 unknown 0: io_uring/7\n"
			 "512*1 @512 4/0/2 gets 1 unknown 3:\n"
			 "1024*3 @1024 4/0/2 gets 1 unknown 2:\n"
			 "2560*1 @2560 4/0/2 gets 1 unknown 3:\n"
			 "3072*2 @3072 4/0/2 gets 1 unknown 0:\n");
	scan_free(a.s);
	scan_free(b.s);
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
		cmocka_unit_test(test_runs),	       cmocka_unit_test(test_counts),
		cmocka_unit_test(test_holders),	       cmocka_unit_test(test_between),
		cmocka_unit_test(test_same_page),      cmocka_unit_test(test_cloned_buffer),
		cmocka_unit_test(test_large),	       cmocka_unit_test(test_candidates),
		cmocka_unit_test(test_waits),	       cmocka_unit_test(test_chains),
		cmocka_unit_test(test_filters),	       cmocka_unit_test(test_verdict_fs),
		cmocka_unit_test(test_verdict_device), cmocka_unit_test(test_verdict_unsure),
		cmocka_unit_test(test_verdict_pgmaps), cmocka_unit_test(test_pgmap_refs),
		cmocka_unit_test(test_shared),	       cmocka_unit_test(test_many_candidates),
		cmocka_unit_test(test_changes),	       cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_confirm_run),    cmocka_unit_test(test_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
