// SPDX-License-Identifier: GPL-2.0-only
/* pgmap.c - devices that go and come back while daxtop looks. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

/* The events of one device, in order, as "pgmap-kill pgmap-gone ...". */
static void expect_events(struct daxtop *d, const char *const want[])
{
	size_t i, n = 0;

	trace_summary(d);
	for (i = 0; i < d->nr_lines - 1; i++) {
		const char *event = field_str(d->lines[i], "event");

		if (!strcmp(event, "pgmap-get"))
			continue; /* the conflict check of memremap_pages(): not ours to count */
		if (!want[n] || strcmp(event, want[n]))
			fail("event %zu: got %s, expected %s; all: %s", n + 1, event,
			     want[n] ? want[n] : "no more", d->out_text);
		n++;
	}
	if (want[n])
		fail("got %zu events, expected %s next; all: %s", n, want[n], d->out_text);
}

/*
 * `ndctl disable-namespace`: memunmap_pages() begins and ends, and the pgmap's
 * last reference goes between the two (percpu_ref, from an RCU callback).
 */
static void test_disable(struct place *p)
{
	char name[64], dev[64];
	struct daxtop *d;

	namespace_of(p, name, sizeof(name));
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	d = daxtop_start(ARGS("trace", "--json", "-e",
			      "pgmap-add,pgmap-kill,pgmap-gone,pgmap-release"));
	if (p->fs)
		must(!umount(p->path));
	run("ndctl disable-namespace %s", name);
	run("ndctl enable-namespace %s", name);
	wait_for_path(dev);
	if (p->fs)
		must(!mount(dev, p->path, p->name, 0, "dax=always"));
	daxtop_stop(d);
	expect_events(d, ARGS("pgmap-kill", "pgmap-release", "pgmap-gone", "pgmap-add"));
}

/*
 * A folio of a pgmap that went and came again: its struct page is new, so
 * nothing is inferred between the two lives.
 */
static void test_history_across(struct place *p)
{
	char name[64], dev[64];
	struct daxtop *d;
	struct area a;

	namespace_of(p, name, sizeof(name));
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	must(!close(a.fd));
	if (p->fs)
		must(!umount(p->path));
	run("ndctl disable-namespace %s", name);
	run("ndctl enable-namespace %s", name);
	wait_for_path(dev);
	if (p->fs)
		must(!mount(dev, p->path, p->name, 0, "dax=always"));
	a.fd = open(a.path, O_RDWR | O_CLOEXEC);
	must(a.fd >= 0);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	history_stop(d);
	if (p->fs)
		HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, "remove 0>0", FAULT_NEW, UNMAP_FREE);
	else
		HISTORY(d, &a, "install 1>2 m1", "unmap 2>2 m0", "install 1>2 m1",
			"unmap 2>2 m0");
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
		if (places[i].fs && places[i].path[0])
			must(!umount(places[i].path));
	run("ndctl disable-namespace all");
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
			must(!mount(dev, p->path, p->name, 0, "dax=always"));
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
	TEST("pgmap/disable", ON_ALL, test_disable),
	TEST("pgmap/history-across", ON_ALL, test_history_across),
	TEST("pgmap/wait-for-one", ON_NONE, test_wait_for_one),
	TESTS_END,
};
