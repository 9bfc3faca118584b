// SPDX-License-Identifier: GPL-2.0-only
/* gup.c - pins and references taken by get_user_pages, and how they go. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "place.h"
#include "steps.h"

/*
 * The figures that depend on the place: @idle is an unmapped folio's refcount
 * (FS_DAX 0, GENERIC 1), a mapping adds one; @pin is what a pin adds:
 * GUP_PIN_COUNTING_BIAS for a small folio, one for a large (and its _pincount).
 */
struct figures {
	int idle, mapped, pin;
};

static struct figures figures_of(const struct area *a)
{
	int idle = a->place->fs ? 0 : 1;

	return (struct figures){ idle, idle + 1, a->order ? 1 : 1024 };
}

static void add_list(struct steps *s, const char *const list[])
{
	for (; *list; list++)
		steps_add(s, "%s", *list);
}

/* A write fault; a device's has no reference of its own (vmf_insert_* directly). */
static void add_fault(struct steps *s, const struct area *a)
{
	if (a->place->fs)
		add_list(s, ARGS(FAULT_NEW));
	else
		steps_add(s, "install 1>2 m1");
}

/* munmap with no other reference; a device's last put (2 -> 1) is seen by no hook. */
static void add_unmap(struct steps *s, const struct area *a)
{
	if (a->place->fs)
		add_list(s, ARGS(UNMAP_FREE));
	else
		steps_add(s, "unmap 2>2 m0");
}

static void area_start(struct area *a, struct daxtop **d, struct place *p, unsigned int order)
{
	area_open(a, p, order, AREA_WRITTEN);
	*d = HISTORY_START(a->spec);
	area_map_shared(a);
	touch_write(a->p);
}

/* ---- O_DIRECT ---- */

static void direct(struct place *p, unsigned int order, int pages)
{
	int fd = nullb_open(), mapped, pinned;
	struct steps s = {};
	struct figures f;
	struct daxtop *d;
	struct area a;

	area_start(&a, &d, p, order);
	must(pwrite(fd, a.p, pages * SZ_4K, 0) == (ssize_t)(pages * SZ_4K));
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	mapped = f.mapped;
	pinned = mapped + pages * f.pin;
	add_fault(&s, &a);
	steps_add(&s, "pin %d>%d p%d -longterm -remote", mapped, pinned, pages);
	steps_add(&s, "unpin %d>%d p0", pinned, mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

static void test_direct(struct place *p)
{
	direct(p, place_order(p), 1);
}

static void test_direct_2m(struct place *p)
{
	direct(p, 9, 1);
}

/* Two pages of one folio in one call: two pins, one event. */
static void test_direct_2m_two(struct place *p)
{
	direct(p, 9, 2);
}

/* An asynchronous write pins by the caller and unpins when the I/O ends, whoever runs then. */
static void test_aio(struct place *p)
{
	int fd = nullb_open();
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE }, *cbs[] = { &cb };
	aio_context_t ctx = 0;
	struct steps s = {};
	struct io_event ev;
	struct figures f;
	struct daxtop *d;
	struct area a;

	area_start(&a, &d, p, place_order(p));
	must(!syscall(SYS_io_setup, 1, &ctx));
	cb.aio_fildes = fd;
	cb.aio_buf = (uintptr_t)a.p;
	cb.aio_nbytes = SZ_4K;
	must(syscall(SYS_io_submit, ctx, 1, cbs) == 1);
	must(syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL) == 1);
	if ((int64_t)ev.res != (int64_t)SZ_4K)
		fail("aio write: got %lld, expected %lu", (long long)ev.res, SZ_4K);
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "pin %d>%d p1", f.mapped, f.mapped + f.pin);
	steps_add(&s, "unpin %d>%d p0 @*", f.mapped + f.pin, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

/* A mapping that daxtop did not see made: the first scan finds it, and its pins are seen all the same. */
static void test_mapped_before(struct place *p)
{
	struct figures f;
	struct steps s = {};
	int fd = nullb_open();
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	area_map_shared(&a);
	touch_write(a.p);
	d = HISTORY_START(a.spec);
	must(pwrite(fd, a.p, SZ_4K, 0) == (ssize_t)SZ_4K);
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	steps_add(&s, "=predates");
	steps_add(&s, "sample %d>%d m1 @*", f.mapped, f.mapped);
	steps_add(&s, "pin %d>%d m1 p1", f.mapped, f.mapped + f.pin);
	steps_add(&s, "unpin %d>%d p0", f.mapped + f.pin, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

/*
 * A page that is not mapped yet: gup_fast_fallback() gives up and its slow path
 * faults it in. One pin, told once.
 */
static void test_unfaulted(struct place *p)
{
	int fd = nullb_open();
	struct steps s = {};
	struct figures f;
	struct daxtop *d;
	struct area a;

	area_open(&a, p, place_order(p), AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	area_map_shared(&a);
	must(pwrite(fd, a.p, SZ_4K, 0) == (ssize_t)SZ_4K);
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "pin %d>%d p1", f.mapped, f.mapped + f.pin);
	steps_add(&s, "unpin %d>%d p0", f.mapped + f.pin, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

/* Two folios in one call: a pin of each. */
static void test_direct_two_folios(struct place *p)
{
	int fd = nullb_open();
	struct figures f;
	struct steps s = {};
	struct daxtop *d;
	struct area a, b;
	char *two;

	area_open(&a, p, 0, AREA_WRITTEN);
	b = a;
	b.off += SZ_4K;
	snprintf(b.spec, sizeof(b.spec), "%s:%#llx", b.path, (unsigned long long)b.off);
	d = HISTORY_START(a.spec, b.spec);
	two = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED, a.fd, a.off);
	must(two != MAP_FAILED);
	touch_write(two);
	touch_write(two + SZ_4K);
	must(pwrite(fd, two, 2 * SZ_4K, 0) == (ssize_t)(2 * SZ_4K));
	must(!munmap(two, 2 * SZ_4K));
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "pin %d>%d p1", f.mapped, f.mapped + f.pin);
	steps_add(&s, "unpin %d>%d p0", f.mapped + f.pin, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
	history_expect(d, &b, s.list);
}

/* ---- vmsplice: FOLL_GET ---- */

static void splice_in(int fds[2], struct area *a)
{
	struct iovec iov = { .iov_base = a->p, .iov_len = SZ_4K };

	must(!pipe2(fds, O_CLOEXEC));
	must(vmsplice(fds[1], &iov, 1, 0) == SZ_4K);
}

static void drain(int fds[2])
{
	char buf[SZ_4K];

	must(read(fds[0], buf, sizeof(buf)) == SZ_4K);
}

/* Drained while still mapped: the put is inlined, the next sample tells of it. */
static void vmsplice_drained(struct place *p, unsigned int order)
{
	struct steps s = {};
	struct figures f;
	struct daxtop *d;
	struct area a;
	int fds[2];

	area_start(&a, &d, p, order);
	splice_in(fds, &a);
	drain(fds);
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "get %d>%d", f.mapped, f.mapped + 1);
	steps_add(&s, "~get-put %d>%d", f.mapped + 1, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

static void test_vmsplice_drained(struct place *p)
{
	vmsplice_drained(p, place_order(p));
}

static void test_vmsplice_drained_2m(struct place *p)
{
	vmsplice_drained(p, 9);
}

/* Drained after munmap: on a filesystem that put is the last, and is seen. */
static void vmsplice_held(struct place *p, unsigned int order)
{
	struct steps s = {};
	struct figures f;
	struct daxtop *d;
	struct area a;
	int fds[2];

	area_start(&a, &d, p, order);
	splice_in(fds, &a);
	area_unmap(&a);
	drain(fds);
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "get %d>%d", f.mapped, f.mapped + 1);
	steps_add(&s, "unmap %d>%d m0", f.mapped + 1, f.mapped + 1);
	if (p->fs) {
		steps_add(&s, "~zap-put 2>1");
		steps_add(&s, "free 1>0");
	}
	history_expect(d, &a, s.list);
}

static void test_vmsplice_held(struct place *p)
{
	vmsplice_held(p, place_order(p));
}

static void test_vmsplice_held_2m(struct place *p)
{
	vmsplice_held(p, 9);
}

static void child_splices(struct child *c, void *arg)
{
	int fds[2];

	child_await(c);
	splice_in(fds, arg);
	drain(fds);
}

/* The child has the page from fork, without a fault of its own, and pins it. */
static void test_forked(struct place *p)
{
	struct daxtop *d;
	struct child c;
	struct area a;
	char *two;

	area_open(&a, p, 0, AREA_WRITTEN);
	d = HISTORY_START(a.spec);
	two = mmap(NULL, 2 * SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE, a.fd, a.off);
	must(two != MAP_FAILED);
	a.p = two;
	touch_read(two);
	touch_write(two + SZ_4K); /* an anonymous page: fork copies the page table */
	child_start(&c, child_splices, &a);
	actor_set("child", c.pid);
	child_go(&c);
	child_end(&c);
	must(!munmap(two, 2 * SZ_4K));
	history_stop(d);
	HISTORY(d, &a, FAULT_NEW, "~fork 1>2 m2", "get 2>3 @child", "~get-put 3>2",
		"unmap 2>2 m1 @child", "~zap-put 2>1", UNMAP_FREE);
}

/* ---- process_vm_readv: the slow path, by another process ---- */

static void child_reads(struct child *c, void *arg)
{
	struct area *a = arg;
	char byte;
	struct iovec mine = { .iov_base = &byte, .iov_len = 1 };
	struct iovec theirs = { .iov_base = a->p, .iov_len = 1 };

	child_await(c);
	must(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0) == 1);
}

static void test_remote(struct place *p)
{
	struct steps s = {};
	struct figures f;
	struct daxtop *d;
	struct child c;
	struct area a;

	area_start(&a, &d, p, place_order(p));
	child_start(&c, child_reads, &a);
	actor_set("child", c.pid);
	child_go(&c);
	child_end(&c);
	area_unmap(&a);
	history_stop(d);
	f = figures_of(&a);
	add_fault(&s, &a);
	steps_add(&s, "pin %d>%d p1 +remote -write @child", f.mapped, f.mapped + f.pin);
	steps_add(&s, "unpin %d>%d p0 @child", f.mapped + f.pin, f.mapped);
	add_unmap(&s, &a);
	history_expect(d, &a, s.list);
}

/* ---- io_uring registered buffers: FOLL_LONGTERM ---- */

static int uring_register(struct io_uring *ring, struct area *a, size_t len)
{
	struct iovec iov = { .iov_base = a->p, .iov_len = len };

	must(!io_uring_queue_init(4, ring, 0));
	return io_uring_register_buffers(ring, &iov, 1);
}

static void add_uring(struct steps *s, const struct area *a, const char *releaser)
{
	struct figures f = figures_of(a);

	add_fault(s, a);
	steps_add(s, "pin %d>%d p1 +longterm +write", f.mapped, f.mapped + f.pin);
	steps_add(s, "unpin %d>%d p0 @%s", f.mapped + f.pin, f.mapped, releaser);
	add_unmap(s, a);
}

static void test_uring_unregister(struct place *p)
{
	struct io_uring ring;
	struct steps s = {};
	struct daxtop *d;
	struct area a;
	int r;

	area_start(&a, &d, p, place_order(p));
	r = uring_register(&ring, &a, SZ_4K);
	if (r)
		fail("io_uring_register_buffers: got %d, expected 0", r);
	must(!io_uring_unregister_buffers(&ring));
	area_unmap(&a);
	history_stop(d);
	add_uring(&s, &a, "self");
	history_expect(d, &a, s.list);
}

/* The ring's exit releases its buffers from a kernel worker: not who held them. */
static void test_uring_exit(struct place *p)
{
	struct io_uring ring;
	struct steps s = {};
	struct daxtop *d;
	struct area a;
	long released;
	int r;

	area_start(&a, &d, p, place_order(p));
	r = uring_register(&ring, &a, SZ_4K);
	if (r)
		fail("io_uring_register_buffers: got %d, expected 0", r);
	released = pins_released();
	io_uring_queue_exit(&ring);
	while (pins_released() == released)
		poll_pause();
	area_unmap(&a);
	history_stop(d);
	add_uring(&s, &a, "kworker");
	history_expect(d, &a, s.list);
}

/* The whole folio: 512 pins in one call, 511 dropped at once (io_coalesce_buffer). */
static void test_uring_2m(struct place *p)
{
	struct io_uring ring;
	struct daxtop *d;
	struct area a;
	int r;

	area_start(&a, &d, p, 9);
	r = uring_register(&ring, &a, SZ_2M);
	if (r)
		fail("io_uring_register_buffers: got %d, expected 0", r);
	must(!io_uring_unregister_buffers(&ring));
	area_unmap(&a);
	history_stop(d);
	HISTORY(d, &a, "install 1>2 m1", "pin 2>514 p512 +longterm", "unpin 514>3 p1",
		"unpin 3>2 p0", "unmap 2>2 m0");
}

/* fsdax refuses long-term pins (check_vma_flags): nothing may be left of the try. */
static void test_uring_refused(struct place *p)
{
	struct io_uring ring;
	struct steps s = {};
	struct daxtop *d;
	struct area a;
	int r;

	area_start(&a, &d, p, 0);
	r = uring_register(&ring, &a, SZ_4K);
	if (r != -EOPNOTSUPP)
		fail("io_uring_register_buffers: got %d, expected -EOPNOTSUPP", r);
	area_unmap(&a);
	area_remove(&a);
	history_stop(d);
	add_fault(&s, &a);
	add_unmap(&s, &a);
	steps_add(&s, "remove 0>0");
	history_expect(d, &a, s.list);
}

const struct test gup_tests[] = {
	SHARED_TEST("gup/direct", ON_ALL, test_direct),
	SHARED_TEST("gup/direct-2m", ON_FS, test_direct_2m),
	SHARED_TEST("gup/direct-2m-two", ON_FS | ON_DAX2M, test_direct_2m_two),
	SHARED_TEST("gup/direct-two-folios", ON_FS | ON_DAX4K, test_direct_two_folios),
	SHARED_TEST("gup/direct-unfaulted", ON_ALL, test_unfaulted),
	SHARED_TEST("gup/mapped-before", ON_ALL, test_mapped_before),
	SHARED_TEST("gup/aio", ON_ALL, test_aio),
	SHARED_TEST("gup/vmsplice-drained", ON_ALL, test_vmsplice_drained),
	SHARED_TEST("gup/vmsplice-drained-2m", ON_FS, test_vmsplice_drained_2m),
	SHARED_TEST("gup/vmsplice-held", ON_ALL, test_vmsplice_held),
	SHARED_TEST("gup/vmsplice-held-2m", ON_FS, test_vmsplice_held_2m),
	SHARED_TEST("gup/forked", ON_FS, test_forked),
	SHARED_TEST("gup/process-vm-readv", ON_ALL, test_remote),
	SHARED_TEST("gup/uring-unregister", ON_DEV, test_uring_unregister),
	SHARED_TEST("gup/uring-exit", ON_DEV, test_uring_exit),
	SHARED_TEST("gup/uring-2m", ON_DAX2M, test_uring_2m),
	SHARED_TEST("gup/uring-refused", ON_FS, test_uring_refused),
	TESTS_END,
};
