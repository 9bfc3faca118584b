// SPDX-License-Identifier: GPL-2.0-only
/* perf_json.c - the report of daxtop perf: a line a row, and a summary */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/wait.h>
#include "event.h"
#include "view/json_add.h"
#include "view/names.h"
#include "view/perf.h"

static void add_range(struct json_object *o, unsigned int what, const struct perf_range *r,
		      bool *failed)
{
	json_add_uint(o, perf_is_timed(what) ? KEY_FROM_NS : KEY_FROM_PAGES, r->from, failed);
	json_add_uint(o, perf_is_timed(what) ? KEY_TO_NS : KEY_TO_PAGES, r->to, failed);
}

static void add_percentile(struct json_object *o, enum json_key key, const struct perf_row *row,
			   unsigned int percent, bool *failed)
{
	struct json_object *range;
	struct perf_range r;

	if (!perf_percentile(row->key.what, &row->v, percent, &r))
		return;
	range = json_object_new_object();
	add_range(range, row->key.what, &r, failed);
	json_add(o, key, range, failed);
}

static void add_histogram(struct json_object *o, const struct perf_row *row, bool *failed)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < PERF_BUCKETS; i++) {
		struct perf_range r = perf_bucket(row->key.what, i, row->v.max);
		struct json_object *one;

		if (!row->v.bucket[i])
			continue;
		one = json_object_new_object();
		add_range(one, row->key.what, &r, failed);
		json_add_uint(one, KEY_COUNT, row->v.bucket[i], failed);
		json_append(list, one, failed);
	}
	json_add(o, KEY_HISTOGRAM, list, failed);
}

static void add_group(struct json_object *o, enum perf_by by, const struct perf_group *g,
		      const struct perf_key *k, bool *failed)
{
	switch (by) {
	case PERF_BY_ALL:
		break;
	case PERF_BY_PROCESS:
		json_add_uint(o, KEY_TGID, k->tgid, failed);
		json_add_string(o, KEY_COMM, g->comm, g->comm ? strlen(g->comm) : 0, failed);
		break;
	case PERF_BY_CGROUP:
		json_add_uint(o, KEY_CGROUP_ID, k->cgroup, failed);
		json_add_string(o, KEY_CGROUP, g->cgroup, g->cgroup ? strlen(g->cgroup) : 0, failed);
		break;
	case PERF_BY_FILE:
		json_add_string(o, KEY_FILE, g->file, g->file ? strlen(g->file) : 0, failed);
		json_add_uint(o, KEY_INO, k->ino, failed);
		json_add_uint(o, KEY_GENERATION, k->gen, failed);
		/* fallthrough */
	case PERF_BY_DEVICE:
		json_add_text(o, KEY_DEVICE, g->device, failed);
		json_add_dev(o, KEY_DEV, k->dev, failed);
		break;
	}
}

static int print_row(FILE *out, enum perf_by by, const struct perf_group *g,
		     const struct perf_row *row)
{
	const struct perf_key *k = &row->key;
	struct json_object *o;
	bool failed;

	o = json_start("perf", &failed);
	add_group(o, by, g, k, &failed);
	json_add_text(o, KEY_WHAT, perf_what_name(k->what), &failed);
	json_add_text(o, KEY_OUTCOME, perf_result_name(k->result), &failed);
	if (k->what == PERF_FAULT)
		json_add_text(o, KEY_LEVEL, level_name(k->level & PERF_LEVEL), &failed);
	if (k->cause) {
		json_add_text(o, KEY_CAUSE, perf_cause_name(k->cause), &failed);
		json_add_text(o, KEY_SAYS, perf_cause_says(k->cause), &failed);
		json_add_text(o, KEY_REMEDY, perf_cause_remedy(k->cause), &failed);
	}
	json_add_uint(o, KEY_COUNT, row->v.count, &failed);
	json_add_uint(o, KEY_PAGES, row->v.pages, &failed);
	if (perf_is_timed(k->what)) {
		json_add_uint(o, KEY_TIMED, perf_timed(&row->v), &failed);
		json_add_uint(o, KEY_TOTAL_NS, row->v.sum, &failed);
		json_add_uint(o, KEY_MAX_NS, row->v.max, &failed);
	} else {
		json_add_uint(o, KEY_MAX_PAGES, row->v.max, &failed);
	}
	add_percentile(o, KEY_P50, row, 50, &failed);
	add_percentile(o, KEY_P90, row, 90, &failed);
	add_percentile(o, KEY_P99, row, 99, &failed);
	add_histogram(o, row, &failed);
	return json_finish(out, o, failed);
}

/* Faults that mapped something, by size. */
static void add_mix(struct json_object *o, const struct perf_report *r, bool *failed)
{
	static const char *const sizes[] = { [DX_PTE] = "4K", [DX_PMD] = "2M", [DX_PUD] = "1G" };
	struct json_object *mix = json_object_new_object();
	uint64_t n[3] = { 0 };

	for (size_t i = 0; i < r->nr; i++) {
		const struct perf_key *k = &r->row[i].key;

		if (k->what == PERF_FAULT && k->result == PERF_R_INSTALLED &&
		    (k->level & PERF_LEVEL) <= DX_PUD)
			n[k->level & PERF_LEVEL] += r->row[i].v.count;
	}
	for (unsigned int level = DX_PTE; mix && level <= DX_PUD; level++)
		*failed |=
			!!json_object_object_add(mix, sizes[level], json_object_new_int64(n[level]));
	json_add(o, KEY_FAULTS_BY_SIZE, mix, failed);
}

static void add_others(struct json_object *o, const struct perf_report *r, bool *failed)
{
	struct json_object *others = json_object_new_object();

	for (unsigned int what = 0; others && what < PERF_WHAT_NR; what++) {
		struct json_object *one;

		if (!r->others[what].count)
			continue;
		one = json_object_new_object();
		json_add_uint(one, KEY_COUNT, r->others[what].count, failed);
		json_add_uint(one, KEY_PAGES, r->others[what].pages, failed);
		*failed |= !!json_object_object_add(others, perf_what_name(what), one);
	}
	json_add(o, KEY_OTHERS, others, failed);
}

static void add_command(struct json_object *o, const struct view_perf *p, bool *failed)
{
	struct json_object *c;

	if (!p->command)
		return;
	c = json_object_new_object();
	json_add_string(c, KEY_NAME, p->command, strlen(p->command), failed);
	if (WIFSIGNALED(p->status))
		json_add_int(c, KEY_SIGNAL, WTERMSIG(p->status), failed);
	else
		json_add_int(c, KEY_STATUS, WEXITSTATUS(p->status), failed);
	json_add(o, KEY_COMMAND, c, failed);
}

int view_perf_json(FILE *out, const struct view_perf *p)
{
	const struct perf_report *r = p->report;
	struct json_object *o, *gaps;
	bool failed;

	for (size_t g = 0; g < r->nr_groups; g++)
		for (size_t i = 0; i < r->group[g].nr; i++)
			if (print_row(out, r->by, &r->group[g], &r->row[r->group[g].first + i]))
				return -ENOMEM;
	o = json_start("perf-summary", &failed);
	json_add_text(o, KEY_KERNEL, p->kernel, &failed);
	json_add_text(o, KEY_REGIME, p->regime, &failed);
	json_add_uint(o, KEY_START_TIME, r->start, &failed);
	json_add_uint(o, KEY_END_TIME, r->end, &failed);
	add_mix(o, r, &failed);
	add_others(o, r, &failed);
	json_add_uint(o, KEY_MISSED_RUNS, r->missed, &failed);
	gaps = json_object_new_array();
	for (size_t i = 0; i < p->nr_gaps; i++)
		json_append_string(gaps, p->gaps[i], &failed);
	json_add(o, KEY_GAPS, gaps, &failed);
	add_command(o, p, &failed);
	return json_finish(out, o, failed);
}
