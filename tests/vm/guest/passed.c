// SPDX-License-Identifier: GPL-2.0-only
/*
 * passed.c - pages held by an object whose maker has gone: it was inherited, fetched with
 * pidfd_getfd(2), or sent over a socket; or it is in nobody's file table: in flight (unix(7),
 * SCM_RIGHTS), a fixed file of a ring, mapped only, or still on its way out.
 */
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "disk.h"
#include "scan.h"

/* One object, and who has it when its maker is gone. */
struct passed {
	const struct way *way;
	struct area a;
	uint64_t pfn;
	struct child child;
	pid_t *keeper; /* shared */
	struct io_uring ring;
	int fd; /* of a maker's, that others fetch */
};

struct way {
	const char *name;
	unsigned int on; /* ON_*: places */
	const char *kind; /* of the holder */
	const char *comm; /* what it is called, "": as the keeper */
	void (*run)(struct child *c, struct passed *x); /* to keep(), in a process of its own */
};

/* Everything is there, and the maker is not. Until the test is done. */
static void keep(struct child *c, struct passed *x)
{
	area_unmap(&x->a);
	*x->keeper = getpid();
	child_go(c);
	child_await(c);
	_exit(0);
}

/* The caller goes on as its own child, and is gone. */
static void inherit(void)
{
	pid_t maker = getpid(), pid = fork();

	must(pid >= 0);
	if (pid)
		_exit(0);
	while (getppid() == maker)
		poll_pause();
}

/* Another process makes it, and is gone. */
static void make(void (*fn)(struct passed *x, int sock), struct passed *x, int sock)
{
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid) {
		fn(x, sock);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && !status);
}

/* Another process makes it in x->fd, which is fetched; then it is killed. Returns ours. */
static int make_and_fetch(void (*fn)(struct passed *x, int sock), struct passed *x)
{
	int fds[2], fd, ours, pidfd;
	pid_t pid;

	must(!pipe2(fds, O_CLOEXEC));
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		fn(x, -1);
		must(write(fds[1], &x->fd, sizeof(int)) == sizeof(int));
		for (;;)
			pause();
	}
	must(read(fds[0], &fd, sizeof(fd)) == sizeof(fd));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	must(pidfd >= 0);
	ours = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	must(ours >= 0);
	must(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	must(!close(pidfd) && !close(fds[0]) && !close(fds[1]));
	return ours;
}

/* ---- over a socket ---- */

static void sockets(int s[2])
{
	must(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
}

static void send_files(int sock, const int *fds, size_t n)
{
	char buf[CMSG_SPACE(2 * sizeof(int))] = {};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = buf,
			      .msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(c), fds, n * sizeof(int));
	must(sendmsg(sock, &msg, 0) == 1);
}

static void receive_files(int sock, int *fds, size_t n)
{
	char buf[CMSG_SPACE(2 * sizeof(int))], byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = buf, .msg_controllen = sizeof(buf)
	};
	struct cmsghdr *c;

	must(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) == 1);
	c = CMSG_FIRSTHDR(&msg);
	must(c && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(n * sizeof(int)));
	memcpy(fds, CMSG_DATA(c), n * sizeof(int));
}

/* ---- makers: into @sock what holds the page, or its descriptor in x->fd ---- */

static void make_pipe(struct passed *x, int sock)
{
	int fds[2];

	pipe_fill(fds, &x->a);
	send_files(sock, fds, 2);
}

/* The page is in the queue of a socket, which is sent. */
static void make_socket(struct passed *x, int sock)
{
	int fds[2], s[2];

	pipe_fill(fds, &x->a);
	sockets(s);
	must(splice(fds[0], NULL, s[0], NULL, SZ_4K, 0) == SZ_4K);
	send_files(sock, s, 2);
}

/* The pipe is in flight in a socket that is in flight itself. */
static void make_nested(struct passed *x, int sock)
{
	int s[2];

	sockets(s);
	make_pipe(x, s[0]);
	send_files(sock, s, 2);
}

static void make_ring(struct passed *x, int sock)
{
	struct iovec iov = { .iov_base = x->a.p, .iov_len = SZ_4K };

	(void)sock;
	must(!io_uring_queue_init(4, &x->ring, 0));
	must(!io_uring_register_buffers(&x->ring, &iov, 1));
	x->fd = x->ring.ring_fd;
}

static void make_region(struct passed *x, int sock)
{
	struct rdma r;

	if (!rdma_register(&r, x->a.p, SZ_4K))
		fail("the memory could not be registered");
	x->fd = r.fd;
	if (sock >= 0)
		send_files(sock, &r.fd, 1);
}

/* ---- ways ---- */

static void ring_inherited(struct child *c, struct passed *x)
{
	make_ring(x, -1);
	inherit();
	keep(c, x);
}

static void ring_fetched(struct child *c, struct passed *x)
{
	make_and_fetch(make_ring, x);
	keep(c, x);
}

/* No descriptor of it, and a process that never used it. */
static void ring_mapped(struct child *c, struct passed *x)
{
	make_ring(x, -1);
	inherit();
	must(!close(x->ring.ring_fd));
	keep(c, x);
}

/* A request of its keeps it, and its process is gone. */
static void make_busy_ring(struct passed *x, int sock)
{
	char *page = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct io_uring_sqe *sqe;

	must(page != MAP_FAILED);
	make_ring(x, sock);
	sqe = io_uring_get_sqe(&x->ring);
	io_uring_prep_write(sqe, disk_open(), page, SZ_4K, 0);
	must(io_uring_submit(&x->ring) == 1);
	disk_await(1);
}

static void ring_busy(struct child *c, struct passed *x)
{
	make(make_busy_ring, x, -1);
	keep(c, x);
}

static void sent(struct child *c, struct passed *x, void (*fn)(struct passed *x, int sock))
{
	int s[2];

	sockets(s);
	make(fn, x, s[0]);
	keep(c, x);
}

static void pipe_sent(struct child *c, struct passed *x)
{
	sent(c, x, make_pipe);
}

static void pipe_nested(struct child *c, struct passed *x)
{
	sent(c, x, make_nested);
}

static void socket_sent(struct child *c, struct passed *x)
{
	sent(c, x, make_socket);
}

static void region_sent(struct child *c, struct passed *x)
{
	sent(c, x, make_region);
}

static void region_fetched(struct child *c, struct passed *x)
{
	make_and_fetch(make_region, x);
	keep(c, x);
}

/* A fixed file of a ring, and no descriptor of it any more. */
static void pipe_fixed(struct child *c, struct passed *x)
{
	int s[2], fds[2];

	sockets(s);
	make(make_pipe, x, s[0]);
	receive_files(s[1], fds, 2);
	must(!io_uring_queue_init(4, &x->ring, 0));
	must(!io_uring_register_files(&x->ring, fds, 2));
	must(!close(fds[0]) && !close(fds[1]));
	keep(c, x);
}

static const struct way ways[] = {
	{ "ring-inherited", ON_DEV, "io_uring", "", ring_inherited },
	{ "ring-fetched", ON_DEV, "io_uring", "", ring_fetched },
	{ "ring-mapped", ON_DEV, "io_uring", "", ring_mapped },
	{ "ring-busy", ON_DEV, "io_uring", "kworker", ring_busy },
	{ "region-sent", ON_DEV, "rdma", "", region_sent },
	{ "region-fetched", ON_DEV, "rdma", "", region_fetched },
	{ "pipe-sent", ON_ALL, "pipe", "", pipe_sent },
	{ "pipe-nested", ON_ALL, "pipe", "", pipe_nested },
	{ "pipe-fixed", ON_ALL, "pipe", "", pipe_fixed },
	{ "socket-sent", ON_ALL, "socket", "", socket_sent },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- all at once ---- */

static void child_main(struct child *c, void *arg)
{
	struct passed *x = arg;

	x->way->run(c, x);
}

static void passed_start(struct passed *x, struct place *p, const struct way *way)
{
	int status;

	memset(x, 0, sizeof(*x));
	x->way = way;
	x->keeper = mmap(NULL, SZ_4K, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(x->keeper != MAP_FAILED);
	x->pfn = area_touched(&x->a, p, place_order(p));
	child_start(&x->child, child_main, x);
	child_await(&x->child);
	/* the maker, unless it was one of its children; the pipes are the keeper's now */
	if (*x->keeper != x->child.pid)
		must(waitpid(x->child.pid, &status, 0) == x->child.pid && !status);
	area_unmap(&x->a);
}

static size_t all_start(struct passed x[], struct place *p)
{
	size_t n = 0;

	/* of a busy ring */
	if (!p->fs)
		disk_start();
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].on & p->bit)
			passed_start(&x[n++], p, &ways[i]);
	return n;
}

static void all_end(struct passed x[], size_t n, struct place *p)
{
	if (!p->fs)
		disk_go();
	for (size_t i = 0; i < n; i++) {
		child_go(&x[i].child);
		if (*x[i].keeper == x[i].child.pid)
			child_end(&x[i].child);
	}
	if (!p->fs)
		disk_stop();
}

/* Each has its holder, and the object is named. */
static void test_scan(struct place *p)
{
	struct passed x[WAYS];
	size_t n = all_start(x, p), len = 0;
	char wrong[16 * 1024] = "";
	struct daxtop *d = SCAN();

	for (size_t i = 0; i < n; i++) {
		const struct way *w = x[i].way;
		struct json_object *f = folio_of(d, x[i].pfn), *h = NULL;
		pid_t pid = w->comm[0] ? 0 : *x[i].keeper;

		if (f)
			h = holder_of(f, w->kind, pid);
		if (h && field_bool(h, "certain") && !field_int(f, "refs_unknown") &&
		    !strncmp(field_str(h, "comm"), w->comm, strlen(w->comm)))
			continue;
		if (len < sizeof(wrong))
			len += snprintf(wrong + len, sizeof(wrong) - len, "%s: %s of %d, not %s\n",
					w->name, w->kind, pid, f ? json_text(f) : "nothing");
	}
	if (len)
		fail("holders expected: %s", wrong);
	all_end(x, n, p);
}

/* None is a leak: a younger one, and nobody's, is told of. */
static void test_check(struct place *p)
{
	struct passed x[WAYS];
	struct area leaked;
	struct daxtop *d;
	int fd = inject_open();
	size_t n;

	d = CHECK_START();
	n = all_start(x, p);
	leak_alone(d, leak_start(&leaked, p, fd));
	all_end(x, n, p);
	inject_undo(fd);
	area_remove(&leaked);
}

const struct test passed_tests[] = {
	TEST("scan/passed", ON_ALL | ON_BOTH, test_scan, .share = LOOKS),
	TEST("looks/passed", ON_ALL | ON_BOTH, test_check, .share = CHECKS, .rule = "folio-leak"),
	TESTS_END,
};
