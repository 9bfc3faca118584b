// SPDX-License-Identifier: GPL-2.0-only
/* burst.c - more events than the ring holds: none goes uncounted. */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

#define PAGES  4000
#define ROUNDS 10

/* On one CPU, PAGES * ROUNDS faults, unmaps and frees, exactly. */
static void burst(struct place *p, const char *ring, bool loss)
{
	const char *const events[] = { "fault", "unmap", "free" };
	const char *const args[] = { "trace", "--json", "--ring-size", ring,
				     "-e", "fault,unmap,free", NULL };
	struct json_object *sum;
	cpu_set_t one;
	struct daxtop *d;
	int64_t lost;
	size_t i, j;
	char *m;
	int fd;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(!sched_setaffinity(0, sizeof(one), &one));
	{
		struct area a;

		area_open(&a, p, 0, AREA_HOLE);
		fd = a.fd;
	}
	must(!fallocate(fd, 0, 0, PAGES * SZ_4K));
	m = mmap(NULL, PAGES * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(m != MAP_FAILED);
	/*
	 * 4K entries everywhere, and page tables that stay: then no fault tries
	 * 2M first (create_huge_pmd only looks at an empty PMD).
	 */
	must(!madvise(m, PAGES * SZ_4K, MADV_NOHUGEPAGE));
	for (i = 0; i < PAGES; i++)
		touch_write(m + i * SZ_4K);
	must(!madvise(m, PAGES * SZ_4K, MADV_DONTNEED));
	d = daxtop_start(args);
	for (j = 0; j < ROUNDS; j++) {
		for (i = 0; i < PAGES; i++)
			touch_write(m + i * SZ_4K);
		must(!madvise(m, PAGES * SZ_4K, MADV_DONTNEED));
	}
	daxtop_stop(d);
	sum = trace_summary(d);
	for (i = 0; i < 3; i++)
		if (summary_made(sum, events[i]) != PAGES * ROUNDS)
			fail("%s: got received + lost = %ld, expected %d; %s", events[i],
			     (long)summary_made(sum, events[i]), PAGES * ROUNDS,
			     json_object_to_json_string(sum));
	if (trace_count(d, NULL) != (size_t)field_int(sum, "received"))
		fail("got %zu event lines, expected as many as received: %s",
		     trace_count(d, NULL), json_object_to_json_string(sum));
	lost = field_int(sum, "lost");
	if (loss ? !lost : lost)
		fail("got %ld lost events with a ring of %s, expected %s", (long)lost, ring,
		     loss ? "some" : "none");
	if (field_int(sum, "missed_runs"))
		fail("got missed runs, expected none: %s", json_object_to_json_string(sum));
}

static void test_small_ring(struct place *p)
{
	burst(p, "4096", true);
}

/* 120,000 records of 128 bytes and their headers fit in 32 MiB: nothing may be lost. */
static void test_large_ring(struct place *p)
{
	burst(p, "32M", false);
}

const struct test burst_tests[] = {
	{ "burst/small-ring", ON_FS, test_small_ring, 120 },
	{ "burst/large-ring", ON_FS, test_large_ring, 120 },
	{ 0 },
};
