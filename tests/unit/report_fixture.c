// SPDX-License-Identifier: GPL-2.0-only
/* report_fixture.c - a report of made-up findings */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "report_fixture.h"

int report_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->r = (struct report){ .kernel = "7.2.12",
				.regime = REGIME_CURRENT,
				.start = 5 * SEC,
				.now = 20 * SEC,
				.counts = &f->counts,
				.findings = f->findings,
				.terms = { .rules = ALL, .error_exitcode = 1 } };
	f->nr_probes = probe_table(f->probes, PROBE_MAX);
	for (size_t i = 0; i < f->nr_probes; i++)
		f->probes[i].state = PROBE_ATTACHED;
	for (unsigned int i = 1; i < DX_RULES; i++)
		f->facts.rule[i].checked = 1000 + i;
	*state = f;
	return 0;
}

int report_teardown(void **state)
{
	free(*state);
	return 0;
}

struct engine_finding *add_finding(struct fixture *f, enum dx_rule rule, enum engine_confidence c)
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
		.nr_folios = 1,
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
		f->facts.rule[rule].broken++;
	return &h->f;
}

const struct report *judged(struct fixture *f)
{
	struct verdict_terms *t = &f->r.terms;

	for (unsigned int i = 1; i < DX_RULES; i++)
		t->unchecked[i] = rule_unchecked(i, f->r.regime, f->probes, f->nr_probes,
						 f->unchecked[i], sizeof(f->unchecked[i]));
	t->blind = !probe_essential_ok(f->probes, f->nr_probes);
	t->command = f->r.command;
	t->cut = f->r.cut;
	t->command_exit = child_exit_status(f->r.status);
	memset(f->facts.tally, 0, sizeof(f->facts.tally));
	f->facts.before = 0;
	for (size_t i = 0; i < f->r.nr_findings; i++)
		verdict_count(&f->facts, t, &f->findings[i].f);
	verdict_decide(&f->facts, t, &f->r.verdict);
	return &f->r;
}

int verdict(struct fixture *f)
{
	return judged(f)->verdict.exit;
}

const char *of_rules(const char *text)
{
	static char out[4096];
	size_t len = 0;

	for (; *text; text++) {
		int less;

		assert_true(len + 16 < sizeof(out));
		if (sscanf(text, "{-%d}", &less) == 1) {
			len += snprintf(out + len, 16, "%d", DX_RULES - 1 - less);
			text = strchr(text, '}');
		} else {
			out[len++] = *text;
		}
	}
	out[len] = '\0';
	return out;
}
