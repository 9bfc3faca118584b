// SPDX-License-Identifier: GPL-2.0-only
/* test_rule_leak.c - folio-leak: references and pins that nothing explains. */
#include "test_rule.h"
#include "../../src/engine/judge/leak.h"

/* How many folios are watched, because nothing explains a reference of theirs. */
static unsigned int suspects(const struct engine *e)
{
	unsigned int n = 0;

	for (uint32_t id = 1; id <= e->folios.nr; id++)
		n += folio_ptr(&e->folios, id)->suspect;
	return n;
}

#define PIN(e, t, ref, ...)                                                           \
	push(e, DX_PIN, t, PFN, .tgid = 30, .pid = 31, .comm = "db", .refcount = ref, \
	     .mapcount = 1, .stack = 8, ##__VA_ARGS__)
#define UNMAP(e, t, ref, ...) \
	push(e, DX_UNMAP, t, PFN, .refcount = ref, .mapcount = 1, ##__VA_ARGS__)

static struct world one(int32_t ref, int32_t map)
{
	return (struct world){ .folio = { { PFN, ref, map, 0, 0, 0, false } } };
}

/* Mapped, pinned by 30, unmapped: the state that most tests begin with. Ends at T0 + 1 s. */
static void pinned(struct engine *e)
{
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 500 * MS, 1025);
	UNMAP(e, T0 + S, 1025);
}

/* The process is gone and its pin is not. */
static void test_leaked_pin(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);
	struct engine_finding f;

	(void)state;
	pinned(e);
	/* alive: nothing is wrong, however long */
	world_run(e, &w, T0 + S, T0 + 60 * S);
	assert_findings(e, "");
	assert_int_equal(put_ending(e), 0);
	assert_int_equal(suspects(e), 0);
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + 61 * S, T0 + 62 * S + 250 * MS);
	assert_uint_in_range(put_ending(e), T0 + 70 * S, T0 + 75 * S);
	world_run(e, &w, T0 + 62 * S + 250 * MS, T0 + 70 * S);
	assert_findings(e, "");
	world_run(e, &w, T0 + 70 * S, T0 + 75 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	assert_int_equal(put_ending(e), 0);
	f = finding_of(e, 1);
	assert_true(f.leaked_pins);
	assert_int_equal(f.got, 1024);
	assert_int_equal(f.wanted, 0);
	assert_int_equal(f.stack, 8);
	assert_string_equal(f.comm, "db");
	assert_int_equal(f.folio.ino, 12);
	assert_int_equal(f.nr_holders, 1);
	assert_uint_in_range(f.first_time, T0 + 61 * S, T0 + 63 * S);
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, 1);
	/* a kworker puts it, a minute late */
	push(e, DX_UNPIN, T0 + 120 * S, PFN, .tgid = 9, .refcount = 1024);
	push(e, DX_FREE, T0 + 120 * S + 1, PFN);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30 over\n");
	assert_int_equal(finding_of(e, 1).end_time, T0 + 120 * S);
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, 0);
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/*
 * What one call took of many folios is one finding, of as many as are left: the one that is shown is never one that was
 * put. What another call took is another's.
 */
static void test_many(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .gone = { { 30, 0 } } };
	enum { N = WORLD_MAX - 1 };

	(void)state;
	for (int i = 0; i <= N; i++) {
		uint64_t at = T0 + i * 100, pin = at + (i == N ? S : 500 * MS);

		w.folio[i].pfn = PFN + i;
		w.folio[i].ref = 1024;
		push_first_fault(e, at, PFN + i);
		push(e, DX_PIN, pin, PFN + i, .tgid = 30, .pid = 30, .comm = "db", .stack = 8,
		     .nr = 1, .refcount = 1025, .mapcount = 1);
		UNMAP(e, T0 + 2 * S + i, 1025, .pfn = PFN + i);
	}
	world_run(e, &w, T0 + 3 * S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n"
			   "2 folio-leak proven x1 pfn+7 pins 1 by 30\n");
	assert_int_equal(finding_of(e, 1).nr_folios, N);
	assert_int_equal(finding_of(e, 2).nr_folios, 1);
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, 2);
	for (int i = 0; i < N; i++) {
		struct engine_finding f = finding_of(e, 1);

		assert_int_equal(f.nr_folios, N - i);
		assert_int_equal(f.got, 1024);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(f.folio.pfn, PFN + k);
		assert_false(f.over);
		push(e, DX_UNPIN, T0 + 30 * S + i, PFN + i, .tgid = 9, .refcount = 1024);
		push(e, DX_FREE, T0 + 30 * S + i, PFN + i);
	}
	assert_true(finding_of(e, 1).over);
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, 1);
	engine_free(e);
}

/* Unpinned in a kworker some seconds after the exit (io_uring): no leak. */
static void test_late_unpin(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	pinned(e);
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + S, T0 + LEAK);
	push(e, DX_UNPIN, T0 + LEAK, PFN, .tgid = 9, .refcount = 1024);
	push(e, DX_FREE, T0 + LEAK + 1, PFN);
	w.folio[0].ref = 0;
	world_run(e, &w, T0 + LEAK + S, T0 + 5 * LEAK);
	assert_findings(e, "");
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/* Large folio: pins are in _pincount, exact. Three pages of it leaked. */
static void test_large(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 3, 0, 3, 9, 0, false } }, .gone = { { 30, 0 } } };

	(void)state;
	push(e, DX_FAULT, T0, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_install = 1,
	     .refcount = 1, .mapcount = 1, .order = 9, .level = DX_PMD, .ino = 12, .since = 2);
	PIN(e, T0 + 1, 4, .order = 9, .nr = 3, .pincount = 3);
	UNMAP(e, T0 + 2, 4, .order = 9, .pincount = 3);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 3 by 30\n");
	/* one after the other */
	push(e, DX_UNPIN, T0 + 21 * S, PFN, .tgid = 9, .order = 9, .refcount = 3, .pincount = 3);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 2 by 30\n");
	push(e, DX_UNPIN, T0 + 21 * S, PFN, .tgid = 9, .order = 9, .refcount = 2, .pincount = 2,
	     .nr = 2);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 2 by 30 over\n");
	engine_free(e);
}

/* device-dax: idle is 1. */
static void test_devdax(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 1025, 0, 0, 0, GENERIC, false } },
			   .gone = { { 30, 0 } } };

	(void)state;
	push(e, DX_INSTALL, T0, PFN, .pgmap_type = GENERIC, .refcount = 1);
	PIN(e, T0 + 1, 1026, .pgmap_type = GENERIC);
	UNMAP(e, T0 + 2, 1026, .pgmap_type = GENERIC);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
	/* kept: munmap leaves 1, and no event tells of the put */
	e = engine_rules();
	w.folio[0].ref = 1;
	push(e, DX_INSTALL, T0, PFN, .pgmap_type = GENERIC, .refcount = 1);
	UNMAP(e, T0 + 2, 2, .pgmap_type = GENERIC);
	assert_int_equal(folio_of(e, PFN).refcount, 2);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "");
	/* the sweep has asked, so the count is known now */
	assert_counts(e, PFN, 1, 0, 0);
	assert_false(folio_of(e, PFN).ref_inferred);
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/* Somebody who was not seen has a reference, and nobody maps the folio any more. */
static void test_unexplained_ref(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(2, 1);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 2);
	w.folio[0].map = 0;
	/* 2 with the put that is on its way, 1 without */
	world_run(e, &w, T0 + S, T0 + 2 * S);
	w.folio[0].ref = 1;
	assert_uint_in_range(put_ending(e), T0 + 11 * S, T0 + 15 * S);
	world_run(e, &w, T0 + 2 * S, T0 + S + LEAK - 1);
	assert_findings(e, "");
	world_run(e, &w, T0 + S + LEAK, T0 + S + LEAK + 2 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	assert_int_equal(finding_of(e, 1).got, 1);
	assert_int_equal(finding_of(e, 1).wanted, 0);
	push(e, DX_FREE, T0 + 60 * S, PFN);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0 over\n");
	engine_free(e);
}

/* Found, and put unseen just before somebody wants to end: who waits as he is told sees it over. */
static void test_last_look(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 2);
	world_run(e, &w, T0 + S, T0 + S + LEAK + 2 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	w.folio[0].ref = 0;
	assert_uint_in_range(put_ending(e), T0 + S + LEAK + 2 * S, T0 + S + LEAK + 4 * S);
	for (uint64_t t = T0 + S + LEAK + 2 * S; put_ending(e); t += 250 * MS)
		world_run(e, &w, t, t);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0 over\n");
	engine_free(e);
}

/* While it is mapped nobody asks; a put that never comes is no put on its way. */
static void test_missing_put(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	world_run(e, &w, T0 + MS, T0 + 20 * S);
	assert_int_equal(w.asked[ENGINE_ASK_FOLIO], 0);
	UNMAP(e, T0 + 21 * S, 1);
	world_run(e, &w, T0 + 21 * S, T0 + 30 * S);
	assert_findings(e, "");
	world_run(e, &w, T0 + 30 * S, T0 + 36 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	engine_free(e);
}

/* The put comes late, but before it could be called missing: nothing is said. */
static void test_slow_put(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 1);
	world_run(e, &w, T0 + S, T0 + 9 * S);
	push(e, DX_FREE, T0 + 9 * S, PFN);
	w.folio[0].ref = 0;
	world_run(e, &w, T0 + 9 * S + MS, T0 + 40 * S);
	assert_findings(e, "");
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/* A suspect that was cleared, and a put of a mapping on its way: not leaked by that alone. */
static void test_put_while_settling(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 2);
	assert_int_equal(suspects(e), 1);
	push(e, DX_FAULT, T0 + S + 500 * MS, PFN, .flags = DX_F_INSTALL, .ref_install = 1,
	     .refcount = 1, .mapcount = 1, .since = 2);
	UNMAP(e, T0 + 2 * S, 1);
	world_run(e, &w, T0 + 2 * S, T0 + 13 * S);
	assert_findings(e, "");
	push(e, DX_FREE, T0 + 13 * S, PFN);
	w.folio[0].ref = 0;
	world_run(e, &w, T0 + 14 * S, T0 + 40 * S);
	assert_findings(e, "");
	engine_free(e);
}

/* Mapped again in between: leaked it is since the last munmap only. */
static void test_mapped_again(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 2);
	world_run(e, &w, T0 + 3 * S, T0 + 6 * S);
	push(e, DX_FAULT, T0 + 6 * S + MS, PFN, .flags = DX_F_INSTALL, .ref_install = 2,
	     .refcount = 2, .mapcount = 1, .since = 2);
	UNMAP(e, T0 + 7 * S, 2);
	world_run(e, &w, T0 + 9 * S, T0 + 16 * S + 750 * MS);
	assert_findings(e, "");
	world_run(e, &w, T0 + 17 * S, T0 + 19 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	assert_int_equal(finding_of(e, 1).first_time, T0 + 7 * S);
	engine_free(e);
}

/* Mapped, but its entry is gone, or a break waits: a reference beyond the mapping's. */
static void test_mapped_and_referenced(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(2, 1);

	(void)state;
	push_first_fault(e, T0, PFN);
	world_run(e, &w, T0 + S, T0 + 30 * S);
	push(e, DX_REMOVE, T0 + 31 * S, PFN, .refcount = 2, .mapcount = 1);
	world_run(e, &w, T0 + 31 * S, T0 + 60 * S);
	/* the event alone is no reason to look: it is mapped; the sweep does not either */
	assert_findings(e, "");
	engine_free(e);
	e = engine_rules();
	push_first_fault(e, T0, PFN);
	push(e, DX_BREAK_BUSY, T0 + S, PFN, .refcount = 2, .mapcount = 1, .ino = 12, .tgid = 50);
	world_run(e, &w, T0 + 2 * S, T0 + 20 * S);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n"
			   "2 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	engine_free(e);
}

/* References that come and go, seen at most looks but not at all. */
static void test_transient(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);
	int n = 0;

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + S, 2);
	for (uint64_t t = T0 + 3 * S; t < T0 + 100 * S; t += 250 * MS) {
		w.folio[0].ref = n++ % 20 < 15;
		world_run(e, &w, t, t);
	}
	assert_findings(e, "");
	engine_free(e);
}

/* A pipe has the page. The writer is alive; then gone; then the pipe is drained. */
static void test_pipe(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	push(e, DX_GET, T0 + 1, PFN, .tgid = 30, .comm = "producer", .refcount = 2, .mapcount = 1,
	     .stack = 8);
	UNMAP(e, T0 + 2, 2);
	/* tee() made it two, even: he is there */
	w.folio[0].ref = 2;
	world_run(e, &w, T0 + S, T0 + 60 * S);
	assert_findings(e, "");
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + 61 * S, T0 + 80 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 2 by 30\n");
	assert_int_equal(finding_of(e, 1).stack, 8);
	/* drained: the put is not seen, the free is */
	push(e, DX_FREE, T0 + 90 * S, PFN);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 2 by 30 over\n");
	engine_free(e);
}

/* The writer is gone, but a child maps the page and may have the pipe too. */
static void test_pipe_inherited(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(3, 1);

	(void)state;
	push_first_fault(e, T0, PFN);
	push(e, DX_GET, T0 + 1, PFN, .tgid = 30, .refcount = 2, .mapcount = 1);
	/* fork, and the parent's end */
	push(e, DX_UNMAP, T0 + 2, PFN, .refcount = 3, .mapcount = 2);
	w.folio[0].ref = 2;
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + S, T0 + 60 * S);
	assert_findings(e, "");
	/* the child ends too, the pipe stays */
	UNMAP(e, T0 + 61 * S, 2);
	w.folio[0].ref = 1;
	w.folio[0].map = 0;
	world_run(e, &w, T0 + 61 * S, T0 + 75 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 30\n");
	engine_free(e);
}

/* Pins of a process that is gone, while another maps the folio: no proof. */
static void test_pin_mapped(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1025, 1);

	(void)state;
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 1, 1025);
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

/* Two hold it; whose unpin it was is not known, so both must be gone. */
static void test_two_holders(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 1, 1025);
	PIN(e, T0 + 2, 2049, .tgid = 33);
	UNMAP(e, T0 + 3, 2049);
	/* the second's, in softirq: 30's is crossed out, though it is there */
	push(e, DX_UNPIN, T0 + 4, PFN, .tgid = 0, .pid = 0, .refcount = 2048);
	assert_holders(e, PFN, "pin 33/31 db x1 @100000000002\n");
	assert_int_equal(folio_of(e, PFN).nr_holders, 1);
	w.gone[0].tgid = 33;
	world_run(e, &w, T0 + S, T0 + 60 * S);
	assert_findings(e, "");
	/* both: but which of them leaked it is a guess */
	w.gone[1].tgid = 30;
	world_run(e, &w, T0 + 61 * S, T0 + 80 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 pins 1 by 33\n");
	engine_free(e);
}

/* Honest: of two holders one ends, and the last unpin clears everything. */
static void test_two_holders_kept(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(0, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	PIN(e, T0 + 1, 1025);
	PIN(e, T0 + 2, 2049, .tgid = 33);
	UNMAP(e, T0 + 3, 2049);
	push(e, DX_UNPIN, T0 + 4, PFN, .tgid = 0, .pid = 0, .refcount = 2048);
	assert_int_equal(e->holders.nr, 2);
	push(e, DX_UNPIN, T0 + 5, PFN, .tgid = 0, .pid = 0, .refcount = 1024);
	/* nobody has it: no ghosts */
	assert_int_equal(e->holders.nr, 0);
	assert_false(folio_ptr(&e->folios, 1)->has_holder);
	w.gone[0].tgid = 33;
	world_run(e, &w, T0 + S, T0 + 60 * S);
	assert_findings(e, "");
	engine_free(e);
}

/* The number of a process that is gone is another's now. */
static void test_pid_reused(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	pinned(e);
	/* another folio, pinned by the process that has the number now */
	push(e, DX_FAULT, T0 + 5 * S, PFN + 1, .flags = DX_F_INSERT | DX_F_INSTALL,
	     .ref_install = 1, .refcount = 1, .mapcount = 1);
	PIN(e, T0 + 5 * S + 1, 1025, .pfn = PFN + 1);
	UNMAP(e, T0 + 5 * S + 2, 1025, .pfn = PFN + 1);
	w.folio[1].pfn = PFN + 1;
	w.folio[1].ref = 1024;
	w.gone[0].tgid = 30;
	w.gone[0].reused = T0 + 4 * S;
	world_run(e, &w, T0 + 6 * S, T0 + 40 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	/* the new one unpins its own, not the first's */
	push(e, DX_UNPIN, T0 + 41 * S, PFN + 1, .tgid = 30, .refcount = 1024);
	assert_holders(e, UINT64_MAX, "pin 30/31 db x1 @100500000000\n");
	engine_free(e);
}

/* A new process of the same number pins the same folio: it is there. */
static void test_pid_reused_same_folio(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(2048, 0);

	(void)state;
	pinned(e);
	PIN(e, T0 + 5 * S, 2048, .mapcount = 0);
	w.gone[0].tgid = 30;
	w.gone[0].reused = T0 + 4 * S;
	world_run(e, &w, T0 + 6 * S, T0 + 40 * S);
	assert_findings(e, "");
	push(e, DX_UNPIN, T0 + 41 * S, PFN, .tgid = 30, .refcount = 2048);
	w.folio[0].ref = 1024;
	assert_holders(e, PFN, "pin 30/31 db x1 @100500000000\n");
	/* the new one's was it, for all that is known; it may be the first's though */
	world_run(e, &w, T0 + 41 * S, T0 + 60 * S);
	assert_findings(e, "");
	w.gone[0].reused = 0;
	world_run(e, &w, T0 + 61 * S, T0 + 80 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

static void test_predates(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	/* first seen pinned: by whom nobody knows */
	UNMAP(e, T0, 1025);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak inconclusive x1 pfn+0 pins 1 by 0\n");
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, 0);
	engine_free(e);
	/* held before by somebody, and pinned in the trace by one who is gone */
	e = engine_rules();
	w.folio[0].ref = 2048;
	w.gone[0].tgid = 30;
	PIN(e, T0, 2049);
	UNMAP(e, T0 + 1, 2049);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak inconclusive x1 pfn+0 pins 2 by 30\n");
	engine_free(e);
	/* only mapped before: the pin is all of this trace */
	e = engine_rules();
	w.folio[0].ref = 1024;
	PIN(e, T0, 1025);
	UNMAP(e, T0 + 1, 1025);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
	/* seen idle since: what was before does not matter */
	e = engine_rules();
	UNMAP(e, T0, 1025);
	push(e, DX_UNPIN, T0 + 1, PFN, .refcount = 1024);
	push(e, DX_FREE, T0 + 2, PFN);
	push_first_fault(e, T0 + 10, PFN);
	PIN(e, T0 + 11, 1025);
	UNMAP(e, T0 + 12, 1025);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

static void test_lost(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	w.gone[0].tgid = 30;
	/* lost before it all began, and the folio seen idle since */
	put_lost(e, 0, DX_UNPIN, 5, T0 - S);
	pinned(e);
	world_run(e, &w, T0 + S, T0 + 6 * S);
	/* in the middle: read again, and from there on */
	put_lost(e, 0, DX_UNPIN, 1, T0 + 7 * S);
	world_run(e, &w, T0 + 7 * S + MS, T0 + 16 * S);
	assert_findings(e, "");
	world_run(e, &w, T0 + 16 * S, T0 + 22 * S);
	assert_findings(e, "1 folio-leak inconclusive x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
	/* before it was pinned: the folio was idle since then */
	e = engine_rules();
	put_lost(e, 0, DX_UNPIN, 5, T0 - S);
	pinned(e);
	world_run(e, &w, T0 + S, T0 + 22 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	/* after it was found */
	put_lost(e, 0, DX_UNPIN, 1, T0 + 23 * S);
	world_run(e, &w, T0 + 23 * S + MS, T0 + 60 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	/* and what the loss hid was the unpin */
	put_lost(e, 0, DX_UNPIN, 1, T0 + 61 * S);
	w.folio[0].ref = 0;
	world_run(e, &w, T0 + 61 * S + MS, T0 + 64 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30 over\n");
	engine_free(e);
}

/* Constant loss, nothing answers: a doubtful folio makes no finding. */
static void test_doubtful(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .gone = { { 30, 0 } } };

	(void)state;
	pinned(e);
	for (uint64_t t = T0 + S; t < T0 + 60 * S; t += S) {
		put_lost(e, 0, DX_UNPIN, 1, t);
		world_run(e, &w, t + MS, t + 500 * MS);
	}
	assert_findings(e, "");
	assert_true(engine_inconclusive(e, NULL));
	engine_free(e);
}

/* Its entry is gone, and still it is referenced. */
static void test_removed(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN);
	UNMAP(e, T0 + 1, 2);
	push(e, DX_REMOVE, T0 + 2, PFN, .refcount = 1);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 refs 1 by 0\n");
	/* known by the file that it was of */
	assert_int_equal(finding_of(e, 1).folio.ino, 12);
	assert_false(finding_of(e, 1).folio.mapped_entry);
	engine_free(e);
	/* a live holder explains it (a legacy kernel does not wait for it) */
	e = engine_rules();
	pinned(e);
	push(e, DX_REMOVE, T0 + 2 * S, PFN, .refcount = 1024);
	w.folio[0].ref = 1024;
	world_run(e, &w, T0 + 3 * S, T0 + 40 * S);
	assert_findings(e, "");
	engine_free(e);
}

/* A truncate waits: for a live holder it is a stall, for nobody a leak as well. */
static void test_waited(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	pinned(e);
	push(e, DX_BREAK_BUSY, T0 + 2 * S, PFN, .refcount = 1024, .ino = 12, .dev = 259 << 20,
	     .tgid = 50, .pid = 51);
	world_run(e, &w, T0 + 2 * S, T0 + 30 * S);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n");
	assert_int_equal(finding_of(e, 1).nr_holders, 1);
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + 31 * S, T0 + 45 * S);
	assert_findings(e, "1 stall-break-layout proven x1 pfn+0 refs 0 by 50\n"
			   "2 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
	/* a reference from before the trace */
	e = engine_rules();
	w.folio[0].ref = 1;
	push(e, DX_BREAK_BUSY, T0, PFN, .refcount = 1, .ino = 12, .dev = 259 << 20, .tgid = 50,
	     .pid = 51, .flags = DX_F_FINAL);
	world_run(e, &w, T0 + MS, T0 + 20 * S);
	assert_findings(e, "1 stall-evict proven x1 pfn+0 refs 0 by 50\n"
			   "2 folio-leak inconclusive x1 pfn+0 refs 1 by 0\n");
	engine_free(e);
}

/* Legacy: idle is 1, a mapping has no reference. */
static void test_legacy(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .legacy = true });
	struct world w = one(1025, 0);

	(void)state;
	push(e, DX_FAULT, T0, PFN, .flags = DX_F_INSERT | DX_F_INSTALL, .ref_first = 1,
	     .ref_install = 1, .refcount = 1, .ino = 12, .since = 2);
	/* no event tells of a munmap */
	world_run(e, &w, T0 + MS, T0 + 20 * S);
	assert_int_equal(w.asked[ENGINE_ASK_FOLIO], 0);
	PIN(e, T0 + 20 * S + MS, 1025, .mapcount = 0);
	world_run(e, &w, T0 + 21 * S, T0 + 40 * S);
	assert_findings(e, "");
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + 41 * S, T0 + 60 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

/* Folios of the others are their drivers'. */
static void test_other_types(void **state)
{
	static const uint8_t type[] = { MEMORY_DEVICE_PRIVATE, MEMORY_DEVICE_COHERENT,
					MEMORY_DEVICE_PCI_P2PDMA };

	for (int i = 0; i < 3; i++) {
		struct engine *e = engine_rules();
		struct world w = one(3, 0);

		(void)state;
		w.folio[0].type = type[i];
		UNMAP(e, T0, 5, .pgmap_type = type[i]);
		world_run(e, &w, T0 + S, T0 + 40 * S);
		assert_findings(e, "");
		engine_free(e);
	}
}

/* More mappings than a pin is worth are no pin. */
static void test_many_mappings(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(3000, 3000);

	(void)state;
	push(e, DX_UNMAP, T0, PFN, .refcount = 3001, .mapcount = 3001);
	push(e, DX_BREAK_BUSY, T0 + 1, PFN, .refcount = 3001, .mapcount = 3000, .pid = 5);
	world_run(e, &w, T0 + S, T0 + 9 * S);
	assert_findings(e, "");
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/* Two folios at once, one of them honest; the pgmap goes and comes back under both. */
static void test_pgmap_back(void **state)
{
	struct engine *e = engine_rules();
	struct world w = { .folio = { { PFN, 1024, 0, 0, 0, 0, false },
				      { PFN + 1, 1024, 0, 0, 0, 0, false } },
			   .gone = { { 30, 0 } } };
	uint64_t n;

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	pinned(e);
	PIN(e, T0 + S, 1024, .pfn = PFN + 1, .tgid = 36, .mapcount = 0);
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	w.gone[1].tgid = 36;
	world_run(e, &w, T0 + 20 * S, T0 + 22 * S);
	push(e, DX_PGMAP_KILL, T0 + 22 * S, PFN);
	push(e, DX_PGMAP_GONE, T0 + 22 * S + 1, PFN);
	/* what was found stays; nothing new of pages that are no more */
	w.folio[0].none = w.folio[1].none = true;
	n = w.asked[ENGINE_ASK_FOLIO];
	world_run(e, &w, T0 + 23 * S, T0 + 60 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	assert_int_equal(w.asked[ENGINE_ASK_FOLIO], n);
	push(e, DX_PGMAP_ADD, T0 + 61 * S, PFN, .index = 1 << 18);
	assert_int_equal(suspects(e), 0);
	assert_int_equal(e->holders.nr, 0);
	/* new pages, the same numbers */
	w.folio[0].none = w.folio[1].none = false;
	w.folio[0].ref = w.folio[1].ref = 0;
	push_first_fault(e, T0 + 62 * S, PFN);
	UNMAP(e, T0 + 63 * S, 1);
	push(e, DX_FREE, T0 + 63 * S + 1, PFN);
	world_run(e, &w, T0 + 64 * S, T0 + 90 * S);
	assert_findings(e, "1 folio-leak proven x1 pfn+0 pins 1 by 30\n");
	engine_free(e);
}

/* The page is not there any more when it is looked at. */
static void test_page_gone(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1024, 0);

	(void)state;
	w.gone[0].tgid = 30;
	pinned(e);
	world_run(e, &w, T0 + S, T0 + 5 * S);
	w.folio[0].none = true;
	world_run(e, &w, T0 + 5 * S, T0 + 40 * S);
	assert_findings(e, "");
	assert_int_equal(suspects(e), 0);
	assert_counts(e, PFN, 0, 0, 0);
	engine_free(e);
}

/* A suspect becomes part of a larger folio: it had no references then. */
static void test_absorbed(void **state)
{
	struct engine *e = engine_rules();
	struct world w = one(1, 0);

	(void)state;
	push_first_fault(e, T0, PFN + 1);
	push(e, DX_UNMAP, T0 + S, PFN + 1, .refcount = 2, .mapcount = 1);
	w.folio[0].pfn = PFN + 1;
	world_run(e, &w, T0 + S, T0 + 20 * S);
	assert_findings(e, "1 folio-leak suspected x1 pfn+1 refs 1 by 0\n");
	push(e, DX_INSERT, T0 + 21 * S, PFN, .order = 9, .ino = 13);
	assert_findings(e, "1 folio-leak suspected x1 pfn+1 refs 1 by 0 over\n");
	assert_int_equal(suspects(e), 0);
	engine_free(e);
}

/* In the window: the unpin has arrived after the exit, but was before. */
static void test_reordered(void **state)
{
	struct engine *e = engine_with(1 << 16, S);
	struct world w = one(0, 0);

	(void)state;
	push(e, DX_UNMAP, T0 + 30, PFN, .refcount = 1, .mapcount = 1);
	push(e, DX_UNPIN, T0 + 20, PFN, .tgid = 30, .refcount = 1025, .mapcount = 1);
	PIN(e, T0 + 10, 1025);
	push_first_fault(e, T0, PFN);
	push(e, DX_FREE, T0 + 40, PFN);
	w.gone[0].tgid = 30;
	world_run(e, &w, T0 + S, T0 + 40 * S);
	assert_findings(e, "");
	assert_int_equal(suspects(e), 0);
	assert_int_equal(e->holders.nr, 0);
	engine_free(e);
}

/* More than the list holds: they come when there is room, and nothing is lost but time. */
static void test_bound(void **state)
{
	struct engine_options o = { .leak_ns = S };
	struct engine *e = engine_new(&o);
	enum { N = SUSPECT_MAX + 1000 };
	struct engine_ask ask[512];
	uint64_t t = T0;

	(void)state;
	assert_non_null(e);
	for (uint64_t i = 0; i < N; i++) {
		/* of a file each, or they would be one finding */
		push(e, DX_INSERT, T0, PFN + i, .ino = 100 + i);
		push(e, DX_UNMAP, T0 + 1, PFN + i, .refcount = 2, .mapcount = 1);
	}
	assert_int_equal(suspects(e), SUSPECT_MAX);
	for (int round = 0; round < 200; round++) {
		size_t n;

		t += 250 * MS;
		put_time(e, t);
		n = put_ask(e, ask, 512);
		for (size_t i = 0; i < n; i++)
			if (ask[i].what == ENGINE_ASK_FOLIO)
				push(e, DX_SAMPLE, t, ask[i].pfn, .refcount = 1);
	}
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, SUSPECT_MAX);
	assert_int_equal(e->findings->nr, FINDING_MAX);
	/* those that are put make room for the others */
	for (uint64_t i = 0; i < 2000; i++)
		push(e, DX_FREE, t, PFN + i);
	for (int round = 0; round < 200; round++) {
		size_t n;

		t += 250 * MS;
		put_time(e, t);
		n = put_ask(e, ask, 512);
		for (size_t i = 0; i < n; i++)
			if (ask[i].what == ENGINE_ASK_FOLIO)
				push(e, DX_SAMPLE, t, ask[i].pfn, .refcount = 1);
	}
	assert_int_equal(e->findings->nr, FINDING_MAX);
	/* 2,000 over; 1,000 more that no finding has room for, counted */
	assert_int_equal(rule_of(e, DX_RULE_FOLIO_LEAK).broken, N - 2000);
	engine_free(e);
}

static int allowed;

static void *short_realloc(void *p, size_t size)
{
	return allowed-- > 0 ? realloc(p, size) : NULL;
}

static void test_no_memory(void **state)
{
	/* wherever it runs out, nothing breaks, and it is told */
	(void)state;
	for (int n = 0; n < 12; n++) {
		struct engine *e = engine_rules();

		pinned(e);
		allowed = n;
		engine_realloc = short_realloc;
		for (uint64_t t = T0 + S; t < T0 + 20 * S; t += 250 * MS) {
			struct engine_ask ask[64];
			size_t k;

			put_time(e, t);
			k = put_ask(e, ask, 64);
			for (size_t i = 0; i < k; i++) {
				struct dx_event s = EVENT(DX_SAMPLE, t, PFN, .refcount = 1024);
				struct dx_event g = EVENT(DX_TASK_GONE, t, 0, .tgid = 30);

				put_event(e, ask[i].what == ENGINE_ASK_TASK ? &g : &s, sizeof(s));
			}
		}
		engine_realloc = realloc;
		if (!e->findings->nr)
			assert_true(engine_inconclusive(e, NULL));
		engine_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leaked_pin),     cmocka_unit_test(test_many),
		cmocka_unit_test(test_late_unpin),     cmocka_unit_test(test_large),
		cmocka_unit_test(test_devdax),	       cmocka_unit_test(test_unexplained_ref),
		cmocka_unit_test(test_last_look),      cmocka_unit_test(test_missing_put),
		cmocka_unit_test(test_slow_put),       cmocka_unit_test(test_put_while_settling),
		cmocka_unit_test(test_mapped_again),   cmocka_unit_test(test_mapped_and_referenced),
		cmocka_unit_test(test_transient),      cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_pipe_inherited), cmocka_unit_test(test_pin_mapped),
		cmocka_unit_test(test_two_holders),    cmocka_unit_test(test_two_holders_kept),
		cmocka_unit_test(test_pid_reused),     cmocka_unit_test(test_pid_reused_same_folio),
		cmocka_unit_test(test_predates),       cmocka_unit_test(test_lost),
		cmocka_unit_test(test_doubtful),       cmocka_unit_test(test_removed),
		cmocka_unit_test(test_waited),	       cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_other_types),    cmocka_unit_test(test_many_mappings),
		cmocka_unit_test(test_pgmap_back),     cmocka_unit_test(test_page_gone),
		cmocka_unit_test(test_absorbed),       cmocka_unit_test(test_reordered),
		cmocka_unit_test(test_bound),	       cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
