// SPDX-License-Identifier: GPL-2.0-only
/* test_rule_refs.c - references of a pgmap: pgmap-leak, pgmap-underflow. */
#include "test_rule.h"

#define BASE 262145 /* 1 and a page each */
#define GET(e, t, ...) \
	push(e, DX_PGMAP_GET, t, 0, .tgid = 40, .pid = 41, .comm = "hog", .stack = 3, ##__VA_ARGS__)

static struct world plain(void)
{
	return (struct world){ .pgmap = { { PMEM0, BASE, BASE, 0 } } };
}

static struct engine *engine_pmem(void)
{
	struct engine *e = engine_rules();

	set_pgmap(e, PMEM0, PFN, FS_DAX);
	return e;
}

static void test_kept(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + 60 * S);
	assert_findings(e, "");
	assert_int_equal(put_ending(e), 0);
	/* once a second, and each look is a check of both rules */
	assert_uint_in_range(w.asked[ENGINE_ASK_PGMAP], 60, 62);
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_LEAK).checked, w.asked[ENGINE_ASK_PGMAP]);
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_UNDERFLOW).checked, w.asked[ENGINE_ASK_PGMAP]);
	engine_free(e);
}

static void test_leak(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();
	struct engine_finding f;

	(void)state;
	world_run(e, &w, T0, T0 + 3 * S);
	GET(e, T0 + 3 * S + 100 * MS);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 3 * S + 250 * MS, T0 + 3 * S + LEAK);
	assert_findings(e, "");
	assert_uint_in_range(put_ending(e), T0 + 3 * S + LEAK, T0 + 3 * S + LEAK + 3 * S);
	world_run(e, &w, T0 + 3 * S + LEAK + 250 * MS, T0 + 3 * S + LEAK + 2 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40\n");
	assert_int_equal(put_ending(e), 0);
	f = finding_of(e, 1);
	assert_int_equal(f.stack, 3);
	assert_string_equal(f.comm, "hog");
	assert_int_equal(f.pgmap, PMEM0);
	assert_string_equal(f.folio.device, "pmem0");
	assert_int_equal(f.folio.pfn, 0);
	assert_int_equal(f.wanted, BASE);
	assert_int_equal(f.got, BASE + 1);
	/* the first look that can't be a get under way, less a second */
	assert_uint_in_range(f.first_time, T0 + 3 * S + 100 * MS, T0 + 5 * S);
	/* honest, but late */
	w.pgmap[0].refs--;
	world_run(e, &w, T0 + 30 * S, T0 + 31 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40 over\n");
	assert_int_equal(finding_of(e, 1).end_time, T0 + 30 * S);
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_LEAK).broken, 0);
	/* and once more: another finding */
	GET(e, T0 + 32 * S, .stack = 77);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 32 * S + 250 * MS, T0 + 50 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40 over\n"
			   "2 pgmap-leak proven x1 refs 1 by 40\n");
	assert_int_equal(finding_of(e, 2).stack, 77);
	engine_free(e);
}

/* Found, and put just before somebody wants to end: who waits as he is told sees it over. */
static void test_last_look(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + 3 * S);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 3 * S + 250 * MS, T0 + 5 * S + LEAK);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 0\n");
	w.pgmap[0].refs--;
	assert_uint_in_range(put_ending(e), T0 + 5 * S + LEAK, T0 + 8 * S + LEAK);
	for (uint64_t t = T0 + 5 * S + LEAK; put_ending(e); t += 250 * MS)
		world_run(e, &w, t, t);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 0 over\n");
	engine_free(e);
}

/* Put after 9 s; and again, and again: never 10 s of it. */
static void test_borderline(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + S);
	for (uint64_t t = T0 + 2 * S; t < T0 + 60 * S; t += 12 * S) {
		GET(e, t);
		w.pgmap[0].refs++;
		world_run(e, &w, t + 1 * MS, t + 9 * S);
		w.pgmap[0].refs--;
		world_run(e, &w, t + 9 * S + 10 * MS, t + 11 * S);
	}
	assert_findings(e, "");
	engine_free(e);
}

/* GUP of a legacy kernel under load: every look finds references that just came. */
static void test_busy(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + S);
	w.pgmap[0].refs = BASE + 2;
	for (uint64_t t = T0 + S; t < T0 + 120 * S; t += 250 * MS) {
		GET(e, t);
		GET(e, t + MS, .tgid = 42);
		world_run(e, &w, t + 2 * MS, t + 2 * MS);
	}
	assert_findings(e, "");
	/* two more that stay, under the same load: these are too many */
	w.pgmap[0].refs = BASE + 60;
	for (uint64_t t = T0 + 120 * S; t < T0 + 140 * S; t += 250 * MS) {
		GET(e, t);
		GET(e, t + MS, .tgid = 42);
		world_run(e, &w, t + 2 * MS, t + 2 * MS);
	}
	assert_int_equal(e->findings->nr, 1);
	assert_int_equal(finding_of(e, 1).rule, DX_RULE_PGMAP_LEAK);
	assert_uint_in_range(finding_of(e, 1).nr_refs, 40, 60);
	engine_free(e);
}

/* The stack is that of who got it when there came to be more, not of who comes and goes. */
static void test_who(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + S);
	/* honest gets before; put at once */
	for (int i = 0; i < 50; i++)
		GET(e, T0 + S + i, .stack = 90, .tgid = 9);
	world_run(e, &w, T0 + 2 * S, T0 + 4 * S);
	GET(e, T0 + 5 * S, .stack = 3);
	GET(e, T0 + 5 * S + 1, .stack = 3);
	GET(e, T0 + 5 * S + 2, .stack = 91, .tgid = 10);
	w.pgmap[0].refs += 2;
	world_run(e, &w, T0 + 5 * S + 250 * MS, T0 + 7 * S);
	/* honest ones after */
	for (int i = 0; i < 50; i++)
		GET(e, T0 + 7 * S + i, .stack = 92, .tgid = 11);
	world_run(e, &w, T0 + 7 * S + 250 * MS, T0 + 25 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 2 by 40\n");
	assert_int_equal(finding_of(e, 1).stack, 3);
	engine_free(e);
}

/* A look between the reference and the record of its get, which comes next. */
static void test_who_late(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();
	unsigned int looks;
	uint64_t t = T0 + 3 * S;

	(void)state;
	world_run(e, &w, T0, t);
	w.pgmap[0].refs++;
	for (looks = w.asked[ENGINE_ASK_PGMAP]; w.asked[ENGINE_ASK_PGMAP] == looks; t += 250 * MS)
		world_run(e, &w, t, t);
	GET(e, t - 250 * MS + 1);
	world_run(e, &w, t, t + 3 * S);
	/* honest ones, later */
	for (int i = 0; i < 50; i++)
		GET(e, t + 3 * S + i, .stack = 92, .tgid = 11);
	world_run(e, &w, t + 3 * S + 250 * MS, t + 20 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40\n");
	assert_int_equal(finding_of(e, 1).stack, 3);
	engine_free(e);
}

static void test_predates(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	w.pgmap[0].refs = BASE + 3;
	world_run(e, &w, T0, T0 + LEAK + 3 * S);
	assert_findings(e, "1 pgmap-leak inconclusive x1 refs 3 by 0\n");
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_LEAK).broken, 0);
	/* what comes on top is of this trace */
	GET(e, T0 + 20 * S);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 20 * S + 250 * MS, T0 + 35 * S);
	assert_findings(e, "1 pgmap-leak inconclusive x1 refs 3 by 0\n"
			   "2 pgmap-leak proven x1 refs 1 by 40\n");
	/* all of it is put */
	w.pgmap[0].refs = BASE;
	world_run(e, &w, T0 + 36 * S, T0 + 38 * S);
	assert_findings(e, "1 pgmap-leak inconclusive x1 refs 3 by 0 over\n"
			   "2 pgmap-leak proven x1 refs 1 by 40 over\n");
	engine_free(e);
}

/* Got after the trace began, before the first look. */
static void test_first_look(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	GET(e, T0);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 100 * MS, T0 + 15 * S);
	assert_findings(e, "1 pgmap-leak suspected x1 refs 1 by 40\n");
	engine_free(e);
}

static void test_lost(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + S);
	put_lost(e, 0, DX_PGMAP_GET, 1, T0 + 2 * S);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 2 * S + 250 * MS, T0 + 2 * S + LEAK);
	assert_findings(e, "");
	world_run(e, &w, T0 + 2 * S + LEAK + 250 * MS, T0 + 2 * S + LEAK + 4 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 0\n");
	engine_free(e);
	/* found before the loss: stays what it was */
	e = engine_pmem();
	w = plain();
	world_run(e, &w, T0, T0 + S);
	GET(e, T0 + S + 100 * MS);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + S + 250 * MS, T0 + LEAK + 4 * S);
	put_lost(e, 0, DX_FAULT, 1, T0 + LEAK + 5 * S);
	world_run(e, &w, T0 + LEAK + 5 * S, T0 + LEAK + 30 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40\n");
	w.pgmap[0].refs--;
	world_run(e, &w, T0 + LEAK + 31 * S, T0 + LEAK + 32 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40 over\n");
	engine_free(e);
}

/* What grows, or is missing, after a loss is told as ever: the kernel's count is no event. */
static void test_lost_before(void **state)
{
	for (int sign = 1; sign >= -1; sign -= 2) {
		struct engine *e = engine_pmem();
		struct world w = plain();

		(void)state;
		world_run(e, &w, T0, T0 + S);
		put_lost(e, 0, DX_FAULT, 1, T0 + 2 * S);
		world_run(e, &w, T0 + 2 * S + 250 * MS, T0 + 5 * S);
		if (sign > 0)
			GET(e, T0 + 5 * S + 100 * MS);
		w.pgmap[0].refs += sign;
		world_run(e, &w, T0 + 5 * S + 250 * MS, T0 + LEAK + 10 * S);
		assert_findings(e, sign > 0 ? "1 pgmap-leak proven x1 refs 1 by 40\n"
					    : "1 pgmap-underflow proven x1 refs 1 by 0\n");
		engine_free(e);
	}
}

/* memunmap_pages() puts the base: no judging between KILL and GONE. */
static void test_dying(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .stall_ns = 1000 * S });
	struct world w = plain();

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	world_run(e, &w, T0, T0 + 2 * S);
	push(e, DX_PGMAP_KILL, T0 + 3 * S, PFN);
	w.pgmap[0].refs = 5;
	world_run(e, &w, T0 + 3 * S, T0 + 40 * S);
	assert_findings(e, "");
	push(e, DX_PGMAP_GONE, T0 + 41 * S, PFN);
	w.asked[ENGINE_ASK_PGMAP] = 0;
	world_run(e, &w, T0 + 42 * S, T0 + 60 * S);
	assert_int_equal(w.asked[ENGINE_ASK_PGMAP], 0);
	assert_findings(e, "");
	engine_free(e);
}

/* The leak ends with the pgmap: memunmap_pages() waits for it. */
static void test_leak_then_gone(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .stall_ns = 1000 * S });
	struct world w = plain();

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	world_run(e, &w, T0, T0 + 2 * S);
	GET(e, T0 + 2 * S + 100 * MS);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 3 * S, T0 + 20 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40\n");
	push(e, DX_PGMAP_KILL, T0 + 21 * S, PFN);
	world_run(e, &w, T0 + 21 * S, T0 + 40 * S);
	push(e, DX_PGMAP_GONE, T0 + 41 * S, PFN);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40 over\n");
	assert_int_equal(finding_of(e, 1).end_time, T0 + 41 * S);
	/* the same address again: nothing is left of the first */
	push(e, DX_PGMAP_ADD, T0 + 42 * S, PFN, .index = 1 << 18);
	w.pgmap[0].refs = BASE;
	world_run(e, &w, T0 + 42 * S, T0 + 70 * S);
	assert_int_equal(e->findings->nr, 1);
	/* new in this trace: its first look need not be clean */
	w.pgmap[0].refs = BASE + 2;
	world_run(e, &w, T0 + 71 * S, T0 + 90 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 40 over\n"
			   "2 pgmap-leak proven x1 refs 2 by 0\n");
	engine_free(e);
}

static void test_underflow(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	world_run(e, &w, T0, T0 + 2 * S);
	/* two looks only: the per-CPU counters are not summed in one moment */
	w.pgmap[0].refs--;
	world_run(e, &w, T0 + 3 * S, T0 + 3 * S + 250 * MS);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 5 * S, T0 + 6 * S);
	assert_findings(e, "");
	w.pgmap[0].refs -= 2;
	world_run(e, &w, T0 + 10 * S, T0 + 10 * S + 750 * MS);
	assert_findings(e, "");
	assert_uint_in_range(put_ending(e), T0 + 11 * S, T0 + 13 * S);
	world_run(e, &w, T0 + 11 * S, T0 + 12 * S);
	assert_findings(e, "1 pgmap-underflow proven x1 refs 2 by 0\n");
	/* made up for: it was put too often all the same */
	w.pgmap[0].refs += 2;
	world_run(e, &w, T0 + 13 * S, T0 + 20 * S);
	assert_findings(e, "1 pgmap-underflow proven x1 refs 2 by 0\n");
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_UNDERFLOW).broken, 1);
	assert_int_equal(rule_of(e, DX_RULE_PGMAP_LEAK).broken, 0);
	engine_free(e);
}

/* Few looks far apart, and a number that is not always the same: the least counts. */
static void test_few_looks(void **state)
{
	struct engine *e = engine_pmem();
	uint64_t t = T0;

	(void)state;
#define LOOK(dt, n) push(e, DX_PGMAP_REFS, t += (dt), 0, .addr = BASE + (n), .index = BASE)
	LOOK(0, 0);
	LOOK(5 * S, -1);
	LOOK(5 * S, -1);
	assert_findings(e, "");
	LOOK(S, 0);
	LOOK(10 * S, 5);
	LOOK(15 * S, 5);
	assert_findings(e, "");
	LOOK(15 * S, 2);
	LOOK(15 * S, 4);
	assert_findings(e, "1 pgmap-leak proven x1 refs 2 by 0\n");
#undef LOOK
	engine_free(e);
}

static void test_underflow_predates(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();

	(void)state;
	w.pgmap[0].refs--;
	world_run(e, &w, T0, T0 + 5 * S);
	assert_findings(e, "1 pgmap-underflow inconclusive x1 refs 1 by 0\n");
	engine_free(e);
}

#define PRIV 0xffff888200000000ull
#define INIT(e, t, i, ...)                                                                      \
	push(e, DX_PAGE_INIT, t, PFN + (i), .pgmap = PRIV, .pgmap_type = MEMORY_DEVICE_PRIVATE, \
	     ##__VA_ARGS__)
#define FREE(e, t, i, ...)                                                                 \
	push(e, DX_FREE, t, PFN + (i), .pgmap = PRIV, .pgmap_type = MEMORY_DEVICE_PRIVATE, \
	     ##__VA_ARGS__)

static void test_private(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PRIV, 1, 1, 0 } } };
	struct pgmap p;
	uint64_t t;

	(void)state;
	push(e, DX_PGMAP_ADD, T0, PFN, .pgmap = PRIV, .pgmap_type = MEMORY_DEVICE_PRIVATE,
	     .index = 1 << 18);
	world_run(e, &w, T0 + MS, T0 + S);
	/* order 0 and 9; the large one falls apart and is freed in parts */
	INIT(e, T0 + 2 * S, 0);
	INIT(e, T0 + 2 * S, 512, .order = 9, .nr = 512);
	w.pgmap[0].refs = 1 + 513;
	world_run(e, &w, T0 + 3 * S, T0 + 30 * S);
	assert_findings(e, "");
	p = e->pgmaps.map[pgmap_find(&e->pgmaps, PRIV)];
	assert_int_equal(p.refs_explained, 513);
	for (int i = 0; i < 512; i++)
		FREE(e, T0 + 31 * S + i, 512 + i);
	w.pgmap[0].refs = 2;
	world_run(e, &w, T0 + 32 * S, T0 + 50 * S);
	p = e->pgmaps.map[pgmap_find(&e->pgmaps, PRIV)];
	assert_int_equal(p.refs_explained, 1);
	assert_findings(e, "");
	/* under constant come and go the counters and the events never quite agree */
	for (t = T0 + 51 * S; t < T0 + 80 * S; t += 250 * MS) {
		INIT(e, t, 100);
		w.pgmap[0].refs = t / (250 * MS) % 3 + 1;
		world_run(e, &w, t + MS, t + MS);
		FREE(e, t + 2 * MS, 100);
	}
	assert_findings(e, "");
	/* freed, and the reference stays */
	FREE(e, t, 0);
	w.pgmap[0].refs = 2;
	world_run(e, &w, t + MS, t + LEAK + 4 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 0\n");
	engine_free(e);
}

/* Folios handed out before the trace are no leak, and their frees no underflow. */
static void test_private_predates(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PRIV, 101, 1, 0 } } };

	(void)state;
	set_pgmap(e, PRIV, PFN, MEMORY_DEVICE_PRIVATE);
	world_run(e, &w, T0, T0 + 15 * S);
	for (int i = 0; i < 60; i++)
		FREE(e, T0 + 16 * S + i, i);
	w.pgmap[0].refs -= 60;
	world_run(e, &w, T0 + 17 * S, T0 + 40 * S);
	assert_findings(e, "");
	/* 2 less than the events say */
	w.pgmap[0].refs -= 2;
	world_run(e, &w, T0 + 41 * S, T0 + 45 * S);
	assert_findings(e, "1 pgmap-underflow proven x1 refs 2 by 0\n");
	engine_free(e);
}

/* What explained references is lost: a new baseline, and no claim from the old one. */
static void test_private_lost(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { PRIV, 1, 1, 0 } } };

	(void)state;
	push(e, DX_PGMAP_ADD, T0, PFN, .pgmap = PRIV, .pgmap_type = MEMORY_DEVICE_PRIVATE,
	     .index = 1 << 18);
	world_run(e, &w, T0 + MS, T0 + S);
	put_lost(e, 0, DX_PAGE_INIT, 3, T0 + 2 * S);
	w.pgmap[0].refs += 3;
	world_run(e, &w, T0 + 3 * S, T0 + 30 * S);
	assert_findings(e, "");
	w.pgmap[0].refs += 1;
	world_run(e, &w, T0 + 31 * S, T0 + 50 * S);
	assert_findings(e, "1 pgmap-leak inconclusive x1 refs 1 by 0\n");
	engine_free(e);
}

#define P2P 0xffff888300000000ull

static void test_p2pdma(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .pgmap = { { P2P, BASE, BASE, 0 } } };

	(void)state;
	push(e, DX_PGMAP_ADD, T0, PFN, .pgmap = P2P, .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA,
	     .index = 1 << 18);
	world_run(e, &w, T0 + MS, T0 + S);
	/* p2pmem_alloc_mmap() of a page: 1, and 2 when it is mapped */
	push(e, DX_INSTALL, T0 + 2 * S, PFN, .pgmap = P2P, .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA,
	     .refcount = 2, .flags = DX_F_REF_TAKEN);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 2 * S + MS, T0 + 30 * S);
	assert_findings(e, "");
	assert_int_equal(e->pgmaps.map[pgmap_find(&e->pgmaps, P2P)].refs_explained, 1);
	push(e, DX_FREE, T0 + 31 * S, PFN, .pgmap = P2P, .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA);
	w.pgmap[0].refs--;
	world_run(e, &w, T0 + 31 * S + MS, T0 + 50 * S);
	assert_findings(e, "");
	/* a driver's allocation, for as long as it likes */
	push(e, DX_P2P_ALLOC, T0 + 51 * S, PFN, .pgmap = P2P,
	     .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA, .nr = 4);
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 51 * S + MS, T0 + 70 * S);
	assert_findings(e, "");
	/* freed, and its reference stays: not all that may have one is seen */
	push(e, DX_P2P_FREE, T0 + 71 * S, PFN, .pgmap = P2P, .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA,
	     .nr = 4);
	world_run(e, &w, T0 + 71 * S + MS, T0 + 90 * S);
	assert_findings(e, "1 pgmap-leak suspected x1 refs 1 by 0\n");
	engine_free(e);
}

/* What the looks say and what views see. */
static void test_shown(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();
	struct pgmap p;

	(void)state;
	w.pgmap[0].refs += 4;
	world_run(e, &w, T0, T0);
	p = e->pgmaps.map[pgmap_find(&e->pgmaps, PMEM0)];
	assert_true(p.refs_known);
	assert_int_equal(p.refs, BASE + 4);
	assert_int_equal(p.refs_base, BASE);
	/* the source looks at all pgmaps again: that knows no references */
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	p = e->pgmaps.map[pgmap_find(&e->pgmaps, PMEM0)];
	assert_int_equal(p.refs, BASE + 4);
	/* a number that no machine has */
	push(e, DX_PGMAP_REFS, T0 + 1, 0, .addr = (uint64_t)INT64_MIN, .index = INT64_MAX);
	push(e, DX_PGMAP_REFS, T0 + 2, 0, .addr = INT64_MAX, .index = (uint64_t)INT64_MIN);
	/* and of nobody */
	push(e, DX_PGMAP_REFS, T0 + 3, 0, .pgmap = 99, .addr = 1);
	push(e, DX_PGMAP_GET, T0 + 3, 0, .pgmap = 99);
	engine_free(e);
}

static int allowed;

static void *short_realloc(void *p, size_t size)
{
	return allowed-- > 0 ? realloc(p, size) : NULL;
}

/* No memory for who got it: it is found all the same, by nobody. */
static void test_no_memory(void **state)
{
	struct engine *e = engine_pmem();
	struct world w = plain();
	struct dx_event ev = EVENT(DX_PGMAP_GET, T0 + 2 * S, 0, .stack = 3);

	(void)state;
	world_run(e, &w, T0, T0 + S);
	allowed = 0;
	engine_realloc = short_realloc;
	assert_int_equal(put_event(e, &ev, sizeof(ev)), -ENOMEM);
	engine_realloc = realloc;
	w.pgmap[0].refs++;
	world_run(e, &w, T0 + 2 * S + MS, T0 + 20 * S);
	assert_findings(e, "1 pgmap-leak proven x1 refs 1 by 0\n");
	assert_int_equal(finding_of(e, 1).stack, -1);
	assert_true(engine_inconclusive(e, NULL));
	engine_free(e);
}

/* In order of time within the window: the get, then the look that has it. */
static void test_reordered(void **state)
{
	struct engine *e = engine_with(0, S);
	uint64_t t = T0;

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	for (int i = 0; i < 20; i++, t += S) {
		/* the look comes before the get that it has, as its time says it must not */
		push(e, DX_PGMAP_REFS, t + 500 * MS, 0, .addr = BASE + 1, .index = BASE);
		push(e, DX_PGMAP_GET, t + 400 * MS, 0);
		push(e, DX_PGMAP_REFS, t + 100 * MS, 0, .addr = BASE, .index = BASE);
	}
	put_time(e, UINT64_MAX);
	assert_findings(e, "");
	assert_int_equal(stats_of(e).late, 0);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),	       cmocka_unit_test(test_leak),
		cmocka_unit_test(test_last_look),      cmocka_unit_test(test_borderline),
		cmocka_unit_test(test_busy),	       cmocka_unit_test(test_who),
		cmocka_unit_test(test_who_late),       cmocka_unit_test(test_predates),
		cmocka_unit_test(test_first_look),     cmocka_unit_test(test_lost),
		cmocka_unit_test(test_lost_before),    cmocka_unit_test(test_dying),
		cmocka_unit_test(test_leak_then_gone), cmocka_unit_test(test_underflow),
		cmocka_unit_test(test_few_looks),      cmocka_unit_test(test_underflow_predates),
		cmocka_unit_test(test_private),	       cmocka_unit_test(test_private_predates),
		cmocka_unit_test(test_private_lost),   cmocka_unit_test(test_p2pdma),
		cmocka_unit_test(test_shown),	       cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_reordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
