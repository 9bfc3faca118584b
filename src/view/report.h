/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_REPORT_H
#define DAXTOP_REPORT_H
/*
 * report.h - what daxtop check says at its end: the table of rules, the findings, the
 * verdict. A snapshot; text, JSON and KTAP are views of it.
 */
#include <stdio.h>
#include "child.h"
#include "engine/engine.h"
#include "probe/probe.h"
#include "rule/rule.h"
#include "model/stacks.h"
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
	uint32_t exercised; /* 1 << enum dx_rule: one that was not exercised is no success */
	bool some_exercised; /* nor is it when nothing was */
	int error_exitcode; /* for findings */
	uint64_t start, now; /* ns; times are relative to start */
	const struct view_summary *counts;
	struct stacks *stacks; /* NULL: no names */
	bool unjudged; /* a signal ended it while something looked wrong and was not old enough */
	const char *command; /* argv[0], hostile bytes; NULL: none ran */
	const struct child_user *user; /* who ran it */
	const char *cut; /* why it was not waited for to its end; NULL: it was */
	int status; /* of command, as waitpid() gives it; not with @cut */
	struct child_process left[REPORT_LEFT_MAX]; /* of it and its descendants: those that still run */
	size_t nr_left; /* so many were found: perhaps more than @left has */

	/* filled by report_collect() */
	struct engine_rule table[DX_RULES];
	struct held_finding *findings; /* of the rules that are judged; notes too */
	size_t nr_findings;
	unsigned int unproven; /* findings that only_proven left out, and that would count */
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

enum verdict_kind { VERDICT_CLEAN, VERDICT_BROKEN, VERDICT_INCONCLUSIVE };

/* What the exit status comes from. */
enum verdict_decided {
	DECIDED_FINDINGS,
	DECIDED_NOT_ALL_SEEN,
	DECIDED_COMMAND,
	DECIDED_RULES_KEPT
};

struct verdict {
	enum verdict_kind kind;
	enum verdict_decided decided;
	int exit;
	unsigned int proven, suspected, inconclusive; /* findings that count */
	unsigned int over; /* leaks that went away, not counted */
	unsigned int broken_rules; /* whose findings were lost, and only the counts tell */
	/* of all rules there are: not judged, not to be judged on this kernel, judged for nothing, judged */
	unsigned int left_out, not_checked, not_exercised, exercised;
	bool nothing; /* of those that are exercised by what happens, none was */
	bool nothing_seen; /* ... nor of all those that are left out */
	char why[256]; /* it is inconclusive; "" */
};
/* Findings outrank what was not seen, which outranks CMD's own status. */
void report_verdict(const struct report *r, struct verdict *v);

/* The views; each writes everything. view_report_json() returns 0 or -ENOMEM. */
void view_report_text(FILE *out, const struct report *r);
void view_report_ktap(FILE *out, const struct report *r);
int view_report_json(FILE *out, const struct report *r);

/* "./a.out, run as joe, exited with 3", safe to print. Returns @out. */
char *report_command_format(char *out, size_t outlen, const struct report *r);

#endif
