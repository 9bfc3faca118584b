// SPDX-License-Identifier: GPL-2.0-only
/* test_report.c - what daxtop check says: table, findings, verdict, as text; and where it is from */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "../records.h"
#include "report_fixture.h"

static void expect_last(struct fixture *f, const char *text)
{
	const char *line = of_rules(text);
	struct capture c;

	view_report_text(capture_start(&c), judged(f));
	if (!strstr(capture_text(&c), line))
		fail_msg("no '%s' in '%s'", line, capture_text(&c));
	capture_end(&c);
}

/* A verdict says what it is not about, and when it is about nothing. */
static void test_scope(void **state)
{
	struct fixture *f = *state;

	expect_last(f, "\nCLEAN: no rule was broken; lost 0, missed program runs 0\n");
	f->facts.rule[DX_RULE_P2PDMA_COUNT].checked = f->facts.rule[DX_RULE_PRIVATE_INIT].checked = 0;
	expect_last(f, "\nCLEAN: no rule was broken; 2 not exercised; lost 0,");
	f->r.terms.rules = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_P2PDMA_COUNT);
	expect_last(f,
		    "\nCLEAN for 2 of {-0} rules: none of them was broken; {-2} left out, 1 not exercised; lost 0,");
	f->r.terms.rules = BIT(DX_RULE_P2PDMA_COUNT);
	expect_last(f, "\nCLEAN for 1 of {-0} rules, but nothing was exercised: what was seen of DAX memory concerns none "
		       "of them; {-1} left out; lost 0,");
	/* a kernel that lacks rules */
	f->r.terms.rules = ALL;
	f->r.regime = REGIME_LEGACY;
	expect_last(f, " of {-0} rules: none of them was broken; ");
	expect_last(f, " can't be checked on this kernel, 2 not exercised; lost 0,");
	f->r.regime = REGIME_CURRENT;
	/* what is looked at while nothing happens is no sign that something did */
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->facts.rule[i].checked = rule_get(i)->standing ? 36 : 0;
	expect_last(f, "\nCLEAN, but nothing was exercised: no use of DAX memory was seen; lost 0,");
	assert_int_equal(verdict(f), 0);
	/* who asks for that alone gets it */
	f->r.terms.rules = BIT(DX_RULE_PGMAP_LEAK);
	expect_last(f,
		    "\nCLEAN for 1 of {-0} rules: none of them was broken; {-1} left out; lost 0,");
	/* what is not clean says it too */
	f->r.terms.rules = BIT(DX_RULE_FREE_NONZERO);
	f->facts.inconclusive = "events were lost";
	expect_last(f,
		    "\nINCONCLUSIVE: events were lost; 0 inconclusive findings; {-1} left out; lost 0,");
	f->facts.unproven = 2;
	add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	expect_last(f, "\nBROKEN: 1 finding (1 proven, 0 suspected, 0 inconclusive); {-1} left out; 2 findings not proven "
		       "left out; lost 0,");
}

/* What an exit status comes from, in each format. */
static void test_exit_words(void **state)
{
	static const struct {
		bool finding, unseen, command, cut;
		int status, error_exitcode; /* as waitpid() has it; for findings */
		int exit;
		const char *says, *json;
	} runs[] = {
		{ .exit = 0, .says = "exit status 0: no rule was broken\n", .json = "rules-kept" },
		{ .unseen = true,
		  .exit = 124,
		  .says = "exit status 124: the verdict is inconclusive\n",
		  .json = "inconclusive" },
		{ .finding = true,
		  .exit = 1,
		  .says = "exit status 1: for findings\n",
		  .json = "findings" },
		{ .finding = true,
		  .unseen = true,
		  .error_exitcode = 99,
		  .exit = 99,
		  .says = "exit status 99: for findings\n",
		  .json = "findings" },
		{ .command = true, .exit = 0, .says = "exit status 0: CMD's own\n", .json = "command" },
		{ .command = true,
		  .status = 7 << 8,
		  .exit = 7,
		  .says = "exit status 7: CMD's own\n",
		  .json = "command" },
		{ .command = true,
		  .status = 255 << 8,
		  .exit = 255,
		  .says = "exit status 255: CMD's own\n",
		  .json = "command" },
		{ .command = true,
		  .status = 11,
		  .exit = 139,
		  .says = "exit status 139: CMD's own, ended by SIGSEGV\n",
		  .json = "command" },
		{ .command = true,
		  .status = 64,
		  .exit = 192,
		  .says = "exit status 192: CMD's own, ended by signal 64\n",
		  .json = "command" },
		{ .command = true,
		  .status = 7 << 8,
		  .unseen = true,
		  .exit = 124,
		  .says = "exit status 124: the verdict is inconclusive\n",
		  .json = "inconclusive" },
		{ .command = true,
		  .status = 7 << 8,
		  .finding = true,
		  .exit = 1,
		  .says = "exit status 1: for findings\n",
		  .json = "findings" },
		{ .command = true,
		  .status = 11,
		  .finding = true,
		  .unseen = true,
		  .error_exitcode = 255,
		  .exit = 255,
		  .says = "exit status 255: for findings\n",
		  .json = "findings" },
		{ .command = true,
		  .cut = true,
		  .exit = 124,
		  .says = "exit status 124: the verdict is inconclusive\n",
		  .json = "inconclusive" },
		{ .command = true,
		  .cut = true,
		  .finding = true,
		  .exit = 1,
		  .says = "exit status 1: for findings\n",
		  .json = "findings" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		char line[64], decided[64];
		struct capture c;

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
		view_report_text(capture_start(&c), judged(f));
		assert_non_null(strstr(capture_text(&c), runs[i].says));
		capture_end(&c);
		view_report_ktap(capture_start(&c), judged(f));
		snprintf(line, sizeof(line), "\n# %s", runs[i].says);
		assert_non_null(strstr(capture_text(&c), line));
		capture_end(&c);
		assert_int_equal(view_report_json(capture_start(&c), judged(f)), 0);
		snprintf(decided, sizeof(decided), "\"exit_status\":%d,\"decided_by\":\"%s\",",
			 runs[i].exit, runs[i].json);
		assert_non_null(strstr(capture_text(&c), decided));
		capture_end(&c);
	}
}

static void test_counted_only_words(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->facts.rule[DX_RULE_PIN_IMBALANCE].broken = 3;
	view_report_text(capture_start(&c), judged(f));
	assert_non_null(strstr(capture_text(&c),
			       "\nBROKEN: 1 rule, of which no record came through (try a larger "
			       "--ring-size); lost 0, missed program runs 0\n"));
	capture_end(&c);
}

/* Whoever was not waited for: as whom it runs, why, and what is left of it. */
static void test_left(void **state)
{
	static const struct child_user user = {
		.change = true, .uid = 1000, .gid = 1001, .name = "jo\x1b"
	};
	struct fixture *f = *state;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_FREE_NONZERO);
	f->r.command = "rm";
	f->r.user = &user;
	f->r.cut = "SIGTERM came as a second signal";
	f->r.left[0] = (struct child_process){ 77, "r\nm", 'D' };
	f->r.left[1] = (struct child_process){ 78, "sh", 'T' };
	for (size_t i = 2; i < REPORT_LEFT_MAX; i++)
		f->r.left[i] = (struct child_process){ 90, "x", 'S' };
	f->r.nr_left = REPORT_LEFT_MAX + 3;
	expect_last(f, "\nrm, run as jo\\x1b, was not waited for to its end: SIGTERM came as a second signal\n"
		       "still running, not waited for any longer:\n"
		       "    77 r\\x0am: D, waits in the kernel\n"
		       "    78 sh: T, stopped\n"
		       "    90 x: S, sleeps\n");
	expect_last(
		f,
		"    90 x: S, sleeps\n    and 3 more\nexit status 124: the verdict is inconclusive\n"
		"INCONCLUSIVE: CMD was not waited for to its end; 0 inconclusive findings; {-1} left out; ");
	f->r.nr_left = 1;
	assert_int_equal(view_report_json(capture_start(&c), judged(f)), 0);
	assert_non_null(
		strstr(capture_text(&c),
		       "\"command\":{\"name\":\"rm\",\"user\":\"jo\\u001b\",\"uid\":1000,\"gid\":1001,"
		       "\"not_waited_for\":\"SIGTERM came as a second signal\",\"left\":[{\"pid\":77,"
		       "\"comm\":\"r\\nm\",\"task_state\":\"D\"}]}}\n"));
	capture_end(&c);
}

static void test_text_clean(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_INSTALL_ZERO_REF) | BIT(DX_RULE_P2PDMA_COUNT) |
			   BIT(DX_RULE_STALL_MEMUNMAP);
	f->facts.rule[DX_RULE_INSTALL_ZERO_REF].checked = 12345678;
	f->facts.rule[DX_RULE_P2PDMA_COUNT].checked = 0;
	for (size_t i = 0; i < f->nr_probes; i++)
		if (!strcmp(f->probes[i].event, "pgmap removed")) {
			f->probes[i].state = PROBE_MISSING;
			f->probes[i].essential = false;
			strcpy(f->probes[i].why, "not in BTF");
		}
	f->counts.missed_runs = 2;
	f->counts.lost[DX_PIN] = 7;
	f->r.command = "./a\x1b";
	f->r.status = 3 << 8;
	f->r.left[0] = (struct child_process){ 77, "sleep", 'S' };
	f->r.nr_left = 1;
	view_report_text(capture_start(&c), judged(f));
	assert_string_equal(
		capture_text(&c),
		of_rules("kernel 7.2.12, regime current\n"
			 "\n"
			 "RULE                              CHECKED     BROKEN\n"
			 "install-zero-ref               12,345,678          0\n"
			 "p2pdma-count                            0          0  not exercised\n"
			 "stall-memunmap                          -          -  not checked: the probe 'pgmap "
			 "removed' is missing: not in BTF\n"
			 "\n"
			 "./a\\x1b exited with 3\n"
			 "still running, not waited for any longer:\n"
			 "    77 sleep: S, sleeps\n"
			 "exit status 3: CMD's own\n"
			 "CLEAN for 2 of {-0} rules: none of them was broken; {-3} left out, 1 can't be checked on this "
			 "kernel, 1 not exercised; lost 7, missed program runs 2 (" MISSED_MEANS
			 ")\n"));
	capture_end(&c);
}

static void test_text_findings(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_FOLIO_LEAK) |
			   BIT(DX_RULE_STALL_BREAK_LAYOUT);
	e = add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	e->count = 1234;
	e->last_time = 8 * SEC + 5000;
	f->facts.rule[DX_RULE_FREE_NONZERO].broken = 1234;
	memcpy(e->comm, "\x1b[2J\n", 5);
	e = add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	e->wanted = 1;
	e->comm[0] = 0;
	e->pid = e->tgid = 0;
	f->holders[0] = (struct engine_holder){ .pid = 5,
						.tgid = 4,
						.comm = "ho\nlder",
						.pin = true,
						.nr = 2,
						.longterm = true,
						.gone = true,
						.since = 6 * SEC,
						.stack = -1 };
	f->findings[1].holders = f->holders;
	f->findings[1].nr_holders = 1;
	e = add_finding(f, DX_RULE_STALL_BREAK_LAYOUT, ENGINE_PROVEN);
	e->over = true;
	e->end_time = 19 * SEC;
	e->folio.predates = true;
	view_report_text(capture_start(&c), judged(f));
	assert_string_equal(
		capture_text(&c),
		of_rules(
			"kernel 7.2.12, regime current\n"
			"\n"
			"RULE                              CHECKED     BROKEN\n"
			"free-nonzero                        1,004      1,234\n"
			"folio-leak                          1,018          1\n"
			"stall-break-layout                  1,021          1\n"
			"\n"
			"finding 1: free-nonzero, proven\n"
			"    4K folio 0x108000 of pmem0, /mnt/f:0x0 was freed with refcount 3, not 0\n"
			"    by \\x1b[2J\\x0a[13] at 2.000000 s, last at 3.000005 s, 1,234 times\n"
			"\n"
			"finding 2: folio-leak, suspected (inferred)\n"
			"    4K folio 0x108000 of pmem0, /mnt/f:0x0 has 1 reference for 13.0s that nothing explains: "
			"refcount 3, explained 1\n"
			"    since 2.000000 s\n"
			"    held for 14.0s by ho\\x0alder[5]: 2 pins, longterm; its process is gone\n"
			"\n"
			"finding 3: stall-break-layout, proven\n"
			"    4K folio 0x108000 of pmem0, /mnt/f:0x0 was waited for by a truncate, hole punch or reflink for "
			"12.0s: refcount 3, mapcount 0, pins 0\n"
			"    waiting: db[13] from 2.000000 s to 14.000000 s\n"
			"    no holder is known now; some of its references are older than daxtop\n"
			"\n"
			"exit status 1: for findings\n"
			"BROKEN: 3 findings (2 proven, 1 suspected, 0 inconclusive); {-3} left out; lost 0, missed program runs 0\n"));
	capture_end(&c);
}

static void test_text_legacy(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.regime = REGIME_LEGACY;
	f->r.kernel = "6.12.95";
	f->r.terms.rules = BIT(DX_RULE_INSTALL_WITHOUT_REF) | BIT(DX_RULE_BREAK_INCOMPLETE);
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].broken = 1002;
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].note = true;
	add_finding(f, DX_RULE_INSTALL_WITHOUT_REF, ENGINE_PROVEN)->note = true;
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].broken = 1002;
	view_report_text(capture_start(&c), judged(f));
	assert_string_equal(
		capture_text(&c),
		of_rules("kernel 6.12.95, regime legacy\n"
			 "an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
			 "and a mapping takes no reference\n"
			 "\n"
			 "RULE                              CHECKED     BROKEN\n"
			 "install-without-ref                 1,002          0  by design on this kernel: 1,002 times\n"
			 "break-incomplete                        -          -  not checked: no rule of a legacy kernel\n"
			 "\n"
			 "exit status 0: no rule was broken\n"
			 "CLEAN for 1 of {-0} rules: none of them was broken; {-2} left out, 1 can't be checked on this kernel; "
			 "lost 0, missed program runs 0\n"));
	capture_end(&c);
	/* --strict */
	f->facts.rule[DX_RULE_INSTALL_WITHOUT_REF].note = false;
	f->findings[0].f.note = false;
	assert_int_equal(verdict(f), 1);
}

static void test_text_inconclusive(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.terms.rules = BIT(DX_RULE_FOLIO_LEAK);
	f->facts.inconclusive = "events were lost";
	add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_INCONCLUSIVE);
	add_finding(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED)->over = true;
	view_report_text(capture_start(&c), judged(f));
	assert_non_null(strstr(capture_text(&c),
			       "folio-leak                          1,018          0  1 "
			       "inconclusive: events were lost\n"));
	assert_non_null(strstr(capture_text(&c),
			       "finding 1: folio-leak, inconclusive (events were lost)\n"));
	assert_non_null(
		strstr(capture_text(&c),
		       "finding 2: folio-leak, suspected (inferred), over: no finding any more\n"));
	assert_non_null(
		strstr(capture_text(&c),
		       of_rules("\nINCONCLUSIVE: events were lost; 1 inconclusive finding; {-1} left out; 1 leak went away; lost "
				"0, missed program runs 0\n")));
	capture_end(&c);
}

static void push_violation(struct engine *e, enum dx_rule rule, uint64_t time, uint64_t index)
{
	struct dx_event ev = feed_event(DX_VIOLATION, time, index);

	ev.arg = rule;
	ev.ret = DX_D_REFCOUNT;
	ev.since = 5;
	ev.stack = -1;
	ev.ustack = -1;
	feed_push(e, &ev);
}

static void test_collect(void **state)
{
	struct fixture *f = *state;
	struct dx_rule_counts total = { .checked = { 0 } };
	struct engine *e = feed_engine();
	struct report r = f->r;

	r.findings = NULL;
	total.checked[DX_RULE_FREE_NONZERO] = 70;
	total.broken[DX_RULE_FREE_NONZERO] = 2;
	total.checked[DX_RULE_PIN_IMBALANCE] = 8;
	total.broken[DX_RULE_PIN_IMBALANCE] = 1;
	feed_path(e, "/mnt/f", 6, 0);
	feed_fault(e, 6 * SEC, 1);
	feed_pin(e, 7 * SEC, 1, 0);
	push_violation(e, DX_RULE_FREE_NONZERO, 8 * SEC, 1);
	push_violation(e, DX_RULE_FREE_NONZERO, 9 * SEC, 1);
	push_violation(e, DX_RULE_PIN_IMBALANCE, 10 * SEC, 2);
	put_counters(e, &total);
	assert_int_equal(report_collect(&r, engine_now(e)), 0);
	assert_int_equal(r.nr_findings, 2);
	assert_int_equal(r.findings[0].f.rule, DX_RULE_FREE_NONZERO);
	assert_int_equal(r.findings[0].f.count, 2);
	assert_int_equal(r.findings[0].f.got, 5);
	assert_string_equal(r.findings[0].f.folio.path, "/mnt/f");
	assert_int_equal(r.findings[0].nr_holders, 1);
	assert_string_equal(r.findings[0].holders[0].comm, "db");
	assert_int_equal(r.findings[1].nr_holders, 0);
	assert_int_equal(r.verdict.rule[DX_RULE_FREE_NONZERO].checked, 70);
	assert_int_equal(r.verdict.rule[DX_RULE_FREE_NONZERO].broken, 2);
	assert_int_equal(r.verdict.rule[DX_RULE_FREE_NONZERO].state, RULE_BROKEN);
	assert_int_equal(r.verdict.proven, 2);
	assert_int_equal(r.verdict.exit, 1);
	report_free(&r);

	/* those that are judged, and no others */
	r.terms.rules = BIT(DX_RULE_PIN_IMBALANCE);
	assert_int_equal(report_collect(&r, engine_now(e)), 0);
	assert_int_equal(r.nr_findings, 1);
	assert_int_equal(r.findings[0].f.rule, DX_RULE_PIN_IMBALANCE);
	report_free(&r);

	put_lost(e, 0, DX_PIN, 3, 11 * SEC);
	r.terms.rules = BIT(DX_RULE_GRAB_NONPOSITIVE);
	assert_int_equal(report_collect(&r, engine_now(e)), 0);
	assert_int_equal(r.nr_findings, 0);
	assert_string_equal(r.verdict.why, "events were lost");
	report_free(&r);
	engine_free(e);
}

/* Stacks that could not be kept are said, and change no verdict. */
static void test_unkept(void **state)
{
	static const char says[] =
		"1 stack could not be kept: new ones came faster than they could be taken\n";
	struct fixture *f = *state;
	struct engine_finding *e;
	struct capture c;
	struct verdict v;
	const char *at;

	f->counts.stacks_unkept = 1;
	v = judged(f)->verdict;
	assert_int_equal(v.kind, VERDICT_CLEAN);
	assert_int_equal(v.exit, 0);
	e = add_finding(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	e->stack = DX_STACK_UNKEPT;
	f->holders[0] = (struct engine_holder){
		.pid = 5, .tgid = 4, .comm = "h", .nr = 1, .stack = DX_STACK_UNKEPT
	};
	f->findings[0].holders = f->holders;
	f->findings[0].nr_holders = 1;
	v = judged(f)->verdict;
	assert_int_equal(v.proven, 1);

	view_report_text(capture_start(&c), judged(f));
	assert_non_null(strstr(capture_text(&c), "    kernel stack (not kept)\n    held for"));
	assert_non_null(strstr(capture_text(&c), "      taken by (not kept)\n"));
	assert_null(strstr(capture_text(&c), "user stack"));
	at = strstr(capture_text(&c), says);
	assert_non_null(at);
	assert_memory_equal(at + strlen(says),
			    "exit status 1: for findings\nBROKEN: 1 finding (1 proven", 55);
	capture_end(&c);

	view_report_ktap(capture_start(&c), judged(f));
	at = strstr(capture_text(&c), says);
	assert_non_null(at);
	assert_memory_equal(at - 3, "\n# ", 3);
	assert_non_null(strstr(capture_text(&c), "#     kernel stack (not kept)\n"));
	capture_end(&c);

	assert_int_equal(view_report_json(capture_start(&c), judged(f)), 0);
	assert_non_null(strstr(
		capture_text(&c),
		"\"kernel_stack\":[],\"kernel_stack_not_kept\":true,\"user_stack\":[],\"holders\":[{"));
	assert_non_null(strstr(capture_text(&c),
			       "\"kernel_stack\":[],\"kernel_stack_not_kept\":true}]}\n"));
	assert_non_null(strstr(capture_text(&c), "\"missed_runs\":0,\"stacks_not_kept\":1,"));
	capture_end(&c);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, report_setup, report_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scope),	TEST(test_exit_words),	      TEST(test_counted_only_words),
		TEST(test_left),	TEST(test_text_clean),	      TEST(test_text_findings),
		TEST(test_text_legacy), TEST(test_text_inconclusive), TEST(test_collect),
		TEST(test_unkept),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
