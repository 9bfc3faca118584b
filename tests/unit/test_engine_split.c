// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_split.c - folios of orders 0, 9 and 18 that merge and split; the table. */
#include "test_engine.h"

#define HUGE (PFN + 512) /* 2M-aligned */

static void push_huge_fault(struct engine *e, uint64_t time, uint64_t pfn)
{
	push(e, DX_FAULT, time, pfn, .flags = DX_F_INSERT | DX_F_INSTALL, .order = 9,
	     .level = DX_PMD, .nr = 512, .ref_install = 1, .since = 2, .refcount = 1, .mapcount = 1,
	     .ret = VM_FAULT_NOPAGE, .dev = 1, .ino = 12, .index = 1024 + 77);
}

static void assert_orders(struct engine *e, uint64_t o0, uint64_t o9, uint64_t o18)
{
	struct engine_stats st = stats_of(e);

	assert_int_equal(st.folios[0], o0);
	assert_int_equal(st.folios[1], o9);
	assert_int_equal(st.folios[2], o18);
}

static void test_huge(void **state)
{
	struct engine *e = engine_plain();
	struct engine_folio f;

	(void)state;
	push_huge_fault(e, 100, HUGE);
	assert_orders(e, 0, 1, 0);
	assert_int_equal(stats_of(e).pmd_faults, 1);
	/* one mapping and one reference for the whole; by any page */
	f = folio_of(e, HUGE + 511);
	assert_int_equal(f.pfn, HUGE);
	assert_int_equal(f.order, 9);
	assert_int_equal(f.refcount, 1);
	assert_int_equal(f.mapcount, 1);
	/* the entry begins at its first page */
	assert_int_equal(f.index, 1024);
	assert_int_equal(engine_folio_find(e, 1, 12, NULL, 1535, &f), 0);
	assert_int_equal(f.pfn, HUGE);
	assert_int_equal(engine_folio_find(e, 1, 12, NULL, 1536, &f), -ENOENT);
	assert_int_equal(engine_folio_get(e, HUGE - 1, &f), -ENOENT);
	assert_int_equal(engine_folio_get(e, HUGE + 512, &f), -ENOENT);
	/* a large folio's pin is one reference and one in _pincount */
	push(e, DX_PIN, 200, HUGE, .order = 9, .refcount = 4, .mapcount = 1, .pincount = 3, .nr = 3);
	assert_counts(e, HUGE, 4, 1, 3);
	push(e, DX_UNPIN, 300, HUGE, .order = 9, .refcount = 4, .mapcount = 1, .pincount = 3,
	     .nr = 2);
	push(e, DX_UNMAP, 310, HUGE, .order = 9, .level = DX_PMD, .refcount = 2, .mapcount = 1,
	     .pincount = 1);
	push(e, DX_UNPIN, 320, HUGE, .order = 9, .refcount = 1, .pincount = 1);
	push(e, DX_FREE, 320, HUGE, .order = 9);
	push(e, DX_REMOVE, 330, HUGE, .order = 9, .dev = 1, .ino = 12, .index = 1024);
	assert_history(e, HUGE,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>4 m1 p3\n"
		       "unpin 4>2 m1 p1\n"
		       "unmap 2>2 m0 p1\n"
		       "zap-put? 2>1 m0 p1\n"
		       "unpin 1>0 m0 p0\n"
		       "free 0>0 m0 p0\n"
		       "remove 0>0 m0 p0\n"
		       "split? 0>0 m0 p0\n");
	assert_orders(e, 1, 0, 0);
	assert_int_equal(folio_of(e, HUGE).order, 0);
	assert_int_equal(engine_folio_get(e, HUGE + 1, &f), -ENOENT);
	engine_free(e);
}

/* PTEs of a large folio: a reference and a mapping each, unmapped in a batch. */
static void test_huge_by_pte(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_huge_fault(e, 100, HUGE);
	push(e, DX_FAULT, 200, HUGE, .flags = DX_F_INSTALL, .order = 9, .ref_install = 2,
	     .map_install = 1, .since = 2, .refcount = 2, .mapcount = 2);
	push(e, DX_UNMAP, 300, HUGE, .order = 9, .nr = 2, .refcount = 2, .mapcount = 2);
	push(e, DX_FREE, 310, HUGE, .order = 9);
	assert_history(e, HUGE,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "fault-ref? 1>2 m1 p0\n"
		       "install 2>3 m2 p0\n"
		       "fault-put? 3>2 m2 p0\n"
		       "fault 2>2 m2 p0\n"
		       "unmap 2>2 m0 p0\n"
		       "zap-put? 2>1 m0 p0\n"
		       "free 1>0 m0 p0\n");
	engine_free(e);
}

static void test_merge(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	for (int i = 0; i < 3; i++) {
		push(e, DX_INSERT, 100, HUGE + 7 * i, .dev = 1, .ino = 12, .index = 512 + 7 * i);
		push(e, DX_REMOVE, 110, HUGE + 7 * i);
	}
	push(e, DX_INSERT, 100, HUGE + 512, .dev = 1, .ino = 12, .index = 9);
	assert_orders(e, 4, 0, 0);
	push_huge_fault(e, 200, HUGE);
	assert_orders(e, 1, 1, 0);
	assert_int_equal(folio_of(e, HUGE + 7).pfn, HUGE);
	assert_int_equal(folio_of(e, HUGE + 512).pfn, HUGE + 512);
	/* the first page's own past stays in sight */
	assert_history(e, HUGE + 14,
		       "insert 0>0 m0 p0\n"
		       "remove 0>0 m0 p0\n"
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n");
	/* the others' comes back when the large one goes */
	push(e, DX_UNMAP, 300, HUGE, .order = 9, .level = DX_PMD, .refcount = 1, .mapcount = 1);
	push(e, DX_FREE, 310, HUGE, .order = 9);
	push(e, DX_REMOVE, 320, HUGE, .order = 9);
	assert_orders(e, 4, 0, 0);
	push(e, DX_INSERT, 400, HUGE + 7);
	assert_history(e, HUGE + 7, "insert 0>0 m0 p0\nremove 0>0 m0 p0\ninsert 0>0 m0 p0\n");
	engine_free(e);
}

/* A small page that is part of a large folio now can't have been busy: events were lost. */
static void test_merge_busy(void **state)
{
	struct engine *e = engine_plain();
	struct engine_stats st;

	(void)state;
	push_first_fault(e, 100, HUGE + 3);
	push(e, DX_PIN, 110, HUGE + 3, .refcount = 1025, .mapcount = 1);
	st = stats_of(e);
	assert_int_equal(st.mapped, 1);
	assert_int_equal(st.pinned, 1);
	push_huge_fault(e, 200, HUGE);
	st = stats_of(e);
	assert_int_equal(st.mapped, 1);
	assert_int_equal(st.pinned, 0);
	assert_holders(e, UINT64_MAX, "");
	push(e, DX_REMOVE, 300, HUGE, .order = 9, .refcount = 0);
	assert_history(e, HUGE + 3,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>1025 m1 p1\n"
		       "unknown? 1025>0 m0 p0\n");
	assert_int_equal(stats_of(e).mapped, 0);
	engine_free(e);
}

/* An order-0 event inside a known large folio, whose removal went unseen. */
static void test_unseen_split(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_huge_fault(e, 100, HUGE);
	push(e, DX_PIN, 110, HUGE, .order = 9, .refcount = 2, .mapcount = 1, .pincount = 1);
	put_lost(e, 0, DX_REMOVE, 1, 150);
	push_first_fault(e, 200, HUGE + 8);
	assert_orders(e, 2, 0, 0);
	assert_history(e, HUGE,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "pin 1>2 m1 p1\n"
		       "unknown? 2>0 m0 p0 !\n"
		       "split? 0>0 m0 p0 !\n");
	assert_false(folio_of(e, HUGE).mapped_entry);
	assert_holders(e, HUGE, "");
	assert_counts(e, HUGE + 8, 1, 1, 0);
	assert_int_equal(stats_of(e).mapped, 1);
	assert_int_equal(stats_of(e).pinned, 0);
	engine_free(e);
}

/* The same at the first page: the event's own sample follows the split. */
static void test_unseen_split_of_head(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_INSERT, 100, HUGE, .order = 9);
	push(e, DX_INSERT, 200, HUGE);
	assert_history(e, HUGE, "insert 0>0 m0 p0\nsplit? 0>0 m0 p0\ninsert 0>0 m0 p0\n");
	assert_orders(e, 1, 0, 0);
	engine_free(e);
}

/* PUDs of device-dax: 1G, its idle count is 1, it stays whole. */
static void test_pud(void **state)
{
	struct engine *e = engine_plain();
	uint64_t pud = 1ull << 18;

	(void)state;
	push(e, DX_INSTALL, 100, pud, .order = 18, .level = DX_PUD, .pgmap_type = GENERIC,
	     .refcount = 1);
	assert_orders(e, 0, 0, 1);
	assert_int_equal(folio_of(e, pud + (1 << 18) - 1).pfn, pud);
	/* smaller ones in it: it fell apart; a larger over them: they merged */
	push(e, DX_INSERT, 200, pud + 512, .order = 9, .pgmap_type = GENERIC, .refcount = 1);
	push(e, DX_INSERT, 200, pud + 1024 + 3, .pgmap_type = GENERIC, .refcount = 1);
	assert_orders(e, 2, 1, 0);
	assert_int_equal(folio_of(e, pud + 513).pfn, pud + 512);
	push(e, DX_INSTALL, 300, pud, .order = 18, .level = DX_PUD, .pgmap_type = GENERIC,
	     .refcount = 1);
	assert_orders(e, 0, 0, 1);
	assert_int_equal(folio_of(e, pud + 513).pfn, pud);
	engine_free(e);
}

static int count_folio(const struct engine_folio *f, void *arg)
{
	uint64_t *sum = arg;

	*sum += f->pfn;
	return 0;
}

static int stop_at_third(const struct engine_folio *f, void *arg)
{
	int *n = arg;

	(void)f;
	return ++*n == 3 ? 42 : 0;
}

/* Many folios, spread and dense: each is found, none twice. */
static void test_table(void **state)
{
	enum { N = 100000 };
	struct engine *e = engine_with(0, 0);
	uint64_t sum = 0, expected = 0;
	struct engine_folio f;
	int n = 0;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		uint64_t pfn = i & 1 ? PFN + i : (i * 7919) << 10 | 1;

		push(e, DX_INSERT, 100, pfn);
		expected += pfn;
	}
	assert_orders(e, N, 0, 0);
	assert_int_equal(engine_folios(e, count_folio, &sum), 0);
	assert_int_equal(sum, expected);
	for (uint64_t i = 0; i < N; i++)
		assert_int_equal(engine_folio_get(e, i & 1 ? PFN + i : (i * 7919) << 10 | 1, &f), 0);
	assert_int_equal(engine_folio_get(e, PFN + 2, &f), -ENOENT);
	assert_int_equal(engine_folios(e, stop_at_third, &n), 42);
	assert_int_equal(n, 3);
	/* the table's promise */
	assert_true(stats_of(e).bytes_folios <= 64ull * N);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_huge),	     cmocka_unit_test(test_huge_by_pte),
		cmocka_unit_test(test_merge),	     cmocka_unit_test(test_merge_busy),
		cmocka_unit_test(test_unseen_split), cmocka_unit_test(test_unseen_split_of_head),
		cmocka_unit_test(test_pud),	     cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
