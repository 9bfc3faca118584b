// SPDX-License-Identifier: GPL-2.0-only
/* test_engine_order.c - events out of order, the window, and loss. */
#include "test_engine.h"

static int text_time(const struct engine_step *s, void *arg)
{
	struct text *t = arg;

	if (s->observed)
		t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%llu ",
				   (unsigned long long)s->time);
	return 0;
}

static void assert_times(struct engine *e, uint64_t pfn, const char *expected)
{
	struct text t = { .len = 0 };

	assert_int_equal(engine_history(e, pfn, text_time, &t), 0);
	assert_string_equal(t.buf, expected);
}

static void test_sorted(void **state)
{
	struct engine *e = engine_with(1 << 20, 100);

	(void)state;
	push(e, DX_INSTALL_PFN, 1050, PFN);
	push(e, DX_INSTALL_PFN, 1000, PFN);
	push(e, DX_INSTALL_PFN, 1070, PFN);
	push(e, DX_INSTALL_PFN, 1060, PFN);
	/* nothing is 100 ns older than the newest */
	assert_int_equal(stats_of(e).events, 0);
	assert_int_equal(engine_history(e, PFN, text_time, NULL), -ENOENT);
	push(e, DX_INSTALL_PFN, 1150, PFN);
	/* 1,000 and 1,050 are */
	assert_times(e, PFN, "1000 1050 ");
	assert_int_equal(stats_of(e).now, 1050);
	push(e, DX_INSTALL_PFN, 1055, PFN);
	put_time(e, 1165);
	assert_times(e, PFN, "1000 1050 1055 1060 ");
	put_time(e, UINT64_MAX);
	assert_times(e, PFN, "1000 1050 1055 1060 1070 1150 ");
	assert_int_equal(stats_of(e).late, 0);
	assert_int_equal(stats_of(e).late_max_ns, 0);
	engine_free(e);
}

/* Equal times stay in the order in which they came. */
static void test_equal_times(void **state)
{
	struct engine *e = engine_with(1 << 20, 100);
	struct text t = { .len = 0 };

	(void)state;
	push(e, DX_INSTALL_PFN, 1000, PFN);
	push(e, DX_BREAK_BUSY, 1000, PFN);
	push(e, DX_REMOVE, 1000, PFN);
	push(e, DX_FAULT, 1000, PFN);
	put_time(e, UINT64_MAX);
	assert_int_equal(engine_history(e, PFN, text_step, &t), 0);
	assert_string_equal(t.buf, "install-pfn 0>0 m0 p0\nbreak-busy 0>0 m0 p0\n"
				   "remove 0>0 m0 p0\nfault 0>0 m0 p0\n");
	engine_free(e);
}

/* Too late for the window: applied all the same, and said so. */
static void test_late(void **state)
{
	struct engine *e = engine_with(1 << 20, 100);

	(void)state;
	push(e, DX_INSTALL_PFN, 1000, PFN);
	push(e, DX_INSTALL_PFN, 1500, PFN);
	push(e, DX_INSTALL_PFN, 1400, PFN);
	assert_int_equal(stats_of(e).late, 0);
	push(e, DX_INSTALL_PFN, 1399, PFN);
	assert_int_equal(stats_of(e).late, 1);
	assert_int_equal(stats_of(e).late_max_ns, 1);
	push(e, DX_INSTALL_PFN, 1100, PFN);
	push(e, DX_INSTALL_PFN, 1300, PFN);
	assert_int_equal(stats_of(e).late, 3);
	assert_int_equal(stats_of(e).late_max_ns, 300);
	put_time(e, UINT64_MAX);
	assert_times(e, PFN, "1000 1400 1399 1100 1300 1500 ");
	assert_int_equal(folio_of(e, PFN).last_time, 1500);
	assert_int_equal(stats_of(e).events, 6);
	/* after put_time() what is older than the newest applied is late */
	push(e, DX_INSTALL_PFN, 1499, PFN);
	assert_int_equal(stats_of(e).late, 4);
	engine_free(e);
}

/* Late by its install, though the fault's end is not. */
static void test_late_install(void **state)
{
	struct engine *e = engine_with(1 << 20, 100);

	(void)state;
	push(e, DX_INSTALL_PFN, 2000, PFN + 1);
	push(e, DX_FAULT, 2000, PFN, .flags = DX_F_INSTALL, .since = 150, .ref_install = 1,
	     .refcount = 1, .mapcount = 1);
	assert_int_equal(stats_of(e).late, 1);
	assert_int_equal(stats_of(e).late_max_ns, 50);
	put_time(e, UINT64_MAX);
	assert_times(e, PFN, "1850 2000 ");
	engine_free(e);
}

/* An answer can be read before what the ring has from before it: that is not too late. */
static void test_answer_ahead(void **state)
{
	struct engine *e = engine_with(1 << 20, 100);

	(void)state;
	push(e, DX_SAMPLE, 2000, PFN, .flags = DX_F_SCAN, .refcount = 1);
	push(e, DX_INSTALL_PFN, 1000, PFN);
	push(e, DX_UNMAP, 1010, PFN, .refcount = 1, .nr = 1);
	assert_int_equal(stats_of(e).late, 0);
	assert_int_equal(stats_of(e).events, 0);
	put_time(e, 2100);
	assert_int_equal(stats_of(e).late, 0);
	assert_times(e, PFN, "1000 1010 2000 ");
	assert_int_equal(folio_of(e, PFN).last_time, 2000);
	engine_free(e);
}

static uint64_t seed = 1;

static uint64_t rnd(uint64_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % n;
}

static int check_order(const struct engine_step *s, void *arg)
{
	uint64_t *last = arg;

	assert_true(s->time >= *last);
	*last = s->time;
	return 0;
}

/* Large disorder, inside the window: more than the sorted ring moves, so the heap has its part. */
static void test_shuffled(void **state)
{
	enum { N = 20000, WINDOW = 5000 };
	struct engine *e = engine_with(4 << 20, WINDOW);
	uint64_t last = 0;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		uint64_t jitter = rnd(4) ? rnd(10) : rnd(WINDOW);
		uint64_t time = 10000 + i < jitter ? 0 : 10000 + i - jitter;

		if (i % 5)
			push(e, DX_INSTALL_PFN, time, PFN);
		else
			push(e, DX_FAULT, time, PFN, .flags = DX_F_INSTALL, .since = 3);
	}
	assert_true(e->order.heap_count > 0);
	put_time(e, UINT64_MAX);
	assert_int_equal(order_pending(&e->order), 0);
	assert_int_equal(stats_of(e).events, N);
	/* a fault's install is up to 3 ns before the window */
	assert_true(stats_of(e).late_max_ns <= 3);
	if (!stats_of(e).late)
		assert_int_equal(engine_history(e, PFN, check_order, &last), 0);
	engine_free(e);
}

/* With nothing late the result does not depend on the order of arrival. */
static void test_same_result(void **state)
{
	enum { N = 120 };
	struct engine *a = engine_with(1 << 20, 1000), *b = engine_with(1 << 20, 1000);
	struct text ta, tb;

	(void)state;
	for (int i = 0; i < N; i += 10) {
		for (int j = 0; j < 10; j++)
			push(a, DX_INSTALL_PFN, 1000 + i + j, PFN + j % 3,
			     .refcount = (i + j) * 7 % 3);
		for (int j = 9; j >= 0; j--)
			push(b, DX_INSTALL_PFN, 1000 + i + j, PFN + j % 3,
			     .refcount = (i + j) * 7 % 3);
	}
	put_time(a, UINT64_MAX);
	put_time(b, UINT64_MAX);
	for (uint64_t pfn = PFN; pfn < PFN + 3; pfn++) {
		ta.len = tb.len = 0;
		assert_int_equal(engine_history(a, pfn, text_step, &ta), 0);
		assert_int_equal(engine_history(b, pfn, text_step, &tb), 0);
		assert_string_equal(ta.buf, tb.buf);
		assert_true(ta.len > 40 * 20);
	}
	engine_free(a);
	engine_free(b);
}

/* More pending than the window may hold: it gets shorter, nothing is lost. */
static void test_window_full(void **state)
{
	struct engine *e = engine_with(0, UINT64_MAX / 2);
	uint64_t n = ORDER_MAX_RECORDS + 1000;

	(void)state;
	for (uint64_t i = 0; i < n; i++)
		push(e, DX_INSTALL_PFN, 1000 + i, PFN);
	assert_int_equal(stats_of(e).events, 1000);
	assert_int_equal(order_pending(&e->order), ORDER_MAX_RECORDS);
	push(e, DX_INSTALL_PFN, 1100, PFN);
	assert_int_equal(stats_of(e).late, 1);
	put_time(e, UINT64_MAX);
	assert_int_equal(stats_of(e).events, n + 1);
	engine_free(e);
}

/* put_time() with a time: an idle system's last events get applied. */
static void test_advance(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);

	(void)state;
	push(e, DX_INSTALL_PFN, 5000, PFN);
	put_time(e, 500);
	put_time(e, 5999);
	assert_int_equal(stats_of(e).events, 0);
	put_time(e, 6000);
	assert_int_equal(stats_of(e).events, 1);
	put_time(e, 20000);
	/* the clock went on, so this is outside the window */
	push(e, DX_INSTALL_PFN, 18000, PFN);
	assert_int_equal(stats_of(e).late, 1);
	assert_int_equal(stats_of(e).late_max_ns, 1000);
	engine_free(e);
}

static void test_loss(void **state)
{
	struct engine *e = engine_plain();
	struct engine_stats st;

	(void)state;
	push_first_fault(e, 100, PFN);
	push_first_fault(e, 100, PFN + 1);
	put_lost(e, 1, DX_UNMAP, 3, 150);
	put_lost(e, 0, DX_PIN, 2, 160);
	put_lost(e, 0, 9999, 1, 160);
	put_lost(e, 0, DX_GET, 0, 170);
	assert_true(folio_of(e, PFN).doubtful);
	assert_true(folio_of(e, PFN + 1).doubtful);
	push(e, DX_PIN, 200, PFN, .refcount = 2049, .mapcount = 1);
	push(e, DX_UNPIN, 210, PFN, .refcount = 1025, .mapcount = 1);
	assert_false(folio_of(e, PFN).doubtful);
	assert_true(folio_of(e, PFN + 1).doubtful);
	assert_history(e, PFN,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "unknown? 1>1025 m1 p1 !\n"
		       "pin 1025>2049 m1 p2 !\n"
		       "unknown? 2049>1025 m1 p1\n"
		       "unpin 1025>1 m1 p0\n");
	/* a folio first seen after a loss: its past can be what was lost; an insert has none */
	push(e, DX_UNMAP, 300, PFN + 2, .refcount = 1, .mapcount = 1);
	assert_history(e, PFN + 2, "unmap 1>1 m0 p0 !\n");
	push(e, DX_INSERT, 300, PFN + 3);
	assert_history(e, PFN + 3, "insert 0>0 m0 p0\n");
	/* of several steps of one event only the first has the loss before it */
	push(e, DX_FAULT, 310, PFN + 1, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_first = 1,
	     .ref_install = 2, .map_install = 1, .refcount = 2, .mapcount = 2);
	assert_history(e, PFN + 1,
		       "insert 0>0 m0 p0\n"
		       "fault-ref? 0>1 m0 p0\n"
		       "install 1>2 m1 p0\n"
		       "fault-put? 2>1 m1 p0\n"
		       "fault 1>1 m1 p0\n"
		       "insert 1>1 m1 p0 !\n"
		       "fault-ref? 1>2 m1 p0\n"
		       "install 2>3 m2 p0\n"
		       "fault-put? 3>2 m2 p0\n"
		       "fault 2>2 m2 p0\n");
	st = stats_of(e);
	assert_int_equal(st.lost, 6);
	assert_int_equal(st.lost_by_type[DX_UNMAP], 3);
	assert_int_equal(st.lost_by_type[DX_PIN], 2);
	assert_int_equal(st.lost_by_type[DX_GET], 0);
	engine_free(e);
}

/* Noticed with a clock that is behind: what was applied since is doubtful all the same. */
static void test_loss_behind(void **state)
{
	struct engine *e = engine_plain();

	(void)state;
	push(e, DX_INSTALL_PFN, 2000, PFN);
	put_lost(e, 0, DX_PIN, 1, 1500);
	assert_true(folio_of(e, PFN).doubtful);
	engine_free(e);
}

/* Lost at a time when the window still holds older events: those don't clear the doubt. */
static void test_loss_and_window(void **state)
{
	struct engine *e = engine_with(1 << 20, 1000);

	(void)state;
	push(e, DX_INSTALL_PFN, 2000, PFN);
	push(e, DX_INSTALL_PFN, 2500, PFN);
	put_lost(e, 0, DX_PIN, 1, 2200);
	put_time(e, 3100);
	assert_true(folio_of(e, PFN).doubtful);
	put_time(e, UINT64_MAX);
	assert_false(folio_of(e, PFN).doubtful);
	assert_history(e, PFN, "install-pfn 0>0 m0 p0 !\ninstall-pfn 0>0 m0 p0 !\n");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_equal_times),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_late_install),
		cmocka_unit_test(test_answer_ahead),
		cmocka_unit_test(test_shuffled),
		cmocka_unit_test(test_same_result),
		cmocka_unit_test(test_window_full),
		cmocka_unit_test(test_advance),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_loss_and_window),
		cmocka_unit_test(test_loss_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
