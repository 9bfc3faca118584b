/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_PERF_H
#define DAXTOP_VIEW_PERF_H
/* perf.h - the report of daxtop perf as text and as JSON */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "perf/report.h"

struct view_perf {
	const struct perf_report *report;
	const char *kernel, *regime;
	const char *const *gaps; /* what is not counted, in sentences */
	size_t nr_gaps;
	const char *command; /* CMD, hostile bytes; NULL: there was none */
	char ended[64]; /* what became of it, in words */
	int status; /* of CMD, as waitpid() gives it */
	bool histograms; /* of each row, also with groups */
};

void view_perf_text(FILE *out, const struct view_perf *p);
/* Returns 0 or -ENOMEM. */
int view_perf_json(FILE *out, const struct view_perf *p);

#endif
