// SPDX-License-Identifier: GPL-2.0-only
/* test_rule_stall.c - waits that last: layout breaks, evict, memunmap_pages(). */
#include "test_rule.h"

#define BUSY(e, t, ...)                                                                   \
	push(e, DX_BREAK_BUSY, t, PFN, .refcount = 1024, .dev = 7, .ino = 12, .index = 3, \
	     .tgid = 50, .pid = 51, .comm = "truncate", .stack = 9, ##__VA_ARGS__)

static void test_truncate(void **state)
{
	struct engine *e = engine_rules();
	struct engine_finding f;

	(void)state;
	push_first_fault(e, T0 - S, PFN);
	push(e, DX_PIN, T0 - S + 5, PFN, .tgid = 30, .refcount = 1025, .mapcount = 1);
	BUSY(e, T0);
	put_time(e, T0 + STALL - 1);
	assert_findings(e, "");
	assert_true(put_ending(e) >= T0 + STALL);
	put_time(e, T0 + STALL + 10 * MS);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n");
	f = finding_of(e, 1);
	assert_int_equal(f.first_time, T0);
	assert_int_equal(f.last_time, T0 + STALL + 10 * MS);
	assert_int_equal(f.pid, 51);
	assert_string_equal(f.comm, "truncate");
	assert_int_equal(f.stack, 9);
	assert_int_equal(f.folio.ino, 12);
	assert_int_equal(f.folio.dev, 7);
	assert_int_equal(f.folio.index, 3);
	assert_int_equal(f.got, 1024);
	assert_int_equal(f.wanted, 0);
	/* the holder is named, and explains its pin: no leak */
	assert_int_equal(f.nr_holders, 1);
	/* it still waits: the same finding */
	BUSY(e, T0 + 2 * STALL);
	put_time(e, T0 + 3 * STALL);
	assert_int_equal(e->findings->nr, 1);
	push(e, DX_BREAK_DONE, T0 + 4 * STALL, 0, .dev = 7, .ino = 12, .pid = 51);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50 over\n");
	f = finding_of(e, 1);
	assert_int_equal(f.end_time, T0 + 4 * STALL);
	assert_int_equal(f.last_time, T0 + 4 * STALL);
	/* it was one, though it is over */
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).broken, 1);
	assert_int_equal(rule_of(e, DX_RULE_STALL_EVICT).broken, 0);
	engine_free(e);
}

static void test_short_wait(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	BUSY(e, T0);
	push(e, DX_BREAK_DONE, T0 + STALL - 1, 0, .dev = 7, .ino = 12, .pid = 51);
	/* the next one of the same thread is another wait */
	BUSY(e, T0 + STALL);
	push(e, DX_BREAK_DONE, T0 + 2 * STALL - 1, 0, .dev = 7, .ino = 12, .pid = 51);
	/* one that may not wait does not */
	BUSY(e, T0 + 2 * STALL, .flags = DX_F_NOWAIT);
	put_time(e, T0 + 9 * STALL);
	assert_findings(e, "");
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).checked, 2);
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).broken, 0);
	assert_int_equal(put_ending(e), 0);
	engine_free(e);
}

/* Begun and ended between two looks; a limit of its own; the last of it exactly. */
static void test_threshold(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .stall_ns = 3 * S });

	(void)state;
	BUSY(e, T0, .flags = DX_F_FINAL);
	push(e, DX_BREAK_DONE, T0 + 3 * S, 0, .dev = 7, .ino = 12, .pid = 51, .flags = DX_F_FINAL);
	assert_findings(e, "1 stall-evict proven x1 pfn+0 refs 0 by 50 over\n");
	assert_int_equal(finding_of(e, 1).end_time, T0 + 3 * S);
	BUSY(e, T0 + 4 * S);
	push(e, DX_BREAK_DONE, T0 + 7 * S - 1, 0, .dev = 7, .ino = 12, .pid = 51);
	assert_int_equal(e->findings->nr, 1);
	engine_free(e);
}

/* The wait of a thread goes on with the next folio of the range. */
static void test_next_folio(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	BUSY(e, T0);
	BUSY(e, T0 + 6 * S, .pfn = PFN + 1, .index = 4);
	put_time(e, T0 + STALL + S);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+1 refs 0 by 50\n");
	BUSY(e, T0 + STALL + 2 * S, .pfn = PFN + 2, .index = 5);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+2 refs 0 by 50\n");
	assert_int_equal(stats_of(e).waited, 1);
	assert_true(folio_of(e, PFN + 2).waited);
	assert_false(folio_of(e, PFN).waited);
	engine_free(e);
}

/* In order within the window: DONE arrives before BUSY. */
static void test_reordered(void **state)
{
	struct engine *e = engine_with(0, S);

	(void)state;
	push(e, DX_BREAK_DONE, T0 + 500 * MS, 0, .dev = 7, .ino = 12, .pid = 51);
	BUSY(e, T0);
	put_time(e, T0 + 5 * STALL);
	assert_findings(e, "");
	engine_free(e);
}

static void test_lost(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .gone = { { 50, 0 } } };

	(void)state;
	/* lost before it began: nothing to do with it */
	put_lost(e, 0, DX_FAULT, 1, T0 - S);
	BUSY(e, T0);
	put_time(e, T0 + STALL);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n");
	/* its end may be lost */
	put_lost(e, 0, DX_BREAK_DONE, 1, T0 + STALL + S);
	put_time(e, T0 + STALL + 2 * S);
	assert_findings(e, "1 stall-break-layout inconclusive x1 pfn+0 refs 0 by 50\n");
	/* it was: the process is no more */
	world_run(e, &w, T0 + STALL + 2 * S, T0 + STALL + 4 * S);
	assert_findings(e, "1 stall-break-layout inconclusive x1 pfn+0 refs 0 by 50 over\n");
	assert_false(folio_of(e, PFN).waited);
	engine_free(e);
}

/* A DONE that was lost and a wait of the same thread long after: two waits. */
static void test_lost_between(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	BUSY(e, T0);
	put_lost(e, 0, DX_BREAK_DONE, 1, T0 + S);
	BUSY(e, T0 + 9 * S);
	put_time(e, T0 + STALL + S);
	assert_findings(e, "");
	put_time(e, T0 + 9 * S + STALL);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n");
	assert_int_equal(finding_of(e, 1).first_time, T0 + 9 * S);
	engine_free(e);
}

#define KILL(e, t) \
	push(e, DX_PGMAP_KILL, t, PFN, .tgid = 60, .pid = 61, .comm = "ndctl", .stack = 4)

static void test_memunmap(void **state)
{
	struct engine *e = engine_rules();
	struct engine_finding f;

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	KILL(e, T0);
	put_time(e, T0 + STALL - 1);
	assert_findings(e, "");
	assert_int_equal(put_ending(e), T0 + STALL);
	put_time(e, T0 + STALL + 10 * MS);
	assert_findings(e, "1 stall-memunmap proven x1 refs 0 by 60\n");
	f = finding_of(e, 1);
	assert_int_equal(f.pgmap, PMEM0);
	assert_string_equal(f.folio.device, "pmem0");
	assert_int_equal(f.stack, 4);
	assert_int_equal(f.first_time, T0);
	push(e, DX_PGMAP_GONE, T0 + 2 * STALL, PFN);
	assert_findings(e, "1 stall-memunmap proven x1 refs 0 by 60 over\n");
	/* a new one at the same address */
	push(e, DX_PGMAP_ADD, T0 + 3 * STALL, PFN, .index = 1 << 18);
	KILL(e, T0 + 4 * STALL);
	push(e, DX_PGMAP_GONE, T0 + 4 * STALL + 5, PFN);
	put_time(e, T0 + 9 * STALL);
	assert_int_equal(e->findings->nr, 1);
	assert_int_equal(rule_of(e, DX_RULE_STALL_MEMUNMAP).checked, 2);
	assert_int_equal(rule_of(e, DX_RULE_STALL_MEMUNMAP).broken, 1);
	engine_free(e);
}

#define GET(e, t, n, ...) \
	push(e, DX_PGMAP_GET, t, 0, .nr = n, .tgid = 40, .pid = 41, .comm = "hog", ##__VA_ARGS__)

static int get_text(const struct engine_holder *h, void *arg)
{
	struct text *t = arg;

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%u by %s[%u] stack %d%s\n",
			   h->nr, h->comm, h->pid, h->stack, h->candidate ? " maybe" : "");
	return 0;
}

static void assert_gets(struct engine *e, const char *expected)
{
	const struct snapshot *s = snapshot_take(e);
	struct text t = { .len = 0 };

	assert_int_equal(snapshot_finding_holders(s, 1, get_text, &t), 0);
	assert_string_equal(t.buf, expected);
	snapshot_put(s);
}

/* What was got and not put, of a device that goes before that is called a leak. */
static void test_memunmap_get(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PMEM0, 1, 1, 0 } } };

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	/* put before a look at it */
	GET(e, T0 + 100 * MS, 1, .stack = 5);
	world_run(e, &w, T0 + S, T0 + 4 * S);
	w.pgmap[0].refs = 3;
	GET(e, T0 + 5 * S, 1, .stack = 6);
	world_run(e, &w, T0 + 5 * S, T0 + 7 * S);
	GET(e, T0 + 7 * S + 10 * MS, 1, .stack = 7);
	KILL(e, T0 + 7 * S + 20 * MS);
	w.pgmap[0].refs = 2;
	w.pgmap[0].flags = DX_F_DYING;
	world_run(e, &w, T0 + 8 * S, T0 + 8 * S + STALL);
	assert_findings(e, "1 stall-memunmap proven x1 refs 0 by 60\n");
	assert_gets(e, "1 by hog[41] stack 6\n1 by hog[41] stack 7\n");
	engine_free(e);
}

/* One of two, or what was lost: who it was is not certain. */
static void test_memunmap_maybe(void **state)
{
	for (int lost = 0; lost < 2; lost++) {
		struct engine *e = engine_rules();
		struct world w = { .pgmap = { { PMEM0, 1, 1, DX_F_DYING } } };

		(void)state;
		set_pgmap(e, PMEM0, PFN, FS_DAX);
		GET(e, T0, 1, .stack = 6);
		if (!lost)
			GET(e, T0 + MS, 1, .stack = 7);
		else
			put_lost(e, 0, DX_PGMAP_GET, 1, T0 + 2 * MS);
		KILL(e, T0 + 5 * MS);
		world_run(e, &w, T0 + S, T0 + STALL + S);
		assert_gets(e, lost ? "1 by hog[41] stack 6 maybe\n"
				    : "1 by hog[41] stack 6 maybe\n1 by hog[41] stack 7 maybe\n");
		engine_free(e);
	}
}

/* GONE is lost; then looks at it say whether it still waits. */
static void test_memunmap_lost(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PMEM0, 2, 1, DX_F_DYING } } };

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	KILL(e, T0);
	put_lost(e, 0, DX_FAULT, 1, T0 + S);
	/* it is still dying after the loss: as good as seen */
	world_run(e, &w, T0 + 2 * S, T0 + STALL + S);
	assert_findings(e, "1 stall-memunmap proven x1 refs 0 by 60\n");
	engine_free(e);

	e = engine_rules();
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	KILL(e, T0);
	put_lost(e, 0, DX_PGMAP_GONE, 1, T0 + S);
	/* no look any more */
	w.pgmap[0].id = 1;
	world_run(e, &w, T0 + 2 * S, T0 + STALL + S);
	assert_findings(e, "");
	world_run(e, &w, T0 + STALL + S, T0 + 2 * STALL + S);
	assert_findings(e, "1 stall-memunmap inconclusive x1 refs 0 by 60\n");
	assert_int_equal(rule_of(e, DX_RULE_STALL_MEMUNMAP).broken, 0);
	engine_free(e);
}

/* It was dying when the trace began. */
static void test_memunmap_predates(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PMEM0, 2, 1, DX_F_DYING } } };

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	world_run(e, &w, T0, T0 + STALL + S);
	assert_findings(e, "1 stall-memunmap inconclusive x1 refs 0 by 0\n");
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncate),      cmocka_unit_test(test_short_wait),
		cmocka_unit_test(test_threshold),     cmocka_unit_test(test_next_folio),
		cmocka_unit_test(test_reordered),     cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_between),  cmocka_unit_test(test_memunmap),
		cmocka_unit_test(test_memunmap_lost), cmocka_unit_test(test_memunmap_predates),
		cmocka_unit_test(test_memunmap_get),  cmocka_unit_test(test_memunmap_maybe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
