/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PERF_REPORT_H
#define DAXTOP_PERF_REPORT_H
/*
 * report.h - sums of perf, by process, cgroup, file or device. Pure: keys with their sums go in, rows in
 * groups come out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "perf.h"

enum perf_by { PERF_BY_ALL, PERF_BY_PROCESS, PERF_BY_CGROUP, PERF_BY_FILE, PERF_BY_DEVICE };

/* Of one group: what happened, of which size, how it ended and why. */
struct perf_row {
	struct perf_key key; /* what is no part of the group is 0 */
	struct perf_value v;
	uint64_t weight; /* of its group: what happened in it */
};

struct perf_group {
	size_t first, nr; /* rows */
	/* filled in by who knows names; freed with the report. NULL: not known */
	char *comm, *cgroup, *file;
	char device[32]; /* "": not known */
};

struct perf_report {
	enum perf_by by;
	struct perf_row *row;
	size_t nr, room;
	struct perf_group *group; /* the one in which most happened first */
	size_t nr_groups;
	struct perf_value others[PERF_WHAT_NR]; /* of keys that there was no room for */
	uint64_t start, end; /* ns, CLOCK_MONOTONIC */
	uint64_t missed; /* runs of programs that the kernel skipped */
};

/* Returns 0 or -ENOMEM. */
int perf_report_add(struct perf_report *r, const struct perf_key *k, const struct perf_value *v);
/* When all is added: rows alike become one, groups are made. Returns 0 or -ENOMEM. */
int perf_report_sort(struct perf_report *r);
void perf_report_free(struct perf_report *r);

/* Of what is counted as @what the histogram is of ns; else it is of pages. */
bool perf_is_timed(unsigned int what);
const char *perf_what_name(unsigned int what);
const char *perf_what_title(unsigned int what);
const char *perf_result_name(unsigned int result);
const char *perf_cause_name(unsigned int cause); /* "": none */
const char *perf_cause_says(unsigned int cause);
const char *perf_cause_remedy(unsigned int cause);

/* From @from to @to, both included. */
struct perf_range {
	uint64_t from, to;
};
/* What bucket @i counts; @max: the most there was, which ends it. */
struct perf_range perf_bucket(unsigned int what, unsigned int i, uint64_t max);
/*
 * The bucket in which the smallest value lies that @percent of all do not exceed. false: nothing is in the
 * histogram.
 */
bool perf_percentile(unsigned int what, const struct perf_value *v, unsigned int percent,
		     struct perf_range *out);
/* How many are in the histogram. */
uint64_t perf_timed(const struct perf_value *v);

#endif
