/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PERF_NAMES_H
#define DAXTOP_PERF_NAMES_H
/* perf_names.h - what the groups of perf are called */
#include "kernel/perf_source.h"
#include "perf/report.h"

/*
 * Fills in names of @r's groups, as they were when something of them was counted first: of files the last part
 * of a path. What is not known, or memory is short for, stays NULL.
 */
void perf_names_find(struct perf_report *r, const struct perf_source *s);

#endif
