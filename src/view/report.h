/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_REPORT_H
#define DAXTOP_REPORT_H
/*
 * report.h - what daxtop check says at its end: the table of rules, the findings, the
 * verdict. A snapshot; text, JSON and KTAP are views of it.
 */
#include <stdio.h>
#include "child.h"
#include "engine/verdict.h"
#include "rule/rule.h"
#include "model/stacks.h"
#include "view/finding.h"
#include "view/text.h"

#define REPORT_LEFT_MAX 16

struct report {
	/* the caller's */
	const char *kernel; /* uname -r */
	enum regime regime;
	struct verdict_terms terms;
	uint64_t start, now; /* ns; times are relative to start */
	const struct view_summary *counts;
	struct stacks *stacks; /* NULL: no names */
	const char *command; /* argv[0], hostile bytes; NULL: none ran */
	const struct child_user *user; /* who ran it */
	const char *cut; /* why it was not waited for to its end; NULL: it was */
	int status; /* of command, as waitpid() gives it; not with @cut */
	struct child_process left[REPORT_LEFT_MAX]; /* of it and its descendants: those that still run */
	size_t nr_left; /* so many were found: perhaps more than @left has */

	/* filled by report_collect() */
	const struct snapshot *snap; /* a reference: it has the strings */
	struct verdict verdict;
	struct held_finding *findings; /* of the rules that are judged; notes too */
	size_t nr_findings;
};

/* Takes verdict, findings and holders from @snap, for these terms. Returns 0 or -ENOMEM. */
int report_collect(struct report *r, const struct snapshot *snap);
void report_free(struct report *r);

/* The views; each writes everything. view_report_json() returns 0 or -ENOMEM. */
void view_report_text(FILE *out, const struct report *r);
void view_report_ktap(FILE *out, const struct report *r);
int view_report_json(FILE *out, const struct report *r);

/* "./a.out, run as joe, exited with 3", safe to print. Returns @out. */
char *report_command_format(char *out, size_t outlen, const struct report *r);

#endif
