// SPDX-License-Identifier: GPL-2.0-only
/* report.c - rows of sums, and what a log2 histogram says */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "perf/report.h"

/* ---- names ---- */

static const struct {
	const char *name, *title;
	bool timed;
} whats[] = {
#define WHAT_ROW(constant, name, timed, title) [PERF_##constant] = { name, title, timed },
	PERF_WHATS(WHAT_ROW)
};

static const char *const results[] = {
#define RESULT_ROW(constant, name) [PERF_R_##constant] = name,
	PERF_RESULTS(RESULT_ROW)
};

static const struct {
	const char *name, *says, *remedy;
} causes[] = {
#define CAUSE_ROW(constant, name, says, remedy) [PERF_C_##constant] = { name, says, remedy },
	PERF_CAUSES(CAUSE_ROW)
};

bool perf_is_timed(unsigned int what)
{
	return what < PERF_WHAT_NR && whats[what].timed;
}

const char *perf_what_name(unsigned int what)
{
	return what < PERF_WHAT_NR ? whats[what].name : "?";
}

const char *perf_what_title(unsigned int what)
{
	return what < PERF_WHAT_NR ? whats[what].title : "?";
}

const char *perf_result_name(unsigned int result)
{
	return result < PERF_RESULT_NR ? results[result] : "?";
}

const char *perf_cause_name(unsigned int cause)
{
	return cause < PERF_CAUSE_NR ? causes[cause].name : "?";
}

const char *perf_cause_says(unsigned int cause)
{
	return cause < PERF_CAUSE_NR ? causes[cause].says : "";
}

const char *perf_cause_remedy(unsigned int cause)
{
	return cause < PERF_CAUSE_NR ? causes[cause].remedy : "";
}

/* ---- rows ---- */

/* What of @k is no part of the group is 0. */
static struct perf_key key_of(enum perf_by by, const struct perf_key *k)
{
	struct perf_key out = {
		.what = k->what,
		.result = k->result,
		.cause = k->cause,
		.level = k->level & PERF_LEVEL,
	};

	switch (by) {
	case PERF_BY_ALL:
		break;
	case PERF_BY_PROCESS:
		out.tgid = k->tgid;
		break;
	case PERF_BY_CGROUP:
		out.cgroup = k->cgroup;
		break;
	case PERF_BY_FILE:
		out.ino = k->ino;
		out.gen = k->gen;
		/* fallthrough */
	case PERF_BY_DEVICE:
		out.dev = k->dev;
		out.level = k->level;
		break;
	}
	return out;
}

static void value_add(struct perf_value *to, const struct perf_value *v)
{
	to->count += v->count;
	to->pages += v->pages;
	to->sum += v->sum;
	if (to->max < v->max)
		to->max = v->max;
	for (int i = 0; i < PERF_BUCKETS; i++)
		to->bucket[i] += v->bucket[i];
}

int perf_report_add(struct perf_report *r, const struct perf_key *k, const struct perf_value *v)
{
	if (r->nr == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct perf_row *row = reallocarray(r->row, room, sizeof(*row));

		if (!row)
			return -ENOMEM;
		r->row = row;
		r->room = room;
	}
	r->row[r->nr++] = (struct perf_row){ .key = key_of(r->by, k), .v = *v };
	return 0;
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_group(const struct perf_key *a, const struct perf_key *b)
{
	const uint64_t x[] = { a->level & PERF_CHARACTER, a->dev, a->ino, a->gen, a->tgid, a->cgroup };
	const uint64_t y[] = { b->level & PERF_CHARACTER, b->dev, b->ino, b->gen, b->tgid, b->cgroup };
	int c = 0;

	for (size_t i = 0; !c && i < sizeof(x) / sizeof(x[0]); i++)
		c = compare(x[i], y[i]);
	return c;
}

static int by_key(const void *a, const void *b)
{
	const struct perf_row *x = a, *y = b;
	int c = compare(y->weight, x->weight);

	c = c ? c : by_group(&x->key, &y->key);
	c = c ? c : compare(x->key.what, y->key.what);
	c = c ? c : compare(x->key.level, y->key.level);
	c = c ? c : compare(x->key.result, y->key.result);
	return c ? c : compare(x->key.cause, y->key.cause);
}

static void merge(struct perf_report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nr; i++)
		if (n && !by_key(&r->row[n - 1], &r->row[i]))
			value_add(&r->row[n - 1].v, &r->row[i].v);
		else
			r->row[n++] = r->row[i];
	r->nr = n;
}

/* First row behind the group of row @first. */
static size_t group_end(const struct perf_report *r, size_t first)
{
	size_t i = first;

	while (i < r->nr && !by_group(&r->row[i].key, &r->row[first].key))
		i++;
	return i;
}

int perf_report_sort(struct perf_report *r)
{
	size_t end;

	if (!r->nr)
		return 0;
	qsort(r->row, r->nr, sizeof(*r->row), by_key);
	merge(r);
	for (size_t i = 0; i < r->nr; i = end, r->nr_groups++) {
		uint64_t weight = 0;

		end = group_end(r, i);
		for (size_t k = i; k < end; k++)
			weight += r->row[k].v.count;
		for (size_t k = i; k < end; k++)
			r->row[k].weight = weight;
	}
	qsort(r->row, r->nr, sizeof(*r->row), by_key);
	r->group = calloc(r->nr_groups, sizeof(*r->group));
	if (!r->group)
		return -ENOMEM;
	for (size_t i = 0, g = 0; i < r->nr; i = end, g++) {
		end = group_end(r, i);
		r->group[g].first = i;
		r->group[g].nr = end - i;
	}
	return 0;
}

void perf_report_free(struct perf_report *r)
{
	for (size_t i = 0; r->group && i < r->nr_groups; i++) {
		free(r->group[i].comm);
		free(r->group[i].cgroup);
		free(r->group[i].file);
	}
	free(r->group);
	free(r->row);
}

/* ---- histograms ---- */

struct perf_range perf_bucket(unsigned int what, unsigned int i, uint64_t max)
{
	unsigned int first = perf_is_timed(what) ? PERF_FIRST : 0;
	struct perf_range b = {
		.from = i ? 1ULL << (i + first) : 0,
		.to = i + 1 < PERF_BUCKETS ? (1ULL << (i + first + 1)) - 1 : max,
	};

	if (b.to > max)
		b.to = max;
	return b;
}

uint64_t perf_timed(const struct perf_value *v)
{
	uint64_t n = 0;

	for (int i = 0; i < PERF_BUCKETS; i++)
		n += v->bucket[i];
	return n;
}

bool perf_percentile(unsigned int what, const struct perf_value *v, unsigned int percent,
		     struct perf_range *out)
{
	uint64_t n = perf_timed(v), rank, seen = 0;

	if (!n)
		return false;
	/* n * percent / 100, rounded up, without the overflow */
	rank = n / 100 * percent + (n % 100 * percent + 99) / 100;
	for (unsigned int i = 0; i < PERF_BUCKETS; i++) {
		seen += v->bucket[i];
		if (seen < rank || !v->bucket[i])
			continue;
		*out = perf_bucket(what, i, v->max);
		return true;
	}
	return false;
}
