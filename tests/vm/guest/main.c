// SPDX-License-Identifier: GPL-2.0-only
/* main.c - guest-test: picks tests, has them run, prints the count. */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "daxtop.h"
#include "check.h"
#include "place.h"
#include "runner.h"
#include "strangers.h"

#define MAX_INSTANCES 1024
#define MAX_PARTS     16
#define START	      10 /* what a start of daxtop weighs; a test around one of others weighs 1 */

static const struct test *const tables[] = {
	steps_tests,	  input_tests,	   command_tests,    fsdax_fault_tests, fsdax_huge_tests,
	devdax_tests,	  gup_tests,	   layout_tests,     reflink_tests,	trace_tests,
	stream_tests,	  names_tests,	   burst_tests,	     stacks_tests,	slots_tests,
	life_tests,	  pgmap_tests,	   baseline_tests,   looks_tests,	passed_tests,
	rules_tests,	  counts_tests,	   pgmaps_tests,     waits_tests,	scan_hold_tests,
	scan_who_tests,	  scan_wait_tests, scan_chain_tests, scan_leak_tests,	scan_race_tests,
	scan_watch_tests, holders_tests,   locked_tests,     limits_tests,	strangers_tests,
	sigbus_tests,	  files_tests,	   contained_tests,  perf_tests,	moved_tests,
	last_tests,
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

bool tests_exercise(const char *rule)
{
	size_t i;
	const struct test *t;

	for (i = 0; i < NR_TABLES; i++)
		for (t = tables[i]; t->name; t++)
			if (t->rule && !strcmp(t->rule, rule) && fits_kernel(t))
				return true;
	return false;
}

/* ---- what is run at once: a test alone, or all that share a daxtop ---- */

struct unit {
	struct instance *instance;
	size_t n;
	enum share share;
	struct place *place; /* of all of them, if one daxtop is one of a place */
	unsigned int starts, weight;
	bool last; /* in the order of the table, after the others */
	bool in_each_part;
};

static struct unit units[MAX_INSTANCES];
static size_t nr_units;

static struct unit *unit_of(const struct test *t, struct place *p)
{
	struct place *of = share_of_place(t->share) ? p : NULL;
	struct unit *u;

	for (u = units; t->share != ALONE && u < units + nr_units; u++)
		if (u->share == t->share && u->place == of &&
		    (t->share != LOOKS_APART || u->instance->t == t))
			return u;
	u = &units[nr_units++];
	u->share = t->share;
	u->place = of;
	return u;
}

static void unit_add(const struct test *t, struct place *p, bool last)
{
	struct unit *u = unit_of(t, p);

	u->instance = reallocarray(u->instance, u->n + 1, sizeof(*u->instance));
	if (!u->instance) {
		perror("guest-test");
		exit(2);
	}
	u->instance[u->n++] = (struct instance){ t, p };
	if (u->starts < (t->starts ?: 1))
		u->starts = t->starts ?: 1;
	u->weight = u->starts * START + (t->share != ALONE ? u->n : 0);
	u->last = last;
	u->in_each_part = !strncmp(t->name, "left/", 5);
}

/* Those without a place, then place by place, as the tables have them. */
static void units_collect(void)
{
	struct place *p;
	const struct test *t;
	size_t i, k;

	for (k = 0; k <= NR_PLACES; k++) {
		p = k ? &places[k - 1] : NULL;
		for (i = 0; i < LAST; i++)
			for (t = tables[i]; t->name; t++)
				if (fits_place(t, p) && fits_kernel(t) && picked(t, p))
					unit_add(t, p, false);
	}
	for (t = tables[LAST]; t->name; t++)
		if (fits_kernel(t) && picked(t, NULL))
			unit_add(t, NULL, true);
}

/* The heaviest first, each to the part that has least by then: the same for everybody who asks. */
static void units_part(unsigned int part, unsigned int parts)
{
	unsigned int weights[MAX_PARTS] = {}, of[MAX_INSTANCES] = {}, to;
	size_t i, n = 0;

	for (size_t done = 0; done < nr_units; done++) {
		struct unit *heaviest = NULL;

		for (i = 0; i < nr_units; i++)
			if (!of[i] && (!heaviest || units[i].weight > heaviest->weight))
				heaviest = &units[i];
		to = 0;
		for (i = 1; i < parts; i++)
			if (weights[i] < weights[to])
				to = i;
		weights[to] += heaviest->weight;
		of[heaviest - units] = to + 1;
	}
	for (i = 0; i < nr_units; i++)
		if (of[i] == part || units[i].in_each_part)
			units[n++] = units[i];
	nr_units = n;
}

static unsigned int random_below(unsigned int n)
{
	return random() % n;
}

/* What shares a daxtop stays together; who of them is first, and who of all, is the seed's. */
static void units_shuffle(unsigned int seed)
{
	size_t i, k, n = 0;

	srandom(seed);
	while (n < nr_units && !units[n].last)
		n++;
	for (i = n; i > 1; i--) {
		struct unit u = units[i - 1];

		k = random_below(i);
		units[i - 1] = units[k];
		units[k] = u;
	}
	for (i = 0; i < n; i++) {
		/* those that take blocks are before those that free some: takers_first() */
		if (units[i].share == HISTORIES)
			continue;
		for (k = units[i].n; k > 1; k--) {
			struct instance in = units[i].instance[k - 1];
			size_t with = random_below(k);

			units[i].instance[k - 1] = units[i].instance[with];
			units[i].instance[with] = in;
		}
	}
}

/*
 * Of one daxtop's histories: who takes blocks of the filesystem does so before others free theirs, or a
 * page would be in the histories of two.
 */
static void takers_first(struct unit *u)
{
	size_t n = 0;

	for (size_t i = 0; i < u->n; i++) {
		struct instance in = u->instance[i];

		if (!in.t->takes_blocks)
			continue;
		memmove(&u->instance[n + 1], &u->instance[n], (i - n) * sizeof(in));
		u->instance[n++] = in;
	}
}

static void unit_run(struct runner *r, const struct unit *u)
{
	if (u->share == ALONE)
		runner_one(r, u->instance);
	else if (share_looks(u->share))
		runner_looks(r, u->share, u->instance, u->n);
	else
		runner_shared(r, u->share, u->instance, u->n, u->place);
}

static void units_list(void)
{
	char name[128];
	size_t i, k;

	for (i = 0; i < nr_units; i++)
		for (k = 0; k < units[i].n; k++) {
			test_name(name, sizeof(name), units[i].instance[k].t, units[i].instance[k].p);
			puts(name);
		}
}

static void slowest_print(const struct runner *r, int64_t start)
{
	int64_t ms = now_ms() - start;

	printf("# the slowest:\n");
	for (size_t i = 0; i < sizeof(r->slowest) / sizeof(r->slowest[0]) && r->slowest[i].ms; i++)
		printf("# %4lld.%lld s %s\n", (long long)r->slowest[i].ms / 1000,
		       (long long)r->slowest[i].ms % 1000 / 100, r->slowest[i].name);
	printf("# %lld.%lld s in all, %u starts of daxtop\n", (long long)ms / 1000,
	       (long long)ms % 1000 / 100, runner_memory->starts);
}

/* ---- the command line ---- */

static int usage(void)
{
	fputs("usage: guest-test [OPTION...] [PATTERN...]\n"
	      "Runs the tests whose names match one of the patterns (none: all). Any subset in any order passes.\n"
	      "  -l, --list         print their names instead\n"
	      "  -v, --verbose      tell more: each test's time and starts of daxtop\n"
	      "  -x, --not=PATTERN  not these; may be repeated\n"
	      "  -s, --seed=N       shuffle them; the same again with the same number\n"
	      "  -p, --part=I/N     of them, part I of N (1/2, 2/2) of about the same length; left/* is in each\n",
	      stderr);
	return 2;
}

static bool number(const char *text, char end, unsigned int *out, const char **rest)
{
	char *stop;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &stop, 10);
	if (errno || stop == text || *stop != end || *text == '-' || n > UINT_MAX)
		return false;
	*out = n;
	if (rest)
		*rest = stop + 1;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },	  { "verbose", no_argument, NULL, 'v' },
		{ "not", required_argument, NULL, 'x' },  { "seed", required_argument, NULL, 's' },
		{ "part", required_argument, NULL, 'p' }, {},
	};
	unsigned int seed = 0, part = 1, parts = 1;
	bool list = false, shuffle = false;
	struct runner r = {};
	size_t i, nr_not = 0;
	const char *rest;
	int64_t start;
	int opt;

	if (argc == 9 && !strcmp(argv[1], "exec-names"))
		return strangers_main(argv);
	while ((opt = getopt_long(argc, argv, "lvx:s:p:", options, NULL)) != -1) {
		if (opt == 'l') {
			list = true;
		} else if (opt == 'v') {
			verbose = true;
		} else if (opt == 'x' && nr_not < sizeof(not_these) / sizeof(not_these[0]) - 1) {
			not_these[nr_not++] = optarg;
		} else if (opt == 's' && number(optarg, '\0', &seed, NULL)) {
			shuffle = true;
		} else if (opt != 'p' || !number(optarg, '/', &part, &rest) ||
			   !number(rest, '\0', &parts, NULL) || !part || part > parts ||
			   parts > MAX_PARTS) {
			return usage();
		}
	}
	patterns = argv + optind;
	units_collect();
	units_part(part, parts);
	for (i = 0; i < nr_units; i++)
		if (units[i].share == HISTORIES)
			takers_first(&units[i]);
	if (shuffle) {
		printf("# seed %u\n", seed);
		units_shuffle(seed);
	}
	if (list) {
		units_list();
		return 0;
	}
	start = now_ms();
	klog_open();
	runner_open();
	daxtop_schema_read();
	places_find();
	places_clean();
	for (i = 0; i < nr_units; i++)
		unit_run(&r, &units[i]);
	runner_close(&r);
	slowest_print(&r, start);
	printf("%u passed, %u failed, %u skipped\n", r.passed, r.failed, r.skipped);
	if (!(r.passed + r.failed + r.skipped)) {
		fputs("guest-test: no test has such a name; `guest-test -l` lists them\n", stderr);
		return 2;
	}
	return r.failed ? 1 : 0;
}
