// SPDX-License-Identifier: GPL-2.0-only
/* scan_hold.c - the ways to hold a DAX page, each begun before daxtop is started. */
#include <fcntl.h>
#include <liburing.h>
#include <linux/aio_abi.h>
#include <linux/if_xdp.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "disk.h"
#include "scan.h"

/* One way, at work. */
struct hold {
	const struct way *way;
	struct area a;
	uint64_t pfn;
	int fd, pipe[2];
	struct child child;
	aio_context_t ctx;
	struct io_uring ring;
	struct rdma rdma;
	char *page; /* of ordinary memory */
};

struct way {
	const char *kind; /* of the holder */
	bool pin; /* else a reference without */
	bool by_child;
	void (*take)(struct hold *h);
	void (*drop)(struct hold *h);
	size_t len; /* bytes held, from the folio's start; 0: one page */
	bool candidate; /* a number on a stack may be left from before: not certain */
};

/* ---- direct I/O, with the disk until it is told to be done ---- */

static void child_writes(struct child *c, void *arg)
{
	struct hold *h = arg;

	child_await(c);
	must(pwrite(h->fd, h->a.p, SZ_4K, 0) == (ssize_t)SZ_4K);
}

/* By another process, whose copy of the mapping is a second one. */
static void write_take(struct hold *h)
{
	h->fd = disk_open();
	child_start(&h->child, child_writes, h);
	child_go(&h->child);
	disk_await(1);
}

/* All three. */
static void write_drop(struct hold *h)
{
	disk_go();
	child_end(&h->child);
	must(!close(h->fd));
}

static void aio_take(struct hold *h)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE }, *cbs[] = { &cb };

	h->fd = disk_open();
	must(!syscall(SYS_io_setup, 1, &h->ctx));
	cb.aio_fildes = h->fd;
	cb.aio_buf = (uintptr_t)h->a.p;
	cb.aio_nbytes = SZ_4K;
	must(syscall(SYS_io_submit, h->ctx, 1, cbs) == 1);
	disk_await(2);
}

static void aio_drop(struct hold *h)
{
	struct io_event ev;

	must(syscall(SYS_io_getevents, h->ctx, 1, 1, &ev, NULL) == 1);
	if ((int64_t)ev.res != (int64_t)SZ_4K)
		fail("aio write: got %lld, expected %lu", (long long)ev.res, SZ_4K);
	must(!syscall(SYS_io_destroy, h->ctx));
	must(!close(h->fd));
}

static void uring_write_take(struct hold *h)
{
	struct io_uring_sqe *sqe;

	h->fd = disk_open();
	must(!io_uring_queue_init(4, &h->ring, 0));
	sqe = io_uring_get_sqe(&h->ring);
	io_uring_prep_write(sqe, h->fd, h->a.p, SZ_4K, 0);
	must(io_uring_submit(&h->ring) == 1);
	disk_await(3);
}

static void uring_write_drop(struct hold *h)
{
	struct io_uring_cqe *cqe;

	must(!io_uring_wait_cqe(&h->ring, &cqe));
	if (cqe->res != (int)SZ_4K)
		fail("io_uring write: got %d, expected %lu", cqe->res, SZ_4K);
	io_uring_queue_exit(&h->ring);
	must(!close(h->fd));
}

/* ---- pipes and sockets ---- */

static void pipe_take(struct hold *h)
{
	pipe_fill(h->pipe, &h->a);
}

static void pipe_drop(struct hold *h)
{
	pipe_drain(h->pipe);
}

/* From a pipe into a socket's queue (MSG_SPLICE_PAGES): the page itself goes on. */
static void unix_take(struct hold *h)
{
	int fds[2];

	pipe_fill(fds, &h->a);
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, h->pipe));
	must(splice(fds[0], NULL, h->pipe[0], NULL, SZ_4K, 0) == SZ_4K);
	must(!close(fds[0]) && !close(fds[1]));
}

static void unix_drop(struct hold *h)
{
	char buf[SZ_4K];

	must(recv(h->pipe[1], buf, SZ_4K, MSG_WAITALL) == SZ_4K);
	must(!close(h->pipe[0]) && !close(h->pipe[1]));
}

/*
 * A reader that does not read, and what was sent before fills its window. Not a small one:
 * segments are half of it at most (tcp_bound_to_half_wnd()), and a page in two of them is
 * held twice.
 */
#define TCP_BEFORE (1 << 20)

static void tcp_connect(int fds[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 64 << 10,
	    large = 4 << 20, one = 1;

	must(listener >= 0);
	must(!setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)));
	must(!bind(listener, (struct sockaddr *)&at, len) && !listen(listener, 1));
	must(!getsockname(listener, (struct sockaddr *)&at, &len));
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(fds[0] >= 0);
	must(!setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large)));
	must(!setsockopt(fds[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one)));
	must(!setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
	must(!connect(fds[0], (struct sockaddr *)&at, len));
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	must(fds[1] >= 0 && !close(listener));
}

static void tcp_take(struct hold *h)
{
	char *before =
		mmap(NULL, TCP_BEFORE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(before != MAP_FAILED);
	tcp_connect(h->pipe);
	/* MSG_EOR: or a part of the page would go with it, as a reference more */
	must(send(h->pipe[0], before, TCP_BEFORE, MSG_DONTWAIT | MSG_EOR) == TCP_BEFORE);
	must(!munmap(before, TCP_BEFORE));
	must(send(h->pipe[0], h->a.p, SZ_4K, MSG_ZEROCOPY | MSG_DONTWAIT) == SZ_4K);
}

static void tcp_drop(struct hold *h)
{
	char buf[SZ_4K];
	size_t n;
	ssize_t got;

	for (n = 0; n < TCP_BEFORE + SZ_4K; n += got) {
		got = recv(h->pipe[1], buf, sizeof(buf), 0);
		must(got > 0);
	}
	must(!close(h->pipe[0]) && !close(h->pipe[1]));
}

/* ---- long-term pins: device-dax only ---- */

static void buffers_take(struct hold *h)
{
	struct iovec iov[2] = { { h->page, SZ_4K }, { h->a.p, h->way->len ? h->way->len : SZ_4K } };
	int r;

	must(!io_uring_queue_init(4, &h->ring, 0));
	r = io_uring_register_buffers(&h->ring, iov, 2); /* ours is buffer 1 */
	if (r)
		fail("io_uring_register_buffers: got %d, expected 0", r);
}

static void buffers_drop(struct hold *h)
{
	must(!io_uring_unregister_buffers(&h->ring));
	io_uring_queue_exit(&h->ring);
}

static void rdma_take(struct hold *h)
{
	if (!rdma_register(&h->rdma, h->a.p, SZ_4K))
		fail("the memory could not be registered");
}

static void rdma_drop(struct hold *h)
{
	rdma_deregister(&h->rdma);
}

/* Nothing is sent or received: the memory is pinned as soon as the socket has it. */
static void xdp_take(struct hold *h)
{
	struct xdp_umem_reg reg = { .addr = (uintptr_t)h->a.p, .len = SZ_4K, .chunk_size = SZ_4K };

	h->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	must(h->fd >= 0);
	must(!setsockopt(h->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)));
}

/* The kernel unpins from a worker, after a grace period (xdp_put_umem(), xsk_destruct()). */
static void xdp_drop(struct hold *h)
{
	long released = pins_released();

	must(!close(h->fd));
	while (pins_released() == released)
		poll_pause();
}

/* ---- in the middle of a system call ---- */

/* Copies to a page that is not there yet, and whose fault the parent serves when it likes. */
static void child_reads(struct child *c, void *arg)
{
	struct hold *h = arg;
	struct iovec mine = { h->page, SZ_4K }, theirs = { h->a.p, SZ_4K };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = {};
	int uffd;

	must(!munmap(h->a.p, h->a.len)); /* the copy of the mapping that fork made */
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	must(uffd >= 0);
	must(!ioctl(uffd, UFFDIO_API, &api));
	range.range.start = zero.range.start = (uintptr_t)h->page;
	range.range.len = zero.range.len = SZ_4K;
	must(!ioctl(uffd, UFFDIO_REGISTER, &range));
	if (!fork()) {
		child_await(c);
		must(!ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
		_exit(0);
	}
	must(process_vm_readv(getppid(), &mine, 1, &theirs, 1, 0) == SZ_4K);
}

static void remote_take(struct hold *h)
{
	h->page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(h->page != MAP_FAILED);
	child_start(&h->child, child_reads, h);
	wait_blocked(h->child.pid, "handle_userfault");
}

static void remote_drop(struct hold *h)
{
	child_go(&h->child);
	child_end(&h->child);
}

/* ---- what daxtop says ---- */

#define BY(how, ...) \
	static const struct way by_##how = { __VA_ARGS__, .take = how##_take, .drop = how##_drop }

BY(pipe, .kind = "pipe");
BY(unix, .kind = "socket");
BY(tcp, .kind = "socket");
BY(write, .kind = "request", .pin = true, .by_child = true);
BY(aio, .kind = "request", .pin = true);
BY(uring_write, .kind = "request", .pin = true);
BY(buffers, .kind = "io_uring", .pin = true);
#define buffers_2m_take buffers_take
#define buffers_2m_drop buffers_drop
BY(buffers_2m, .kind = "io_uring", .pin = true, .len = SZ_2M);
BY(rdma, .kind = "rdma", .pin = true);
BY(xdp, .kind = "xdp", .pin = true);
BY(remote, .kind = "stack", .pin = true, .by_child = true, .candidate = true);

static pid_t holder_pid(const struct hold *h)
{
	return h->way->by_child ? h->child.pid : getpid();
}

/* The pipe or socket is named by number and descriptor. */
static void expect_object(struct json_object *holder, const struct hold *h)
{
	int64_t fd = field_int(holder, "fd");
	struct stat st;

	if (fd != h->pipe[0] && fd != h->pipe[1])
		fail("fd: expected %d or %d in %s", h->pipe[0], h->pipe[1], json_text(holder));
	must(!fstat(fd, &st));
	if (field_int(holder, "object_id") != (int64_t)st.st_ino)
		fail("id: expected %llu in %s", (unsigned long long)st.st_ino, json_text(holder));
}

static void expect_held(struct daxtop *d, const struct hold *h)
{
	const struct way *way = h->way;
	struct uses uses = {
		.maps = 1, .pins = way->pin, .gets = !way->pin, .unknown = way->candidate
	};
	struct json_object *f, *holder;

	if (way->take == write_take)
		uses.maps = 2;
	f = folio_of(d, h->pfn);
	/* io_coalesce_buffer(): one pin for a whole folio; older kernels keep one a page */
	if (f && way->len && field_int(f, "pins") > 1)
		uses.pins = way->len / SZ_4K;
	f = expect_folio(d, &h->a, h->pfn, &uses);
	expect_mapping(f, getpid(), h->a.p);
	holder = expect_holder(f, way->kind, holder_pid(h), !way->candidate);
	if (!way->candidate && field_bool(holder, "pin") != way->pin)
		fail("%s expected: %s", way->pin ? "a pin" : "no pin", json_text(holder));
	if (!strcmp(way->kind, "pipe") || !strcmp(way->kind, "socket"))
		expect_object(holder, h);
	if (!strcmp(way->kind, "xdp") && field_int(holder, "fd") != h->fd)
		fail("fd: expected %d in %s", h->fd, json_text(holder));
	if (!strcmp(way->kind, "io_uring") && field_int(holder, "fd") != h->ring.ring_fd)
		fail("fd: expected %d in %s", h->ring.ring_fd, json_text(holder));
}

static void hold(struct hold *h, struct place *p, unsigned int order, const struct way *way)
{
	memset(h, 0, sizeof(*h));
	h->way = way;
	h->page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(h->page != MAP_FAILED);
	h->pfn = area_touched(&h->a, p, order);
	way->take(h);
}

#define MAX_WAYS 4

/* Held in each way at once, and let go: a look at each. */
static void held(struct hold h[], struct place *p, unsigned int order, const struct way *const ways[])
{
	struct daxtop *d;
	size_t i, n;

	for (n = 0; ways[n]; n++)
		hold(&h[n], p, order, ways[n]);
	d = SCAN();
	for (i = 0; i < n; i++)
		expect_held(d, &h[i]);
	for (i = 0; i < n; i++)
		h[i].way->drop(&h[i]);
	d = SCAN();
	for (i = 0; i < n; i++) {
		expect_let_go(d, &h[i].a, h[i].pfn);
		area_unmap(&h[i].a);
	}
}
#define HELD(p, order, ...) \
	held((struct hold[MAX_WAYS]){}, p, order, (const struct way *const[]){ __VA_ARGS__, NULL })

/* And nothing is left at the end. */
static void pipe_held(struct place *p, unsigned int order)
{
	struct hold h[MAX_WAYS];

	held(h, p, order, (const struct way *const[]){ &by_pipe, NULL });
	expect_nothing(SCAN(), h[0].pfn);
	area_remove(&h[0].a);
}

static void test_pipe(struct place *p)
{
	pipe_held(p, place_order(p));
}

static void test_pipe_2m(struct place *p)
{
	pipe_held(p, 9);
}

/* Behind more of its kind than are told of a task in one run of the iterator (bpf/look/object.bpf.c). */
static void test_pipe_many(struct place *p)
{
	int fds[2];

	for (int i = 0; i < 210; i++)
		must(!pipe2(fds, O_CLOEXEC));
	pipe_held(p, place_order(p));
}

static void test_sockets(struct place *p)
{
	HELD(p, place_order(p), &by_unix, &by_tcp);
}

static void direct(struct place *p, unsigned int order)
{
	disk_start();
	HELD(p, order, &by_write, &by_aio, &by_uring_write);
	disk_stop();
}

static void test_direct(struct place *p)
{
	direct(p, place_order(p));
}

static void test_direct_2m(struct place *p)
{
	direct(p, 9);
}

static void test_buffers(struct place *p)
{
	HELD(p, place_order(p), &by_buffers);
}

static void test_buffers_2m(struct place *p)
{
	HELD(p, 9, &by_buffers_2m);
}

static void test_remote(struct place *p)
{
	HELD(p, place_order(p), &by_remote);
}

static void test_xdp(struct place *p)
{
	struct hold h;
	char pid[16];

	HELD(p, place_order(p), &by_xdp);
	hold(&h, p, place_order(p), &by_xdp);
	snprintf(pid, sizeof(pid), "%d", getpid());
	expect_holder(folio_of(holders_run(1, pid), h.pfn), "xdp", getpid(), true);
	xdp_drop(&h);
	area_unmap(&h.a);
}

static void test_rdma(struct place *p)
{
	HELD(p, place_order(p), &by_rdma);
}

const struct test scan_hold_tests[] = {
	TEST("scan/pipe", ON_ALL | ON_BOTH, test_pipe, .share = LOOKS),
	TEST("scan/pipe-many", ON_EXT4 | ON_BOTH, test_pipe_many, .share = LOOKS),
	TEST("scan/pipe-2m", ON_FS | ON_BOTH, test_pipe_2m, .share = LOOKS),
	TEST("scan/sockets", ON_ALL | ON_BOTH, test_sockets, .share = LOOKS),
	TEST("scan/direct", ON_ALL | ON_BOTH, test_direct, .share = LOOKS),
	TEST("scan/direct-2m", ON_FS | ON_BOTH, test_direct_2m, .share = LOOKS),
	TEST("scan/uring-buffers", ON_DEV | ON_BOTH, test_buffers, .share = LOOKS),
	TEST("scan/uring-buffers-2m", ON_DAX2M | ON_BOTH, test_buffers_2m, .share = LOOKS),
	TEST("scan/process-vm-readv", ON_ALL | ON_BOTH, test_remote, .share = LOOKS),
	TEST("scan/xdp", ON_DEV | ON_BOTH, test_xdp, .share = LOOKS),
	TEST("scan/rdma", ON_DEV | ON_BOTH, test_rdma, .share = LOOKS),
	TESTS_END,
};
