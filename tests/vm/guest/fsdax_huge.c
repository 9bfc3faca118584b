// SPDX-License-Identifier: GPL-2.0-only
/* fsdax_huge.c - 2M pages of a filesystem: one folio of order 9, split when it goes. */
#include <sys/mman.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

/*
 * From 6.15 a PMD entry makes one folio of order 9 (dax_folio_init); removal
 * makes order-0 pages of it again (dax_folio_reset_order).
 */
#define REMOVE_SPLIT "remove 0>0", "~split 0>0 o0"

static void test_write(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 9, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 +write", FAULT_REVIVE, UNMAP_FREE, REMOVE_SPLIT);
}

static void test_refault(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 9, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	area_map_shared(&a);
	touch_write(a.p + SZ_2M - 1);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, FAULT_REVIVE, UNMAP_FREE, REMOVE_SPLIT);
}

static void test_upgrade(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 9, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 -write", FAULT_REVIVE, "fault 1>1 +upgrade +write", UNMAP_FREE,
		REMOVE_SPLIT);
}

static void child_touches(struct child *c, void *arg)
{
	struct area *a = arg;

	child_await(c);
	touch_write(a->p);
}

static void test_fork_touch(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;

	area_open(&a, p, 9, AREA_WRITTEN);
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
		"fault 2>2 @child", "unmap 2>2 m1 @child", "~zap-put 2>1", UNMAP_FREE, REMOVE_SPLIT);
}

/* After the split the same blocks come back as a 4K page: a folio of order 0. */
static void test_split_reuse(struct place *p)
{
	struct daxtop *d;
	struct area a;
	char *page;

	area_open(&a, p, 9, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	/* Drops the clean entries of the inode, as FICLONE or a truncate would. */
	must(!fsync(a.fd));
	must(!ftruncate(a.fd, 8 * SZ_2M + SZ_4K));
	must(!ftruncate(a.fd, 8 * SZ_2M));
	page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off);
	must(page != MAP_FAILED);
	touch_write(page);
	must(!munmap(page, SZ_4K));
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, REMOVE_SPLIT, FAULT_NEW, UNMAP_FREE, "remove 0>0");
}

/*
 * A 4K mapping of a range whose entry is a PMD: dax_iomap_pte_fault() leaves
 * the entry and maps one page of the folio: insert_page() with the large folio.
 */
static void test_pte_of_huge(struct place *p)
{
	struct daxtop *d;
	struct area a;
	char *page;

	area_open(&a, p, 9, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off + SZ_4K);
	must(page != MAP_FAILED);
	touch_write(page);
	must(!munmap(page, SZ_4K));
	area_remove(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, FAULT_REVIVE, UNMAP_FREE, REMOVE_SPLIT);
}

const struct test fsdax_huge_tests[] = {
	SHARED_TEST("huge/write", ON_FS, test_write),
	SHARED_TEST("huge/refault", ON_FS, test_refault),
	SHARED_TEST("huge/upgrade", ON_FS, test_upgrade),
	SHARED_TEST("huge/fork-touch", ON_FS, test_fork_touch),
	SHARED_TEST("huge/split-reuse", ON_FS, test_split_reuse),
	SHARED_TEST("huge/pte-of-huge", ON_FS, test_pte_of_huge),
	TESTS_END,
};
