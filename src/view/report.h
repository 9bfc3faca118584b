/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_REPORT_H
#define DAXTOP_REPORT_H
/*
 * report.h - what daxtop check says at its end: the table of rules, the findings, the
 * verdict. A snapshot; text, JSON and KTAP are views of it.
 */
#include <stdio.h>
#include "engine/engine.h"
#include "probe/probe.h"
#include "rule/rule.h"
#include "symbol/stacks.h"
#include "view/finding.h"
#include "view/text.h"

#define REPORT_LEFT_MAX 16

struct report {
	/* the caller's */
	const char *kernel; /* uname -r */
	enum regime regime;
	const struct probe *probes;
	size_t nr_probes;
	uint32_t rules; /* 1 << enum dx_rule: those that are judged */
	bool rules_named; /* by the user: one that can't be checked is no success then */
	bool only_proven;
	bool propagate; /* a clean verdict's exit status is the command's */
	uint64_t start, now; /* ns; times are relative to start */
	const struct view_summary *counts;
	struct stacks *stacks; /* NULL: no names */
	const char *command; /* argv[0], hostile bytes; NULL: none ran */
	int status; /* of command, as waitpid() gives it */
	int left[REPORT_LEFT_MAX]; /* processes of it that still run */
	size_t nr_left;

	/* filled by report_collect() */
	struct engine_rule table[DX_RULES];
	struct held_finding *findings; /* of the rules that are judged; notes too */
	size_t nr_findings;
	const char *inconclusive; /* why "nothing found" would claim too much; NULL: it would not */
};

/* Takes rules, findings and holders from @e, whose strings must live on. Returns 0 or -ENOMEM. */
int report_collect(struct report *r, struct engine *e);
void report_free(struct report *r);

enum rule_state {
	RULE_KEPT, /* checked and never broken */
	RULE_BROKEN,
	RULE_UNSURE, /* findings that are inconclusive, or nothing found in a view with gaps */
	RULE_NOT_EXERCISED, /* nothing happened that it is about */
	RULE_NOT_CHECKED, /* see why */
};

/* One rule's row. */
struct report_rule {
	enum rule_state state;
	uint64_t checked;
	uint64_t broken; /* times; of rules that are judged from history: findings */
	uint64_t by_design; /* times that this kernel did it by itself, by design or by a known defect: no finding */
	char why[256]; /* not checked, or unsure */
};
void report_rule_get(const struct report *r, enum dx_rule rule, struct report_rule *out);

struct verdict {
	int exit; /* 0 clean, 1 broken, 3 inconclusive; or the command's with propagate */
	bool clean;
	unsigned int proven, suspected, inconclusive; /* findings that count */
	unsigned int over; /* leaks that went away, not counted */
	unsigned int broken_rules; /* whose findings were lost, and only the counts tell */
	char why[256]; /* it is inconclusive; "" */
};
void report_verdict(const struct report *r, struct verdict *v);

/* The views; each writes everything. view_report_json() returns 0 or -ENOMEM. */
void view_report_text(FILE *out, const struct report *r);
void view_report_ktap(FILE *out, const struct report *r);
int view_report_json(FILE *out, const struct report *r);

/* "./a.out exited with 3", safe to print. Returns @out. */
char *report_command_format(char *out, size_t outlen, const struct report *r);

#endif
