// SPDX-License-Identifier: GPL-2.0-only
/* fsdax_fault.c - 4K pages of a filesystem: faults, upgrades, fork, copy on write. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

static void test_write(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 +write", FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
}

/* munmap frees the folio (1 -> 0) and leaves the entry; the next fault revives it. */
static void test_refault(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	area_map_shared(&a);
	touch_read(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
}

/* MADV_DONTNEED instead of munmap: the same for the folio. */
static void test_dontneed(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	must(!madvise(a.p, a.len, MADV_DONTNEED));
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
}

/*
 * The write finds the PTE there, read-only: insert_page_into_pte_locked()
 * makes it writable and takes nothing. The fault's own reference comes and goes
 * between two samples.
 */
static void test_upgrade(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 -write", FAULT_REVIVE, "fault 1>1 +upgrade +write", UNMAP_FREE,
		"remove 0>0");
}

/*
 * MAP_SYNC on blocks that are not yet written: the fault inserts the entry and
 * returns NEEDDSYNC; dax_finish_sync_fault() maps it after the journal commit,
 * which is a second end of the fault (dax_insert_pfn_mkwrite).
 */
static void test_sync(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_HOLE);
	d = HISTORY_START(a.spec);
	area_map(&a, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 +write", "fault 0>0", FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
}

/* A read of a hole maps the zero page: no folio of the device is concerned. */
static void test_hole_read(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_HOLE);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	history_expect_unseen(d, &a);
}

static void test_hole_write(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_HOLE);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 +write", FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
}

static void child_touches(struct child *c, void *arg)
{
	struct area *a = arg;

	child_await(c); /* its name is known to the test */
	touch_write(a->p);
}

/* fork does not copy the PTEs of a shared file mapping; the child faults for itself. */
static void test_fork_touch(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	child_start(&c, child_touches, &a);
	actor_set("child", c.pid);
	child_go(&c);
	child_end(&c);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, "~fault-ref 1>2", "install 2>3 m2 @child", "~fault-put 3>2",
		"fault 2>2 @child", "unmap 2>2 m1 @child", "~zap-put 2>1", UNMAP_FREE, "remove 0>0");
}

static void child_exits(struct child *c, void *arg)
{
	(void)arg;
	child_await(c);
}

static void test_fork_exit(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	child_start(&c, child_exits, NULL);
	child_go(&c);
	child_end(&c);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, "remove 0>0");
}

/*
 * A private mapping that has an anonymous page is copied by fork, PTE by PTE
 * (vma_needs_copy): one mapping and one reference more, seen by no hook.
 */
static void test_fork_private(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;
	char *two;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	two = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE, a.fd, a.off);
	must(two != MAP_FAILED);
	touch_read(two);
	touch_write(two + SZ_4K);
	child_start(&c, child_exits, NULL);
	actor_set("child", c.pid);
	child_go(&c);
	child_end(&c);
	must(!munmap(two, 2 * SZ_4K));
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, "~fork 1>2 m2", "unmap 2>2 m1 @child", "~zap-put 2>1", UNMAP_FREE,
		"remove 0>0");
}

/*
 * Copy on write: do_wp_page() holds a reference while it copies, unmaps the
 * DAX page, and drops both; __folio_put() sees the last.
 */
static void test_private_cow(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map(&a, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 -write", FAULT_REVIVE, "~unknown 1>2", "unmap 2>2 m0",
		"~zap-put 2>1", "free 1>0", "remove 0>0");
}

/* A private write to a page that was never read copies it without mapping it. */
static void test_private_write(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map(&a, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	history_expect_unseen(d, &a);
}

/* What the history says of the folio itself. */
static void test_where(struct place *p)
{
	struct json_object *h;
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	history_stop(d);
	h = history_get(d, a.spec);
	if (strcmp(field_str(h, "device"), p->device))
		fail("device: got %s, expected %s", field_str(h, "device"), p->device);
	if (strcmp(field_str(h, "file"), a.path))
		fail("file: got %s, expected %s", field_str(h, "file"), a.path);
	if (field_int(h, "offset_bytes") != a.off)
		fail("offset: got %ld, expected %ld", (long)field_int(h, "offset_bytes"),
		     (long)a.off);
	if (field_int(h, "order"))
		fail("order: got %ld, expected 0", (long)field_int(h, "order"));
	HISTORY(d, &a, FAULT_NEW);
}

/* A mapping from before the trace: known to be unknown. */
static void test_predates(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	d = HISTORY_START(a.spec);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "=predates", "sample 1>1 m1 @*", UNMAP_FREE, "remove 0>0");
}

const struct test fsdax_fault_tests[] = {
	SHARED_TEST("fault/write", ON_FS, test_write),
	SHARED_TEST("fault/refault", ON_FS, test_refault),
	SHARED_TEST("fault/dontneed", ON_FS, test_dontneed),
	SHARED_TEST("fault/upgrade", ON_FS, test_upgrade),
	SHARED_TEST("fault/map-sync", ON_FS, test_sync, .takes_blocks = true),
	SHARED_TEST("fault/hole-read", ON_FS, test_hole_read),
	SHARED_TEST("fault/hole-write", ON_FS, test_hole_write, .takes_blocks = true),
	SHARED_TEST("fault/fork-exit", ON_FS, test_fork_exit),
	SHARED_TEST("fault/fork-touch", ON_FS, test_fork_touch),
	SHARED_TEST("fault/fork-private", ON_FS, test_fork_private),
	SHARED_TEST("fault/private-cow", ON_FS, test_private_cow),
	SHARED_TEST("fault/private-write", ON_FS, test_private_write),
	SHARED_TEST("fault/where", ON_FS, test_where),
	SHARED_TEST("fault/predates", ON_FS, test_predates),
	TESTS_END,
};
