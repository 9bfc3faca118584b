// SPDX-License-Identifier: GPL-2.0-only
/*
 * passed.c - pipes and rings that outlive their makers: sent over a socket and not received yet,
 * or fetched by another process.
 */
#include <liburing.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

union rights {
	struct cmsghdr align;
	char buf[CMSG_SPACE(2 * sizeof(int))];
};

static struct msghdr message(union rights *r, struct iovec *iov)
{
	static char byte;

	memset(r, 0, sizeof(*r));
	*iov = (struct iovec){ &byte, 1 };
	return (struct msghdr){ .msg_iov = iov,
				.msg_iovlen = 1,
				.msg_control = r->buf,
				.msg_controllen = sizeof(r->buf) };
}

static void files_send(int sock, const int fds[2])
{
	union rights r;
	struct iovec iov;
	struct msghdr m = message(&r, &iov);
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	must(sendmsg(sock, &m, 0));
}

/* False: nothing was sent. */
static bool files_receive(int sock, int fds[2])
{
	union rights r;
	struct iovec iov;
	struct msghdr m = message(&r, &iov);
	struct cmsghdr *c;

	if (may(recvmsg(sock, &m, MSG_DONTWAIT), EAGAIN) < 0)
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (!c || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		job_fail("a message with two descriptors came with less");
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return true;
}

/* Puts a page into a pipe, sends that, and is gone. */
static void pipe_maker(const struct span *s, int sock)
{
	struct iovec iov = { .iov_base = span_at(s, SZ_4K), .iov_len = SZ_4K };
	int fds[2];

	must(pipe(fds));
	if (may(vmsplice(fds[1], &iov, 1, 0), PIN_FAILS) > 0)
		files_send(sock, fds);
	_exit(0);
}

static void run_pipe_passed(void)
{
	while (job_on()) {
		char buf[SZ_4K];
		struct span s;
		int socks[2], fds[2];
		pid_t pid;

		span_pool(&s, one_in(4) ? 512 : 8);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
		pid = child_fork();
		if (!pid)
			pipe_maker(&s, socks[0]);
		child_wait(pid, false);
		if (one_in(2))
			span_unmap(&s);
		pause_rnd(2000);
		if (files_receive(socks[1], fds)) {
			must(read(fds[0], buf, sizeof(buf)));
			must(close(fds[0]));
			must(close(fds[1]));
		}
		must(close(socks[0]));
		must(close(socks[1]));
		span_end(&s);
		job_did();
	}
}

/* Registers a buffer, says where the ring is, and waits for its end. */
static void ring_maker(const struct span *s, int out)
{
	struct iovec v = { s->p, s->len };
	struct io_uring ring;

	errno = -io_uring_queue_init(8, &ring, 0);
	must(errno ? -1 : 0);
	errno = -io_uring_register_buffers(&ring, &v, 1);
	must(errno ? -1 : 0);
	must(write(out, &ring.ring_fd, sizeof(ring.ring_fd)));
	for (;;)
		pause();
}

/* Its buffers go a moment after the last descriptor: nobody unbinds this device (device.c). */
static void run_ring_passed(void)
{
	while (job_on()) {
		int fds[2], fd, pidfd, ring;
		struct span s;
		pid_t pid;

		span_pool(&s, 512);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		must(pipe(fds));
		pid = child_fork();
		if (!pid)
			ring_maker(&s, fds[1]);
		must(close(fds[1]));
		if (read(fds[0], &fd, sizeof(fd)) != sizeof(fd))
			job_fail("no ring was made");
		pidfd = (int)must(syscall(SYS_pidfd_open, pid, 0));
		ring = (int)must(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
		child_kill(pid);
		if (one_in(2))
			span_unmap(&s);
		pause_rnd(2000);
		must(close(ring));
		must(close(pidfd));
		must(close(fds[0]));
		span_end(&s);
		job_did();
	}
}

const struct kind passed_kinds[] = {
	KIND("pipe-passed", AT_ALL, run_pipe_passed),
	KIND("ring-passed", AT_DAX2M, run_ring_passed),
	KINDS_END,
};
