/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_REPORT_FIXTURE_H
#define DAXTOP_REPORT_FIXTURE_H
/* report_fixture.h - a report of made-up findings, for the tests of verdicts and of their views. */
#include "model/probe.h"
#include "view/report.h"
#include "view_feed.h"

#define SEC    1000000000ull
#define ALL    (((1u << DX_RULES) - 1) & ~1u)
#define BIT(r) (1u << (r))

struct fixture {
	struct probe probes[PROBE_MAX];
	size_t nr_probes;
	struct view_summary counts;
	struct verdict_facts facts;
	struct report r;
	struct held_finding findings[4];
	struct engine_holder holders[2];
	char unchecked[DX_RULES][256];
};

/* A kernel with every probe; each rule was checked a thousand times and its number. */
int report_setup(void **state);
int report_teardown(void **state);
/* One more finding, of confidence @c. */
struct engine_finding *add_finding(struct fixture *f, enum dx_rule rule, enum engine_confidence c);
/* The report with the verdict on what the fixture has now. */
const struct report *judged(struct fixture *f);
/* Its exit status. */
int verdict(struct fixture *f);

/* The text, with the number of rules, less N, for each "{-N}". Valid until the next call. */
const char *of_rules(const char *text);

#endif
