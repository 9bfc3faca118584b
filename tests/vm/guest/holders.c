// SPDX-License-Identifier: GPL-2.0-only
/* holders.c - daxtop holders WHAT: each kind of WHAT, its exit status, and the verdict on a device. */
#include <fcntl.h>
#include <liburing.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include "scan.h"

/* A page that we map and have in a pipe, and ways to ask for it. */
struct held {
	struct area a;
	uint64_t pfn;
	int pipe[2];
	char what[4][256];
	size_t n;
};

static void what_add(struct held *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void what_add(struct held *h, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(h->what[h->n++], sizeof(h->what[0]), fmt, ap);
	va_end(ap);
}

static void held_start(struct held *h, struct place *p)
{
	char name[64];

	memset(h, 0, sizeof(*h));
	namespace_of(p, name, sizeof(name));
	h->pfn = area_touched(&h->a, p, place_order(p));
	pipe_fill(h->pipe, &h->a);
	/* each kind on a filesystem and on a device */
	if (p->bit == ON_EXT4)
		what_add(h, "%s", h->a.path);
	if (p->bit == ON_XFS)
		what_add(h, "%s", p->path);
	if (p->bit & (ON_XFS | ON_DAX2M))
		what_add(h, "%d:%#lx", getpid(), (unsigned long)h->a.p + 8);
	if (p->bit & (ON_EXT4 | ON_DAX2M)) {
		what_add(h, "%d", getpid());
		what_add(h, "/dev/%s", p->device);
	} else {
		what_add(h, "%s", name);
		what_add(h, "%#llx", (unsigned long long)h->pfn);
	}
}

/* The sums by process: ours has the page once, in the pipe (its mapping is none). */
static void expect_sums(struct daxtop *d)
{
	struct json_object *list, *o, *mine = NULL;

	must(json_object_object_get_ex(summary_line(d), "by_process", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		o = json_object_array_get_idx(list, i);
		if (field_int_or(o, "tgid", 0) == getpid())
			mine = o;
	}
	if (!mine || field_int(mine, "folios") != 1 || field_int(mine, "held_gets") != 1 ||
	    field_int(mine, "held_pins"))
		fail("one folio and one get of process %d expected: %s", getpid(), d->out_text);
}

static void test_somebody(struct place *p)
{
	struct json_object *f;
	struct held h;
	struct daxtop *d;
	size_t i;

	held_start(&h, p);
	for (i = 0; i < h.n; i++) {
		note("holders %s", h.what[i]);
		d = holders_run(1, h.what[i]);
		f = expect_folio(d, &h.a, h.pfn, USES(.maps = 1, .gets = 1));
		expect_sums(d);
		expect_mapping(f, getpid(), h.a.p);
		expect_holder(f, "pipe", getpid(), true);
	}
	pipe_drain(h.pipe);
	area_unmap(&h.a);
	must(!close(h.a.fd));
	/* the device, on which a filesystem may be, or by its number the page itself */
	d = holders_run(p->bit == ON_EXT4 ? 1 : 0, h.what[h.n - 1]);
	expect_nothing(d, h.pfn);
	if (p->bit & (ON_EXT4 | ON_DAX2M))
		expect_unused(d, p);
}

/* What is asked for, and nothing besides: another file, other pages, another process. */
static void test_nobody_else(struct place *p)
{
	char range[64];
	struct area b;
	struct held h;
	pid_t pid;

	held_start(&h, p);
	area_open(&b, p, place_order(p), AREA_WRITTEN);
	if (p->fs) {
		expect_nothing(holders_run(0, b.path), h.pfn);
	} else {
		snprintf(range, sizeof(range), "%#llx-%#llx", (unsigned long long)h.pfn - 0x400,
			 (unsigned long long)h.pfn - 1);
		expect_nothing(holders_run(0, range), h.pfn);
	}
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		char *no[] = { "sleep", "1000", NULL };

		execvp(no[0], no); /* close-on-exec: it has neither the pipe nor the mapping */
		_exit(127);
	}
	snprintf(range, sizeof(range), "%d", pid);
	expect_nothing(holders_run(0, range), h.pfn);
	kill(pid, SIGKILL);
}

/* The page is held, for who asks for this file, and said to be there in it. */
static void expect_in(const char *path, off_t off, uint64_t pfn)
{
	struct json_object *f = folio_of(holders_run(1, path), pfn);

	expect_holder(f, "pipe", getpid(), true);
	if (strcmp(field_str(f, "file"), path) || field_int(f, "offset_bytes") != off)
		fail("%s, offset %#llx expected: %s", path, (long long)off, json_text(f));
}

/*
 * A page of two files is held for whoever asks for either, and not for a third. It becomes
 * shared when the second one has touched it; until then it is the first one's.
 */
static void test_shared(struct place *p)
{
	struct area a, other;
	char clone[300];
	int fds[2], fd;
	uint64_t pfn;

	area_open(&a, p, 0, AREA_WRITTEN);
	area_open(&other, p, 0, AREA_WRITTEN);
	snprintf(clone, sizeof(clone), "%s-clone", a.path);
	fd = open(clone, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd >= 0 && !ioctl(fd, FICLONE, a.fd) && !fsync(fd));
	area_map_shared(&a);
	touch_read(a.p);
	pfn = pfn_of(a.p);
	pipe_fill(fds, &a);
	area_unmap(&a);
	expect_in(a.path, a.off, pfn);
	/* the clone has no entry for it before it is touched */
	a.fd = dup(fd);
	area_map_shared(&a);
	touch_read(a.p);
	area_unmap(&a);
	expect_in(a.path, a.off, pfn);
	expect_in(clone, a.off, pfn);
	expect_nothing(holders_run(0, other.path), pfn);
	expect_holder(folio_of(holders_run(1, p->path), pfn), "pipe", getpid(), true);
	pipe_drain(fds);
	expect_nothing(holders_run(0, clone), pfn);
	must(!unlink(clone) && !close(fd));
	area_remove(&a);
	area_remove(&other);
}

/* Who has the block device open uses it, without a folio to show for it. */
static void test_raw(struct place *p)
{
	char device[64];
	int fd;

	snprintf(device, sizeof(device), "/dev/%s", p->device);
	mount_afterwards(p);
	must(!umount(p->path));
	fd = open(device, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	expect_verdict(holders_run(1, p->device), p->device, "open");
	must(!close(fd));
	expect_verdict(holders_run(0, p->device), p->device, "free");
}

static void expect_state(const char *what, const char *state)
{
	struct daxtop *d = daxtop_run(2, ARGS("holders", what));

	if (!strstr(d->err_text, state))
		fail("%s: expected %s in %s", what, state, d->err_text);
}

/* A device that is there, and has no memory to hold: why. */
static void test_states(struct place *p)
{
	char by[64];
	int fd = nullb_open();

	snprintf(by, sizeof(by), "open as a block device by guest-test[%d]", getpid());
	expect_state("/dev/nullb0", by);
	must(!close(fd));
	afterwards("daxctl enable-device %s", p->device);
	run("daxctl disable-device %s", p->device);
	expect_state(p->device, "is disabled: no driver has it");
}

static void expect_error(const char *what)
{
	struct daxtop *d = daxtop_run(2, ARGS("holders", what));

	if (strncmp(d->err_text, "daxtop", 6) || !strchr(d->err_text, '\n') || d->out_len)
		fail("`%s`: a sentence on stderr and nothing else expected: %s%s", what,
		     d->err_text, d->out_text);
}

static void test_errors(struct place *p)
{
	static const char *const whats[] = { "/etc/passwd", "/tmp", "/dev/null",
					     "0x1", /* no ZONE_DEVICE memory is there */
					     NULL };
	struct daxtop *d;

	(void)p;
	for (size_t i = 0; whats[i]; i++)
		expect_error(whats[i]);
	d = daxtop_run(2, ARGS("scan", "--file", "/tmp/\033[31m"));
	if (strchr(d->err_text, '\033'))
		fail("a name goes to the terminal as it is: %s", d->err_text);
}

/* ---- verdicts ---- */

static struct json_object *verdict(struct place *p, int exit_status, const char *what)
{
	char dev[64];

	snprintf(dev, sizeof(dev), "/dev/%s", p->device);
	return expect_verdict(holders_run(exit_status, dev), p->device, what);
}

static void child_maps(struct child *c, void *arg)
{
	struct area *a = arg;

	touch_read(a->p);
	child_go(c);
	child_await(c);
}

/* From mappings to pins and back: sigbus, pulls, free. Each counts two. */
static void test_device(struct place *p)
{
	struct io_uring ring;
	struct json_object *v;
	struct iovec iov;
	struct child c;
	struct area a;
	int fds[2];

	area_touched(&a, p, place_order(p));
	child_start(&c, child_maps, &a);
	child_await(&c);
	v = verdict(p, 1, "sigbus");
	if (field_int(v, "blockers") != 2)
		fail("two processes: %s", json_text(v));
	child_go(&c);
	child_end(&c);
	pipe_fill(fds, &a);
	iov = (struct iovec){ a.p, SZ_4K };
	must(!io_uring_queue_init(4, &ring, 0) && !io_uring_register_buffers(&ring, &iov, 1));
	v = verdict(p, 1, "pulls");
	if (field_int(v, "blockers") != 2 || field_int(v, "folios") != 1)
		fail("a reference and a pin of one folio: %s", json_text(v));
	must(!io_uring_unregister_buffers(&ring));
	pipe_drain(fds);
	area_unmap(&a);
	must(!close(a.fd));
	verdict(p, 0, "free");
}

const struct test holders_tests[] = {
	TEST("holders/somebody", ON_ALL | ON_BOTH, test_somebody, .starts = 4),
	TEST("holders/nobody-else", (ON_XFS | ON_DAX4K) | ON_BOTH, test_nobody_else, .starts = 2),
	TEST("holders/errors", ON_NONE | ON_BOTH, test_errors),
	TEST("holders/verdict-device", ON_DEV | ON_BOTH, test_device, .starts = 3),
	TEST("holders/shared", ON_XFS | ON_BOTH, test_shared, .starts = 6),
	TEST("holders/raw", ON_EXT4 | ON_BOTH, test_raw, .starts = 2),
	TEST("holders/states", ON_DAX4K | ON_BOTH, test_states, .starts = 2),
	TESTS_END,
};
