// SPDX-License-Identifier: GPL-2.0-only
/* burst.c - more events than the ring holds: none goes uncounted. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

/*
 * On one CPU, @pages * @rounds faults, unmaps and frees, exactly: each of them
 * must be received or counted as lost.
 */
static void burst(struct place *p, const char *ring, unsigned int pages, unsigned int rounds)
{
	const char *const events[] = { "fault", "unmap", "free" };
	struct json_object *sum;
	size_t i, j;
	struct daxtop *d;
	struct area a;
	cpu_set_t one;
	char *m;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(!sched_setaffinity(0, sizeof(one), &one));
	area_open(&a, p, 0, AREA_HOLE);
	must(!fallocate(a.fd, 0, 0, pages * SZ_4K));
	m = mmap(NULL, pages * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, 0);
	must(m != MAP_FAILED);
	must(!madvise(m, pages * SZ_4K, MADV_NOHUGEPAGE)); /* no try of a 2M fault first */
	d = daxtop_start(ARGS("trace", "--json", "--ring-size", ring, "-e", "fault,unmap,free"));
	for (j = 0; j < rounds; j++) {
		for (i = 0; i < pages; i++)
			touch_write(m + i * SZ_4K);
		must(!madvise(m, pages * SZ_4K, MADV_DONTNEED));
	}
	daxtop_stop(d);
	sum = trace_summary(d);
	for (i = 0; i < 3; i++) {
		long received = summary_of(sum, events[i], "received");
		long lost = summary_of(sum, events[i], "lost");

		if (received + lost != (long)pages * rounds)
			fail("%s: got received + lost = %ld, expected %u; %s", events[i],
			     received + lost, pages * rounds, json_object_to_json_string(sum));
		if ((long)trace_count(d, events[i]) != received)
			fail("%s: got %zu lines, expected %ld", events[i],
			     trace_count(d, events[i]), received);
	}
	if (field_int(sum, "missed_runs"))
		fail("got missed runs, expected none: %s", json_object_to_json_string(sum));
	if (!strcmp(ring, "4K") != !!field_int(sum, "lost"))
		fail("got %ld lost events with a ring of %s", (long)field_int(sum, "lost"), ring);
}

/* A ring of one page must lose some. */
static void test_small_ring(struct place *p)
{
	burst(p, "4K", 4000, 10);
}

/* 12,000 records of 136 bytes fit in 4 MiB: none may be lost. */
static void test_large_ring(struct place *p)
{
	burst(p, "4M", 1000, 4);
}

const struct test burst_tests[] = {
	/* of the ring, not of a filesystem: each with its events is in loss/nothing-invented */
	TEST("burst/small-ring", ON_EXT4, test_small_ring, .starts = 2),
	TEST("burst/large-ring", ON_XFS, test_large_ring, .starts = 2),
	TESTS_END,
};
