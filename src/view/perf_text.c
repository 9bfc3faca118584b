// SPDX-License-Identifier: GPL-2.0-only
/* perf_text.c - the report of daxtop perf: rows, histograms, the mix of sizes, why faults fell back */
#include <inttypes.h>
#include <string.h>
#include "base/escape.h"
#include "event.h"
#include "view/names.h"
#include "view/perf.h"

#define NAME_COLUMNS 60
#define BAR_COLUMNS  40

/* ---- numbers ---- */

/* "8.2us": two digits at least. Returns @out. */
static char *ns_format(char *out, size_t outlen, uint64_t ns)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	unsigned int unit = 0;
	uint64_t part = 0;

	while (ns >= 1000 && unit < 3) {
		part = ns % 1000 / 100;
		ns /= 1000;
		unit++;
	}
	if (unit && ns < 10)
		snprintf(out, outlen, "%" PRIu64 ".%" PRIu64 "%s", ns, part, units[unit]);
	else
		snprintf(out, outlen, "%" PRIu64 "%s", ns, units[unit]);
	return out;
}

static char *amount_format(char *out, size_t outlen, unsigned int what, uint64_t n)
{
	if (perf_is_timed(what))
		return ns_format(out, outlen, n);
	snprintf(out, outlen, "%" PRIu64, n);
	return out;
}

/* "8.2us-16us": where it lies is not known better. */
static char *range_format(char *out, size_t outlen, unsigned int what, const struct perf_range *r)
{
	char from[24], to[24];

	if (r->from == r->to)
		snprintf(out, outlen, "%s", amount_format(from, sizeof(from), what, r->from));
	else
		snprintf(out, outlen, "%s-%s", amount_format(from, sizeof(from), what, r->from),
			 amount_format(to, sizeof(to), what, r->to));
	return out;
}

static char *percentile_format(char *out, size_t outlen, const struct perf_row *row,
			       unsigned int percent)
{
	struct perf_range r;

	if (!perf_percentile(row->key.what, &row->v, percent, &r))
		snprintf(out, outlen, "-");
	else
		range_format(out, outlen, row->key.what, &r);
	return out;
}

/* ---- a row ---- */

static const char *level_size(const struct perf_key *k)
{
	static const char *const sizes[] = { [DX_PTE] = "4K ", [DX_PMD] = "2M ", [DX_PUD] = "1G " };
	unsigned int level = k->level & PERF_LEVEL;

	if (k->what != PERF_FAULT)
		return "";
	return level < sizeof(sizes) / sizeof(sizes[0]) ? sizes[level] : "? ";
}

static void print_title(FILE *out, unsigned int what)
{
	fprintf(out, "%-36s %10s %8s %8s  %-13s %-13s %-13s %s\n", perf_what_title(what), "COUNT",
		"/S", "PAGES", perf_is_timed(what) ? "P50" : "P50 PAGES", "P90", "P99", "MAX");
}

static void print_row(FILE *out, const struct perf_row *row, uint64_t ns)
{
	char what[64], rate[16], p50[64], p90[64], p99[64], max[24];
	const struct perf_key *k = &row->key;

	snprintf(what, sizeof(what), "%s%s%s%s", level_size(k), perf_result_name(k->result),
		 k->cause ? ": " : "", perf_cause_name(k->cause));
	fprintf(out, "  %-34s %10" PRIu64 " %8s %8" PRIu64 "  %-13s %-13s %-13s %s\n", what,
		row->v.count,
		ns ? count_format(rate, sizeof(rate), (double)row->v.count * 1e9 / (double)ns) : "-",
		row->v.pages, percentile_format(p50, sizeof(p50), row, 50),
		percentile_format(p90, sizeof(p90), row, 90),
		percentile_format(p99, sizeof(p99), row, 99),
		perf_timed(&row->v) ? amount_format(max, sizeof(max), k->what, row->v.max) : "-");
}

static void print_histogram(FILE *out, const struct perf_row *row)
{
	unsigned int first = PERF_BUCKETS, last = 0;
	uint64_t most = 0, timed = perf_timed(&row->v);

	for (unsigned int i = 0; i < PERF_BUCKETS; i++) {
		if (!row->v.bucket[i])
			continue;
		first = first < i ? first : i;
		last = i;
		most = most > row->v.bucket[i] ? most : row->v.bucket[i];
	}
	/* a single bar says no more than the row */
	for (unsigned int i = first; first < last && i <= last; i++) {
		struct perf_range r = perf_bucket(row->key.what, i, row->v.max);
		unsigned int bar = (double)row->v.bucket[i] * BAR_COLUMNS / (double)most + 0.5;
		char range[64];

		fprintf(out, "    %14s |%-*.*s| %" PRIu64 "\n",
			range_format(range, sizeof(range), row->key.what, &r), BAR_COLUMNS,
			(int)bar, "########################################", row->v.bucket[i]);
	}
	if (timed < row->v.count)
		fprintf(out, "    %" PRIu64 " of them could not be timed\n", row->v.count - timed);
}

/* ---- of all rows of a group ---- */

static void print_mix(FILE *out, const struct perf_row *row, size_t nr)
{
	uint64_t n[3] = { 0 }, pages[3] = { 0 }, all = 0, all_pages = 0;
	static const char *const sizes[] = { "4K", "2M", "1G" };
	const char *separator = "";

	for (size_t i = 0; i < nr; i++) {
		unsigned int level = row[i].key.level & PERF_LEVEL;

		if (row[i].key.what != PERF_FAULT || row[i].key.result != PERF_R_INSTALLED ||
		    level > DX_PUD)
			continue;
		n[level] += row[i].v.count;
		pages[level] += row[i].v.pages;
		all += row[i].v.count;
		all_pages += row[i].v.pages;
	}
	if (!all)
		return;
	fprintf(out, "  of %" PRIu64 " mappings made: ", all);
	for (unsigned int level = DX_PTE; level <= DX_PUD; level++) {
		if (!n[level])
			continue;
		fprintf(out, "%s%s %.1f%% of the faults, %.1f%% of the memory", separator,
			sizes[level], 100.0 * (double)n[level] / (double)all,
			100.0 * (double)pages[level] / (double)all_pages);
		separator = "; ";
	}
	fputc('\n', out);
}

static void print_causes(FILE *out, const struct perf_row *row, size_t nr)
{
	uint64_t n[PERF_CAUSE_NR] = { 0 };
	bool told = false;

	for (size_t i = 0; i < nr; i++)
		if (row[i].key.cause < PERF_CAUSE_NR && row[i].key.result != PERF_R_SIGBUS)
			n[row[i].key.cause] += row[i].v.count;
	for (unsigned int cause = PERF_C_NONE + 1; cause < PERF_CAUSE_NR; cause++) {
		if (!n[cause])
			continue;
		if (!told)
			fputs("WHY NOT 2M\n", out);
		told = true;
		fprintf(out, "  %" PRIu64 " %s: %s\n      to change it: %s\n", n[cause],
			perf_cause_name(cause), perf_cause_says(cause), perf_cause_remedy(cause));
	}
}

static void print_rows(FILE *out, const struct view_perf *p, const struct perf_group *g)
{
	const struct perf_row *row = p->report->row + g->first;
	unsigned int what = PERF_WHAT_NR;

	for (size_t i = 0; i < g->nr; i++) {
		if (row[i].key.what != what)
			print_title(out, row[i].key.what);
		what = row[i].key.what;
		print_row(out, &row[i], p->report->end - p->report->start);
		if (p->histograms)
			print_histogram(out, &row[i]);
	}
	print_mix(out, row, g->nr);
	print_causes(out, row, g->nr);
}

/* ---- whose ---- */

static void print_name(FILE *out, const char *name)
{
	char shown[4 * NAME_COLUMNS + 1];

	escape_columns(shown, sizeof(shown), name, strlen(name), NAME_COLUMNS, ESCAPE_KEEP_END);
	fputs(shown, out);
}

static void print_group(FILE *out, enum perf_by by, const struct perf_group *g,
			const struct perf_key *k)
{
	fputs("== ", out);
	switch (by) {
	case PERF_BY_ALL:
		break;
	case PERF_BY_PROCESS:
		print_name(out, g->comm ? g->comm : k->tgid ? "?" : "interrupts");
		fprintf(out, "[%u]", k->tgid);
		break;
	case PERF_BY_CGROUP:
		if (g->cgroup)
			print_name(out, g->cgroup);
		else
			fprintf(out, "cgroup %" PRIu64, k->cgroup);
		break;
	case PERF_BY_FILE:
		if (g->file)
			print_name(out, g->file);
		else if (k->ino)
			fprintf(out, "inode %" PRIu64, k->ino);
		else
			fputs("of no file that is known", out);
		if (g->device[0])
			fprintf(out, " (%s)", g->device);
		break;
	case PERF_BY_DEVICE:
		if (g->device[0])
			fputs(g->device, out);
		else if (k->dev)
			fprintf(out, "device %u:%u", k->dev >> 20, k->dev & 0xfffff);
		else
			fputs("of no device that is known", out);
		break;
	}
	fputc('\n', out);
}

/* ---- all ---- */

static void print_others(FILE *out, const struct perf_report *r)
{
	uint64_t n = 0;

	for (unsigned int what = 0; what < PERF_WHAT_NR; what++)
		n += r->others[what].count;
	if (!n)
		return;
	fputs("OTHERS (there was no room to count them apart: --max-keys)\n", out);
	for (unsigned int what = 0; what < PERF_WHAT_NR; what++)
		if (r->others[what].count)
			fprintf(out, "  %-34s %10" PRIu64 "\n", perf_what_name(what),
				r->others[what].count);
}

void view_perf_text(FILE *out, const struct view_perf *p)
{
	const struct perf_report *r = p->report;
	uint64_t ns = r->end - r->start;

	fprintf(out,
		"kernel %s, %" PRIu64 ".%02" PRIu64 " s; a percentile is the range that it lies in\n",
		p->kernel, ns / 1000000000, ns % 1000000000 / 10000000);
	for (size_t i = 0; i < r->nr_groups; i++) {
		if (r->by != PERF_BY_ALL)
			print_group(out, r->by, &r->group[i], &r->row[r->group[i].first].key);
		print_rows(out, p, &r->group[i]);
	}
	if (!r->nr)
		fputs("nothing was counted: no DAX fault, no GUP of DAX memory, no layout break\n",
		      out);
	print_others(out, r);
	for (size_t i = 0; i < p->nr_gaps; i++)
		fprintf(out, "not counted: %s\n", p->gaps[i]);
	if (r->missed)
		fprintf(out,
			"missed program runs %" PRIu64
			": so many things, at most, were not counted\n",
			r->missed);
	if (p->command) {
		print_name(out, p->command);
		fprintf(out, " %s\n", p->ended);
	}
}
