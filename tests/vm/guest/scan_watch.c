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
	expect_three(&t, SCAN("--no-holders"), true, true, true);
	expect_three(&t, SCAN("--device", dev), true, true, false);
	expect_three(&t, SCAN("--device", p->device, "--min-refs", kernel_legacy() ? "1" : "2"), false, true,
		     false);
	expect_three(&t, SCAN("--pinned"), false, true, true);
	expect_three(&t, SCAN("--range", range), true, false, false);
	expect_three(&t, SCAN("--range", one), false, true, false);
	if (p->fs) {
		expect_three(&t, SCAN("--file", t.mapped.path), true, false, false);
		expect_three(&t, SCAN("--file", t.piped.path, "--min-refs", "3"), false, false, false);
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

static void test_watch(struct place *p)
{
	int idle = kernel_legacy() || !p->fs, fds[2];
	struct daxtop *d;
	struct area a;
	uint64_t pfn;
	size_t n = 0;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = daxtop_spawn(ARGS("scan", "--json", "--watch", "0.1", "--device", p->device));
	await_printed(d, "\"type\":\"summary\"", 1);
	area_map_shared(&a);
	touch_write(a.p);
	pfn = pfn_of(a.p);
	if (!kernel_legacy())
		await_changes(d, ++n);
	pipe_fill(fds, &a);
	await_changes(d, ++n);
	pipe_drain(fds);
	await_changes(d, ++n);
	area_unmap(&a);
	if (!kernel_legacy())
		await_changes(d, ++n);
	daxtop_stop(d);
	if (kernel_legacy()) {
		expect_change(d, 0, "new", pfn, -1, idle + 1);
		expect_change(d, 1, "gone", pfn, idle + 1, -1);
	} else {
		expect_change(d, 0, "new", pfn, -1, idle + 1);
		expect_change(d, 1, "changed", pfn, idle + 1, idle + 2);
		expect_change(d, 2, "changed", pfn, idle + 2, idle + 1);
		expect_change(d, 3, "gone", pfn, idle + 1, -1);
	}
	if (line_of(d, "change", n))
		fail("a change too many: %s", json_text(line_of(d, "change", n)));
}

const struct test scan_watch_tests[] = {
	TEST("scan/filters", (ON_EXT4 | ON_DAX4K) | ON_BOTH, test_filters),
	TEST("scan/watch", ON_ALL | ON_BOTH, test_watch),
	TESTS_END,
};
