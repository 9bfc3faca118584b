// SPDX-License-Identifier: GPL-2.0-only
/* waits.c - daxtop check tells of waits: layout breaks, evict, memunmap_pages(). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

struct waiting {
	struct area a;
	uint64_t pfn;
	int pipe[2];
};

static void child_punches(struct child *c, void *arg)
{
	struct waiting *w = arg;

	child_await(c);
	must(!fallocate(w->a.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, w->a.off, w->a.len));
}

static void hold(struct waiting *w, struct place *p)
{
	struct iovec iov = { .iov_len = SZ_4K };

	area_open(&w->a, p, 0, AREA_WRITTEN);
	area_map_shared(&w->a);
	touch_write(w->a.p);
	w->pfn = pfn_of(w->a.p);
	must(!pipe2(w->pipe, O_CLOEXEC));
	iov.iov_base = w->a.p;
	must(vmsplice(w->pipe[1], &iov, 1, 0) == SZ_4K);
}

static void drain(struct waiting *w)
{
	char buf[SZ_4K];

	must(read(w->pipe[0], buf, sizeof(buf)) == SZ_4K);
}

/* One stall, of @pid, for the page that we hold; still there or over. */
static struct json_object *expect_stall(struct daxtop *d, const char *rule, pid_t pid, uint64_t pfn,
					bool over)
{
	struct json_object *f = expect_only(d, rule, pfn, NULL);

	if (pid && field_int(f, "pid") != pid)
		fail("%d waits: %s", pid, json_object_to_json_string(f));
	if (field_bool(f, "over") != over)
		fail("it is%s over: %s", over ? "" : " not", json_object_to_json_string(f));
	if (strcmp(field_str(f, "confidence"), "proven"))
		fail("not proven: %s", json_object_to_json_string(f));
	return f;
}

/* A process that was forked has the same pipe: a look names both, and whoever may have the page on his stack. */
static void expect_holder(struct json_object *f, pid_t tgid)
{
	int64_t object = 0;
	struct json_object *holders, *h, *certain;
	bool found = false;
	size_t n;

	must(json_object_object_get_ex(f, "holders", &holders));
	n = json_object_array_length(holders);
	for (size_t i = 0; i < n; i++) {
		h = json_object_array_get_idx(holders, i);
		if (field_int(h, "tgid") == tgid) {
			found = true;
			object = field_int_or(h, "object_id", 0);
		}
	}
	for (size_t i = 0; i < n; i++) {
		h = json_object_array_get_idx(holders, i);
		if (field_int(h, "tgid") != tgid &&
		    (!json_object_object_get_ex(h, "certain", &certain) ||
		     json_object_get_boolean(certain)) &&
		    (!object || field_int_or(h, "object_id", 0) != object))
			found = false;
	}
	if (!found)
		fail("%d is the holder: %s", tgid, json_object_to_json_string(f));
}

/* Where a layout break sleeps: before 6.15 each filesystem did it itself. */
static const char *break_function(const struct place *p)
{
	if (kernel_legacy())
		return p->bit == ON_EXT4 ? "ext4_break_layouts"
					 : "xfs_break_dax_layouts|xfs_break_layouts";
	return p->bit == ON_EXT4 ? "ext4_wait_dax_page" : "xfs_wait_dax_page";
}

static void break_stalls(struct place *p, bool over)
{
	struct waiting w;
	struct json_object *f;
	struct daxtop *d;
	struct child c;

	d = CHECK_START();
	hold(&w, p);
	child_start(&c, child_punches, &w);
	child_go(&c);
	wait_blocked(c.pid, break_function(p));
	check_await(d, "stall-break-layout");
	if (over) {
		drain(&w);
		child_end(&c);
	}
	check_stop(d, 1);
	f = expect_stall(d, "stall-break-layout", c.pid, w.pfn, over);
	if (strcmp(field_str(f, "file"), w.a.path) || field_int(f, "offset_bytes") != w.a.off)
		fail("not %s: %s", w.a.spec, json_object_to_json_string(f));
	if (!over) {
		expect_holder(f, getpid());
		drain(&w);
		child_end(&c);
	}
	area_unmap(&w.a);
	area_remove(&w.a);
}

static void test_break(struct place *p)
{
	break_stalls(p, false);
}

static void test_break_over(struct place *p)
{
	break_stalls(p, true);
}

/* A break that ends in time is none. */
static void test_break_short(struct place *p)
{
	struct waiting w;
	struct daxtop *d;
	struct child c;

	d = CHECK_START("--stall-time", "60");
	hold(&w, p);
	child_start(&c, child_punches, &w);
	child_go(&c);
	wait_blocked(c.pid, break_function(p));
	drain(&w);
	child_end(&c);
	check_stop(d, 0);
	expect_clean(d);
	if (check_checked(d, "stall-break-layout") < 1)
		fail("no wait was seen: %s", d->out_text);
	area_unmap(&w.a);
	area_remove(&w.a);
}

static void child_unlinks(struct child *c, void *arg)
{
	struct waiting *w = arg;

	child_await(c);
	must(!unlink(w->a.path));
}

static void test_evict(struct place *p)
{
	struct waiting w;
	struct json_object *f;
	struct daxtop *d;
	struct child c;

	d = CHECK_START();
	hold(&w, p);
	area_unmap(&w.a);
	must(!close(w.a.fd));
	w.a.fd = -1;
	child_start(&c, child_unlinks, &w);
	child_go(&c);
	wait_blocked(c.pid, "dax_break_layout_final");
	check_await(d, "stall-evict");
	check_stop(d, 1);
	f = expect_stall(d, "stall-evict", c.pid, w.pfn, false);
	expect_holder(f, getpid());
	drain(&w);
	child_end(&c);
}

/* Whoever got the reference, with its stack: if daxtop saw that. */
static void expect_get(struct json_object *f, bool seen)
{
	struct json_object *holders, *one;

	must(json_object_object_get_ex(f, "holders", &holders));
	if (json_object_array_length(holders) != seen)
		fail("the reference's holder is%s known: %s", seen ? "" : " not",
		     json_object_to_json_string(f));
	if (!seen)
		return;
	one = json_object_array_get_idx(holders, 0);
	if (field_int(one, "tgid") != getpid() || field_int(one, "refs") != 1 ||
	    json_object_object_get_ex(one, "certain", NULL) ||
	    !strstr(json_object_to_json_string(one), "inject_ioctl"))
		fail("one reference of %d, got in the module's ioctl, expected: %s", getpid(),
		     json_object_to_json_string(f));
}

/* A reference on the pgmap that nobody puts: the namespace can't go. In one place daxtop saw who got it. */
static void test_memunmap(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	bool seen = p->bit == ON_DAX4K;
	struct json_object *f;
	char name[64];
	struct daxtop *d;
	struct area a;
	int fd = inject_open();
	pid_t pid;

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	arg.addr = (uintptr_t)a.p;
	if (!seen)
		inject_do(fd, &arg);
	d = CHECK_START("--ignore", "pgmap-leak");
	if (seen)
		inject_do(fd, &arg);
	area_unmap(&a);
	must(!close(a.fd));
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		execlp("ndctl", "ndctl", "disable-namespace", name, NULL);
		_exit(127);
	}
	wait_blocked(pid, "memunmap_pages");
	check_await(d, "stall-memunmap");
	check_stop(d, 1);
	f = expect_stall(d, "stall-memunmap", pid, 0, false);
	if (strcmp(field_str(f, "device"), p->device))
		fail("not %s: %s", p->device, json_object_to_json_string(f));
	expect_get(f, seen);
	inject_undo(fd);
	must(waitpid(pid, NULL, 0) == pid);
}

const struct test waits_tests[] = {
	TEST("stall/break-layout", ON_FS | ON_BOTH, test_break, .share = CHECKS_STALL,
	     .rule = "stall-break-layout"),
	TEST("stall/break-layout-over", ON_FS | ON_BOTH, test_break_over, .share = CHECKS_STALL,
	     .rule = "stall-break-layout"),
	TEST("stall/break-layout-short", ON_FS | ON_BOTH, test_break_short, .share = CHECKS),
	TEST("stall/evict", ON_FS, test_evict, .share = CHECKS_STALL, .rule = "stall-evict"),
	TEST("stall/memunmap", ON_DEV | ON_BOTH, test_memunmap, .rule = "stall-memunmap"),
	TESTS_END,
};
