// SPDX-License-Identifier: GPL-2.0-only
/* devdax.c - device-dax: folios of the device's own size, idle at refcount 1. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

/*
 * GENERIC folios: a fault maps them by vmf_insert_* with no reference of its
 * own; the last put of an unmapped one (2 -> 1) is inlined and no hook sees
 * it, so it shows with the next sample.
 */
static void test_write(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, "install 1>2 m1", "unmap 2>2 m0");
}

static void test_refault(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	area_map_shared(&a);
	touch_read(a.p);
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, "install 1>2 m1", "unmap 2>2 m0", "~zap-put 2>1", "install 1>2 m1",
		"unmap 2>2 m0");
}

/* The second access finds the PTE read-only: no new mapping. */
static void test_upgrade(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_read(a.p);
	touch_write(a.p);
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, "install 1>2 m1", "unmap 2>2 m0");
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

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	child_start(&c, child_touches, &a);
	actor_set("child", c.pid);
	child_go(&c);
	child_end(&c);
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, "install 1>2 m1", "install 2>3 m2 @child", "unmap 3>3 m1 @child",
		"~zap-put 3>2", "unmap 2>2 m0");
}

static void test_where(struct place *p)
{
	struct json_object *h;
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	touch_write(a.p);
	history_stop(d);
	h = history_get(d, a.spec);
	if (field_int(h, "offset_bytes") != a.off)
		fail("offset: got %ld, expected %ld", (long)field_int(h, "offset_bytes"),
		     (long)a.off);
	if (field_int(h, "order") != a.order)
		fail("order: got %ld, expected %u", (long)field_int(h, "order"), a.order);
	HISTORY(d, &a, "install 1>2 m1");
}

/* A private mapping is refused (check_vma): nothing is touched. */
static void test_private_refused(struct place *p)
{
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	must(mmap(NULL, a.len, PROT_READ, MAP_PRIVATE, a.fd, a.off) == MAP_FAILED);
	if (errno != EINVAL)
		fail("mmap: got %m, expected EINVAL");
	history_stop(d);
	history_expect_unseen(d, &a);
}

/* trace shows the device's faults, each with its process and offset. */
static void test_fault_event(struct place *p)
{
	struct json_object *e;
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = trace_start("dev-fault");
	area_map_shared(&a);
	touch_write(a.p);
	area_unmap(&a);
	trace_stop(d, "dev-fault");
	trace_summary(d);
	if (trace_count(d, NULL) != 1)
		fail("got %zu events, expected one dev-fault: %s", trace_count(d, NULL), d->out_text);
	e = d->lines[0];
	if (field_int(e, "tgid") != getpid() || field_int(e, "offset_bytes") != a.off)
		fail("got %s, expected tgid %d and offset %ld", json_object_to_json_string(e),
		     getpid(), (long)a.off);
}

/* As after an upgrade of the kernel's package: of the kernel that runs only /sys tells. */
static void hide_modules(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("none", "/lib/modules", "tmpfs", 0, NULL));
}

/* The module comes (back) when daxtop already runs: its probes attach then. */
static void test_module_late(struct place *p)
{
	struct daxtop *d;
	struct area a;
	int64_t end;

	programs_settle(); /* they hold the module */
	run("rmmod device_dax");
	d = daxtop_spawn_as(hide_modules, ARGS("trace", "--json", "-e", "dev-fault,module"));
	daxtop_ready(d);
	run("modprobe device_dax");
	wait_for_path(p->path);
	/*
	 * The program attaches when it has seen the module live, which takes a
	 * while; until then faults are not seen, and the test makes new ones.
	 */
	end = now_ms() + PATIENCE_MS;
	area_open(&a, p, place_order(p), AREA_WRITTEN);
	do {
		if (now_ms() > end)
			break;
		area_map_shared(&a);
		touch_write(a.p);
		area_unmap(&a);
		poll_pause();
	} while (!daxtop_has_printed(d, "\"event\":\"dev-fault\""));
	daxtop_stop(d);
	trace_summary(d);
	if (!trace_count(d, "dev-fault"))
		fail("no dev-fault event after the module's load: %s%s", d->out_text, d->err_text);
}

const struct test devdax_tests[] = {
	SHARED_TEST("fault/write", ON_DEV, test_write),
	SHARED_TEST("fault/refault", ON_DEV, test_refault),
	SHARED_TEST("fault/upgrade", ON_DEV, test_upgrade),
	SHARED_TEST("fault/fork-touch", ON_DEV, test_fork_touch),
	SHARED_TEST("fault/where", ON_DEV, test_where),
	SHARED_TEST("fault/private-refused", ON_DEV, test_private_refused),
	TEST("fault/dev-fault", ON_DEV, test_fault_event, .share = TRACES),
	TEST("module-late", ON_DAX2M, test_module_late),
	TESTS_END,
};
