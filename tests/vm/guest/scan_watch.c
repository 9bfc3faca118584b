// SPDX-License-Identifier: GPL-2.0-only
/* scan_watch.c - daxtop scan: what its options choose, and what changes between two looks. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "scan.h"

/* ---- filters ---- */

/* The folio is (not) in what `scan ARGS` lists, and every listed one fits @device, if that is given. */
static void expect_listed(struct daxtop *d, uint64_t pfn, bool listed)
{
	if (!!folio_of(d, pfn) != listed)
		fail("pfn %#llx is%s listed: %.4000s", (unsigned long long)pfn,
		     listed ? " not" : "", d->out_text);
}

struct three {
	struct area mapped, piped, other; /* other: of another place */
	uint64_t mapped_pfn, piped_pfn, other_pfn;
	int pipe[2], other_pipe[2];
};

static void three_start(struct three *t, struct place *p)
{
	struct place *q = &places[p == &places[0]];

	t->mapped_pfn = area_touched(&t->mapped, p, place_order(p));
	t->piped_pfn = area_touched(&t->piped, p, place_order(p));
	pipe_fill(t->pipe, &t->piped);
	t->other_pfn = area_touched(&t->other, q, place_order(q));
	pipe_fill(t->other_pipe, &t->other);
}

static void expect_three(struct three *t, struct daxtop *d, bool mapped, bool piped, bool other)
{
	expect_listed(d, t->mapped_pfn, mapped && !kernel_legacy());
	expect_listed(d, t->piped_pfn, piped);
	expect_listed(d, t->other_pfn, other);
}

static void test_filters(struct place *p)
{
	char range[64], one[64], dev[64];
	struct three t;

	three_start(&t, p);
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	snprintf(range, sizeof(range), "%#llx-%#llx", (unsigned long long)t.mapped_pfn,
		 (unsigned long long)t.mapped_pfn);
	snprintf(one, sizeof(one), "%llu", (unsigned long long)t.piped_pfn);
	expect_three(&t, SCAN("--no-holders", "--device", dev), true, true, false);
	expect_three(&t, SCAN("--device", p->device, "--min-refs", kernel_legacy() ? "1" : "2"),
		     false, true, false);
	if (p->fs) {
		expect_three(&t, SCAN("--file", t.mapped.path), true, false, false);
		expect_three(&t, SCAN("--file", t.piped.path, "--min-refs", "3"), false, false,
			     false);
	} else {
		/* what is not of a place's kind */
		expect_three(&t, SCAN("--pinned"), false, true, true);
		expect_three(&t, SCAN("--range", range), true, false, false);
		expect_three(&t, SCAN("--range", one), false, true, false);
	}
}

/* ---- changes ---- */

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* Waits until it has printed @what @n times. */
static void await_printed(struct daxtop *d, const char *what, size_t n)
{
	int64_t end = now_ms() + PATIENCE_MS;
	static char text[1 << 20];
	ssize_t len;

	do {
		if (now_ms() > end)
			fail("%s is not there %zu times: %s", what, n, text);
		usleep(50000);
		len = pread(d->out, text, sizeof(text) - 1, 0);
		must(len >= 0);
		text[len] = '\0';
	} while (count(text, what) < n);
}

static void await_changes(struct daxtop *d, size_t n)
{
	await_printed(d, "\"type\":\"change\"", n);
}

static void expect_change(struct daxtop *d, size_t nth, const char *what, uint64_t pfn, int before,
			  int after)
{
	struct json_object *c = line_of(d, "change", nth), *counts;

	if (!c || strcmp(field_str(c, "change"), what) || (uint64_t)field_int(c, "pfn") != pfn)
		fail("change %zu: `%s` of pfn %#llx expected: %s", nth, what,
		     (unsigned long long)pfn, json_text(c));
	must(json_object_object_get_ex(c, "before", &counts));
	if (before < 0 ? !!counts : !counts || field_int(counts, "refcount") != before)
		fail("before: refcount %d expected: %s", before, json_text(c));
	must(json_object_object_get_ex(c, "after", &counts));
	if (after < 0 ? !!counts : !counts || field_int(counts, "refcount") != after)
		fail("after: refcount %d expected: %s", after, json_text(c));
}

/* A page of a place that is mapped, got, put and unmapped while daxtop looks again and again. */
struct watched {
	struct area a;
	uint64_t pfn;
	size_t first; /* the first of its changes */
};

/* @n: how many changes there were before; returns how many there are then. */
static size_t watched_work(struct watched *w, struct daxtop *d, size_t n)
{
	int fds[2];

	w->first = n;
	area_map_shared(&w->a);
	touch_write(w->a.p);
	w->pfn = pfn_of(w->a.p);
	if (!kernel_legacy())
		await_changes(d, ++n);
	pipe_fill(fds, &w->a);
	await_changes(d, ++n);
	pipe_drain(fds);
	await_changes(d, ++n);
	area_unmap(&w->a);
	if (!kernel_legacy())
		await_changes(d, ++n);
	return n;
}

static void expect_changes(const struct watched *w, struct daxtop *d)
{
	int idle = kernel_legacy() || !w->a.place->fs;
	size_t n = w->first;

	expect_change(d, n++, "new", w->pfn, -1, idle + 1);
	if (!kernel_legacy()) {
		expect_change(d, n++, "changed", w->pfn, idle + 1, idle + 2);
		expect_change(d, n++, "changed", w->pfn, idle + 2, idle + 1);
	}
	expect_change(d, n++, "gone", w->pfn, idle + 1, -1);
}

/* One place after the other: what changed at the one is not told again with what changes at the next. */
static void test_watch(struct place *p)
{
	struct watched w[NR_PLACES];
	struct daxtop *d;
	int64_t start;
	size_t n = 0;

	(void)p;
	for (size_t i = 0; i < NR_PLACES; i++)
		area_open(&w[i].a, &places[i], place_order(&places[i]), AREA_WRITTEN);
	d = daxtop_spawn(ARGS("scan", "--json", "--delay", "0.1"));
	await_printed(d, "\"type\":\"scan-summary\"", 1);
	for (size_t i = 0; i < NR_PLACES; i++)
		n = watched_work(&w[i], d, n);
	daxtop_stop(d);
	for (size_t i = 0; i < NR_PLACES; i++)
		expect_changes(&w[i], d);
	if (line_of(d, "change", n))
		fail("a change too many: %s", json_text(line_of(d, "change", n)));

	/* -w: as --delay was called up to 0.1. Its second begins before the first look is printed. */
	d = daxtop_spawn(ARGS("scan", "--json", "-w", "0.1", "-t", "1"));
	await_printed(d, "\"type\":\"scan-summary\"", 1);
	start = now_ms();
	daxtop_end(d, 0);
	if (now_ms() - start < 500)
		fail("it ended %lld ms after its first look, expected some 1000",
		     (long long)(now_ms() - start));
}

const struct test scan_watch_tests[] = {
	TEST("scan/filters", (ON_EXT4 | ON_DAX4K) | ON_BOTH, test_filters, .starts = 4),
	TEST("scan/watch", ON_NONE | ON_BOTH, test_watch, .starts = 3),
	TESTS_END,
};
