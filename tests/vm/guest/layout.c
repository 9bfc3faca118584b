// SPDX-License-Identifier: GPL-2.0-only
/* layout.c - a filesystem takes blocks away: truncate, hole punch, unlink, umount. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"
#include "place.h"
#include "steps.h"

static void truncate_area(struct area *a)
{
	must(!ftruncate(a->fd, 0));
}

static void punch_area(struct area *a)
{
	must(!fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, a->off, a->len));
}

/* The break unmaps the page itself (dax_layout_busy_page_range), then finds it idle. */
static void mapped(struct place *p, void (*take)(struct area *))
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	take(&a);
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, UNMAP_FREE, "remove 0>0");
}

static void test_truncate_mapped(struct place *p)
{
	mapped(p, truncate_area);
}

static void test_punch_mapped(struct place *p)
{
	mapped(p, punch_area);
}

static void unmapped(struct place *p, void (*take)(struct area *))
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	d = HISTORY_START(a.spec);
	take(&a);
	history_stop(d);
	HISTORY(d, &a, "remove 0>0");
}

static void test_truncate_unmapped(struct place *p)
{
	unmapped(p, truncate_area);
}

static void test_punch_unmapped(struct place *p)
{
	unmapped(p, punch_area);
}

/* ---- breaks that wait ---- */

struct waiting {
	struct area a;
	void (*take)(struct area *);
	int pipe[2];
};

/* A page in a pipe: FOLL_GET, held until the pipe is drained. */
static void hold(struct waiting *w)
{
	struct iovec iov = { .iov_base = w->a.p, .iov_len = SZ_4K };

	must(!pipe2(w->pipe, O_CLOEXEC));
	must(vmsplice(w->pipe[1], &iov, 1, 0) == SZ_4K);
}

static void drain(struct waiting *w)
{
	char buf[SZ_4K];

	must(read(w->pipe[0], buf, sizeof(buf)) == SZ_4K);
}

static void child_takes(struct child *c, void *arg)
{
	struct waiting *w = arg;

	child_await(c);
	w->take(&w->a);
}

static void waits(struct place *p, void (*take)(struct area *))
{
	struct waiting w = { .take = take };
	struct daxtop *d;
	struct child c;

	area_open(&w.a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(w.a.spec);
	area_map_shared(&w.a);
	touch_write(w.a.p);
	hold(&w);
	child_start(&c, child_takes, &w);
	actor_set("child", c.pid);
	child_go(&c);
	wait_blocked(c.pid, p->bit == ON_EXT4 ? "ext4_wait_dax_page" : "xfs_wait_dax_page");
	drain(&w);
	child_end(&c);
	history_stop(d);
	HISTORY(d, &w.a, FAULT_NEW, "get 1>2", "unmap 2>2 m0 @child", "~zap-put 2>1",
		"break-busy 1>1 @child -final", "free 1>0", "remove 0>0 @child");
}

static void test_truncate_waits(struct place *p)
{
	waits(p, truncate_area);
}

static void test_punch_waits(struct place *p)
{
	waits(p, punch_area);
}

static void child_evicts(struct child *c, void *arg)
{
	struct waiting *w = arg;

	child_await(c);
	area_remove(&w->a); /* the last descriptor of the file */
}

/* unlink and last close: dax_break_layout_final() waits, uninterruptible. */
static void test_unlink_waits(struct place *p)
{
	struct waiting w = {};
	struct daxtop *d;
	struct child c;

	area_open(&w.a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(w.a.spec);
	area_map_shared(&w.a);
	touch_write(w.a.p);
	hold(&w);
	area_unmap(&w.a);
	child_start(&c, child_evicts, &w);
	actor_set("child", c.pid);
	must(!close(w.a.fd));
	child_go(&c);
	wait_blocked(c.pid, "dax_break_layout_final");
	drain(&w);
	child_end(&c);
	history_stop(d);
	HISTORY(d, &w.a, FAULT_NEW, "get 1>2", "unmap 2>2 m0", "~zap-put 2>1",
		"break-busy 1>1 @child +final", "free 1>0", "remove 0>0 @child");
}

/* trace says how each break began and ended. */
static void test_break_trace(struct place *p)
{
	struct waiting w = { .take = punch_area };
	struct json_object *busy = NULL, *done = NULL;
	struct daxtop *d;
	struct child c;
	size_t i;

	area_open(&w.a, p, 0, AREA_WRITTEN);
	d = trace_start("break-busy,break-done");
	area_map_shared(&w.a);
	touch_write(w.a.p);
	hold(&w);
	child_start(&c, child_takes, &w);
	child_go(&c);
	wait_blocked(c.pid, p->bit == ON_EXT4 ? "ext4_wait_dax_page" : "xfs_wait_dax_page");
	drain(&w);
	child_end(&c);
	trace_stop(d, "break-busy,break-done");
	trace_summary(d);
	for (i = 0; i < d->nr_lines - 1; i++) {
		if (!strcmp(field_str(d->lines[i], "event"), "break-busy"))
			busy = d->lines[i];
		else
			done = d->lines[i];
	}
	if (trace_count(d, NULL) != 2 || !busy || !done)
		fail("got %zu events, expected one break-busy and one break-done: %s",
		     trace_count(d, NULL), d->out_text);
	if (field_int(busy, "tgid") != c.pid || field_int(busy, "refcount") != 1 ||
	    field_int(busy, "mapcount") != 0)
		fail("break-busy: got %s, expected tgid %d, refcount 1, mapcount 0",
		     json_object_to_json_string(busy), c.pid);
	if (field_int(done, "tgid") != c.pid || field_int(done, "ret") != 0)
		fail("break-done: got %s, expected tgid %d, ret 0",
		     json_object_to_json_string(done), c.pid);
}

/* Somebody has the entry locked when it should go: it goes when he lets go, and is seen to. */
static void test_locked(struct place *p)
{
	struct inject arg = { .cmd = INJECT_ENTRY_LOCK };
	struct waiting w = { .take = truncate_area };
	int fd = inject_open();
	struct json_object *o;
	struct daxtop *d;
	struct child c;

	area_open(&w.a, p, 0, AREA_WRITTEN);
	area_map_shared(&w.a);
	touch_write(w.a.p);
	arg.addr = (uintptr_t)w.a.p;
	d = trace_start("remove");
	inject_do(fd, &arg);
	child_start(&c, child_takes, &w);
	child_go(&c);
	wait_blocked(c.pid,
		     "wait_entry_unlocked_exclusive|get_next_unlocked_entry|get_unlocked_entry");
	inject_undo(fd);
	child_end(&c);
	trace_stop(d, "remove");
	o = trace_summary(d);
	if (trace_count(d, "remove") != 1 || field_int(o, "lost"))
		fail("one removal and no loss expected: %s", d->out_text);
	if (field_int(d->lines[0], "tgid") != c.pid ||
	    (uint64_t)field_int(d->lines[0], "pfn") != arg.pfn ||
	    field_int(d->lines[0], "offset_bytes") != w.a.off)
		fail("not of page %#llx at %s: %s", (unsigned long long)arg.pfn, w.a.spec,
		     d->out_text);
	area_unmap(&w.a);
	area_remove(&w.a);
}

/* umount evicts the inode: its entries are removed, the file stays. */
static void test_umount(struct place *p)
{
	struct area a[2];
	struct daxtop *d;

	(void)p;
	for (int i = 0; i < 2; i++) {
		must(places[i].path[0]);
		mount_afterwards(&places[i]);
		area_open(&a[i], &places[i], 0, AREA_WRITTEN);
	}
	d = HISTORY_START(a[0].spec, a[1].spec);
	for (int i = 0; i < 2; i++) {
		area_map_shared(&a[i]);
		touch_write(a[i].p);
		area_unmap(&a[i]);
		must(!close(a[i].fd));
		must(!umount(places[i].path));
		remount(&places[i]);
	}
	history_stop(d);
	for (int i = 0; i < 2; i++)
		HISTORY(d, &a[i], FAULT_NEW, UNMAP_FREE, "remove 0>0");
}

static void mount_not_dax(const struct place *p)
{
	char dev[64];

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	mount_afterwards(p);
	must(!umount(p->path));
	must(!mount(dev, p->path, p->name, 0, "dax=never"));
}

/* ext4 breaks the layout of every inode that it evicts; without DAX that is no event. */
static void test_not_dax(struct place *p)
{
	char path[256];
	struct daxtop *d;
	int fd;

	(void)p;
	for (int i = 0; i < 2; i++) {
		must(places[i].path[0]);
		mount_not_dax(&places[i]);
	}
	d = daxtop_start(ARGS("trace", "--json"));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/gt-not-dax", places[i].path);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		must(fd >= 0);
		must(write(fd, "x", 1) == 1);
		must(!ftruncate(fd, 0));
		must(!unlink(path));
		close(fd);
		must(!umount(places[i].path));
	}
	daxtop_stop(d);
	trace_summary(d);
	if (trace_count(d, NULL))
		fail("got events, expected none: %s", d->out_text);
}

const struct test layout_tests[] = {
	SHARED_TEST("layout/truncate-mapped", ON_FS, test_truncate_mapped),
	SHARED_TEST("layout/truncate-unmapped", ON_FS, test_truncate_unmapped),
	SHARED_TEST("layout/punch-mapped", ON_FS, test_punch_mapped),
	SHARED_TEST("layout/punch-unmapped", ON_FS, test_punch_unmapped),
	SHARED_TEST("layout/truncate-waits", ON_FS, test_truncate_waits),
	SHARED_TEST("layout/punch-waits", ON_FS, test_punch_waits),
	SHARED_TEST("layout/unlink-waits", ON_FS, test_unlink_waits),
	TEST("layout/break-trace", ON_FS, test_break_trace, .share = TRACES),
	TEST("layout/locked", ON_FS | ON_BOTH, test_locked, .share = TRACES),
	TEST("layout/umount", ON_NONE, test_umount),
	TEST("layout/not-dax", ON_NONE, test_not_dax),
	TESTS_END,
};
