// SPDX-License-Identifier: GPL-2.0-only
/* reflink.c - XFS: one folio in two files, and what a write to one of them does. */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"
#include "place.h"
#include "steps.h"

/* A second file with the blocks of @from, and an area at the same offset. */
static void area_clone(struct area *a, const struct area *from)
{
	*a = *from;
	a->p = NULL;
	snprintf(a->path, sizeof(a->path), "%.240s-clone", from->path);
	a->fd = open(a->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(a->fd >= 0);
	must(!ioctl(a->fd, FICLONE, from->fd));
	must(!fsync(a->fd));
	snprintf(a->spec, sizeof(a->spec), "%s:%#llx", a->path, (unsigned long long)a->off);
}

/*
 * Two files map the same folio: its mapping is cleared and ->share counts the
 * entries (dax_associate_entry). The first removal leaves one share.
 */
static void test_read_both(struct place *p)
{
	struct area a, b;
	struct daxtop *d;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_clone(&b, &a);
	d = HISTORY_START(b.spec);
	area_map_shared(&a);
	area_map_shared(&b);
	touch_read(a.p);
	touch_read(b.p);
	area_unmap(&a);
	area_remove(&a);
	area_unmap(&b);
	area_remove(&b);
	history_stop(d);
	HISTORY(d, &b, "insert 0>0 +shared", FAULT_REVIVE, "insert 1>1 +shared", "~fault-ref 1>2",
		"install 2>3 m2", "~fault-put 3>2", "fault 2>2", "unmap 2>2 m1", "~zap-put 2>1",
		"remove 1>1 +shared", UNMAP_FREE, "remove 0>0");
}

/*
 * A write to a shared page: XFS allocates a new block, dax_insert_entry() takes
 * the old entry away and maps the new page. The old folio stays with the clone.
 */
static void test_write_one(struct place *p)
{
	struct area a, b;
	struct daxtop *d;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_clone(&b, &a);
	d = HISTORY_START(a.spec, b.spec);
	area_map_shared(&a);
	area_map_shared(&b);
	touch_read(a.p);
	touch_read(b.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	area_unmap(&b);
	area_remove(&b);
	history_stop(d);
	HISTORY(d, &a, "insert 0>0 +shared +write", FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
	HISTORY(d, &b, "insert 0>0 +shared", FAULT_REVIVE, "insert 1>1 +shared", "~fault-ref 1>2",
		"install 2>3 m2", "~fault-put 3>2", "fault 2>2", "unmap 2>2 m1", "~zap-put 2>1",
		"remove 1>1 +shared +replaced", UNMAP_FREE, "remove 0>0");
}

/*
 * The clone never mapped it: the entry was the folio's only one. The old
 * folio, followed by its number, is unmapped, freed, and then given up.
 */
static void write_alone(struct place *p, unsigned int order)
{
	struct area a, b, old;
	struct daxtop *d;

	area_open(&a, p, order, AREA_WRITTEN);
	area_clone(&b, &a);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	area_unmap(&a);
	history_stop(d);
	old = a;
	snprintf(old.spec, sizeof(old.spec), "%#lx", (long)field_int(history_get(d, a.spec), "pfn"));
	d = HISTORY_START(old.spec, a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	area_remove(&a);
	area_remove(&b);
	history_stop(d);
	if (order) {
		HISTORY(d, &old, FAULT_FIRST, UNMAP_FREE, "remove 0>0 +replaced", "~split 0>0 o0");
		HISTORY(d, &a, "insert 0>0 +shared +write", FAULT_REVIVE, UNMAP_FREE, "remove 0>0",
			"~split 0>0 o0");
	} else {
		HISTORY(d, &old, FAULT_FIRST, UNMAP_FREE, "remove 0>0 +replaced");
		HISTORY(d, &a, "insert 0>0 +shared +write", FAULT_REVIVE, UNMAP_FREE, "remove 0>0");
	}
}

static void test_write_alone(struct place *p)
{
	write_alone(p, 0);
}

static void test_write_alone_2m(struct place *p)
{
	write_alone(p, 9);
}

/*
 * write(2) to a shared page invalidates the writer's entry only
 * (__dax_invalidate_entry): one owner of two is left, who goes by unlink.
 */
static void test_write_call(struct place *p)
{
	static const int64_t left[] = { 1, 0 };
	char page[SZ_4K];
	struct area a, b;
	struct daxtop *d;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_clone(&b, &a);
	d = trace_start("remove");
	area_map_shared(&a);
	area_map_shared(&b);
	touch_read(a.p);
	touch_read(b.p);
	memset(page, 'x', sizeof(page));
	must(pwrite(a.fd, page, sizeof(page), a.off) == (ssize_t)sizeof(page));
	area_unmap(&a);
	area_unmap(&b);
	area_remove(&b);
	trace_stop(d, "remove");
	trace_summary(d);
	if (d->nr_lines != 3)
		fail("got %zu removes, expected 2: %s", d->nr_lines - 1, d->out_text);
	for (size_t i = 0; i < 2; i++)
		if (field_int(d->lines[i], "ret") != left[i] ||
		    !field_has_flag(d->lines[i], "shared"))
			fail("remove %zu: expected %d owners left: %s", i + 1, (int)left[i],
			     d->out_text);
	area_remove(&a);
}

/*
 * A page that was in a file at some index, leaves it as the inode is evicted, and comes into two files again,
 * shared. Where dax_folio_put() leaves the index (no dax_folio_reset_order(), and not legacy),
 * its owners are counted on from that; elsewhere nothing is wrong. @strict: that is a finding.
 */
static void stale_index(struct place *p, bool strict)
{
	const bool wrong = !kernel_legacy() && !kernel_has("dax_folio_reset_order");
	struct json_object *f;
	struct daxtop *d;
	struct area a, b;
	int64_t noted = 0;
	uint64_t pfn;
	int drop;

	d = strict ? CHECK_START("--strict") : CHECK_START();
	area_open(&a, p, 0, AREA_WRITTEN);
	must(a.off);
	area_map_shared(&a);
	touch_read(a.p);
	pfn = pfn_of(a.p);
	area_unmap(&a);
	must(!fsync(a.fd) && !close(a.fd));
	sync();
	drop = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	must(drop >= 0 && write(drop, "2", 1) == 1 && !close(drop));
	a.fd = open(a.path, O_RDWR | O_CLOEXEC);
	must(a.fd >= 0);
	area_clone(&b, &a);
	area_map_shared(&b);
	touch_read(b.p);
	if (pfn_of(b.p) != pfn)
		fail("the clone is at pfn %#llx, the page was %#llx",
		     (unsigned long long)pfn_of(b.p), (unsigned long long)pfn);
	area_unmap(&b);
	check_stop(d, wrong && strict);
	if (wrong && strict) {
		f = expect_only(d, "share-mismatch", pfn, "dax_iomap_pte_fault");
		if (strcmp(field_str(f, "detail"), "stale-index") ||
		    field_int(f, "got") * SZ_4K != (uint64_t)a.off ||
		    strcmp(field_str(f, "file"), b.path))
			fail("not the index %lld of before, at %s: %s", (long long)a.off / SZ_4K,
			     b.spec, json_object_to_json_string(f));
	} else {
		expect_clean(d);
		if (json_object_object_get_ex(check_rule(d, "share-mismatch"), "by_design", NULL))
			noted = field_int(check_rule(d, "share-mismatch"), "by_design");
		if (noted != wrong)
			fail("share-mismatch was noted %lld times, expected %d: %s",
			     (long long)noted, wrong, d->out_text);
	}
	area_remove(&b);
	area_remove(&a);
}

static void test_stale_index(struct place *p)
{
	stale_index(p, false);
}

static void test_stale_index_strict(struct place *p)
{
	stale_index(p, true);
}

const struct test reflink_tests[] = {
	TEST("reflink/stale-index", ON_XFS | ON_BOTH, test_stale_index),
	TEST("reflink/stale-index-strict", ON_XFS, test_stale_index_strict),
	TEST("reflink/write-call", ON_XFS, test_write_call, .share = TRACES),
	SHARED_TEST("reflink/read-both", ON_XFS, test_read_both),
	SHARED_TEST("reflink/write-one", ON_XFS, test_write_one, .takes_blocks = true),
	TEST("reflink/write-alone", ON_XFS, test_write_alone),
	TEST("reflink/write-alone-2m", ON_XFS, test_write_alone_2m),
	TESTS_END,
};
