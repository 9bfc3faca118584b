// SPDX-License-Identifier: GPL-2.0-only
/* test_rule_violation.c - rules decided in bpf/: records merged, totals, bounds. */
#include "test_rule.h"

#define VIOLATION(e, t, pfn_, rule_, detail_, ...)                                              \
	push(e, DX_VIOLATION, t, pfn_, .arg = rule_, .ret = detail_, .refcount = 0, .stack = 5, \
	     .ustack = 6, ##__VA_ARGS__)

#define REFUSED(e, t, pfn_, rule_, detail_)                                                        \
	assert_int_equal(put_event(e, &EVENT(DX_VIOLATION, t, pfn_, .arg = rule_, .ret = detail_), \
				   sizeof(struct dx_event)),                                       \
			 -EBADMSG)

/* Each rule of bpf/: one record, one finding, proven, with what the record says. */
static void test_each_rule(void **state)
{
	(void)state;
	for (unsigned int rule = 1; rule < DX_RULES; rule++) {
		struct engine *e = engine_rules();
		struct engine_finding f;

		if (!dx_rule_in(rule, dx_rules_at_point)) {
			REFUSED(e, T0, PFN, rule, 0);
			engine_free(e);
			continue;
		}
		set_pgmap(e, PMEM0, PFN, FS_DAX);
		VIOLATION(e, T0, PFN + 8, rule, DX_D_REFCOUNT, .ref_first = 3, .since = (uint32_t)-2,
			  .refcount = -2, .mapcount = 4, .pincount = 1, .nr = 7, .level = DX_PMD,
			  .addr = 0x1000, .index = 77, .ino = 12, .dev = 9, .order = 3);
		f = finding_of(e, 1);
		assert_int_equal(f.rule, rule);
		assert_int_equal(f.detail, DX_D_REFCOUNT);
		assert_int_equal(f.confidence, ENGINE_PROVEN);
		assert_null(f.why);
		assert_false(f.note);
		assert_int_equal(f.wanted, 3);
		assert_int_equal(f.got, -2);
		assert_int_equal(f.nr_refs, 7);
		assert_int_equal(f.level, DX_PMD);
		assert_int_equal(f.addr, 0x1000);
		assert_int_equal(f.index, 77);
		assert_int_equal(f.tgid, 100);
		assert_int_equal(f.pid, 101);
		assert_string_equal(f.comm, "app");
		assert_int_equal(f.stack, 5);
		assert_int_equal(f.ustack, 6);
		assert_int_equal(f.pgmap, PMEM0);
		assert_int_equal(f.folio.pfn, PFN + 8);
		assert_int_equal(f.folio.order, 3);
		assert_int_equal(f.folio.refcount, -2);
		assert_int_equal(f.folio.mapcount, 4);
		assert_int_equal(f.folio.pincount, 1);
		assert_int_equal(f.folio.ino, 12);
		assert_int_equal(f.folio.dev, 9);
		assert_string_equal(f.folio.device, "pmem0");
		assert_int_equal(rule_of(e, rule).broken, 1);
		assert_int_equal(rule_of(e, rule).samples, 1);
		assert_int_equal(rule_of(e, rule).checked, 1);
		for (unsigned int other = 1; other < DX_RULES; other++)
			if (other != rule)
				assert_int_equal(rule_of(e, other).broken, 0);
		engine_free(e);
	}
}

/* Kept: everything is checked and nothing broken. */
static void test_kept(void **state)
{
	struct engine *e = engine_rules();
	struct dx_rule_counts total = { 0 };

	(void)state;
	for (unsigned int rule = 1; rule < DX_RULES; rule++)
		total.checked[rule] = 100 + rule;
	put_counters(e, &total);
	for (unsigned int rule = 1; rule < DX_RULES; rule++) {
		if (!dx_rule_in(rule, dx_rules_at_point))
			continue;
		assert_int_equal(rule_of(e, rule).checked, 100 + rule);
		assert_int_equal(rule_of(e, rule).broken, 0);
	}
	assert_findings(e, "");
	assert_false(engine_inconclusive(e, NULL));
	engine_free(e);
}

static void test_merged(void **state)
{
	struct engine *e = engine_rules();
	struct engine_finding f;

	(void)state;
	VIOLATION(e, T0, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE, .refcount = 0);
	/* the same place and folio, other counts and process */
	VIOLATION(e, T0 + 9, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE, .refcount = 3, .tgid = 2);
	VIOLATION(e, T0 + 5, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE);
	/* another thread's folio, another detail, stack, rule */
	VIOLATION(e, T0 + 10, PFN + 1, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE, .pid = 102);
	VIOLATION(e, T0 + 11, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_BARE_PFN);
	VIOLATION(e, T0 + 12, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE, .stack = 8);
	VIOLATION(e, T0 + 13, PFN, DX_RULE_FREE_NONZERO, DX_D_PAGE);
	assert_findings(e, "1 install-zero-ref proven x3 pfn+0 refs 1 by 100\n"
			   "2 install-zero-ref proven x1 pfn+1 refs 1 by 100\n"
			   "3 install-zero-ref proven x1 pfn+0 refs 1 by 100\n"
			   "4 install-zero-ref proven x1 pfn+0 refs 1 by 100\n"
			   "5 free-nonzero proven x1 pfn+0 refs 1 by 100\n");
	f = finding_of(e, 1);
	assert_int_equal(f.first_time, T0);
	assert_int_equal(f.last_time, T0 + 9);
	assert_int_equal(f.folio.refcount, 0);
	assert_int_equal(rule_of(e, DX_RULE_INSTALL_ZERO_REF).samples, 6);
	engine_free(e);
}

static int count_holders(const struct engine_holder *h, void *arg)
{
	uint32_t *sums = arg;

	assert_true(h->tgid == 7 || h->tgid == 8);
	sums[h->tgid - 7] += h->nr;
	sums[2]++;
	return 0;
}

/* What one call does to many folios is one finding, of all of them and their holders. */
static void test_moment(void **state)
{
	struct engine *e = engine_rules();
	struct engine_finding f;
	uint32_t sums[3] = { 0 };

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	for (uint64_t i = 0; i < 600; i++)
		push(e, DX_PIN, T0 + i, PFN + i, .tgid = 7 + i % 2, .refcount = 1024);
	for (uint64_t i = 0; i < 600; i++)
		VIOLATION(e, T0 + S + i * MS, PFN + i, DX_RULE_REMOVED_WHILE_REFERENCED,
			  DX_D_REFCOUNT, .ino = 12, .dev = 9);
	/* a folio once more, another file's, and one that is not of that moment */
	VIOLATION(e, T0 + S + 600 * MS, PFN + 9, DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT,
		  .ino = 12, .dev = 9);
	VIOLATION(e, T0 + S + 601 * MS, PFN + 700, DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT,
		  .ino = 13, .dev = 9);
	VIOLATION(e, T0 + S + 620 * MS, PFN + 701, DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT,
		  .ino = 13, .dev = 9);
	assert_findings(e, "1 removed-while-referenced proven x601 pfn+0 refs 1 by 100\n"
			   "2 removed-while-referenced proven x1 pfn+700 refs 1 by 100\n"
			   "3 removed-while-referenced proven x1 pfn+701 refs 1 by 100\n");
	f = finding_of(e, 1);
	assert_int_equal(f.nr_folios, 600);
	assert_int_equal(f.last_time, T0 + S + 600 * MS);
	assert_int_equal(finding_of(e, 2).nr_folios, 1);
	assert_int_equal(engine_finding_holders(e, 1, count_holders, sums), 0);
	assert_int_equal(sums[0], 300);
	assert_int_equal(sums[1], 300);
	assert_int_equal(sums[2], 2);
	assert_int_equal(engine_finding_holders(e, 4, count_holders, sums), -ENOENT);
	assert_int_equal(rule_of(e, DX_RULE_REMOVED_WHILE_REFERENCED).samples, 603);
	engine_free(e);
}

/* An unbind has one record for all that were in use: those that were seen are known. */
static void test_gone(void **state)
{
	struct engine *e = engine_rules();
	uint32_t sums[3] = { 0 };

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	for (uint64_t i = 0; i < 5; i++)
		push(e, DX_PIN, T0 + i, PFN + i, .tgid = 7, .refcount = 1024);
	push(e, DX_UNPIN, T0 + 9, PFN + 4, .tgid = 7, .refcount = 0);
	VIOLATION(e, T0 + S, PFN, DX_RULE_PGMAP_GONE_UNDER_PIN, DX_D_IN_USE, .nr = 512,
		  .refcount = 1024);
	assert_findings(e, "1 pgmap-gone-under-pin proven x1 pfn+0 refs 512 by 100\n");
	assert_int_equal(finding_of(e, 1).nr_folios, 512);
	assert_int_equal(engine_finding_holders(e, 1, count_holders, sums), 0);
	assert_int_equal(sums[0], 4);
	assert_int_equal(sums[2], 1);
	engine_free(e);
}

/* What is said of a file, not of a folio, is one finding a file. */
static void test_files(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	for (int i = 0; i < 2; i++) {
		VIOLATION(e, T0 + i, 0, DX_RULE_BREAK_INCOMPLETE, DX_D_ENTRY_LEFT,
			  .flags = DX_F_NO_FOLIO, .dev = 9, .ino = 12, .index = 3);
		VIOLATION(e, T0 + 2 + i, 0, DX_RULE_BREAK_INCOMPLETE, DX_D_ENTRY_LEFT,
			  .flags = DX_F_NO_FOLIO, .dev = 9, .ino = 13, .index = 3);
	}
	assert_int_equal(finding_of(e, 1).count, 2);
	assert_int_equal(finding_of(e, 1).folio.ino, 12);
	assert_int_equal(finding_of(e, 2).count, 2);
	assert_int_equal(finding_of(e, 2).folio.ino, 13);
	engine_free(e);
}

/* What is known of the folio is told with it, also the file whose entry is gone. */
static void test_folio_known(void **state)
{
	struct engine *e = engine_rules();
	struct dx_file_event name = { .e = EVENT(DX_FILE, T0, 0, .dev = 259 << 20, .ino = 12),
				      .path_len = 6,
				      .path = "/mnt/x" };
	struct engine_finding f;

	(void)state;
	assert_int_equal(put_event(e, &name.e, sizeof(name)), 0);
	push_first_fault(e, T0, PFN + 2);
	push(e, DX_PIN, T0 + 5, PFN + 2, .refcount = 1025, .mapcount = 1);
	push(e, DX_REMOVE, T0 + 10, PFN + 2, .refcount = 1025, .mapcount = 1);
	VIOLATION(e, T0 + 10, PFN + 2, DX_RULE_REMOVED_WHILE_REFERENCED, DX_D_REFCOUNT);
	f = finding_of(e, 1);
	assert_string_equal(f.folio.path, "/mnt/x");
	assert_int_equal(f.folio.index, 2);
	assert_int_equal(f.nr_holders, 1);
	/* a violation changes nothing that is known */
	assert_counts(e, PFN + 2, 1025, 1, 1);
	/* its number is used again */
	name.path[5] = 'z';
	name.e.time = T0 + 20;
	name.e.gen = 1;
	assert_int_equal(put_event(e, &name.e, sizeof(name)), 0);
	push(e, DX_INSERT, T0 + 30, PFN + 2, .dev = 1, .ino = 99);
	assert_string_equal(finding_of(e, 1).folio.path, "/mnt/x");
	/* it is renamed */
	name.path[5] = 'y';
	name.e.gen = 0;
	assert_int_equal(put_event(e, &name.e, sizeof(name)), 0);
	assert_string_equal(finding_of(e, 1).folio.path, "/mnt/y");
	engine_free(e);
}

static void test_no_folio(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	set_pgmap(e, PMEM0, PFN, FS_DAX);
	VIOLATION(e, T0, 0, DX_RULE_PGMAP_DEAD_USE, DX_D_PGMAP_GET, .flags = DX_F_NO_FOLIO);
	VIOLATION(e, T0, 0, DX_RULE_LONGTERM_ON_FSDAX, DX_D_NONE, .flags = DX_F_NO_FOLIO, .pgmap = 0);
	assert_findings(e, "1 pgmap-dead-use proven x1 refs 1 by 100\n"
			   "2 longterm-on-fsdax proven x1 refs 1 by 100\n");
	assert_string_equal(finding_of(e, 1).folio.device, "pmem0");
	assert_null(finding_of(e, 2).folio.device);
	engine_free(e);
}

/* The ring was full: totals alone make the rule broken. */
static void test_totals_only(void **state)
{
	struct engine *e = engine_rules();
	struct dx_rule_counts total = { 0 };

	(void)state;
	total.checked[DX_RULE_FREE_NONZERO] = 1000;
	total.broken[DX_RULE_FREE_NONZERO] = 40;
	put_counters(e, &total);
	assert_findings(e, "");
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).checked, 1000);
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).broken, 40);
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).samples, 0);
	/* samples are among them; never fewer than before */
	VIOLATION(e, T0, PFN, DX_RULE_FREE_NONZERO, DX_D_REFCOUNT);
	total.broken[DX_RULE_FREE_NONZERO] = 39;
	put_counters(e, &total);
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).broken, 40);
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).samples, 1);
	/* numbers beyond the rules */
	assert_int_equal(rule_of(e, DX_RULES).broken, 0);
	assert_int_equal(rule_of(e, DX_RULE_NONE).broken, 0);
	engine_free(e);
}

/* What was seen at the point is proven, whatever was lost elsewhere. */
static void test_loss(void **state)
{
	struct engine *e = engine_rules();
	const char *why = NULL;

	(void)state;
	put_lost(e, 0, DX_FAULT, 9, T0);
	VIOLATION(e, T0 + 1, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE);
	put_lost(e, 0, DX_FAULT, 9, T0 + 2);
	VIOLATION(e, T0 + 3, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_PAGE);
	assert_findings(e, "1 install-zero-ref proven x2 pfn+0 refs 1 by 100\n");
	assert_true(engine_inconclusive(e, &why));
	assert_string_equal(why, "events were lost");
	engine_free(e);
	/* a run that was missed makes doubtful what is known, and that is read again */
	e = engine_rules();
	put_missed(e, DX_FAULT, T0);
	assert_false(engine_inconclusive(e, &why));
	engine_free(e);
}

static void test_legacy_note(void **state)
{
	for (int strict = 0; strict < 2; strict++) {
		struct engine *e = engine_rules_with(
			(struct engine_options){ .legacy = true, .strict = strict });
		struct dx_rule_counts total = { 0 };

		(void)state;
		VIOLATION(e, T0, PFN, DX_RULE_INSTALL_WITHOUT_REF, DX_D_BARE_PFN);
		/* no kernel maps P2PDMA memory so */
		VIOLATION(e, T0, PFN + 1, DX_RULE_INSTALL_WITHOUT_REF, DX_D_BARE_PFN,
			  .pgmap_type = MEMORY_DEVICE_PCI_P2PDMA, .pgmap = 5);
		VIOLATION(e, T0, PFN, DX_RULE_INSTALL_ZERO_REF, DX_D_BARE_PFN);
		assert_int_equal(finding_of(e, 1).note, !strict);
		assert_false(finding_of(e, 2).note);
		assert_false(finding_of(e, 3).note);
		total.broken[DX_RULE_INSTALL_WITHOUT_REF] = 500;
		put_counters(e, &total);
		assert_int_equal(rule_of(e, DX_RULE_INSTALL_WITHOUT_REF).broken, 500);
		assert_int_equal(rule_of(e, DX_RULE_INSTALL_WITHOUT_REF).note, !strict);
		assert_false(rule_of(e, DX_RULE_INSTALL_ZERO_REF).note);
		engine_free(e);
	}
}

/* On a current kernel it is a bug. */
static void test_current_no_note(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	VIOLATION(e, T0, PFN, DX_RULE_INSTALL_WITHOUT_REF, DX_D_BARE_PFN);
	assert_false(finding_of(e, 1).note);
	assert_false(rule_of(e, DX_RULE_INSTALL_WITHOUT_REF).note);
	engine_free(e);
}

static void test_bound(void **state)
{
	struct engine *e = engine_with(0, 0);

	(void)state;
	for (uint64_t i = 0; i < FINDING_MAX + 100; i++)
		VIOLATION(e, T0 + i, PFN + i, DX_RULE_IDLE_NONZERO, DX_D_REFCOUNT, .stack = i);
	assert_int_equal(e->findings->nr, FINDING_MAX);
	assert_int_equal(rule_of(e, DX_RULE_IDLE_NONZERO).samples, FINDING_MAX + 100);
	assert_int_equal(rule_of(e, DX_RULE_IDLE_NONZERO).broken, FINDING_MAX + 100);
	/* those that are kept go on counting */
	VIOLATION(e, T0 + S, PFN + 7, DX_RULE_IDLE_NONZERO, DX_D_REFCOUNT, .stack = 7);
	assert_int_equal(finding_of(e, 8).count, 2);
	/* and a stall that has no room is counted, once */
	push(e, DX_BREAK_BUSY, T0 + S, PFN, .refcount = 1, .dev = 7, .ino = 12);
	put_time(e, T0 + S + STALL);
	put_time(e, T0 + S + 2 * STALL);
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).broken, 1);
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).samples, 0);
	/* also when it goes on with the next folio */
	push(e, DX_BREAK_BUSY, T0 + S + 2 * STALL + 1, PFN + 1, .refcount = 1, .dev = 7, .ino = 12);
	assert_true(folio_of(e, PFN + 1).waited);
	push(e, DX_BREAK_DONE, T0 + 3 * STALL, 0, .dev = 7, .ino = 12);
	assert_int_equal(rule_of(e, DX_RULE_STALL_BREAK_LAYOUT).broken, 1);
	engine_free(e);
}

static void test_malformed(void **state)
{
	struct engine *e = engine_rules();

	(void)state;
	REFUSED(e, T0, PFN, DX_RULE_NONE, 0);
	REFUSED(e, T0, PFN, DX_RULES, 0);
	REFUSED(e, T0, PFN, UINT32_MAX, 0);
	/* the engine's own are not told by bpf/ */
	REFUSED(e, T0, PFN, DX_RULE_FOLIO_LEAK, 0);
	REFUSED(e, T0, PFN, DX_RULE_FREE_NONZERO, DX_DETAILS);
	REFUSED(e, T0, PFN, DX_RULE_FREE_NONZERO, -1);
	REFUSED(e, T0, UINT64_MAX, DX_RULE_FREE_NONZERO, 0);
	assert_int_equal(stats_of(e).bad, 7);
	assert_findings(e, "");
	/* a folio that is not where one of its order can be: that may be what is wrong */
	VIOLATION(e, T0, PFN + 1, DX_RULE_ENTRY_STALE_STATE, DX_D_ORDER_BEFORE, .order = 9);
	assert_int_equal(e->findings->nr, 1);
	engine_free(e);
}

static int allowed;

static void *short_realloc(void *p, size_t size)
{
	return allowed-- > 0 ? realloc(p, size) : NULL;
}

static void test_no_memory(void **state)
{
	struct engine *e = engine_rules();
	struct dx_event ev = EVENT(DX_VIOLATION, T0, PFN, .arg = DX_RULE_FREE_NONZERO);
	const char *why = NULL;

	(void)state;
	push(e, DX_FREE, T0 - 1, PFN);
	allowed = 0;
	engine_realloc = short_realloc;
	assert_int_equal(put_event(e, &ev, sizeof(ev)), -ENOMEM);
	engine_realloc = realloc;
	assert_findings(e, "");
	assert_int_equal(rule_of(e, DX_RULE_FREE_NONZERO).broken, 1);
	assert_true(engine_inconclusive(e, &why));
	assert_string_equal(why, "memory was short");
	/* it goes on */
	VIOLATION(e, T0 + 1, PFN, DX_RULE_FREE_NONZERO, DX_D_REFCOUNT);
	assert_int_equal(e->findings->nr, 1);
	engine_free(e);
}

static void test_no_rules(void **state)
{
	struct engine *e = engine_rules_with((struct engine_options){ .no_rules = true });

	(void)state;
	VIOLATION(e, T0, PFN, DX_RULE_FREE_NONZERO, DX_D_REFCOUNT);
	push(e, DX_BREAK_BUSY, T0, PFN, .refcount = 1);
	put_time(e, T0 + 9 * STALL);
	push(e, DX_BREAK_DONE, T0 + 9 * STALL, 0);
	assert_findings(e, "");
	assert_int_equal(put_ending(e), 0);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule),   cmocka_unit_test(test_kept),
		cmocka_unit_test(test_merged),	    cmocka_unit_test(test_files),
		cmocka_unit_test(test_folio_known), cmocka_unit_test(test_no_folio),
		cmocka_unit_test(test_totals_only), cmocka_unit_test(test_loss),
		cmocka_unit_test(test_legacy_note), cmocka_unit_test(test_current_no_note),
		cmocka_unit_test(test_bound),	    cmocka_unit_test(test_moment),
		cmocka_unit_test(test_gone),	    cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_no_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
