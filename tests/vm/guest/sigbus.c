// SPDX-License-Identifier: GPL-2.0-only
/* sigbus.c - who gets SIGBUS for DAX memory, and why; memory that is bad. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "daxtop.h"
#include "place.h"

#define FILE_PAGES 16 /* of an area's file */

/* ---- processes that get it ---- */

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	_exit(info->si_code);
}

static void sigbus_exits(void)
{
	struct sigaction act = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	must(!sigaction(SIGBUS, &act, NULL));
}

static void child_touches(struct child *c, void *arg)
{
	sigbus_exits();
	child_await(c);
	touch_write(arg);
}

/* It keeps the page mapped, does nothing, and wants to know (prctl(2)). */
static void child_maps(struct child *c, void *arg)
{
	sigbus_exits();
	must(!prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	touch_write(arg);
	child_go(c);
	child_await(c);
}

/* It maps the page and tells the kernel that it is bad. */
static void child_poisons(struct child *c, void *arg)
{
	sigbus_exits();
	child_await(c);
	touch_write(arg);
	madvise(arg, SZ_4K, MADV_HWPOISON);
}

/* It has the mappings of its parent, and never touches them. */
static void child_sleeps(struct child *c, void *arg)
{
	(void)arg;
	child_await(c);
}

/* It ended by that signal. */
static void child_got(struct child *c, int code)
{
	int status;

	close(c->to);
	close(c->from);
	must(waitpid(c->pid, &status, 0) == c->pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
		fail("the workload's child ended with status %#x, expected SIGBUS with code %d",
		     status, code);
}

/* ---- what daxtop says ---- */

/* The one event of this process. */
static void expect_sigbus(struct daxtop *d, pid_t pid, const char *reason, const char *addr,
			  const struct area *a, off_t off)
{
	struct json_object *found = NULL;

	for (size_t i = 0; i + 1 < d->nr_lines; i++) {
		if (strcmp(field_str(d->lines[i], "event"), "sigbus") ||
		    field_int(d->lines[i], "tgid") != pid)
			continue;
		if (found)
			fail("two events of one signal: %s", d->out_text);
		found = d->lines[i];
	}
	if (!found)
		fail("no sigbus of process %d: %s", pid, d->out_text);
	if (strcmp(field_str(found, "reason"), reason) ||
	    field_int(found, "addr") != (int64_t)(uintptr_t)addr ||
	    strcmp(field_str(found, "comm"), "guest-test"))
		fail("got %s, expected reason %s, addr %p, comm guest-test",
		     json_object_to_json_string(found), reason, (const void *)addr);
	if (a->place->fs &&
	    (field_int(found, "offset_bytes") != off || strcmp(field_str(found, "file"), a->path)))
		fail("got %s, expected offset %ld of %s", json_object_to_json_string(found),
		     (long)off, a->path);
}

static void expect_sigbuses(struct daxtop *d, size_t n)
{
	if (trace_count(d, "sigbus") != n)
		fail("got %zu sigbus, expected %zu: %s", trace_count(d, "sigbus"), n, d->out_text);
}

/* The kernel itself meets it: a system call says EFAULT, and nobody gets a signal. */
static void expect_efault(const char *p)
{
	int fd = memfd_create("efault", MFD_CLOEXEC);

	must(fd >= 0);
	if (write(fd, p, 1) != -1 || errno != EFAULT)
		fail("a write of what can't be read did not return EFAULT");
	must(!close(fd));
}

/* ---- tests ---- */

static void test_beyond_eof(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	a.off = FILE_PAGES * SZ_4K;
	area_map_shared(&a);
	child_start(&c, child_touches, a.p);
	d = trace_start("sigbus");
	expect_efault(a.p);
	child_go(&c);
	child_got(&c, BUS_ADRERR);
	trace_stop(d, "sigbus");
	expect_sigbuses(d, 1);
	expect_sigbus(d, c.pid, "beyond-eof", a.p, &a, a.off);
	area_unmap(&a);
	area_remove(&a);
}

/* All that there is, down to the last block. */
static void fill_filesystem(int fd)
{
	off_t at = 0;

	for (off_t step = 64 << 20; step >= (off_t)SZ_4K; step /= 2)
		while (!fallocate(fd, 0, at, step))
			at += step;
	must(errno == ENOSPC);
}

/* Of the device, where the file's @off is. */
static unsigned long long sector_of(int fd, off_t off)
{
	char buf[sizeof(struct fiemap) + sizeof(struct fiemap_extent)] = {};
	struct fiemap *map = (struct fiemap *)buf;

	map->fm_start = off;
	map->fm_length = SZ_4K;
	map->fm_extent_count = 1;
	must(!ioctl(fd, FS_IOC_FIEMAP, map));
	must(map->fm_mapped_extents == 1);
	return (map->fm_extents[0].fe_physical + off - map->fm_extents[0].fe_logical) >> 9;
}

/* A write to a hole when the filesystem is full. */
static void no_space(struct place *p, struct area *hole, struct child *c)
{
	struct area rest;

	area_open(&rest, p, 0, AREA_HOLE);
	fill_filesystem(rest.fd);
	child_start(c, child_touches, hole->p);
	child_go(c);
	child_got(c, BUS_ADRERR);
	area_remove(&rest);
}

/* The page is in a bad block of the device. */
static void bad_block(struct area *bad, struct child *c)
{
	run("echo %llu 8 >/sys/block/%s/badblocks", sector_of(bad->fd, bad->off), bad->place->device);
	expect_efault(bad->p);
	child_start(c, child_touches, bad->p);
	child_go(c);
	child_got(c, BUS_MCEERR_AR);
}

/* The kernel is told that it is bad. */
static void poison(struct area *a, struct child *maps, struct child *poisons)
{
	child_start(maps, child_maps, a->p);
	child_await(maps);
	child_start(poisons, child_poisons, a->p);
	child_go(poisons);
	child_got(poisons, BUS_MCEERR_AR);
	child_got(maps, BUS_MCEERR_AO);
}

/* What is bad goes with the namespace, and comes back good. */
static void mend(struct place *p, const char *name)
{
	char dev[64];

	must(!umount(p->path));
	run("ndctl disable-namespace %s && ndctl enable-namespace %s", name, name);
	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	wait_for_path(dev);
	remount(p);
}

static void expect_poison(struct daxtop *d, pid_t pid, const struct area *a)
{
	struct json_object *o = NULL;

	for (size_t i = 0; i + 1 < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "event"), "poison"))
			o = d->lines[i];
	if (trace_count(d, "poison") != 1 || field_int(o, "tgid") != pid ||
	    field_int(o, "offset_bytes") != a->off || strcmp(field_str(o, "file"), a->path) ||
	    field_int(o, "mapcount") != (kernel_legacy() ? 0 : 2))
		fail("one poison of offset %ld of %s, by %d, mapped twice (which 6.14 and before don't count), expected: %s",
		     (long)a->off, a->path, pid, d->out_text);
}

/* A line of this type about this device; NULL: none. */
static struct json_object *line_of(struct daxtop *d, const char *type, const char *device)
{
	for (size_t i = 0; i < d->nr_lines; i++)
		if (!strcmp(field_str(d->lines[i], "type"), type) &&
		    !strcmp(field_str(d->lines[i], "device"), device))
			return d->lines[i];
	return NULL;
}

/* We and these still map it, where the page table is empty now. */
static void expect_mappers(struct json_object *poisoned, const pid_t *others, size_t n)
{
	struct json_object *holders;
	bool found[8] = {};

	must(json_object_object_get_ex(poisoned, "holders", &holders));
	for (size_t i = 0; i < json_object_array_length(holders); i++) {
		struct json_object *h = json_object_array_get_idx(holders, i);

		if (strcmp(field_str(h, "kind"), "mapping") || field_bool(h, "certain"))
			fail("no page table has it: %s", json_object_to_json_string(poisoned));
		for (size_t k = 0; k <= n; k++)
			if (field_int(h, "tgid") == (k < n ? others[k] : getpid()))
				found[k] = true;
	}
	for (size_t k = 0; k <= n; k++)
		if (!found[k])
			fail("process %d maps it: %s", k < n ? others[k] : getpid(),
			     json_object_to_json_string(poisoned));
	if (json_object_array_length(holders) != n + 1)
		fail("%zu processes map it: %s", n + 1, json_object_to_json_string(poisoned));
}

/* The page is idle, and bad. */
static void expect_scan(const struct area *a, const pid_t *others, size_t n)
{
	struct daxtop *d = daxtop_run(0, ARGS("scan", "--json", "-d", a->place->device));
	struct json_object *o;

	daxtop_json(d);
	o = line_of(d, "poisoned", a->place->device);
	if (!o || field_int(o, "offset_bytes") != a->off || strcmp(field_str(o, "file"), a->path))
		fail("no poisoned page at offset %ld of %s: %s", (long)a->off, a->path, d->out_text);
	expect_mappers(o, others, n);
	o = line_of(d, "pgmap", a->place->device);
	if (!o || field_int(o, "bad_bytes") != (int64_t)SZ_4K)
		fail("%s with one page in bad blocks expected: %s", a->place->device, d->out_text);
}

static void test_reasons(struct place *p)
{
	struct area a[3]; /* a hole, in a bad block, poisoned */
	struct child touches[2], maps, poisons, sleeps;
	struct daxtop *d;
	char name[64];

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	for (int i = 0; i < 3; i++) {
		area_open(&a[i], p, 0, i ? AREA_WRITTEN : AREA_HOLE);
		area_map_shared(&a[i]);
	}
	d = daxtop_start(ARGS("trace", "--json", "-e", "sigbus,poison"));
	no_space(p, &a[0], &touches[0]);
	bad_block(&a[1], &touches[1]);
	child_start(&sleeps, child_sleeps, NULL);
	poison(&a[2], &maps, &poisons);
	daxtop_stop(d);
	trace_summary(d);
	expect_sigbuses(d, 4);
	expect_sigbus(d, touches[0].pid, "no-space", a[0].p, &a[0], a[0].off);
	expect_sigbus(d, touches[1].pid, "poison", a[1].p, &a[1], a[1].off);
	expect_sigbus(d, poisons.pid, "poison", a[2].p, &a[2], a[2].off);
	expect_sigbus(d, maps.pid, "poison", a[2].p, &a[2], a[2].off);
	expect_poison(d, poisons.pid, &a[2]);
	expect_scan(&a[2], &sleeps.pid, 1);
	child_go(&sleeps);
	child_end(&sleeps);
	for (int i = 0; i < 3; i++) {
		area_unmap(&a[i]);
		area_remove(&a[i]);
	}
	mend(p, name);
}

const struct test sigbus_tests[] = {
	TEST("sigbus/beyond-eof", ON_FS | ON_BOTH, test_beyond_eof, .share = TRACES),
	TEST("sigbus/reasons", ON_FS | ON_BOTH, test_reasons),
	TESTS_END,
};
