// SPDX-License-Identifier: GPL-2.0-only
/* pgmap.c - devices that go and come back while daxtop looks. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

static const char *const unbind_events[] = { "pgmap-kill", "pgmap-release", "pgmap-gone",
					     "pgmap-add" };
#define NR_UNBIND_EVENTS (sizeof(unbind_events) / sizeof(unbind_events[0]))

/* Each event once a place, and in this order. */
static void expect_events(struct daxtop *d)
{
	size_t i, n = 0;

	trace_summary(d);
	for (i = 0; i < d->nr_lines - 1; i++) {
		const char *event = field_str(d->lines[i], "event"), *device;

		if (!strcmp(event, "pgmap-get"))
			continue; /* the conflict check of memremap_pages(): not ours to count */
		if (n == NR_PLACES * NR_UNBIND_EVENTS ||
		    strcmp(event, unbind_events[n % NR_UNBIND_EVENTS]))
			fail("event %zu: got %s; all: %s", n + 1, event, d->out_text);
		device = field_str_or_null(d->lines[i], "device");
		if (!strcmp(event, "pgmap-kill") &&
		    (!device || strcmp(device, places[n / NR_UNBIND_EVENTS].device)))
			fail("event %zu: expected %s; all: %s", n + 1,
			     places[n / NR_UNBIND_EVENTS].device, d->out_text);
		n++;
	}
	if (n != NR_PLACES * NR_UNBIND_EVENTS)
		fail("got %zu events; all: %s", n, d->out_text);
}

/* Unmounts it, takes its namespace away, and brings both back. */
static void unbind(struct place *p, const char *name)
{
	char dev[64];

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	if (p->fs)
		must(!umount(p->path));
	run("ndctl disable-namespace %s", name);
	run("ndctl enable-namespace %s", name);
	wait_for_path(dev);
	if (p->fs)
		remount(p);
}

static void namespaces_of(char names[NR_PLACES][64])
{
	for (size_t i = 0; i < NR_PLACES; i++) {
		namespace_of(&places[i], names[i], sizeof(names[i]));
		namespace_afterwards(&places[i], names[i]);
	}
}

/*
 * `ndctl disable-namespace`: memunmap_pages() begins and ends, and the pgmap's
 * last reference goes between the two (percpu_ref, from an RCU callback). One place after the other.
 */
static void test_disable(struct place *none)
{
	char names[NR_PLACES][64];
	struct daxtop *d;
	size_t i;

	(void)none;
	namespaces_of(names);
	d = daxtop_start(
		ARGS("trace", "--json", "-e", "pgmap-add,pgmap-kill,pgmap-gone,pgmap-release"));
	for (i = 0; i < NR_PLACES; i++)
		unbind(&places[i], names[i]);
	daxtop_stop(d);
	expect_events(d);
}

static void map_once(struct area *a)
{
	area_map_shared(a);
	touch_write(a->p);
	area_unmap(a);
}

/*
 * A folio of a pgmap that went and came again: its struct page is new, so
 * nothing is inferred between the two lives. One place after the other.
 */
static void test_history_across(struct place *none)
{
	char names[NR_PLACES][64];
	struct area a[NR_PLACES];
	struct daxtop *d;
	size_t i;

	(void)none;
	namespaces_of(names);
	for (i = 0; i < NR_PLACES; i++)
		area_open(&a[i], &places[i], place_order(&places[i]), AREA_WRITTEN);
	d = HISTORY_START(a[0].spec, a[1].spec, a[2].spec, a[3].spec);
	for (i = 0; i < NR_PLACES; i++) {
		map_once(&a[i]);
		must(!close(a[i].fd));
		unbind(&places[i], names[i]);
		a[i].fd = open(a[i].path, O_RDWR | O_CLOEXEC);
		must(a[i].fd >= 0);
		map_once(&a[i]);
	}
	history_stop(d);
	for (i = 0; i < NR_PLACES; i++) {
		if (places[i].fs)
			HISTORY(d, &a[i], FAULT_NEW, UNMAP_FREE, "remove 0>0", FAULT_NEW, UNMAP_FREE);
		else
			HISTORY(d, &a[i], "install 1>2 m1", "unmap 2>2 m0", "install 1>2 m1",
				"unmap 2>2 m0");
	}
}

/* No device at all when it starts: it says that it waits, and sees what comes. */
static void test_wait_for_one(struct place *none)
{
	struct place *p;
	struct daxtop *d;
	struct area a;
	size_t i;

	(void)none;
	for (i = 0; i < NR_PLACES; i++)
		mount_afterwards(&places[i]);
	afterwards("ndctl enable-namespace all");
	for (i = 0; i < NR_PLACES; i++)
		if (places[i].fs && places[i].path[0])
			must(!umount(places[i].path));
	run("ndctl disable-namespace all");
	/* it has peer-to-peer memory; who needs it loads it again */
	run("! grep -q ^daxtop_inject /proc/modules || rmmod daxtop_inject");
	d = daxtop_start(ARGS("trace", "--json", "-e", "pgmap-add,fault"));
	if (!daxtop_has_said(d, "wait"))
		fail("daxtop does not say that it waits for a device");
	run("ndctl enable-namespace all");
	for (i = 0; i < NR_PLACES; i++) {
		char dev[64];

		p = &places[i];
		if (!p->path[0])
			continue;
		snprintf(dev, sizeof(dev), "/dev/%s", p->device);
		wait_for_path(dev);
		if (p->fs)
			remount(p);
	}
	area_open(&a, &places[0], 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	daxtop_stop(d);
	trace_summary(d);
	if (trace_count(d, "pgmap-add") != 4 || trace_count(d, "fault") != 1)
		fail("got %zu pgmap-add and %zu fault, expected 4 and 1: %s",
		     trace_count(d, "pgmap-add"), trace_count(d, "fault"), d->out_text);
	if (strcmp(field_str(d->lines[4], "device"), places[0].device))
		fail("device: got %s, expected %s", field_str(d->lines[4], "device"),
		     places[0].device);
}

const struct test pgmap_tests[] = {
	TEST("pgmap/disable", ON_NONE, test_disable),
	TEST("pgmap/history-across", ON_NONE, test_history_across),
	TEST("pgmap/wait-for-one", ON_NONE, test_wait_for_one),
	TESTS_END,
};
