// SPDX-License-Identifier: GPL-2.0-only
/* test_verdict.c - the engine's verdict: what it weighs, tally, exit status */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <string.h>
#include "report_fixture.h"

static void test_verdict(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct verdict v;

	assert_int_equal(verdict(f), 0);
	f->facts.inconclusive = "events were lost";
	assert_int_equal(verdict(f), 124);
	v = judged(f)->verdict;
	assert_string_equal(v.why, "events were lost");
	/* what was proven stays so, whatever was lost */
	e = add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	assert_int_equal(verdict(f), 1);
	f->facts.inconclusive = NULL;
	assert_int_equal(verdict(f), 1);
	f->r.nr_findings = 0;
	f->facts.rule[DX_RULE_FREE_NONZERO].broken = 0;

	e = add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	assert_int_equal(verdict(f), 1);
	/* a suspicion that ended honestly */
	e->over = true;
	assert_int_equal(verdict(f), 0);
	v = judged(f)->verdict;
	assert_int_equal(v.over, 1);
	assert_int_equal(v.kind, VERDICT_CLEAN);
	e->over = false;
	e->confidence = ENGINE_INCONCLUSIVE;
	assert_int_equal(verdict(f), 124);
	/* a stall that ended was one */
	e->rule = DX_RULE_STALL_EVICT;
	e->confidence = ENGINE_PROVEN;
	e->over = true;
	assert_int_equal(verdict(f), 1);
	/* by design */
	e->rule = DX_RULE_INSTALL_WITHOUT_REF;
	e->note = true;
	assert_int_equal(verdict(f), 0);
}

/* Nothing that is watched began it; who asks for its rule by name wants to know all the same. */
static void test_before(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e = add_finding(f, DX_RULE_STALL_BREAK_LAYOUT, ENGINE_INCONCLUSIVE);
	struct verdict v;

	assert_int_equal(verdict(f), 124);
	e->before = true;
	assert_int_equal(verdict(f), 0);
	v = judged(f)->verdict;
	assert_int_equal(v.before, 1);
	assert_int_equal(v.inconclusive + v.over, 0);
	f->r.terms.rules_named = true;
	assert_int_equal(verdict(f), 124);
	assert_int_equal(judged(f)->verdict.before, 0);
	/* not among those that are judged */
	f->r.terms.rules_named = false;
	f->r.terms.rules &= ~BIT(DX_RULE_STALL_BREAK_LAYOUT);
	assert_int_equal(judged(f)->verdict.before, 0);
}

/* The ring was too small for any record of it: the count is proof enough. */
static void test_counted_only(void **state)
{
	struct fixture *f = *state;
	struct verdict_rule row;
	struct verdict v;

	f->facts.rule[DX_RULE_PIN_IMBALANCE].broken = 3;
	f->facts.inconclusive = "events were lost";
	v = judged(f)->verdict;
	assert_int_equal(v.exit, 1);
	assert_int_equal(v.broken_rules, 1);
	row = judged(f)->verdict.rule[DX_RULE_PIN_IMBALANCE];
	assert_int_equal(row.state, RULE_BROKEN);
	assert_int_equal(row.broken, 3);
	/* not the user's question */
	f->r.terms.rules &= ~BIT(DX_RULE_PIN_IMBALANCE);
	assert_int_equal(verdict(f), 124);
}

static void test_not_checked(void **state)
{
	struct fixture *f = *state;
	struct verdict_rule row;
	struct verdict v;

	f->r.regime = REGIME_LEGACY;
	row = judged(f)->verdict.rule[DX_RULE_STALL_EVICT];
	assert_int_equal(row.state, RULE_NOT_CHECKED);
	assert_string_equal(row.why, "no rule of a legacy kernel");
	/* nobody asked for it */
	assert_int_equal(verdict(f), 0);
	f->r.terms.rules = BIT(DX_RULE_STALL_EVICT) | BIT(DX_RULE_FREE_NONZERO);
	f->r.terms.rules_named = true;
	assert_int_equal(verdict(f), 124);
	v = judged(f)->verdict;
	assert_string_equal(v.why, "stall-evict can't be checked on this kernel");
	f->r.terms.rules = BIT(DX_RULE_FREE_NONZERO);
	assert_int_equal(verdict(f), 0);
	/* an essential probe is missing: no word about anything */
	f->probes[0].state = PROBE_MISSING;
	assert_true(f->probes[0].essential);
	assert_int_equal(verdict(f), 124);
}

static void test_states(void **state)
{
	struct fixture *f = *state;
	struct verdict_rule row;

	f->facts.rule[DX_RULE_P2PDMA_COUNT].checked = 0;
	row = judged(f)->verdict.rule[DX_RULE_P2PDMA_COUNT];
	assert_int_equal(row.state, RULE_NOT_EXERCISED);
	row = judged(f)->verdict.rule[DX_RULE_FREE_NONZERO];
	assert_int_equal(row.state, RULE_KEPT);
	assert_int_equal(row.checked, 1004);
	/* loss: counts at the point are whole, what is judged from history is not */
	f->facts.inconclusive = "events were lost";
	row = judged(f)->verdict.rule[DX_RULE_FREE_NONZERO];
	assert_int_equal(row.state, RULE_KEPT);
	row = judged(f)->verdict.rule[DX_RULE_FOLIO_LEAK];
	assert_int_equal(row.state, RULE_UNSURE);
	assert_string_equal(row.why, "events were lost");
	/* found, and no memory to keep it */
	f->facts.rule[DX_RULE_FOLIO_LEAK].broken = 2;
	f->facts.rule[DX_RULE_FOLIO_LEAK].samples = 1;
	add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	row = judged(f)->verdict.rule[DX_RULE_FOLIO_LEAK];
	assert_int_equal(row.state, RULE_BROKEN);
	assert_int_equal(row.broken, 2);
}

/* What outranks what. */
static void test_exit(void **state)
{
	static const struct {
		bool finding, unseen, command, cut;
		int status, error_exitcode; /* as waitpid() has it; for findings */
		int exit;
		enum verdict_decided decided;
	} runs[] = {
		{ .exit = 0, .decided = DECIDED_RULES_KEPT },
		{ .unseen = true, .exit = 124, .decided = DECIDED_NOT_ALL_SEEN },
		{ .finding = true, .exit = 1, .decided = DECIDED_FINDINGS },
		{ .finding = true,
		  .unseen = true,
		  .error_exitcode = 99,
		  .exit = 99,
		  .decided = DECIDED_FINDINGS },
		{ .command = true, .exit = 0, .decided = DECIDED_COMMAND },
		{ .command = true, .status = 7 << 8, .exit = 7, .decided = DECIDED_COMMAND },
		{ .command = true, .status = 255 << 8, .exit = 255, .decided = DECIDED_COMMAND },
		{ .command = true, .status = 11, .exit = 139, .decided = DECIDED_COMMAND },
		{ .command = true, .status = 64, .exit = 192, .decided = DECIDED_COMMAND },
		{ .command = true,
		  .status = 7 << 8,
		  .unseen = true,
		  .exit = 124,
		  .decided = DECIDED_NOT_ALL_SEEN },
		{ .command = true,
		  .status = 7 << 8,
		  .finding = true,
		  .exit = 1,
		  .decided = DECIDED_FINDINGS },
		{ .command = true,
		  .status = 11,
		  .finding = true,
		  .unseen = true,
		  .error_exitcode = 255,
		  .exit = 255,
		  .decided = DECIDED_FINDINGS },
		{ .command = true, .cut = true, .exit = 124, .decided = DECIDED_NOT_ALL_SEEN },
		{ .command = true, .cut = true, .finding = true, .exit = 1, .decided = DECIDED_FINDINGS },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		f->r.nr_findings = 0;
		f->facts.rule[DX_RULE_FREE_NONZERO].broken = 0;
		if (runs[i].finding)
			add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
		f->facts.inconclusive = runs[i].unseen ? "events were lost" : NULL;
		f->r.command = runs[i].command ? "./t" : NULL;
		f->r.cut = runs[i].cut ? "it went on" : NULL;
		f->r.status = runs[i].status;
		f->r.terms.error_exitcode = runs[i].error_exitcode ?: 1;
		assert_int_equal(verdict(f), runs[i].exit);
		assert_int_equal(f->r.verdict.decided, runs[i].decided);
	}
}

static void expect_unseen(struct fixture *f, const char *why)
{
	struct verdict v;

	v = judged(f)->verdict;
	assert_int_equal(v.exit, 124);
	assert_string_equal(v.why, why);
}

static void test_require_exercised(void **state)
{
	struct fixture *f = *state;

	f->r.terms.some_exercised = true;
	assert_int_equal(verdict(f), 0);
	f->r.terms.exercised = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_P2PDMA_COUNT);
	assert_int_equal(verdict(f), 0);
	f->facts.rule[DX_RULE_P2PDMA_COUNT].checked = 0;
	expect_unseen(f, "p2pdma-count was not exercised, which is required");
	/* what was broken was exercised */
	f->facts.rule[DX_RULE_P2PDMA_COUNT].broken = 1;
	assert_int_equal(verdict(f), 1);
	f->facts.rule[DX_RULE_P2PDMA_COUNT].broken = 0;
	/* a rule that this kernel has not can't be exercised */
	f->r.terms.exercised = BIT(DX_RULE_STALL_EVICT);
	assert_int_equal(verdict(f), 0);
	f->r.regime = REGIME_LEGACY;
	expect_unseen(f, "stall-evict was not exercised, which is required");
	f->r.regime = REGIME_CURRENT;
	f->r.terms.exercised = 0;
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->facts.rule[i].checked = rule_get(i)->standing ? 36 : 0;
	expect_unseen(f, "nothing was exercised, which is required");
	f->r.terms.some_exercised = false;
	assert_int_equal(verdict(f), 0);
	/* neither of CMD's statuses nor of a clean look */
	f->r.terms.unjudged = true;
	expect_unseen(
		f,
		"a signal ended the waiting before it was known whether what looks wrong stays so");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdict), TEST(test_counted_only), TEST(test_not_checked),
		TEST(test_states),  TEST(test_exit),	     TEST(test_require_exercised),
		TEST(test_before),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
