// SPDX-License-Identifier: GPL-2.0-only
/* test_report.c - what daxtop check says: table, findings, verdict; as text, KTAP, JSON */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include "view/escape.h"
#include "view/report.h"
#include "../records.h"
#include "view_feed.h"

#define SEC    1000000000ull
#define ALL    (((1u << DX_RULES) - 1) & ~1u)
#define BIT(r) (1u << (r))

struct fixture {
	struct probe probes[PROBE_MAX];
	struct view_summary counts;
	struct report r;
	struct held_finding findings[4];
	struct engine_holder holders[2];
};

/* A kernel with every probe; each rule was checked a thousand times and its number. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->r = (struct report){ .kernel = "7.2.12",
				.regime = REGIME_CURRENT,
				.probes = f->probes,
				.rules = ALL,
				.start = 5 * SEC,
				.now = 20 * SEC,
				.counts = &f->counts,
				.findings = f->findings,
				.error_exitcode = 1 };
	f->r.nr_probes = probe_table(f->probes, PROBE_MAX);
	for (size_t i = 0; i < f->r.nr_probes; i++)
		f->probes[i].state = PROBE_ATTACHED;
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->r.table[i].checked = 1000 + i;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static struct engine_finding *add(struct fixture *f, enum dx_rule rule, enum engine_confidence c)
{
	struct held_finding *h = &f->findings[f->r.nr_findings++];

	h->f = (struct engine_finding){
		.nr = f->r.nr_findings,
		.rule = rule,
		.detail = DX_D_REFCOUNT,
		.confidence = c,
		.why = c == ENGINE_PROVEN      ? NULL
		       : c == ENGINE_SUSPECTED ? "inferred"
					       : "events were lost",
		.first_time = 7 * SEC,
		.last_time = 7 * SEC,
		.count = 1,
		.got = 3,
		.nr_refs = 1,
		.folio = { .pfn = FEED_PFN,
			   .refcount = 3,
			   .path = "/mnt/f",
			   .dev = FEED_DEV,
			   .ino = 42,
			   .device = "pmem0" },
		.tgid = 12,
		.pid = 13,
		.comm = "db",
		.stack = -1,
		.ustack = -1,
	};
	if (!rule_get(rule)->in_engine)
		f->r.table[rule].broken++;
	return &h->f;
}

static int verdict(struct fixture *f)
{
	struct verdict v;

	report_verdict(&f->r, &v);
	return v.exit;
}

/* ---- the verdict ---- */

static void test_verdict(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct verdict v;

	assert_int_equal(verdict(f), 0);
	f->r.inconclusive = "events were lost";
	assert_int_equal(verdict(f), 124);
	report_verdict(&f->r, &v);
	assert_string_equal(v.why, "events were lost");
	/* what was proven stays so, whatever was lost */
	e = add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	assert_int_equal(verdict(f), 1);
	f->r.inconclusive = NULL;
	assert_int_equal(verdict(f), 1);
	f->r.nr_findings = 0;
	f->r.table[DX_RULE_FREE_NONZERO].broken = 0;

	e = add(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	assert_int_equal(verdict(f), 1);
	/* a suspicion that ended honestly */
	e->over = true;
	assert_int_equal(verdict(f), 0);
	report_verdict(&f->r, &v);
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

/* The ring was too small for any record of it: the count is proof enough. */
static void test_counted_only(void **state)
{
	struct fixture *f = *state;
	struct report_rule row;
	struct verdict v;
	struct capture c;

	f->r.table[DX_RULE_PIN_IMBALANCE].broken = 3;
	f->r.inconclusive = "events were lost";
	report_verdict(&f->r, &v);
	assert_int_equal(v.exit, 1);
	assert_int_equal(v.broken_rules, 1);
	report_rule_get(&f->r, DX_RULE_PIN_IMBALANCE, &row);
	assert_int_equal(row.state, RULE_BROKEN);
	assert_int_equal(row.broken, 3);
	view_report_text(capture_start(&c), &f->r);
	assert_non_null(strstr(capture_text(&c),
			       "\nBROKEN: 1 rule, of which no record came through (try a larger "
			       "--ring-size); lost 0, missed program runs 0\n"));
	capture_end(&c);
	/* not the user's question */
	f->r.rules &= ~BIT(DX_RULE_PIN_IMBALANCE);
	assert_int_equal(verdict(f), 124);
}

static void test_not_checked(void **state)
{
	struct fixture *f = *state;
	struct report_rule row;
	struct verdict v;

	f->r.regime = REGIME_LEGACY;
	report_rule_get(&f->r, DX_RULE_STALL_EVICT, &row);
	assert_int_equal(row.state, RULE_NOT_CHECKED);
	assert_string_equal(row.why, "no rule of a legacy kernel");
	/* nobody asked for it */
	assert_int_equal(verdict(f), 0);
	f->r.rules = BIT(DX_RULE_STALL_EVICT) | BIT(DX_RULE_FREE_NONZERO);
	f->r.rules_named = true;
	assert_int_equal(verdict(f), 124);
	report_verdict(&f->r, &v);
	assert_string_equal(v.why, "stall-evict can't be checked on this kernel");
	f->r.rules = BIT(DX_RULE_FREE_NONZERO);
	assert_int_equal(verdict(f), 0);
	/* an essential probe is missing: no word about anything */
	f->probes[0].state = PROBE_MISSING;
	assert_true(f->probes[0].essential);
	assert_int_equal(verdict(f), 124);
}

static void test_states(void **state)
{
	struct fixture *f = *state;
	struct report_rule row;

	f->r.table[DX_RULE_P2PDMA_COUNT].checked = 0;
	report_rule_get(&f->r, DX_RULE_P2PDMA_COUNT, &row);
	assert_int_equal(row.state, RULE_NOT_EXERCISED);
	report_rule_get(&f->r, DX_RULE_FREE_NONZERO, &row);
	assert_int_equal(row.state, RULE_KEPT);
	assert_int_equal(row.checked, 1004);
	/* loss: counts at the point are whole, what is judged from history is not */
	f->r.inconclusive = "events were lost";
	report_rule_get(&f->r, DX_RULE_FREE_NONZERO, &row);
	assert_int_equal(row.state, RULE_KEPT);
	report_rule_get(&f->r, DX_RULE_FOLIO_LEAK, &row);
	assert_int_equal(row.state, RULE_UNSURE);
	assert_string_equal(row.why, "events were lost");
	/* found, and no memory to keep it */
	f->r.table[DX_RULE_FOLIO_LEAK].broken = 2;
	f->r.table[DX_RULE_FOLIO_LEAK].samples = 1;
	add(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	report_rule_get(&f->r, DX_RULE_FOLIO_LEAK, &row);
	assert_int_equal(row.state, RULE_BROKEN);
	assert_int_equal(row.broken, 2);
}

/* What outranks what, and what is said of it. */
static void test_exit(void **state)
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
		f->r.table[DX_RULE_FREE_NONZERO].broken = 0;
		if (runs[i].finding)
			add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
		f->r.inconclusive = runs[i].unseen ? "events were lost" : NULL;
		f->r.command = runs[i].command ? "./t" : NULL;
		f->r.cut = runs[i].cut ? "it went on" : NULL;
		f->r.status = runs[i].status;
		f->r.error_exitcode = runs[i].error_exitcode ?: 1;
		assert_int_equal(verdict(f), runs[i].exit);
		view_report_text(capture_start(&c), &f->r);
		assert_non_null(strstr(capture_text(&c), runs[i].says));
		capture_end(&c);
		view_report_ktap(capture_start(&c), &f->r);
		snprintf(line, sizeof(line), "\n# %s", runs[i].says);
		assert_non_null(strstr(capture_text(&c), line));
		capture_end(&c);
		assert_int_equal(view_report_json(capture_start(&c), &f->r), 0);
		snprintf(decided, sizeof(decided), "\"exit_status\":%d,\"decided_by\":\"%s\",",
			 runs[i].exit, runs[i].json);
		assert_non_null(strstr(capture_text(&c), decided));
		capture_end(&c);
	}
}

static void expect_last(struct fixture *f, const char *line)
{
	struct capture c;

	view_report_text(capture_start(&c), &f->r);
	if (!strstr(capture_text(&c), line))
		fail_msg("no '%s' in '%s'", line, capture_text(&c));
	capture_end(&c);
}

/* A verdict says what it is not about, and when it is about nothing. */
static void test_scope(void **state)
{
	struct fixture *f = *state;

	expect_last(f, "\nCLEAN: no rule was broken; lost 0, missed program runs 0\n");
	f->r.table[DX_RULE_P2PDMA_COUNT].checked = f->r.table[DX_RULE_PRIVATE_INIT].checked = 0;
	expect_last(f, "\nCLEAN: no rule was broken; 2 not exercised; lost 0,");
	f->r.rules = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_P2PDMA_COUNT);
	expect_last(f,
		    "\nCLEAN for 2 of 23 rules: none of them was broken; 21 left out, 1 not exercised; lost 0,");
	f->r.rules = BIT(DX_RULE_P2PDMA_COUNT);
	expect_last(f, "\nCLEAN for 1 of 23 rules, but nothing was exercised: what was seen of DAX memory concerns none "
		       "of them; 22 left out; lost 0,");
	/* a kernel that lacks rules */
	f->r.rules = ALL;
	f->r.regime = REGIME_LEGACY;
	expect_last(f, " of 23 rules: none of them was broken; ");
	expect_last(f, " can't be checked on this kernel, 2 not exercised; lost 0,");
	f->r.regime = REGIME_CURRENT;
	/* what is looked at while nothing happens is no sign that something did */
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->r.table[i].checked = rule_get(i)->standing ? 36 : 0;
	expect_last(f, "\nCLEAN, but nothing was exercised: no use of DAX memory was seen; lost 0,");
	assert_int_equal(verdict(f), 0);
	/* who asks for that alone gets it */
	f->r.rules = BIT(DX_RULE_PGMAP_LEAK);
	expect_last(f, "\nCLEAN for 1 of 23 rules: none of them was broken; 22 left out; lost 0,");
	/* what is not clean says it too */
	f->r.rules = BIT(DX_RULE_FREE_NONZERO);
	f->r.inconclusive = "events were lost";
	expect_last(f,
		    "\nINCONCLUSIVE: events were lost; 0 inconclusive findings; 22 left out; lost 0,");
	f->r.unproven = 2;
	add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	expect_last(f, "\nBROKEN: 1 finding (1 proven, 0 suspected, 0 inconclusive); 22 left out; 2 findings not proven "
		       "left out; lost 0,");
}

static void expect_unseen(struct fixture *f, const char *why)
{
	struct verdict v;

	report_verdict(&f->r, &v);
	assert_int_equal(v.exit, 124);
	assert_string_equal(v.why, why);
}

static void test_require_exercised(void **state)
{
	struct fixture *f = *state;

	f->r.some_exercised = true;
	assert_int_equal(verdict(f), 0);
	f->r.exercised = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_P2PDMA_COUNT);
	assert_int_equal(verdict(f), 0);
	f->r.table[DX_RULE_P2PDMA_COUNT].checked = 0;
	expect_unseen(f, "p2pdma-count was not exercised, which is required");
	/* what was broken was exercised */
	f->r.table[DX_RULE_P2PDMA_COUNT].broken = 1;
	assert_int_equal(verdict(f), 1);
	f->r.table[DX_RULE_P2PDMA_COUNT].broken = 0;
	/* a rule that this kernel has not can't be exercised */
	f->r.exercised = BIT(DX_RULE_STALL_EVICT);
	assert_int_equal(verdict(f), 0);
	f->r.regime = REGIME_LEGACY;
	expect_unseen(f, "stall-evict was not exercised, which is required");
	f->r.regime = REGIME_CURRENT;
	f->r.exercised = 0;
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->r.table[i].checked = rule_get(i)->standing ? 36 : 0;
	expect_unseen(f, "nothing was exercised, which is required");
	f->r.some_exercised = false;
	assert_int_equal(verdict(f), 0);
	/* neither of CMD's statuses nor of a clean look */
	f->r.unjudged = true;
	expect_unseen(
		f,
		"a signal ended the waiting before it was known whether what looks wrong stays so");
}

/* Whoever was not waited for: as whom it runs, why, and what is left of it. */
static void test_left(void **state)
{
	static const struct child_user user = {
		.change = true, .uid = 1000, .gid = 1001, .name = "jo\x1b"
	};
	struct fixture *f = *state;
	struct capture c;

	f->r.rules = BIT(DX_RULE_FREE_NONZERO);
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
		"INCONCLUSIVE: CMD was not waited for to its end; 0 inconclusive findings; 22 left out; ");
	f->r.nr_left = 1;
	assert_int_equal(view_report_json(capture_start(&c), &f->r), 0);
	assert_non_null(
		strstr(capture_text(&c),
		       "\"command\":{\"name\":\"rm\",\"user\":\"jo\\u001b\",\"uid\":1000,\"gid\":1001,"
		       "\"not_waited_for\":\"SIGTERM came as a second signal\",\"left\":[{\"pid\":77,"
		       "\"comm\":\"r\\nm\",\"task_state\":\"D\"}]}}\n"));
	capture_end(&c);
}

/* ---- text ---- */

static void test_text_clean(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.rules = BIT(DX_RULE_INSTALL_ZERO_REF) | BIT(DX_RULE_P2PDMA_COUNT) |
		     BIT(DX_RULE_STALL_MEMUNMAP);
	f->r.table[DX_RULE_INSTALL_ZERO_REF].checked = 12345678;
	f->r.table[DX_RULE_P2PDMA_COUNT].checked = 0;
	for (size_t i = 0; i < f->r.nr_probes; i++)
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
	view_report_text(capture_start(&c), &f->r);
	assert_string_equal(
		capture_text(&c),
		"kernel 7.2.12, regime current\n"
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
		"CLEAN for 2 of 23 rules: none of them was broken; 20 left out, 1 can't be checked on this "
		"kernel, 1 not exercised; lost 7, missed program runs 2 (" MISSED_MEANS ")\n");
	capture_end(&c);
}

static void test_text_findings(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct capture c;

	f->r.rules = BIT(DX_RULE_FREE_NONZERO) | BIT(DX_RULE_FOLIO_LEAK) |
		     BIT(DX_RULE_STALL_BREAK_LAYOUT);
	e = add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	e->count = 1234;
	e->last_time = 8 * SEC + 5000;
	f->r.table[DX_RULE_FREE_NONZERO].broken = 1234;
	memcpy(e->comm, "\x1b[2J\n", 5);
	e = add(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
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
	e = add(f, DX_RULE_STALL_BREAK_LAYOUT, ENGINE_PROVEN);
	e->over = true;
	e->end_time = 19 * SEC;
	e->folio.predates = true;
	view_report_text(capture_start(&c), &f->r);
	assert_string_equal(
		capture_text(&c),
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
		"BROKEN: 3 findings (2 proven, 1 suspected, 0 inconclusive); 20 left out; lost 0, missed program runs 0\n");
	capture_end(&c);
}

static void test_text_legacy(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.regime = REGIME_LEGACY;
	f->r.kernel = "6.12.95";
	f->r.rules = BIT(DX_RULE_INSTALL_WITHOUT_REF) | BIT(DX_RULE_BREAK_INCOMPLETE);
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].broken = 1002;
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].note = true;
	add(f, DX_RULE_INSTALL_WITHOUT_REF, ENGINE_PROVEN)->note = true;
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].broken = 1002;
	view_report_text(capture_start(&c), &f->r);
	assert_string_equal(
		capture_text(&c),
		"kernel 6.12.95, regime legacy\n"
		"an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
		"and a mapping takes no reference\n"
		"\n"
		"RULE                              CHECKED     BROKEN\n"
		"install-without-ref                 1,002          0  by design on this kernel: 1,002 times\n"
		"break-incomplete                        -          -  not checked: no rule of a legacy kernel\n"
		"\n"
		"exit status 0: no rule was broken\n"
		"CLEAN for 1 of 23 rules: none of them was broken; 21 left out, 1 can't be checked on this kernel; "
		"lost 0, missed program runs 0\n");
	capture_end(&c);
	/* --strict */
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].note = false;
	f->findings[0].f.note = false;
	assert_int_equal(verdict(f), 1);
}

static void test_text_inconclusive(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.rules = BIT(DX_RULE_FOLIO_LEAK);
	f->r.inconclusive = "events were lost";
	add(f, DX_RULE_FOLIO_LEAK, ENGINE_INCONCLUSIVE);
	add(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED)->over = true;
	view_report_text(capture_start(&c), &f->r);
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
		       "\nINCONCLUSIVE: events were lost; 1 inconclusive finding; 22 left out; 1 leak went away; lost "
		       "0, missed program runs 0\n"));
	capture_end(&c);
}

/* ---- KTAP ---- */

static void test_ktap(void **state)
{
	struct fixture *f = *state;
	struct capture c;

	f->r.rules = BIT(DX_RULE_INSTALL_WITHOUT_REF) | BIT(DX_RULE_FREE_NONZERO) |
		     BIT(DX_RULE_P2PDMA_COUNT) | BIT(DX_RULE_BREAK_INCOMPLETE) |
		     BIT(DX_RULE_FOLIO_LEAK);
	f->r.regime = REGIME_LEGACY;
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].broken = 9;
	f->r.table[DX_RULE_INSTALL_WITHOUT_REF].note = true;
	f->r.table[DX_RULE_P2PDMA_COUNT].checked = 0;
	f->r.inconclusive = "events were lost";
	add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN)->folio.path = "/mnt/a # SKIP\nok 1 b";
	f->r.command = "t # TODO";
	view_report_ktap(capture_start(&c), &f->r);
	assert_string_equal(
		capture_text(&c),
		"KTAP version 1\n"
		"1..5\n"
		"# kernel 7.2.12, regime legacy\n"
		"# an idle page of a filesystem's DAX file has refcount 1 on this kernel, not 0,\n"
		"# and a mapping takes no reference\n"
		"ok 1 install-without-ref # checked 1002, by design on this kernel 9\n"
		"# finding 1: free-nonzero, proven\n"
		"#     4K folio 0x108000 of pmem0, /mnt/a # SKIP\\x0aok 1 b:0x0 was freed with refcount 3, not 0\n"
		"#     by db[13] at 2.000000 s\n"
		"not ok 2 free-nonzero # checked 1004, broken 1\n"
		"ok 3 break-incomplete # SKIP not checked: no rule of a legacy kernel\n"
		"ok 4 p2pdma-count # SKIP not exercised\n"
		"ok 5 folio-leak # SKIP inconclusive: events were lost\n"
		"# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:3 error:0\n"
		"# t # TODO exited with 0\n"
		"# exit status 1: for findings\n"
		"# BROKEN: 1 finding (1 proven, 0 suspected, 0 inconclusive); 18 left out, 1 can't be checked on this "
		"kernel, 1 not exercised; lost 0, missed program runs 0\n");
	capture_end(&c);
}

/* Whatever is found: as many results as planned, numbered, and only lines that KTAP knows. */
static void test_ktap_all(void **state)
{
	struct fixture *f = *state;
	char *text, *line, *save = NULL;
	unsigned int results = 0, n;
	struct capture c;

	for (enum dx_rule i = DX_RULE_FOLIO_LEAK; i < DX_RULE_FOLIO_LEAK + 4; i++)
		add(f, i, i % 3);
	view_report_ktap(capture_start(&c), &f->r);
	text = strdup(capture_text(&c));
	capture_end(&c);
	assert_memory_equal(text, "KTAP version 1\n1..23\n", 21);
	for (line = strtok_r(text + 21, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "ok %u ", &n) == 1 || sscanf(line, "not ok %u ", &n) == 1)
			assert_int_equal(n, ++results);
		else
			assert_memory_equal(line, "# ", 2);
	}
	assert_int_equal(results, 23);
	free(text);
}

/* ---- JSON ---- */

static void test_json(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e;
	struct capture c;

	f->r.rules = BIT(DX_RULE_INSTALL_ZERO_REF) | BIT(DX_RULE_STALL_EVICT);
	e = add(f, DX_RULE_INSTALL_ZERO_REF, ENGINE_PROVEN);
	e->detail = DX_D_PAGE;
	e->level = DX_PMD;
	e->addr = 4096;
	e->wanted = 1;
	e->got = 0;
	e->pgmap = FEED_PGMAP;
	f->holders[0] = (struct engine_holder){
		.pid = 5, .tgid = 4, .comm = "h", .nr = 1, .since = 6 * SEC, .stack = -1
	};
	f->findings[0].holders = f->holders;
	f->findings[0].nr_holders = 1;
	f->r.command = "./t";
	f->r.status = 11;
	f->r.left[0] = (struct child_process){ 9, "t", 'R' };
	f->r.nr_left = 1;
	f->counts.lost[DX_PIN] = 4;
	assert_int_equal(view_report_json(capture_start(&c), &f->r), 0);
	assert_string_equal(
		capture_text(&c),
		"{\"schema\":2,\"type\":\"rule\",\"rule\":\"install-zero-ref\",\"rule_state\":\"broken\","
		"\"checked\":1001,\"broken\":1}\n"
		"{\"schema\":2,\"type\":\"rule\",\"rule\":\"stall-evict\",\"rule_state\":\"kept\",\"checked\":1022,"
		"\"broken\":0}\n"
		"{\"schema\":2,\"type\":\"finding\",\"finding\":1,\"rule\":\"install-zero-ref\",\"detail\":\"page\","
		"\"confidence\":\"proven\",\"note\":false,\"counts\":true,\"count\":1,\"first_time_ns\":7000000000,"
		"\"last_time_ns\":7000000000,\"over\":false,\"says\":\"4K folio 0x108000 of pmem0, /mnt/f:0x0 was put in "
		"a PMD at 0x1000 with refcount 0, and needs 1 at least\",\"pfn\":1081344,\"order\":0,\"refcount\":3,"
		"\"mapcount\":0,\"pins\":0,\"predates\":false,\"device\":\"pmem0\","
		"\"pgmap\":3,\"file\":\"/mnt/f\",\"file_deleted\":false,\"dev\":\"259:1\","
		"\"ino\":42,\"offset_bytes\":0,\"wanted\":1,\"got\":0,\"refs\":1,\"addr\":4096,\"level\":\"pmd\",\"pid\":13,"
		"\"tgid\":12,\"comm\":\"db\",\"kernel_stack\":[],\"user_stack\":[],\"holders\":[{\"pid\":5,\"tgid\":4,"
		"\"comm\":\"h\",\"pin\":false,\"longterm\":false,\"gone\":false,\"refs\":1,\"since_ns\":6000000000,"
		"\"age_ns\":14000000000,\"kernel_stack\":[]}]}\n"
		"{\"schema\":2,\"type\":\"verdict\",\"exit_status\":1,\"decided_by\":\"findings\",\"verdict\":\"broken\",\"findings_proven\":1,\"findings_suspected\":0,"
		"\"findings_inconclusive\":0,\"findings_over\":0,\"rules_exercised\":2,\"rules_not_exercised\":0,\"rules_not_checked\":0,"
		"\"rules_left_out\":21,\"lost\":4,\"missed_runs\":0,\"stacks_not_kept\":0,\"kernel\":\"7.2.12\","
		"\"regime\":\"current\",\"start_time_ns\":5000000000,\"end_time_ns\":20000000000,\"command\":{\"name\":\"./t\","
		"\"signal\":11,\"left\":[{\"pid\":9,\"comm\":\"t\",\"task_state\":\"R\"}]}}\n");
	capture_end(&c);
}

/* A reader gets the bytes back, the broken ones as U+FFFD; every line is valid. */
static void test_json_hostile(void **state)
{
	struct fixture *f = *state;
	struct engine_finding *e = add(f, DX_RULE_FOLIO_LEAK, ENGINE_SUSPECTED);
	struct json_object *o, *v;
	char *text, *line, *save = NULL;
	struct capture c;
	unsigned int wc, lines = 0;

	e->folio.path = "/\x1b[m\n\xff\"\\";
	memcpy(e->comm, "0123456789abcde\xc3", DX_COMM_LEN);
	f->r.command = "\xff\n";
	assert_int_equal(view_report_json(capture_start(&c), &f->r), 0);
	text = strdup(capture_text(&c));
	capture_end(&c);
	for (size_t i = 0, n; text[i]; i += n) {
		n = utf8_decode(text + i, strlen(text + i), &wc);
		assert_true(n > 0);
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++) {
		o = json_tokener_parse(line);
		assert_non_null(o);
		if (json_object_object_get_ex(o, "finding", &v)) {
			assert_true(json_object_object_get_ex(o, "file", &v));
			assert_string_equal(json_object_get_string(v), "/\x1b[m\n\xef\xbf\xbd\"\\");
			assert_true(json_object_object_get_ex(o, "comm", &v));
			assert_string_equal(json_object_get_string(v), "0123456789abcde\xef\xbf\xbd");
		}
		json_object_put(o);
	}
	assert_int_equal(lines, 23 + 1 + 1);
	free(text);
}

/* ---- from the engine ---- */

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
	memset(r.table, 0, sizeof(r.table));
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
	assert_int_equal(report_collect(&r, e), 0);
	assert_int_equal(r.nr_findings, 2);
	assert_int_equal(r.findings[0].f.rule, DX_RULE_FREE_NONZERO);
	assert_int_equal(r.findings[0].f.count, 2);
	assert_int_equal(r.findings[0].f.got, 5);
	assert_string_equal(r.findings[0].f.folio.path, "/mnt/f");
	assert_int_equal(r.findings[0].nr_holders, 1);
	assert_string_equal(r.findings[0].holders[0].comm, "db");
	assert_int_equal(r.findings[1].nr_holders, 0);
	assert_int_equal(r.table[DX_RULE_FREE_NONZERO].checked, 70);
	assert_null(r.inconclusive);
	report_free(&r);

	/* those that are judged, and no others */
	r.rules = BIT(DX_RULE_PIN_IMBALANCE);
	assert_int_equal(report_collect(&r, e), 0);
	assert_int_equal(r.nr_findings, 1);
	assert_int_equal(r.findings[0].f.rule, DX_RULE_PIN_IMBALANCE);
	report_free(&r);

	put_lost(e, 0, DX_PIN, 3, 11 * SEC);
	r.rules = BIT(DX_RULE_GRAB_NONPOSITIVE);
	assert_int_equal(report_collect(&r, e), 0);
	assert_int_equal(r.nr_findings, 0);
	assert_string_equal(r.inconclusive, "events were lost");
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
	report_verdict(&f->r, &v);
	assert_int_equal(v.kind, VERDICT_CLEAN);
	assert_int_equal(v.exit, 0);
	e = add(f, DX_RULE_FREE_NONZERO, ENGINE_PROVEN);
	e->stack = DX_STACK_UNKEPT;
	f->holders[0] = (struct engine_holder){
		.pid = 5, .tgid = 4, .comm = "h", .nr = 1, .stack = DX_STACK_UNKEPT
	};
	f->findings[0].holders = f->holders;
	f->findings[0].nr_holders = 1;
	report_verdict(&f->r, &v);
	assert_int_equal(v.proven, 1);

	view_report_text(capture_start(&c), &f->r);
	assert_non_null(strstr(capture_text(&c), "    kernel stack (not kept)\n    held for"));
	assert_non_null(strstr(capture_text(&c), "      taken by (not kept)\n"));
	assert_null(strstr(capture_text(&c), "user stack"));
	at = strstr(capture_text(&c), says);
	assert_non_null(at);
	assert_memory_equal(at + strlen(says),
			    "exit status 1: for findings\nBROKEN: 1 finding (1 proven", 55);
	capture_end(&c);

	view_report_ktap(capture_start(&c), &f->r);
	at = strstr(capture_text(&c), says);
	assert_non_null(at);
	assert_memory_equal(at - 3, "\n# ", 3);
	assert_non_null(strstr(capture_text(&c), "#     kernel stack (not kept)\n"));
	capture_end(&c);

	assert_int_equal(view_report_json(capture_start(&c), &f->r), 0);
	assert_non_null(strstr(
		capture_text(&c),
		"\"kernel_stack\":[],\"kernel_stack_not_kept\":true,\"user_stack\":[],\"holders\":[{"));
	assert_non_null(strstr(capture_text(&c),
			       "\"kernel_stack\":[],\"kernel_stack_not_kept\":true}]}\n"));
	assert_non_null(strstr(capture_text(&c), "\"missed_runs\":0,\"stacks_not_kept\":1,"));
	capture_end(&c);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_verdict),
		TEST(test_counted_only),
		TEST(test_not_checked),
		TEST(test_states),
		TEST(test_exit),
		TEST(test_scope),
		TEST(test_require_exercised),
		TEST(test_left),
		TEST(test_text_clean),
		TEST(test_text_findings),
		TEST(test_text_legacy),
		TEST(test_text_inconclusive),
		TEST(test_ktap),
		TEST(test_ktap_all),
		TEST(test_json),
		TEST(test_json_hostile),
		TEST(test_collect),
		TEST(test_unkept),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
