// SPDX-License-Identifier: GPL-2.0-only
/* test_perf.c - sums of perf: rows alike become one, percentiles are ranges; how they are printed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../src/perf/report.h"
#include "../../src/view/perf.h"

static struct perf_value value(unsigned int bucket, uint64_t n, uint64_t max)
{
	struct perf_value v = { .count = n, .pages = n, .sum = n * max, .max = max };

	v.bucket[bucket] = n;
	return v;
}

static void add(struct perf_report *r, struct perf_key k, struct perf_value v)
{
	assert_int_equal(perf_report_add(r, &k, &v), 0);
}

static const struct perf_key fault_of_5 = { .what = PERF_FAULT, .tgid = 5, .dev = 7, .ino = 9 };
static const struct perf_key fault_of_6 = { .what = PERF_FAULT, .tgid = 6, .dev = 7, .ino = 9 };
static const struct perf_key fell_back_of_6 = {
	.what = PERF_FAULT,
	.tgid = 6,
	.dev = 7,
	.ino = 8,
	.level = 1,
	.result = PERF_R_FALLBACK,
	.cause = PERF_C_VMA,
};

/* Nothing is lost on the way, whatever it is summed by. */
static void test_groups(void **state)
{
	static const struct {
		enum perf_by by;
		size_t groups, rows;
	} wanted[] = {
		{ PERF_BY_ALL, 1, 2 },	{ PERF_BY_PROCESS, 2, 3 }, { PERF_BY_CGROUP, 1, 2 },
		{ PERF_BY_FILE, 2, 2 }, { PERF_BY_DEVICE, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		struct perf_report r = { .by = wanted[i].by };
		uint64_t count = 0, rows = 0;

		add(&r, fault_of_5, value(1, 10, 300));
		add(&r, fell_back_of_6, value(0, 1, 100));
		add(&r, fault_of_6, value(2, 20, 600));
		add(&r, fault_of_6, value(2, 7, 700));
		assert_int_equal(perf_report_sort(&r), 0);
		assert_int_equal(r.nr_groups, wanted[i].groups);
		assert_int_equal(r.nr, wanted[i].rows);
		for (size_t g = 0; g < r.nr_groups; g++) {
			assert_int_equal(r.group[g].first, rows);
			rows += r.group[g].nr;
		}
		assert_int_equal(rows, r.nr);
		for (size_t k = 0; k < r.nr; k++)
			count += r.row[k].v.count;
		assert_int_equal(count, 38);
		perf_report_free(&r);
	}
}

/* The process in which most happened comes first, and the same of both is one row's. */
static void test_order(void **state)
{
	struct perf_report r = { .by = PERF_BY_PROCESS };

	(void)state;
	add(&r, fault_of_5, value(1, 10, 300));
	add(&r, fault_of_6, value(2, 20, 600));
	add(&r, fault_of_6, value(3, 7, 2000));
	assert_int_equal(perf_report_sort(&r), 0);
	assert_int_equal(r.row[0].key.tgid, 6);
	assert_int_equal(r.row[0].v.count, 27);
	assert_int_equal(r.row[0].v.max, 2000);
	assert_int_equal(r.row[0].v.bucket[2] + r.row[0].v.bucket[3], 27);
	assert_int_equal(r.row[0].key.ino, 0);
	assert_int_equal(r.row[1].key.tgid, 5);
	perf_report_free(&r);
}

static void expect_percentile(const struct perf_value *v, unsigned int what, unsigned int percent,
			      uint64_t from, uint64_t to)
{
	struct perf_range r;

	assert_true(perf_percentile(what, v, percent, &r));
	assert_int_equal(r.from, from);
	assert_int_equal(r.to, to);
}

/* Never more exact than the bucket, and no more than the most there was. */
static void test_percentiles(void **state)
{
	struct perf_value v = { .count = 100, .max = 5000 };
	struct perf_range r;

	(void)state;
	assert_false(perf_percentile(PERF_FAULT, &v, 50, &r));
	v.bucket[0] = 50;
	v.bucket[1] = 40;
	v.bucket[5] = 10;
	expect_percentile(&v, PERF_FAULT, 50, 0, 255);
	expect_percentile(&v, PERF_FAULT, 51, 256, 511);
	expect_percentile(&v, PERF_FAULT, 90, 256, 511);
	expect_percentile(&v, PERF_FAULT, 99, 4096, 5000);
	/* of pages, which begin at 1 */
	v.max = 64;
	expect_percentile(&v, PERF_UNPIN, 50, 0, 1);
	expect_percentile(&v, PERF_UNPIN, 90, 2, 3);
	expect_percentile(&v, PERF_UNPIN, 99, 32, 63);
	/* the last one has no end of its own */
	v = value(PERF_BUCKETS - 1, 1, UINT64_MAX);
	expect_percentile(&v, PERF_FAULT, 99, 1ull << 38, UINT64_MAX);
	v = value(3, UINT64_MAX / 2, 2047);
	expect_percentile(&v, PERF_FAULT, 99, 1024, 2047);
}

static char *text_of(const struct view_perf *p)
{
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	view_perf_text(f, p);
	fclose(f);
	return text;
}

static void expect(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void test_text(void **state)
{
	struct perf_report r = { .by = PERF_BY_PROCESS, .end = 2000000000, .missed = 3 };
	struct view_perf p = { .report = &r, .kernel = "7.3", .regime = "current", .histograms = true };
	struct perf_value v = value(5, 30, 8000);
	char *text;

	(void)state;
	v.count += 2;
	v.bucket[6] = 10;
	v.count += 10;
	v.max = 9000;
	add(&r, fault_of_6, v);
	add(&r, fell_back_of_6, value(0, 1, 100));
	r.others[PERF_UNPIN].count = 4;
	assert_int_equal(perf_report_sort(&r), 0);
	r.group[0].comm = strdup("a\033[2J");
	text = text_of(&p);
	expect(text, "== a\\x1b[2J[6]\n");
	expect(text,
	       "  4K installed                               42       21       30  4.0us-8.1us   "
	       "8.1us-9.0us   8.1us-9.0us   9.0us\n");
	expect(text, "|########################################| 30\n");
	expect(text, "|#############                           | 10\n");
	expect(text, "    2 of them could not be timed\n");
	expect(text, "  of 42 mappings made: 4K 100.0% of the faults, 100.0% of the memory\n");
	expect(text, "WHY NOT 2M\n  1 vma-edge: ");
	expect(text, "OTHERS");
	expect(text, "missed program runs 3");
	free(text);
	perf_report_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_percentiles),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
