// SPDX-License-Identifier: GPL-2.0-only
/* test_rule_sample.c - what the engine asks, and how its knowledge heals after a loss. */
#include "test_rule.h"

/* A sample that says what is known makes no step; one that differs does. */
static void test_steps(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push_first_fault(e, T0, PFN);
	push(e, DX_SAMPLE, T0 + S, PFN, .refcount = 1, .mapcount = 1, .tgid = 0);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\nfault-ref? 0>1 m0 p0\ninstall 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\nfault 1>1 m1 p0\n");
	push(e, DX_UNMAP, T0 + 2 * S, PFN, .refcount = 2, .mapcount = 1);
	push(e, DX_SAMPLE, T0 + 3 * S, PFN, .refcount = 1, .tgid = 0, .comm = "");
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\nfault-ref? 0>1 m0 p0\ninstall 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\nfault 1>1 m1 p0\nunknown? 1>2 m1 p0\n"
		       "unmap 2>2 m0 p0\nzap-put? 2>1 m0 p0\nsample 1>1 m0 p0\n");
	assert_string_equal(engine_cause_name(DX_SAMPLE), "sample");
	assert_string_equal(engine_cause_name(DX_VIOLATION), "violation");
	assert_string_equal(engine_cause_name(DX_PGMAP_REFS), "pgmap-refs");
	assert_string_equal(engine_cause_name(DX_TASK_GONE), "task-gone");
	/* who did the last thing is not who looked */
	assert_int_equal(folio_of(e, PFN).last_cause, DX_UNMAP);
	assert_int_equal(folio_of(e, PFN).last_tgid, 100);
	/* of a folio that is not known nobody asked */
	push(e, DX_SAMPLE, T0 + 4 * S, PFN + 9, .refcount = 1);
	assert_int_equal(stats_of(e).folios[0], 1);
	engine_free(e);
}

/*
 * A scan tells of folios that nobody asked about: that is how their history begins, and
 * what they hold is older than the trace.
 */
static void test_scan(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 3, 1, 0, 0, 0, false } } };

	(void)state;
	push(e, DX_SAMPLE, T0, PFN, .flags = DX_F_SCAN, .refcount = 3, .mapcount = 1, .tgid = 0,
	     .comm = "", .dev = 259 << 20, .ino = 12, .index = 7);
	assert_history(e, PFN, "sample 3>3 m1 p0\n");
	assert_true(folio_of(e, PFN).predates);
	assert_int_equal(folio_of(e, PFN).ino, 12);
	assert_int_equal(folio_of(e, PFN).index, 7);
	assert_int_equal(stats_of(e).mapped, 1);
	/* as it is, it is nobody's leak, however long: nothing happened in this trace */
	world_run(e, &w, T0 + S, T0 + 10 * LEAK);
	w.folio[0].map = 0;
	assert_findings(e, "");
	/* the mapping goes, two references stay: older than the trace */
	push(e, DX_UNMAP, T0 + 11 * LEAK, PFN, .refcount = 3, .mapcount = 1);
	w.folio[0].ref = 2;
	world_run(e, &w, T0 + 11 * LEAK + S, T0 + 20 * LEAK);
	assert_history(e, PFN,
		       "sample 3>3 m1 p0\nunmap 3>3 m0 p0\nzap-put? 3>2 m0 p0\nsample 2>2 m0 p0\n");
	assert_findings(e, "1 folio-leak inconclusive x1 pfn+0 refs 2 by 0\n");
	engine_free(e);
}

/* A folio that a scan met and whose count then grows, though no hook saw it. */
static void test_scan_then_more(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	push(e, DX_SAMPLE, T0, PFN, .flags = DX_F_SCAN, .refcount = 1, .mapcount = 1, .tgid = 0);
	push(e, DX_SAMPLE, T0 + S, PFN, .flags = DX_F_SCAN, .refcount = 1, .mapcount = 1, .tgid = 0);
	assert_history(e, PFN, "sample 1>1 m1 p0\n");
	push(e, DX_SAMPLE, T0 + 2 * S, PFN, .flags = DX_F_SCAN, .refcount = 2, .mapcount = 1,
	     .tgid = 0);
	assert_history(e, PFN, "sample 1>1 m1 p0\nunknown? 1>2 m1 p0\nsample 2>2 m1 p0\n");
	/* met first after a loss: it says so */
	put_lost(e, 0, DX_PIN, 7, T0 + 3 * S);
	push(e, DX_SAMPLE, T0 + 4 * S, PFN + 1, .flags = DX_F_SCAN, .refcount = 1, .mapcount = 1,
	     .tgid = 0);
	assert_history(e, PFN + 1, "sample 1>1 m1 p0 !\n");
	assert_false(folio_of(e, PFN + 1).doubtful);
	engine_free(e);
}

/* After a loss everything that is tracked is read again, once, and then is known. */
static void test_heal(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 1, 1, 0, 0, 0, false },
				      { PFN + 1, 1026, 2, 0, 0, 0, false },
				      { PFN + 2, 0, 0, 0, 0, 0, false } } };
	struct engine_stats st;

	(void)state;
	for (int i = 0; i < 3; i++)
		push_first_fault(e, T0 + i, PFN + i);
	world_run(e, &w, T0 + S, T0 + 5 * S);
	assert_int_equal(w.asked[ENGINE_ASK_FOLIO], 0);
	put_lost(e, 0, DX_PIN, 7, T0 + 6 * S);
	for (int i = 0; i < 3; i++)
		assert_true(folio_of(e, PFN + i).doubtful);
	world_run(e, &w, T0 + 6 * S + MS, T0 + 20 * S);
	assert_int_equal(w.asked[ENGINE_ASK_FOLIO], 3);
	for (int i = 0; i < 3; i++)
		assert_false(folio_of(e, PFN + i).doubtful);
	assert_counts(e, PFN, 1, 1, 0);
	assert_counts(e, PFN + 1, 1026, 2, 1);
	assert_counts(e, PFN + 2, 0, 0, 0);
	engine_stats_get(e, &st);
	assert_int_equal(st.mapped, 2);
	assert_int_equal(st.pinned, 1);
	/* a loss is not forgotten by that */
	assert_true(engine_inconclusive(e, NULL));
	assert_findings(e, "");
	engine_free(e);
}

/* Answers that do not come are asked for again, not all the time. */
static void test_heal_again(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { 0 };

	(void)state;
	push_first_fault(e, T0, PFN);
	put_lost(e, 0, DX_PIN, 7, T0 + S);
	world_run(e, &w, T0 + 2 * S, T0 + 12 * S);
	assert_uint_in_range(w.asked[ENGINE_ASK_FOLIO], 8, 12);
	engine_free(e);
}

/* Few questions at a time: every folio has its turn. */
static void test_heal_many(void **state)
{
	enum { N = 5000 };
	struct engine *e = engine_with(0, 0);
	static uint8_t asked[N];
	struct engine_ask ask[100];
	uint64_t t = T0 + S;
	size_t n;

	(void)state;
	memset(asked, 0, sizeof(asked));
	for (uint64_t i = 0; i < N; i++)
		push(e, DX_FREE, T0, PFN + i);
	put_lost(e, 0, DX_PIN, 7, T0 + 1);
	for (int round = 0; round < 120; round++, t += 250 * MS) {
		put_time(e, t);
		n = put_ask(e, ask, 100);
		for (size_t i = 0; i < n; i++) {
			if (ask[i].what != ENGINE_ASK_FOLIO)
				continue;
			assert_uint_in_range(ask[i].pfn, PFN, PFN + N - 1);
			asked[ask[i].pfn - PFN]++;
			push(e, DX_SAMPLE, t, ask[i].pfn);
		}
	}
	for (uint64_t i = 0; i < N; i++) {
		assert_int_equal(asked[i], 1);
		assert_false(folio_of(e, PFN + i).doubtful);
	}
	engine_free(e);
}

/* A large folio fell apart unseen; another was made. */
static void test_heal_order(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 0, 0, 0, 0, 0, false },
				      { PFN + 512, 1, 1, 0, 9, 0, false } } };

	(void)state;
	push(e, DX_FAULT, T0, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .refcount = 1, .mapcount = 1, .order = 9, .level = DX_PMD, .since = 2);
	push_first_fault(e, T0, PFN + 512);
	put_lost(e, 0, DX_REMOVE, 7, T0 + S);
	world_run(e, &w, T0 + 2 * S, T0 + 4 * S);
	assert_int_equal(folio_of(e, PFN).order, 0);
	assert_counts(e, PFN, 0, 0, 0);
	assert_int_equal(folio_of(e, PFN + 600).order, 9);
	assert_counts(e, PFN + 600, 1, 1, 0);
	engine_free(e);
}

/* Pgmaps first, however little room there is. */
static void test_order_of_asks(void **state)
{
	struct engine *e = engine_rules();
	struct engine_ask ask[8];
	size_t n;

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	set_pgmap(e, PMEM0 + 64, PFN + (1 << 18), FS_DAX);
	push(e, DX_FREE, T0, PFN);
	push(e, DX_FREE, T0, PFN + 1);
	put_lost(e, 0, DX_PIN, 7, T0 + 1);
	put_time(e, T0 + S);
	assert_int_equal(put_ask(e, ask, 0), 0);
	n = put_ask(e, ask, 1);
	assert_int_equal(n, 1);
	assert_int_equal(ask[0].what, ENGINE_ASK_PGMAP);
	n = put_ask(e, ask, 8);
	assert_int_equal(n, 3);
	assert_int_equal(ask[0].what, ENGINE_ASK_PGMAP);
	assert_int_equal(ask[0].pgmap, PMEM0 + 64);
	assert_int_equal(ask[1].what, ENGINE_ASK_FOLIO);
	assert_int_equal(ask[2].what, ENGINE_ASK_FOLIO);
	engine_free(e);
}

/* Of each process that holds something it is asked once a second; of no other. */
static void test_tasks(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { 0 };

	(void)state;
	push_first_fault(e, T0, PFN);
	push(e, DX_PIN, T0 + 1, PFN, .tgid = 30, .refcount = 1025, .mapcount = 1);
	push(e, DX_PIN, T0 + 2, PFN, .tgid = 30, .refcount = 2049, .mapcount = 1);
	push(e, DX_PIN, T0 + 3, PFN, .tgid = 31, .refcount = 3073, .mapcount = 1);
	/* not yet known whether they are there: somebody who wants to end waits */
	put_time(e, T0 + S);
	assert_uint_in_range(put_ending(e), T0 + S + 1, T0 + 4 * S);
	world_run(e, &w, T0 + S, T0 + 11 * S);
	assert_uint_in_range(w.asked[ENGINE_ASK_TASK], 20, 22);
	assert_int_equal(put_ending(e), 0);
	push(e, DX_UNPIN, T0 + 12 * S, PFN, .tgid = 31, .refcount = 3073, .mapcount = 1);
	push(e, DX_UNPIN, T0 + 12 * S, PFN, .tgid = 30, .refcount = 2049, .mapcount = 1, .nr = 2);
	assert_int_equal(e->holders.nr, 0);
	world_run(e, &w, T0 + 12 * S, T0 + 14 * S);
	w.asked[ENGINE_ASK_TASK] = 0;
	world_run(e, &w, T0 + 14 * S, T0 + 20 * S);
	assert_int_equal(w.asked[ENGINE_ASK_TASK], 0);
	engine_free(e);
}

static int count_gone(const struct engine_holder *h, void *arg)
{
	*(int *)arg += h->gone;
	return 0;
}

static void test_holder_gone(void **state)
{
	struct engine *e = engine_rules();
	int gone = 0;

	(void)state;
	push_first_fault(e, T0, PFN);
	push(e, DX_PIN, T0 + 1, PFN, .tgid = 30, .refcount = 1025, .mapcount = 1);
	push(e, DX_PIN, T0 + 3, PFN, .tgid = 31, .refcount = 2049, .mapcount = 1);
	push(e, DX_TASK_GONE, T0 + 5, 0, .tgid = 30);
	/* it cannot have pinned after it was gone: this is another of that number */
	push(e, DX_PIN, T0 + 9, PFN, .tgid = 30, .refcount = 3073, .mapcount = 1);
	assert_int_equal(engine_holders(e, PFN, count_gone, &gone), 0);
	assert_int_equal(gone, 1);
	/* nobody's number */
	push(e, DX_TASK_GONE, T0 + 20, 0, .tgid = 0);
	push(e, DX_TASK_GONE, T0 + 20, 0, .tgid = 77);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),	       cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_then_more), cmocka_unit_test(test_heal),
		cmocka_unit_test(test_heal_again),     cmocka_unit_test(test_heal_many),
		cmocka_unit_test(test_heal_order),     cmocka_unit_test(test_order_of_asks),
		cmocka_unit_test(test_tasks),	       cmocka_unit_test(test_holder_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
