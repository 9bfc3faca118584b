// SPDX-License-Identifier: GPL-2.0-only
/* main.c - guest-test: picks tests, has them run, prints the count. */
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include "check.h"
#include "place.h"
#include "runner.h"

#define MAX_SHARED 128

static const struct test *const tables[] = {
	steps_tests,	input_tests,	 fsdax_fault_tests, fsdax_huge_tests, devdax_tests,
	gup_tests,	layout_tests,	 reflink_tests,	    trace_tests,      names_tests,
	burst_tests,	slots_tests,	 life_tests,	    pgmap_tests,      baseline_tests,
	rules_tests,	counts_tests,	 pgmaps_tests,	    waits_tests,      scan_hold_tests,
	scan_who_tests, scan_wait_tests, scan_leak_tests,   scan_race_tests,  scan_watch_tests,
	holders_tests,	last_tests,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))
#define LAST	  (NR_TABLES - 1) /* changes the kernel for good: after all others */

static char **patterns;
static const char *not_these[8]; /* patterns; ended by NULL */

static bool picked(const struct test *t, const struct place *p)
{
	char name[128], **pattern;

	test_name(name, sizeof(name), t, p);
	for (size_t i = 0; not_these[i]; i++)
		if (!fnmatch(not_these[i], name, 0))
			return false;
	for (pattern = patterns; *pattern; pattern++)
		if (!fnmatch(*pattern, name, 0))
			return true;
	return !*patterns;
}

static bool fits_kernel(const struct test *t)
{
	if (t->on & ON_BOTH)
		return true;
	return kernel_legacy() == !!(t->on & ON_LEGACY);
}

static bool fits_place(const struct test *t, const struct place *p)
{
	return p ? t->on & p->bit : !(t->on & ON_ALL);
}

/* Runs @fn for each picked test of @p (NULL: those without a place). */
static void each_test_of(size_t from, size_t to, struct place *p,
			 void (*fn)(const struct test *t, struct place *p, void *arg), void *arg)
{
	const struct test *t;
	size_t i;

	for (i = from; i < to; i++)
		for (t = tables[i]; t->name; t++)
			if (fits_place(t, p) && fits_kernel(t) && picked(t, p))
				fn(t, p, arg);
}

static void each_test(struct place *p, void (*fn)(const struct test *t, struct place *p, void *arg),
		      void *arg)
{
	each_test_of(0, LAST, p, fn, arg);
}

static void test_list(const struct test *t, struct place *p, void *arg)
{
	char name[128];

	(void)arg;
	test_name(name, sizeof(name), t, p);
	puts(name);
}

static void test_alone(const struct test *t, struct place *p, void *arg)
{
	if (!t->shared)
		runner_one(arg, t, p);
}

struct shared {
	const struct test *test[MAX_SHARED];
	size_t n;
};

static void test_collect(const struct test *t, struct place *p, void *arg)
{
	struct shared *s = arg;

	(void)p;
	if (t->shared && s->n < MAX_SHARED)
		s->test[s->n++] = t;
}

static void place_run(struct runner *r, struct place *p)
{
	struct shared s = {};

	each_test(p, test_collect, &s);
	if (s.n)
		runner_shared(r, s.test, s.n, p);
	each_test(p, test_alone, r);
}

int main(int argc, char **argv)
{
	struct runner r = {};
	size_t i, nr_not = 0;
	bool list = false;
	int opt;

	while ((opt = getopt(argc, argv, "lvx:")) != -1) {
		if (opt == 'l') {
			list = true;
		} else if (opt == 'v') {
			verbose = true;
		} else if (opt == 'x' && nr_not < sizeof(not_these) / sizeof(not_these[0]) - 1) {
			not_these[nr_not++] = optarg;
		} else {
			fputs("usage: guest-test [-l] [-v] [-x NOT-PATTERN]... [PATTERN...]\n", stderr);
			return 2;
		}
	}
	patterns = argv + optind;
	if (list) {
		each_test(NULL, test_list, NULL);
		for (i = 0; i < NR_PLACES; i++)
			each_test(&places[i], test_list, NULL);
		each_test_of(LAST, NR_TABLES, NULL, test_list, NULL);
		return 0;
	}
	klog_open();
	runner_open();
	places_find();
	places_clean();
	place_run(&r, NULL);
	for (i = 0; i < NR_PLACES; i++)
		place_run(&r, &places[i]);
	each_test_of(LAST, NR_TABLES, NULL, test_alone, &r);
	printf("%u passed, %u failed, %u skipped\n", r.passed, r.failed, r.skipped);
	if (!(r.passed + r.failed + r.skipped)) {
		fputs("guest-test: no test has such a name; `guest-test -l` lists them\n", stderr);
		return 2;
	}
	return r.failed ? 1 : 0;
}
