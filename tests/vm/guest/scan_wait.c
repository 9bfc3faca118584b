// SPDX-License-Identifier: GPL-2.0-only
/* scan_wait.c - who waits, found by a daxtop that is started when it hangs already. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scan.h"

/* A page in a pipe of ours, and a child that can't go on because of it. */
struct hang {
	struct area a;
	uint64_t pfn;
	int pipe[2];
	struct child c;
	int64_t from; /* ms: not earlier did it begin to wait */
	uint64_t ino;
	bool evicted, unlinked;
};

static void hang_hold(struct hang *h, struct place *p)
{
	struct stat st;

	memset(h, 0, sizeof(*h));
	h->pfn = area_touched(&h->a, p, 0);
	must(!fstat(h->a.fd, &st));
	h->ino = st.st_ino;
	pipe_fill(h->pipe, &h->a);
}

/* In the child. Its copy of the pipe must not outlive a test that failed: it would wait for ever. */
static struct hang *hang_child(struct child *c, void *arg)
{
	struct hang *h = arg;

	must(!close(h->pipe[0]) && !close(h->pipe[1]));
	child_await(c);
	return h;
}

static void hang_start(struct hang *h, void (*fn)(struct child *c, void *arg), const char *wchan)
{
	child_start(&h->c, fn, h);
	h->from = now_ms();
	child_go(&h->c);
	wait_blocked(h->c.pid, wchan);
}

/* The wait of @pid in what daxtop said, of this kind, for @device (NULL: any) and since then. */
static struct json_object *expect_wait(struct daxtop *d, pid_t pid, const char *kind,
				       const char *device, int64_t from)
{
	struct json_object *w = wait_of(d, pid), *stack;
	int64_t now = now_ms();

	if (!w)
		fail("process %d is not said to wait: %.4000s%s", pid, d->out_text, d->err_text);
	if (strcmp(field_str(w, "wait"), kind) || field_int(w, "tgid") != pid)
		fail("%s expected: %s", kind, json_text(w));
	if (device && (!field_str_or_null(w, "device") || strcmp(field_str(w, "device"), device)))
		fail("device: expected %s in %s", device, json_text(w));
	if (field_int(w, "since_ns") < (from - 1) * 1000000 ||
	    field_int(w, "age_ns") > (now - from + 1) * 1000000)
		fail("it waits since %lld ms, %lld ms ago at most: %s", (long long)from,
		     (long long)(now - from), json_text(w));
	must(json_object_object_get_ex(w, "kernel_stack", &stack));
	if (!json_object_array_length(stack))
		fail("no stack: %s", json_text(w));
	return w;
}

/* What is evicted has no name any more, but its number. */
static void expect_file(struct json_object *o, struct hang *h)
{
	const char *file = field_str_or_null(o, "file");

	if (field_int(o, "ino") != (int64_t)h->ino || field_int(o, "offset_bytes") != h->a.off ||
	    field_bool(o, "file_deleted") != h->unlinked)
		fail("inode %llu, offset %#llx%s expected: %s", (unsigned long long)h->ino,
		     (long long)h->a.off, h->unlinked ? ", deleted" : "", json_text(o));
	if (file ? !!strcmp(file, h->a.path) : !h->evicted)
		fail("%s expected: %s", h->a.path, json_text(o));
}

/* ... and it is for our page, which the pipe holds. */
static void expect_blocked(struct hang *h, const char *kind, const char *state)
{
	struct daxtop *d = SCAN();
	struct json_object *w = expect_wait(d, h->c.pid, kind, h->a.place->device, h->from), *f,
			   *folios;

	if (!strstr(state, field_str(w, "task_state")))
		fail("state: expected one of %s in %s", state, json_text(w));
	if ((uint64_t)field_int(w, "pfn") != h->pfn ||
	    field_int(w, "refcount") != 1 + kernel_legacy())
		fail("pfn %#llx with refcount %d expected: %s", (unsigned long long)h->pfn,
		     1 + kernel_legacy(), json_text(w));
	expect_file(w, h);
	must(json_object_object_get_ex(w, "pfns", &folios));
	if (json_object_array_length(folios) != 1 ||
	    (uint64_t)json_object_get_int64(json_object_array_get_idx(folios, 0)) != h->pfn)
		fail("blocked by one folio, %#llx: %s", (unsigned long long)h->pfn, json_text(w));
	/* the break has unmapped it; what maps the file is a candidate at most */
	f = folio_of(d, h->pfn);
	if (!f || field_int(f, "gets") != 1 || field_int(f, "held_gets") != 1 ||
	    field_int(f, "mapcount"))
		fail("not mapped, and one reference, of the pipe, expected: %s", json_text(f));
	expect_file(f, h);
	expect_holder(f, "pipe", getpid(), true);
	if (field_int(f, "waits") != 1)
		fail("one waits for it: %s", json_text(f));
}

static void expect_over(struct hang *h)
{
	struct daxtop *d = SCAN();

	if (wait_of(d, h->c.pid))
		fail("it waits no more: %s", json_text(wait_of(d, h->c.pid)));
	expect_nothing(d, h->pfn);
}

static void hang_end(struct hang *h)
{
	pipe_drain(h->pipe);
	child_end(&h->c);
	expect_over(h);
}

/* ---- layout breaks ---- */

/* Where a layout break sleeps: before 6.15 each filesystem did it itself. */
static const char *break_function(const struct place *p)
{
	if (kernel_legacy())
		return p->bit == ON_EXT4 ? "ext4_break_layouts"
					 : "xfs_break_dax_layouts|xfs_break_layouts";
	return p->bit == ON_EXT4 ? "ext4_wait_dax_page" : "xfs_wait_dax_page";
}

static void child_punches(struct child *c, void *arg)
{
	struct hang *h = hang_child(c, arg);

	must(!fallocate(h->a.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, h->a.off, h->a.len));
}

static void child_truncates(struct child *c, void *arg)
{
	struct hang *h = hang_child(c, arg);

	must(!ftruncate(h->a.fd, 0));
}

static void breaks(struct place *p, void (*fn)(struct child *c, void *arg))
{
	struct hang h;

	hang_hold(&h, p);
	hang_start(&h, fn, break_function(p));
	expect_blocked(&h, "layout-break", "SD");
	hang_end(&h);
	area_unmap(&h.a);
	area_remove(&h.a);
}

/* What is known to be younger is left out, and what is only mapped; since when a pipe holds is not known. */
static void test_older(struct place *p)
{
	struct area mapped;
	uint64_t pfn = area_touched(&mapped, p, 0);
	struct daxtop *d;
	struct hang h;

	hang_hold(&h, p);
	hang_start(&h, child_punches, break_function(p));
	d = SCAN("--older-than", "0.001");
	expect_wait(d, h.c.pid, "layout-break", p->device, h.from);
	if (!folio_of(d, h.pfn) || folio_of(d, pfn))
		fail("the page that is held, and not the one that is mapped: %.4000s", d->out_text);
	d = SCAN("--older-than", "3600");
	if (wait_of(d, h.c.pid))
		fail("it has not waited for an hour: %s", json_text(wait_of(d, h.c.pid)));
	if (!folio_of(d, h.pfn) || folio_of(d, pfn))
		fail("the page that is held, since nobody knows when: %.4000s", d->out_text);
	hang_end(&h);
	area_unmap(&mapped);
	area_remove(&mapped);
	area_unmap(&h.a);
	area_remove(&h.a);
}

static void test_punch(struct place *p)
{
	breaks(p, child_punches);
}

static void test_truncate(struct place *p)
{
	breaks(p, child_truncates);
}

/* ---- a locked entry ---- */

static void child_touches(struct child *c, void *arg)
{
	struct hang *h = arg;

	child_await(c);
	touch_write(h->a.p);
}

/* The module has the entry locked; a fault of the same page waits. */
static void test_entry(struct place *p)
{
	struct inject arg = { .cmd = INJECT_ENTRY_LOCK };
	int fd = inject_open();
	struct json_object *w;
	struct hang h = {};

	h.pfn = area_touched(&h.a, p, 0);
	arg.addr = (uintptr_t)h.a.p;
	inject_do(fd, &arg);
	hang_start(&h, child_touches, "get_next_unlocked_entry|get_unlocked_entry");
	w = expect_wait(SCAN(), h.c.pid, "entry-lock", p->device, h.from);
	if (strcmp(field_str(w, "file"), h.a.path) || field_int(w, "offset_bytes") != h.a.off)
		fail("%s expected: %s", h.a.spec, json_text(w));
	if (!field_bool(w, "entry_locked"))
		fail("the entry is locked: %s", json_text(w));
	inject_undo(fd);
	child_end(&h.c);
	if (wait_of(SCAN(), h.c.pid))
		fail("it waits no more");
	area_unmap(&h.a);
	area_remove(&h.a);
}

/* ---- evictions ---- */

static void child_unlinks(struct child *c, void *arg)
{
	struct hang *h = hang_child(c, arg);

	must(!unlink(h->a.path));
}

static void hang_close(struct hang *h)
{
	area_unmap(&h->a);
	must(!close(h->a.fd));
	h->a.fd = -1;
	h->evicted = true;
}

static void test_unlink(struct place *p)
{
	struct hang h;

	hang_hold(&h, p);
	hang_close(&h);
	h.unlinked = true;
	hang_start(&h, child_unlinks, "dax_break_layout_final");
	expect_blocked(&h, "evict", "D");
	hang_end(&h);
}

static void child_unmounts(struct child *c, void *arg)
{
	struct hang *h = hang_child(c, arg);

	must(!umount(h->a.place->path));
}

static void test_umount(struct place *p)
{
	struct hang h;

	mount_afterwards(p);
	hang_hold(&h, p);
	hang_close(&h);
	hang_start(&h, child_unmounts, "dax_break_layout_final");
	expect_blocked(&h, "evict", "D");
	hang_end(&h);
}

/* ---- unbinds ---- */

static void child_disables(struct child *c, void *arg)
{
	const char *name = arg;

	child_await(c);
	execlp("ndctl", "ndctl", "disable-namespace", name, NULL);
	fail("ndctl: %m");
}

/* What nd_pmem drives for this place: a namespace, or what stands on it ("pfn0.1"). */
static void driven_by_pmem(const struct place *p, char *name, size_t len)
{
	char path[128], link[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/block/%s/device", p->device);
	n = readlink(path, link, sizeof(link) - 1);
	must(n > 0);
	link[n] = '\0';
	snprintf(name, len, "%s", strrchr(link, '/') + 1);
}

/* The driver is taken away from below a mounted filesystem. */
static void child_unbinds(struct child *c, void *arg)
{
	struct hang *h = hang_child(c, arg);
	char name[64];
	int fd;

	driven_by_pmem(h->a.place, name, sizeof(name));
	fd = open("/sys/bus/nd/drivers/nd_pmem/unbind", O_WRONLY | O_CLOEXEC);
	must(fd >= 0);
	must(write(fd, name, strlen(name)) > 0);
}

static void test_unbind(struct place *p)
{
	char name[64];
	struct hang h;

	driven_by_pmem(p, name, sizeof(name));
	mount_afterwards(p);
	afterwards("umount %s; echo %s >/sys/bus/nd/drivers/nd_pmem/bind", p->path, name);
	hang_hold(&h, p);
	hang_close(&h);
	hang_start(&h, child_unbinds, "dax_break_layout_final");
	expect_blocked(&h, "evict", "D");
	hang_end(&h);
}

/* The pgmap that is dying, of which there is one. */
static struct json_object *dying_pgmap(struct daxtop *d)
{
	struct json_object *p, *dying = NULL;

	for (size_t i = 0; (p = line_of(d, "pgmap", i)); i++) {
		if (!field_bool(p, "dying"))
			continue;
		if (dying)
			fail("two are dying: %.4000s", d->out_text);
		dying = p;
	}
	if (!dying)
		fail("no pgmap is dying: %.4000s", d->out_text);
	return dying;
}

/*
 * Dying, with @refs references too many, and somebody waits. Its device has left the
 * system by now: it is called as before, or as the namespace.
 */
static const char *expect_dying(struct daxtop *d, struct place *p, const char *name, pid_t pid,
				int64_t from)
{
	struct json_object *pgmap = dying_pgmap(d);
	const char *device = field_str_or_null(pgmap, "device");

	if (field_int(pgmap, "pgmap_refs_unexplained") != 1)
		fail("one reference too many: %s", json_text(pgmap));
	if (!device || (strcmp(device, p->device) && strcmp(device, name)))
		fail("device: expected %s or %s in %s", p->device, name, json_text(pgmap));
	expect_wait(d, pid, "memunmap", device, from);
	return device;
}

/* A reference on the pgmap that nobody puts: memunmap_pages() waits for it. */
static void test_memunmap(struct place *p)
{
	struct inject arg = { .cmd = INJECT_PGMAP_GET };
	int fd = inject_open();
	struct json_object *v;
	const char *device;
	struct daxtop *d;
	struct child c;
	struct area a;
	char name[64];
	int64_t from;

	namespace_of(p, name, sizeof(name));
	namespace_afterwards(p, name);
	area_touched(&a, p, place_order(p));
	arg.addr = (uintptr_t)a.p;
	inject_do(fd, &arg);
	area_unmap(&a);
	must(!close(a.fd));
	if (p->fs)
		must(!umount(p->path));
	child_start(&c, child_disables, name);
	from = now_ms();
	child_go(&c);
	wait_blocked(c.pid, "memunmap_pages");
	/* of the filesystems and of the devices one by `scan`, one by its name */
	d = p->bit & (ON_EXT4 | ON_DAX2M) ? SCAN() : holders_run(1, name);
	device = expect_dying(d, p, name, c.pid, from);
	if (p->bit & (ON_XFS | ON_DAX4K)) {
		v = expect_verdict(d, device, "hangs");
		if (!field_bool(v, "under_way") || field_int(v, "pgmap_refs_unexplained") != 1)
			fail("under way, with one reference: %s", json_text(v));
	}
	inject_undo(fd);
	child_end(&c);
	d = SCAN();
	if (line_of(d, "wait", 0))
		fail("nobody waits: %s", json_text(line_of(d, "wait", 0)));
}

const struct test scan_wait_tests[] = {
	TEST("scan/punch-waits", ON_FS | ON_BOTH, test_punch, .share = LOOKS),
	TEST("scan/truncate-waits", ON_FS | ON_BOTH, test_truncate, .share = LOOKS),
	TEST("scan/older-than", ON_XFS | ON_BOTH, test_older, .share = LOOKS, .starts = 3),
	/* apart: ext4's fault has a journal handle as it waits, and everybody's fsync() waits for that */
	TEST("scan/entry-waits", ON_FS | ON_BOTH, test_entry, .share = LOOKS_APART, .starts = 2),
	TEST("scan/unlink-waits", ON_FS, test_unlink, .share = LOOKS),
	TEST("scan/umount-waits", ON_FS, test_umount, .share = LOOKS_APART, .starts = 2),
	TEST("scan/unbind-waits", ON_FS, test_unbind, .share = LOOKS_APART, .starts = 2),
	TEST("scan/unbind-waits-for-pgmap", ON_ALL | ON_BOTH, test_memunmap, .starts = 2),
	TESTS_END,
};
