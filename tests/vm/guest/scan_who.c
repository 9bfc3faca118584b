// SPDX-License-Identifier: GPL-2.0-only
/* scan_who.c - several holders of one folio, holders elsewhere, and files under other names. */
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "names.h"
#include "scan.h"

/* ---- holders ---- */

/* Holds a page of the area in a pipe of its own, without a mapping, until told. */
static void child_holds(struct child *c, void *arg)
{
	struct area *a = arg;
	int fds[2];

	pipe_fill(fds, a);
	area_unmap(a);
	child_go(c);
	child_await(c);
	pipe_drain(fds);
}

static void holder_start(struct child *c, struct area *a)
{
	child_start(c, child_holds, a);
	child_await(c);
}

static void holder_stop(struct child *c)
{
	child_go(c);
	child_end(c);
}

/* One mapping, a pipe each in two other processes. */
static void test_two(struct place *p)
{
	struct json_object *f;
	struct child one, two;
	struct daxtop *d;
	struct area a;
	uint64_t pfn = area_touched(&a, p, place_order(p));

	holder_start(&one, &a);
	holder_start(&two, &a);
	d = SCAN();
	f = expect_folio(d, &a, pfn, USES(.maps = 1, .gets = 2));
	expect_mapping(f, getpid(), a.p);
	expect_holder(f, "pipe", one.pid, true);
	expect_holder(f, "pipe", two.pid, true);
	holder_stop(&one);
	d = SCAN();
	f = expect_folio(d, &a, pfn, USES(.maps = 1, .gets = 1));
	expect_holder(f, "pipe", two.pid, true);
	if (nr_holders(f, "pipe") != 1)
		fail("one pipe is left: %s", json_text(f));
	holder_stop(&two);
	expect_let_go(SCAN(), &a, pfn);
	area_unmap(&a);
}

static void child_waits(struct child *c, void *arg)
{
	(void)arg;
	child_await(c);
}

/* A pipe that two processes have open is one holder's reference, not two. */
static void test_inherited(struct place *p)
{
	struct json_object *f;
	struct child other;
	struct area a;
	int fds[2];
	uint64_t pfn = area_touched(&a, p, place_order(p));

	pipe_fill(fds, &a);
	area_unmap(&a);
	child_start(&other, child_waits, NULL);
	f = expect_folio(SCAN(), &a, pfn, USES(.gets = 1));
	if (!holder_of(f, "pipe", getpid()) && !holder_of(f, "pipe", other.pid))
		fail("the pipe of %d and %d is not there: %s", getpid(), other.pid, json_text(f));
	if (holder_of(f, "mapping", 0))
		fail("nobody maps it: %s", json_text(f));
	child_go(&other);
	child_end(&other);
	pipe_drain(fds);
	expect_nothing(SCAN(), pfn);
}

#define RINGS 500 /* more than fit into an iterator's buffer */

/* Somebody with hundreds of rings hides nobody, and that not all were looked at is said. */
static void test_many_rings(struct place *p)
{
	static struct io_uring ring[RINGS];
	struct json_object *f, *gaps;
	struct iovec iov = { .iov_len = SZ_4K };
	struct daxtop *d;
	struct area a;
	int fds[2];
	uint64_t pfn;

	iov.iov_base = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(iov.iov_base != MAP_FAILED);
	for (int i = 0; i < RINGS; i++)
		must(!io_uring_queue_init(1, &ring[i], 0) &&
		     !io_uring_register_buffers(&ring[i], &iov, 1));
	pfn = area_touched(&a, p, place_order(p));
	pipe_fill(fds, &a);
	d = SCAN();
	f = expect_folio(d, &a, pfn, USES(.maps = 1, .gets = 1));
	expect_holder(f, "pipe", getpid(), true);
	must(json_object_object_get_ex(summary_line(d), "gaps", &gaps));
	if (!strstr(json_object_to_json_string(gaps), "io_uring rings"))
		fail("%d rings, and no word of it: %s", RINGS, json_text(gaps));
	pipe_drain(fds);
	area_unmap(&a);
	for (int i = 0; i < RINGS; i++)
		io_uring_queue_exit(&ring[i]);
}

#define CGROUPS	  "/sys/fs/cgroup"
#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The references of the device's folios, others' among them: all that the lines tell of. */
static int64_t gets_of(struct daxtop *d, const char *device)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->nr_lines; i++) {
		struct json_object *o = d->lines[i];
		const char *is = field_str_or_null(o, "device");

		if (!strcmp(field_str(o, "type"), "folio") && is && !strcmp(is, device))
			n += field_int(o, "gets") * field_int(o, "folios");
	}
	return n;
}

/* The sum of this list of the summary whose @key is @value, which must be there: so many references. */
static struct json_object *expect_sum(struct daxtop *d, const char *list, const char *key,
				      const char *value, const char *gets, int64_t want)
{
	struct json_object *a, *found = NULL;

	must(json_object_object_get_ex(summary_line(d), list, &a));
	for (size_t i = 0; i < json_object_array_length(a); i++) {
		struct json_object *one = json_object_array_get_idx(a, i);
		const char *is = field_str_or_null(one, key);

		if (is && !strcmp(is, value))
			found = one;
	}
	if (!found || field_int(found, gets) != want || field_int(found, "folios") < 1)
		fail("%s: %lld references of %s expected: %s", list, (long long)want, value,
		     json_text(a));
	return found;
}

/* One reference of the area's device is held, by a cgroup that is this container's (NULL: nobody knows whose). */
static void expect_sums(struct daxtop *d, const struct area *a, const char *cgroup,
			const char *container)
{
	struct json_object *one = expect_sum(d, "by_cgroup", "cgroup", cgroup, "held_gets", 1);
	const char *is = field_str_or_null(one, "container");

	if (container ? !is || strcmp(is, container) : !!is)
		fail("container %s expected: %s", container ? container : "null", json_text(one));
	expect_sum(d, "by_device", "device", a->place->device, "gets", gets_of(d, a->place->device));
	/* of a device-dax its region tells */
	if (field_int(pgmap_of(d, a->place->device), "bad_bytes"))
		fail("no block is bad: %s", json_text(pgmap_of(d, a->place->device)));
}

struct elsewhere {
	struct area *a;
	char cgroup[192];
	pid_t *pid; /* shared: of the initial pid namespace */
};

/* The first process of a pid namespace, where it is number 1, in a cgroup of its own. */
static void child_contained(struct child *c, void *arg)
{
	struct elsewhere *e = arg;
	pid_t pid;
	int status;

	run("mkdir -p " CGROUPS "%s && echo %d >" CGROUPS "%s/cgroup.procs", e->cgroup, getpid(),
	    e->cgroup);
	must(!unshare(CLONE_NEWPID));
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		must(getpid() == 1);
		child_holds(c, e->a);
		_exit(0);
	}
	*e->pid = pid;
	must(waitpid(pid, &status, 0) == pid && !status);
}

static void test_pid_namespace(struct place *p)
{
	struct elsewhere e;
	struct json_object *h;
	struct daxtop *d;
	char parent[64];
	struct child c;
	struct area a;
	uint64_t pfn = area_touched(&a, p, place_order(p));

	e.a = &a;
	snprintf(parent, sizeof(parent), "/gt-scan-%d", getpid());
	snprintf(e.cgroup, sizeof(e.cgroup), "%s/docker-" CONTAINER ".scope", parent);
	afterwards("rmdir " CGROUPS "%s " CGROUPS "%s", e.cgroup, parent);
	e.pid = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(e.pid != MAP_FAILED);
	child_start(&c, child_contained, &e);
	child_await(&c);
	d = SCAN();
	h = expect_holder(expect_folio(d, &a, pfn, USES(.maps = 1, .gets = 1)), "pipe", *e.pid, true);
	if (strcmp(field_str(h, "cgroup"), e.cgroup))
		fail("cgroup: expected %s in %s", e.cgroup, json_text(h));
	expect_sums(d, &a, e.cgroup, CONTAINER);
	/* whoever may make cgroups there may call them so */
	run("chown 1000 " CGROUPS "%s", parent);
	expect_sums(SCAN(), &a, e.cgroup, NULL);
	holder_stop(&c);
}

/* ---- files ---- */

/* A page of @a's file is in a pipe: its line, by `scan` and by `holders PATH`. */
static struct json_object *expect_file(struct area *a, uint64_t pfn, const char *path)
{
	struct json_object *f;
	int fds[2];

	pipe_fill(fds, a);
	f = expect_folio(SCAN(), a, pfn, USES(.maps = 1, .gets = 1));
	expect_holder(f, "pipe", getpid(), true);
	if (path) {
		f = expect_folio(holders_run(1, path), a, pfn, USES(.maps = 1, .gets = 1));
		expect_holder(f, "pipe", getpid(), true);
	}
	pipe_drain(fds);
	return f;
}

/* Its name is known for as long as somebody has it open. */
static void test_unlinked(struct place *p)
{
	struct json_object *f;
	struct area a;
	uint64_t pfn = area_touched(&a, p, 0);

	must(!unlink(a.path));
	f = expect_file(&a, pfn, NULL);
	if (!field_bool(f, "file_deleted"))
		fail("it is deleted: %s", json_text(f));
	area_unmap(&a);
	must(!close(a.fd));
}

static void test_renamed(struct place *p)
{
	char path[256];
	struct area a;
	uint64_t pfn = area_touched(&a, p, 0);
	struct json_object *f;

	snprintf(path, sizeof(path), "%.200s-new", a.path);
	must(!rename(a.path, path));
	strcpy(a.path, path);
	f = expect_file(&a, pfn, p->bit == ON_XFS ? path : NULL);
	if (field_bool(f, "file_deleted"))
		fail("it is not deleted: %s", json_text(f));
	area_unmap(&a);
	area_remove(&a);
}

/* The file is opened by another path than daxtop names it by. */
static void opened_at(struct area *a, struct place *p, const char *path)
{
	uint64_t pfn;

	must(!close(a->fd));
	a->place = p;
	a->fd = open(path, O_RDWR | O_CLOEXEC);
	must(a->fd >= 0);
	area_map_shared(a);
	touch_write(a->p);
	pfn = pfn_of(a->p);
	expect_file(a, pfn, path);
	area_unmap(a);
	must(!close(a->fd));
}

/* The name is that of the filesystem's own mount, whichever path was used. */
static void test_bind(struct place *p)
{
	char path[256], bind[64];
	struct area a;

	area_open(&a, p, 0, AREA_WRITTEN);
	snprintf(bind, sizeof(bind), "/mnt/gt-bind-%d", getpid());
	afterwards("umount %s; rmdir %s", bind, bind);
	run("mkdir %s && mount -o bind %s %s", bind, p->path, bind);
	snprintf(path, sizeof(path), "%s%.180s", bind, a.path + strlen(p->path));
	opened_at(&a, p, path);
}

/* An overlay's file is one of the upper filesystem, whose pages they are. */
static void test_overlay(struct place *p)
{
	char path[256], upper[256], at[64];
	struct area a;

	snprintf(at, sizeof(at), "/mnt/gt-ov-%d", getpid());
	snprintf(upper, sizeof(upper), "%s/gt-ov-%d", p->path, getpid());
	afterwards("umount %s; rmdir %s; rm -rf %s", at, at, upper);
	run("mkdir -p %s %s && cd %s && mkdir low up work && "
	    "mount -t overlay -o lowerdir=low,upperdir=up,workdir=work none %s",
	    at, upper, upper, at);
	area_open(&a, p, 0, AREA_WRITTEN);
	strcat(upper, "/up/file");
	must(!rename(a.path, upper));
	strcpy(a.path, upper);
	snprintf(path, sizeof(path), "%s/file", at);
	opened_at(&a, p, path);
}

static void test_hostile(struct place *p)
{
	struct json_object *f, *h;
	struct daxtop *d;
	struct area a;
	uint64_t pfn;
	int fds[2];

	evil_open(&a, p);
	area_map_shared(&a);
	touch_write(a.p);
	pfn = pfn_of(a.p);
	pipe_fill(fds, &a);
	d = SCAN();
	f = folio_of(d, pfn);
	if (!f || !strstr(field_str(f, "file"), EVIL_FILE_JSON))
		fail("file: got %s", json_text(f));
	h = holder_of(f, "pipe", getpid());
	if (!h || strcmp(field_str(h, "comm"), EVIL_JSON))
		fail("comm: got %s", json_text(f));
	if (p->bit == ON_EXT4)
		d = daxtop_run(0, ARGS("scan", "--verbose"));
	else
		d = daxtop_run(1, ARGS("holders", a.path));
	if (!strstr(d->out_text, "\\x1b]0;x"))
		fail("the file is not in the text: %s", d->out_text);
	expect_plain(d->out_text);
	expect_plain(d->err_text);
	pipe_drain(fds);
	area_unmap(&a);
}

/* A stock kernel has all that daxtop reads, and refuses no program: a newer one may have renamed it. */
static void test_complete(struct place *p)
{
	struct json_object *gaps = NULL;

	(void)p;
	json_object_object_get_ex(summary_line(SCAN()), "gaps", &gaps);
	must(gaps);
	if (json_object_array_length(gaps))
		fail("not looked at: %s", json_text(gaps));
}

const struct test scan_who_tests[] = {
	TEST("scan/complete", ON_NONE | ON_BOTH, test_complete, .share = LOOKS),
	TEST("scan/two-holders", ON_ALL | ON_BOTH, test_two, .share = LOOKS),
	TEST("scan/inherited-pipe", (ON_XFS | ON_DAX4K) | ON_BOTH, test_inherited, .share = LOOKS),
	TEST("scan/many-rings", ON_EXT4 | ON_BOTH, test_many_rings),
	TEST("scan/pid-namespace", (ON_EXT4 | ON_DAX2M) | ON_BOTH, test_pid_namespace,
	     .share = LOOKS, .starts = 2),
	TEST("scan/unlinked", ON_FS | ON_BOTH, test_unlinked, .share = LOOKS),
	TEST("scan/renamed", ON_FS | ON_BOTH, test_renamed, .share = LOOKS),
	TEST("scan/bind-mount", ON_FS | ON_BOTH, test_bind, .share = LOOKS),
	TEST("scan/overlay", ON_FS | ON_BOTH, test_overlay, .share = LOOKS),
	TEST("scan/hostile-names", ON_FS | ON_BOTH, test_hostile, .share = LOOKS),
	TESTS_END,
};
